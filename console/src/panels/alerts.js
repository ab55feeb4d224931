// One row a fire, newest news first. Choosing a row fixes the answers, reasons and map on that fire.
import { effect, signal } from '@preact/signals';
import { lookAt } from '../geo/map.js';
import { html } from '../html.js';
import { chains, chosen, current, eventOf } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showArea, showLocal, showPercent } from '../text/show.js';
import { Provenance } from './provenance.js';

const kRowsMost = 200;
const announcement = signal('');

// Screen readers hear the newest alert once, not every one of a burst.
let announced = null;
effect(() => {
  const newest = chains.value[0]?.latest;
  if (!newest || newest.id === announced) return;
  announced = newest.id;
  announcement.value = `${word('kind', newest.kind)}: ${pick(newest.headline)}`;
});

export function Alerts() {
  const groups = chains.value;
  const following = !groups.some((g) => g.event === chosen.value.event);
  return html`
    <section class="panel alerts" aria-label=${t('alerts.title')}>
      <div class="panel-head"><h2>${t('alerts.title')} <span class="count">${groups.length}</span></h2>
        ${!following && html`<button class="small" onClick=${() => (chosen.value = { event: null, id: null })}>${t('alerts.follow')}</button>`}
      </div>
      <p class="sr-only" aria-live="polite">${announcement.value}</p>
      ${groups.length === 0 && html`<p class="empty">${t('alerts.none')}</p>`}
      <ul class="list scroll">${groups.slice(0, kRowsMost).map((g) => html`<${AlertItem} key=${g.event} group=${g} />`)}</ul>
      ${groups.length > kRowsMost && html`<p class="empty">${t('alerts.older', { count: groups.length - kRowsMost })}</p>`}
    </section>`;
}

function AlertItem({ group: { event, items, latest } }) {
  const selected = current.value && eventOf(current.value) === event;
  return html`<li>
    <button class=${`alert-item ${selected ? 'selected' : ''} kind-${latest.kind}`} data-testid="alert-item" data-event=${event}
      aria-pressed=${selected} onClick=${() => choose(event, latest)}>
      <span class="row"><span class=${`tag kind kind-${latest.kind}`}>${word('kind', latest.kind)}${items.length > 1 ? ` ${items.length}` : ''}</span>
        <span class="tag exercise">${word('status', 'Exercise')}</span><${Provenance} of=${latest.provenance} />
        <time>${showLocal(latest.sent).slice(5)}</time></span>
      <b>${pick(latest.headline)}</b>
      <span class="row dim">${showPercent(latest.probability?.value)} · ${showArea(latest.area_ha)} · ${word('severity', latest.severity)}</span>
    </button>
  </li>`;
}

function choose(event, latest) {
  chosen.value = { event, id: null };
  lookAt(latest);
}
