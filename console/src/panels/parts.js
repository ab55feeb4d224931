// Where every part of the incident comes from, and what is not there.
import { html } from '../html.js';
import { incident } from '../link/store.js';
import { t, word } from '../text/i18n.js';
import { showNumber } from '../text/show.js';
import { Provenance } from './provenance.js';

export function Parts() {
  const data = incident.value;
  if (!data) return html`<p class="empty">${t('incident.loading')}</p>`;
  const parts = data.parts ?? [];
  return html`
    ${data.missing?.length > 0 && html`<p class="notice">${t('map.absent')} ${data.missing.map((p) => word('part', p)).join(t('list.comma'))}</p>`}
    <table><thead><tr><th>${t('parts.part')}</th><th>${t('parts.provenance')}</th><th>${t('parts.source')}</th><th class="num">${t('parts.rows')}</th><th class="num">${t('parts.bad_rows')}</th></tr></thead>
      <tbody>${parts.map((p) => html`<tr><td>${word('part', p.part)}</td><td><${Provenance} of=${p.provenance} /></td>
        <td>${p.source ?? '–'} <span class="dim">${p.file ?? ''}</span></td><td class="num">${showNumber(p.rows)}</td><td class=${`num ${p.bad_rows > 0 ? 'warn' : ''}`}>${showNumber(p.bad_rows)}</td></tr>`)}</tbody></table>`;
}
