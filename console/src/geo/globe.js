// The globe: satellites over the Earth with links, footprints, day and night. It faces the incident
// until someone turns it.
import { computed, signal } from '@preact/signals';
import { html } from '../html.js';
import { chains, frame, incident } from '../link/store.js';
import { t } from '../text/i18n.js';
import { showNumber } from '../text/show.js';
import { useCanvas } from './canvas.js';
import { drawGlobe } from './globe_draw.js';

const turned = signal(null);
const zoom = signal(1);

const facing = computed(() => {
  if (turned.value) return turned.value;
  const box = incident.value?.bbox;
  if (!Array.isArray(box)) return [0, -15, 0];
  const span = (box[2] - box[0] + 360) % 360;
  return [-(box[0] + span / 2), -(box[1] + box[3]) / 2, 0];
});

const fires = computed(() =>
  chains.value.filter((g) => g.latest.kind !== 'Cancel' && g.latest.centre).map((g) => g.latest.centre),
);

export function Globe() {
  const ref = useCanvas({
    news: () => [frame.value, incident.value, fires.value],
    touch: () => [facing.value, zoom.value],
    draw: (context, width, height) =>
      drawGlobe(context, width, height, {
        rotate: facing.value, zoom: zoom.value, frame: frame.value, incident: incident.value, fires: fires.value,
      }),
  });
  const nodes = frame.value?.nodes ?? [];
  const empty = incident.value && nodes.length === 0 && !(incident.value.satellites?.length > 0);
  return html`
    <section class="panel globe-panel" aria-label=${t('globe.title')}>
      <canvas ref=${ref} class="globe" data-testid="globe" tabindex="0" role="application"
        aria-label=${t('globe.describe', { nodes: showNumber(nodes.length), up: showNumber(nodes.filter((n) => n.up).length) })}
        aria-keyshortcuts="ArrowUp ArrowDown ArrowLeft ArrowRight + - 0"
        onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onPointerUp=${onPointerUp} onPointerCancel=${onPointerUp}
        onWheel=${onWheel} onKeyDown=${onKeyDown}></canvas>
      <div class="map-tools">
        <button onClick=${() => zoomBy(1.3)} aria-label=${t('map.zoom_in')} title=${t('map.zoom_in')}>+</button>
        <button onClick=${() => zoomBy(1 / 1.3)} aria-label=${t('map.zoom_out')} title=${t('map.zoom_out')}>−</button>
        <button onClick=${home} aria-label=${t('globe.home')} title=${t('globe.home')}>◎</button>
      </div>
      <div class="globe-legend" aria-hidden="true">
        <span><i class="dot leader"></i>${t('role.leader')}</span>
        <span><i class="dot"></i>${t('globe.up')}</span>
        <span><i class="dot down"></i>${t('globe.down')}</span>
        ${nodes.some((n) => n.swath) && html`<${SwathLegend} />`}
      </div>
      ${empty && html`<div class="map-absent">${t('globe.empty')}</div>`}
    </section>`;
}

function SwathLegend() {
  const carriers = (incident.value?.satellites ?? []).filter((s) => s.sensor);
  const kinds = [['swath', carriers.some((s) => !s.what_if)], ['swath what-if', carriers.some((s) => s.what_if)]];
  return kinds.filter(([, any]) => any).map(([name]) => html`<span><i class=${name}></i>${t(name === 'swath' ? 'globe.swath' : 'globe.swath_what_if')}</span>`);
}

function home() {
  turned.value = null;
  zoom.value = 1;
}

function zoomBy(factor) {
  zoom.value = Math.min(8, Math.max(0.6, zoom.value * factor));
}

function turn(dx, dy) {
  const [l, f] = facing.value;
  const step = 0.4 / zoom.value;
  turned.value = [l + dx * step, Math.max(-90, Math.min(90, f - dy * step)), 0];
}

let drag = null;

function onPointerDown(event) {
  drag = { x: event.clientX, y: event.clientY };
  event.currentTarget.setPointerCapture(event.pointerId);
}

function onPointerMove(event) {
  if (!drag) return;
  turn(event.clientX - drag.x, event.clientY - drag.y);
  drag = { x: event.clientX, y: event.clientY };
}

function onPointerUp() {
  drag = null;
}

function onWheel(event) {
  event.preventDefault();
  zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
}

const steps = { ArrowLeft: [30, 0], ArrowRight: [-30, 0], ArrowUp: [0, 30], ArrowDown: [0, -30] };

function onKeyDown(event) {
  if (steps[event.key]) turn(...steps[event.key]);
  else if (event.key === '+' || event.key === '=') zoomBy(1.3);
  else if (event.key === '-') zoomBy(1 / 1.3);
  else if (event.key === '0') home();
  else return;
  event.preventDefault();
}
