// How far a stated carrier would be shifted on the ground links that are open now.
import { html } from '../html.js';
import { space } from '../link/store.js';
import { t, word } from '../text/i18n.js';
import { showDistance, showNumber, showSpeed } from '../text/show.js';
import { nodeName } from './node_names.js';

export function Doppler() {
  const doppler = space.value?.doppler;
  if (!doppler) return html`<p class="empty">${t('space.waiting')}</p>`;
  const links = doppler.links ?? [];
  return html`<p class="caption dim"><span class="tag">${word('evidence', 'modelled')}</span> ${t('space.doppler_meaning', { carrier: showNumber(doppler.carrier_hz / 1e6, 1) })}</p>
    ${links.length === 0 ? html`<p class="empty">${t('space.no_open_link')}</p>` : html`
    <table data-testid="doppler"><thead><tr><th>${t('links.between')}</th><th class="num">${t('space.elevation')}</th><th class="num">${t('space.range')}</th>
      <th class="num">${t('space.range_rate')}</th><th class="num">${t('space.shift')}</th></tr></thead>
      <tbody>${links.map((l) => html`<tr key=${`${l.satellite}-${l.ground}`}><td>${nodeName(l.satellite)} – ${nodeName(l.ground)}</td>
        <td class="num">${showNumber(l.elevation_deg, 1)}°</td><td class="num">${showDistance(l.range_km)}</td>
        <td class="num" title=${t(l.range_rate_kms > 0 ? 'space.receding' : 'space.approaching')}>${signOf(l.range_rate_kms)}${showSpeed(Math.abs(l.range_rate_kms))}</td>
        <td class="num">${signOf(l.shift_hz)}${showNumber(Math.abs(l.shift_hz) / 1000, 1)} kHz</td></tr>`)}</tbody></table>`}`;
}

const signOf = (value) => (value > 0 ? '+' : value < 0 ? '−' : '');
