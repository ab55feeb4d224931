// Fire danger by station: the prior before any evidence.
import { html } from '../html.js';
import { danger, incident } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showLocal, showPercent, showPlain } from '../text/show.js';
import { Provenance } from './provenance.js';

const indices = ['ffmc', 'dmc', 'dc', 'isi', 'bui', 'fwi'];
const kFwiFull = 60;

export function Danger() {
  if (danger.value.length === 0) return html`<p class="empty">${t('danger.none')}</p>`;
  const weather = incident.value?.parts?.find((p) => p.part === 'weather');
  return html`<p class="dim caption">${t('danger.meaning')} ${weather && html`${word('part', 'weather')}: <${Provenance} of=${weather.provenance} />`}</p>
    ${danger.value.map((d) => html`<article class="danger-card" key=${d.stream}>
      <div class="row"><b>${d.stream}</b><span class=${`tag danger-${level(d.fwi)}`}>${pick(d.class)}</span>
        <span>${t('danger.prior', { value: showPercent(d.probability) })}</span><time>${showLocal(d.t)}</time></div>
      <div class="gauge" aria-hidden="true"><span class=${`danger-${level(d.fwi)}`} style=${{ width: `${Math.min(100, (100 * (d.fwi || 0)) / kFwiFull)}%` }}></span></div>
      <dl class="inline">${indices.map((name) => html`<div><dt>${name.toUpperCase()}</dt><dd>${showPlain(d[name])}</dd></div>`)}</dl>
    </article>`)}`;
}

// Colour only; the program names the class.
function level(fwi) {
  return fwi >= 38 ? 4 : fwi >= 21.3 ? 3 : fwi >= 11.2 ? 2 : 1;
}
