// The incident map: still ground under moving news, with scale bar, north arrow and a readout.
import { computed, effect, signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { html } from '../html.js';
import { chains, chosen, current, hotspots, incident } from '../link/store.js';
import { lang, t, word } from '../text/i18n.js';
import { kKmPerMile, roundLength } from '../text/measures.js';
import { now, showDistance, showLocal, showNumber, showPlain, units } from '../text/show.js';
import { haloText, kFont, useCanvas } from './canvas.js';
import { drawGround } from './map_ground.js';
import { drawAlerts, drawHotspots, drawPlaces, drawStations, drawThreats, pixelBox } from './map_news.js';
import { boxAround, fitBox, mapView, panned, projector, zoomed } from './map_view.js';
import { ages, palette } from './palette.js';

const size = { width: 1, height: 1 };
const pointed = signal(null);

// A fire is shown with at least this much around it, or nobody could tell where it is.
const kSurroundingsDeg = 0.12;

const otherProvenance = computed(() => [...new Set(hotspots.value.map((h) => h.provenance))].filter((p) => p && p !== 'observed'));

// Colours depend on age; redrawing every ten minutes of the replay is enough.
const ageTick = computed(() => Math.floor(Date.parse(now.value ?? 0) / 600000));

// Another incident is another place: show all of it first.
const place = computed(() => JSON.stringify(incident.value?.bbox ?? null));
effect(() => {
  if (place.value !== 'null') mapView.value = null;
});

function wholeBox() {
  const box = incident.value?.bbox;
  if (Array.isArray(box) && box.every(Number.isFinite)) return box;
  return boxAround(hotspots.items.map((h) => [h.lat, h.lon]), 0.5) ?? [-180, -70, 180, 80];
}

export function viewNow() {
  return mapView.value ?? fitBox(wholeBox(), size.width, size.height);
}

/** Brings an alert into view if it is outside or too small to see. */
export function lookAt(alert) {
  const box = boxAround(alert?.polygon ?? [], kSurroundingsDeg);
  if (!box) return;
  const p = projector(viewNow(), size.width, size.height);
  const [x0, x1, y0, y1] = [p.x(box[0]), p.x(box[2]), p.y(box[3]), p.y(box[1])];
  const inside = x0 >= 0 && y0 >= 0 && x1 <= size.width && y1 <= size.height;
  if (inside && Math.max(x1 - x0, y1 - y0) > 40) return;
  mapView.value = fitBox(box, size.width, size.height, 0.4);
}

export function IncidentMap() {
  const ground = useMemo(() => ({ canvas: document.createElement('canvas'), key: '', incident: undefined }), []);
  const ref = useCanvas({
    news: () => [incident.value, hotspots.value, chains.value, ageTick.value],
    touch: () => [mapView.value, chosen.value, units.value, lang.value],
    draw: (context, width, height, ratio) => {
      size.width = width;
      size.height = height;
      paintMap(context, width, height, ratio, ground);
    },
  });
  return html`
    <section class="panel map-panel" aria-label=${t('map.title')}>
      <canvas ref=${ref} class="map" data-testid="map" tabindex="0" role="application"
        aria-label=${describeMap()} aria-roledescription=${t('map.title')} aria-keyshortcuts="ArrowUp ArrowDown ArrowLeft ArrowRight + - 0"
        onWheel=${onWheel} onPointerDown=${onPointerDown} onPointerMove=${onPointerMove}
        onPointerUp=${onPointerUp} onPointerCancel=${onPointerUp} onPointerLeave=${() => (pointed.value = null)}
        onKeyDown=${onKeyDown}></canvas>
      <div class="map-tools">
        <button onClick=${() => zoomBy(1.5)} aria-label=${t('map.zoom_in')} title=${t('map.zoom_in')}>+</button>
        <button onClick=${() => zoomBy(1 / 1.5)} aria-label=${t('map.zoom_out')} title=${t('map.zoom_out')}>−</button>
        <button onClick=${() => (mapView.value = null)} aria-label=${t('map.whole')} title=${t('map.whole')}>⤢</button>
        <button onClick=${goToFire} aria-label=${t('map.to_fire')} title=${t('map.to_fire')} disabled=${!current.value}>◎</button>
      </div>
      <div class="map-notes"><${Legend} /><${Absent} /></div>
      ${pointed.value && html`<div class="map-readout">${describeHotspot(pointed.value)}</div>`}
    </section>`;
}

function paintMap(context, width, height, ratio, ground) {
  const view = viewNow();
  const key = JSON.stringify([view, width, height, ratio]);
  if (ground.key !== key || ground.incident !== incident.value) {
    ground.canvas.width = width * ratio;
    ground.canvas.height = height * ratio;
    const still = ground.canvas.getContext('2d');
    still.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawGround(still, view, width, height, incident.value);
    Object.assign(ground, { key, incident: incident.value });
  }
  context.drawImage(ground.canvas, 0, 0, width, height);
  const p = projector(view, width, height);
  const alert = current.value;
  const threatened = new Set((alert?.threatened ?? []).map((place) => place.name));
  const places = incident.value?.places ?? [];
  drawHotspots(context, p, width, height, hotspots.items, Date.parse(now.value), new Set(alert?.observations ?? []));
  drawAlerts(context, p, chains.value, alert);
  drawThreats(context, p, alert, places.filter((place) => threatened.has(place.name)));
  drawStations(context, p, incident.value?.stations ?? []);
  drawPlaces(context, p, width, height, places, threatened);
  drawScale(context, p, height);
  drawNorth(context, width);
}

function drawScale(context, p, height) {
  const perUnit = units.value === 'us' ? p.pixelsPerKm * kKmPerMile : p.pixelsPerKm;
  const length = roundLength(130 / perUnit);
  const w = length * perUnit;
  const [x, y] = [14, height - 14];
  for (const [colour, lineWidth] of [['rgba(5, 10, 14, 0.85)', 5], [palette.text, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    context.beginPath();
    context.moveTo(x, y - 6);
    context.lineTo(x, y);
    context.lineTo(x + w, y);
    context.lineTo(x + w, y - 6);
    context.stroke();
  }
  context.font = `11px ${kFont}`;
  haloText(context, `${length} ${t(units.value === 'us' ? 'unit.mi' : 'unit.km')}`, x + 5, y - 5, palette.text);
}

function drawNorth(context, width) {
  const [x, y] = [width - 24, 40];
  context.beginPath();
  context.moveTo(x, y - 18);
  context.lineTo(x + 7, y + 2);
  context.lineTo(x, y - 3);
  context.lineTo(x - 7, y + 2);
  context.closePath();
  context.fillStyle = palette.text;
  context.fill();
  context.strokeStyle = 'rgba(5, 10, 14, 0.9)';
  context.lineWidth = 1;
  context.stroke();
  context.font = `600 12px ${kFont}`;
  context.textAlign = 'center';
  haloText(context, t('compass.0'), x, y + 15, palette.text);
  context.textAlign = 'start';
}

function Legend() {
  const labels = ['map.age_1h', 'map.age_6h', 'map.age_24h', 'map.age_older'];
  return html`
    <div class="map-legend" aria-hidden="true">
      <span class="dim">${t('map.hotspot_age')}</span>
      ${ages.map((step, i) => html`<span><i style=${{ background: step.colour }}></i>${t(labels[i])}</span>`)}
      ${otherProvenance.value.map((p) => html`<span class=${`prov-${p}`}><i class="outlined"></i>${word('provenance', p)}</span>`)}
    </div>`;
}

function Absent() {
  const data = incident.value;
  if (!data) return null;
  const absent = new Set((data.missing ?? []).map((part) => word('part', part)));
  if (!data.terrain) absent.add(word('part', 'terrain'));
  if (!data.roads) absent.add(word('part', 'roads'));
  if (!data.places?.length) absent.add(word('part', 'places'));
  if (absent.size === 0) return null;
  return html`<div class="map-absent">${t('map.absent')} ${[...absent].join(t('list.comma'))}</div>`;
}

function describeMap() {
  return t('map.describe', { hotspots: showNumber(hotspots.value.length), alerts: chains.value.length });
}

function describeHotspot(h) {
  return [
    showLocal(h.t),
    h.satellite,
    Number.isFinite(h.frp_mw) ? `${showPlain(h.frp_mw)} MW` : '',
    h.confidence !== undefined && h.confidence !== null ? t('map.confidence', { value: h.confidence }) : '',
    `${showDistance(h.scan_km)} × ${showDistance(h.track_km)}`,
    word('provenance', h.provenance),
  ].filter(Boolean).join(' · ');
}

function zoomBy(factor, at) {
  mapView.value = zoomed(viewNow(), factor, at, size.width, size.height);
}

function goToFire() {
  const box = boxAround(current.value?.polygon ?? [], kSurroundingsDeg);
  if (box) mapView.value = fitBox(box, size.width, size.height, 0.5);
}

function onWheel(event) {
  event.preventDefault();
  zoomBy(event.deltaY < 0 ? 1.25 : 0.8, { x: event.offsetX, y: event.offsetY });
}

let drag = null;

function onPointerDown(event) {
  drag = { x: event.clientX, y: event.clientY };
  event.currentTarget.setPointerCapture(event.pointerId);
}

function onPointerMove(event) {
  if (drag) {
    mapView.value = panned(viewNow(), event.clientX - drag.x, event.clientY - drag.y);
    drag = { x: event.clientX, y: event.clientY };
    return;
  }
  pointed.value = hotspotAt(event.offsetX, event.offsetY);
}

function onPointerUp() {
  drag = null;
}

function hotspotAt(x, y) {
  const p = projector(viewNow(), size.width, size.height);
  for (let i = hotspots.items.length - 1; i >= 0; i--) {
    const box = pixelBox(p, hotspots.items[i]);
    if (x >= box.x - 2 && x <= box.x + box.w + 2 && y >= box.y - 2 && y <= box.y + box.h + 2) return hotspots.items[i];
  }
  return null;
}

const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function onKeyDown(event) {
  if (steps[event.key]) mapView.value = panned(viewNow(), ...steps[event.key]);
  else if (event.key === '+' || event.key === '=') zoomBy(1.5);
  else if (event.key === '-') zoomBy(1 / 1.5);
  else if (event.key === '0') mapView.value = null;
  else return;
  event.preventDefault();
}
