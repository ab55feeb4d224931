// Which satellites carry a known sensor, how wide it sweeps now, and that a what-if satellite saw nothing.
import { html } from '../html.js';
import { swathEnds } from '../geo/swath.js';
import { distanceKm } from '../geo/sphere.js';
import { frame, incident } from '../link/store.js';
import { t } from '../text/i18n.js';
import { showDistance } from '../text/show.js';
import { Provenance } from './provenance.js';

export function Swaths() {
  const carriers = (incident.value?.satellites ?? []).filter((s) => s.sensor);
  if (carriers.length === 0) return html`<p class="empty">${t('space.no_sensor')}</p>`;
  const swaths = new Map((frame.value?.nodes ?? []).map((n) => [n.node, n.swath]));
  return html`<p class="caption dim">${t('space.swaths_meaning')} ${carriers.some((s) => s.what_if) && t('space.swaths_what_if')}</p>
    <table data-testid="swaths"><thead><tr><th>${t('nodes.name')}</th><th>${t('space.sensor')}</th><th class="num">${t('space.width')}</th><th>${t('space.source')}</th></tr></thead>
      <tbody>${carriers.map((s) => html`<tr key=${s.node}><td>${s.name} ${s.what_if && html`<${Provenance} of="what-if" />`}</td>
        <td>${String(s.sensor.name).toUpperCase()}</td><td class="num">${widthText(swaths.get(s.node))}</td><td class="dim source">${s.sensor.source}</td></tr>`)}</tbody></table>`;
}

function widthText(swath) {
  const ends = swathEnds(swath);
  return ends ? showDistance(distanceKm(ends[0], ends[1])) : '–';
}
