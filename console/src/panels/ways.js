// How messages came to their receivers, hop by hop: where they waited, for what, and why they went there.
import { signal } from '@preact/signals';
import { html } from '../html.js';
import { alerts, alertWays, eventOf, otherWays } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showDuration, showLocal } from '../text/show.js';
import { secondsBetween } from './contact_rows.js';
import { nodeName } from './node_names.js';

const kShownMost = 60;
const onlyAlerts = signal(true);

export function Ways() {
  const ways = onlyAlerts.value ? alertWays.value : otherWays.value;
  const button = (alertsOnly, text) => html`<button class="small" aria-pressed=${onlyAlerts.value === alertsOnly} onClick=${() => (onlyAlerts.value = alertsOnly)}>${text}</button>`;
  return html`<div class="ways-panel">
    <div class="totals"><span class="chips">${button(true, t('space.ways_alerts'))}${button(false, t('space.ways_others'))}</span></div>
    ${ways.length === 0 ? html`<p class="empty">${t('space.no_ways')}</p>` : html`
      <ol class="ways" data-testid="ways">${ways.slice(-kShownMost).reverse().map((way) => html`<${Way} key=${way.id} way=${way} />`)}</ol>`}
  </div>`;
}

function Way({ way }) {
  const began = way.alert?.agreed ?? way.offered;
  const took = showDuration(secondsBetween(began, way.delivered));
  return html`<li data-testid="way" data-kind=${way.kind}><details>
    <summary><span class=${`tag way-${way.kind}`}>${word('way', way.kind)}</span> <b>${nodeName(way.from)} → ${nodeName(way.to)}</b>
      <span class="subject dim"><span class="when">${showLocal(way.delivered, true).slice(5)} · ${t(way.alert ? 'space.after_agreement' : 'space.after_offer', { time: took })}</span> · ${subject(way)}</span></summary>
    <ol class="hops">${way.kind === 'packet' ? html`<li>${packetText(way)}</li>` : (way.hops ?? []).map((hop) => html`<li>${hopText(hop)}</li>`)}</ol>
  </details></li>`;
}

function subject(way) {
  if (!way.alert) return `${t('space.other_message')} · ${word('criticality', way.criticality)}`;
  const { event, sequence } = way.alert;
  const alert = alerts.value.find((a) => eventOf(a) === event && a.sequence === sequence);
  return alert ? `${word('kind', alert.kind)}: ${pick(alert.headline)}` : t('space.alert_message', { sequence, event });
}

function packetText(way) {
  return t('space.way_open', { way: (way.way ?? []).map(nodeName).join(' → ') });
}

function hopText(hop) {
  const stored = Date.parse(hop.received) < Date.parse(hop.contact_start);
  return t(stored ? 'space.hop_stored' : 'space.hop_sent', {
    from: nodeName(hop.from),
    to: nodeName(hop.to),
    wait: showDuration(secondsBetween(hop.received, hop.sent)),
    opened: showLocal(hop.contact_start, true).slice(11),
    arrived: showLocal(hop.arrived, true).slice(11),
    travel: showDuration(secondsBetween(hop.sent, hop.arrived)),
    why: word('why', hop.reason),
  });
}
