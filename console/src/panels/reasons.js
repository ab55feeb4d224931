// Why an alert was sent: contributions to the log-odds as bars, who agreed, and the CAP message.
import { html } from '../html.js';
import { chains, chosen, current, eventOf, findingsOf } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showAge, showArea, showLikely, showLocal, showNumber, showPercent, showUtc } from '../text/show.js';
import { placeText } from './answers.js';
import { nodeName } from './node_names.js';
import { Provenance } from './provenance.js';

export function Reasons() {
  const alert = current.value;
  return html`
    <section class="panel reasons" aria-label=${t('reasons.title')} data-testid="reasons">
      <div class="panel-head"><h2>${t('reasons.title')}</h2>${alert && html`<${Messages} alert=${alert} />`}</div>
      <div class="scroll">${alert ? html`<${Body} alert=${alert} />` : html`<p class="empty">${t('reasons.none')}</p>`}</div>
    </section>`;
}

function Messages({ alert }) {
  const group = chains.value.find((g) => g.event === eventOf(alert));
  if (!group || group.items.length < 2) return null;
  return html`<div class="chips" role="group" aria-label=${t('reasons.messages')}>
    ${group.items.slice(-6).map((a) => html`<button key=${a.id} class="small" aria-pressed=${a.id === alert.id} title=${showLocal(a.sent)}
      onClick=${() => (chosen.value = { event: group.event, id: a.id === group.latest.id ? null : a.id })}>${word('kind', a.kind)} ${a.sequence ?? ''}</button>`)}
  </div>`;
}

function Body({ alert }) {
  const reasons = [...(alert.reasons ?? [])].sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds));
  const most = Math.max(1, ...reasons.map((r) => Math.abs(r.log_odds) || 0));
  return html`
    <h3>${pick(alert.headline)}</h3>
    ${reasons.length === 0 && html`<p class="empty">${t('answers.no_reason')}</p>`}
    <ol class="bars">${reasons.map((r) => html`<${Reason} reason=${r} most=${most} />`)}</ol>
    <dl>
      <dt>${t('reasons.description')}</dt><dd>${pick(alert.description)}</dd>
      <dt>${t('reasons.probability')}</dt><dd>${showLikely(alert.probability)}</dd>
      <dt>${t('reasons.judged')}</dt><dd>${word('severity', alert.severity)} · ${word('urgency', alert.urgency)} · ${word('certainty', alert.certainty)}</dd>
      <dt>${t('reasons.area')}</dt><dd>${showArea(alert.area_ha)}</dd>
      <dt>${t('reasons.sent')}</dt><dd>${showLocal(alert.sent)} · ${showUtc(alert.sent)} UTC</dd>
      ${alert.threatened?.length > 0 && html`<dt>${t('answers.threatened')}</dt><dd>${alert.threatened.map((p) => html`<div>${p.name}: ${placeText(p)}</div>`)}</dd>`}
      <dt>${t('reasons.agreed')}</dt><dd><${Agreement} alert=${alert} /></dd>
      <dt>${t('reasons.message')}</dt><dd><${CapLink} alert=${alert} /> <${Provenance} of=${alert.provenance} /></dd>
    </dl>`;
}

function Reason({ reason, most }) {
  const value = Number(reason.log_odds) || 0;
  const width = `${(Math.abs(value) / most) * 50}%`;
  const side = value < 0 ? { right: '50%', width } : { left: '50%', width };
  return html`<li>
    <div class="reason-text">${pick(reason.text)}</div>
    <div class="bar" role="img" aria-label=${t('reasons.contribution', { value: signed(value) })}>
      <span class=${value < 0 ? 'against' : 'for'} style=${side}></span>
    </div>
    <div class="reason-value">${signed(value)}</div>
    <div class="reason-meta"><span class="tag">${word('evidence', reason.kind)}</span> ${reason.source ?? '–'} · ${t('reasons.age', { age: showAge(reason.age_s) })}</div>
  </li>`;
}

function signed(value) {
  return `${value < 0 ? '−' : '+'}${showNumber(Math.abs(value), 2)}`;
}

function Agreement({ alert }) {
  const agreed = alert.agreed_by ?? [];
  const said = findingsOf(eventOf(alert));
  return html`
    <div>${t('reasons.shares', { for: showNumber(alert.shares_for), total: showNumber(alert.shares_total), nodes: agreed.length })}</div>
    <div class="share-bar" aria-hidden="true"><span style=${{ width: `${Math.min(100, (100 * (alert.shares_for || 0)) / (alert.shares_total || 1))}%` }}></span></div>
    <div class="chips">${agreed.map((n) => html`<span class="tag node" key=${n}>${nodeName(n)}</span>`)}</div>
    ${said.length > 0 && html`<div class="dim">${t('reasons.findings')} ${said.map((f) => `${nodeName(f.node)} ${f.abstained ? t('reasons.abstained') : showPercent(f.probability?.value)}`).join(t('list.comma'))}</div>`}`;
}

function CapLink({ alert }) {
  const address = fileAddress(alert.cap);
  if (!address) return html`<span class="dim">${t('reasons.no_cap')}</span>`;
  return html`<a href=${address} target="_blank" rel="noopener" data-testid="cap-link">CAP 1.2 XML</a>`;
}

/** An address under /files/, or '' when the path would leave it. */
export function fileAddress(path) {
  if (typeof path !== 'string' || path === '') return '';
  const steps = path.replace(/^\/?(files\/)?/, '').split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) return '';
  return `files/${steps.map(encodeURIComponent).join('/')}`;
}
