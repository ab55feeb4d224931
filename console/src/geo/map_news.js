// The moving part of the map: hotspots as scan by track pixels, alert outlines, places and labels.
import { haloText, kFont } from './canvas.js';
import { ageColour, palette, provenanceColour } from './palette.js';

const kPixelLeast = 3;

/**
 * Detections drawn as the ground they cover. The files do not say how a pixel is turned, so scan is
 * drawn east-west and track north-south.
 */
export function drawHotspots(context, p, width, height, items, now_ms, evidence) {
  for (const item of items) {
    const box = pixelBox(p, item);
    if (box.x > width || box.y > height || box.x + box.w < 0 || box.y + box.h < 0) continue;
    const hours = (now_ms - Date.parse(item.t)) / 3600000;
    context.globalAlpha = 0.62;
    context.fillStyle = ageColour(hours >= 0 ? hours : 0);
    context.fillRect(box.x, box.y, box.w, box.h);
    context.globalAlpha = 0.9;
    if (item.provenance && item.provenance !== 'observed') {
      context.setLineDash([3, 2]);
      context.strokeStyle = provenanceColour[item.provenance] ?? palette.text;
      context.lineWidth = 1;
      context.strokeRect(box.x, box.y, box.w, box.h);
      context.setLineDash([]);
    }
    if (evidence.has(item.id) && box.w >= 5) {
      context.strokeStyle = 'rgba(255, 255, 255, 0.8)';
      context.lineWidth = 1;
      context.strokeRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
    }
  }
  context.globalAlpha = 1;
}

export function pixelBox(p, item) {
  const w = Math.max(kPixelLeast, (item.scan_km || 1) * p.pixelsPerKmEast(item.lat));
  const h = Math.max(kPixelLeast, (item.track_km || 1) * p.pixelsPerKm);
  return { x: p.x(item.lon) - w / 2, y: p.y(item.lat) - h / 2, w, h };
}

// Beyond this many fires, markers shrink so that they do not hide the map.
const kCrowd = 40;

export function drawAlerts(context, p, groups, current) {
  const dot = groups.length > kCrowd ? 2 : 3.5;
  for (const { latest } of groups) {
    if (latest !== current && latest.event !== current?.event) outline(context, p, latest, dot, false);
  }
  if (current) outline(context, p, current, 5, true);
}

function outline(context, p, alert, dot, selected) {
  const cancelled = alert.kind === 'Cancel';
  const colour = cancelled ? palette.fireDim : palette.fire;
  context.beginPath();
  for (const [lat, lon] of alert.polygon ?? []) context.lineTo(p.x(lon), p.y(lat));
  context.closePath();
  context.fillStyle = cancelled ? 'rgba(141, 153, 163, 0.06)' : 'rgba(255, 122, 26, 0.13)';
  context.fill();
  context.setLineDash(cancelled ? [6, 4] : []);
  if (selected) {
    context.strokeStyle = 'rgba(255, 255, 255, 0.9)';
    context.lineWidth = 4;
    context.stroke();
  }
  context.strokeStyle = colour;
  context.lineWidth = selected ? 2.2 : 1.5;
  context.stroke();
  context.setLineDash([]);
  if (!alert.centre) return;
  const [x, y] = [p.x(alert.centre[1]), p.y(alert.centre[0])];
  context.beginPath();
  context.arc(x, y, dot, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = selected ? '#fff' : 'rgba(5, 10, 14, 0.9)';
  context.lineWidth = selected ? 2 : 1;
  context.stroke();
}

/** Lines from the fire to the places it threatens. */
export function drawThreats(context, p, alert, places) {
  if (!alert?.centre || alert.kind === 'Cancel') return;
  context.strokeStyle = palette.threatened;
  context.lineWidth = 1.2;
  context.setLineDash([4, 4]);
  for (const place of places) {
    context.beginPath();
    context.moveTo(p.x(alert.centre[1]), p.y(alert.centre[0]));
    context.lineTo(p.x(place.lon), p.y(place.lat));
    context.stroke();
  }
  context.setLineDash([]);
}

/** Places by importance; a label that would cover an earlier one is left out. */
export function drawPlaces(context, p, width, height, places, threatened) {
  const taken = [];
  const order = [...places].sort(
    (a, b) => Number(threatened.has(b.name)) - Number(threatened.has(a.name)) || (b.population ?? 0) - (a.population ?? 0),
  );
  context.textBaseline = 'middle';
  for (const place of order) {
    const [x, y] = [p.x(place.lon), p.y(place.lat)];
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const near = threatened.has(place.name);
    const size = place.population > 100000 ? 4 : place.population > 10000 ? 3.2 : 2.5;
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fillStyle = near ? palette.threatened : palette.place;
    context.fill();
    context.strokeStyle = 'rgba(5, 10, 14, 0.9)';
    context.lineWidth = 1;
    context.stroke();
    context.font = `${near ? '600 ' : ''}12px ${kFont}`;
    const w = context.measureText(place.name).width;
    const left = x + w + 12 > width ? x - w - 8 : x + 8;
    const box = { x: left - 2, y: y - 8, w: w + 4, h: 16 };
    if (taken.some((t) => overlap(t, box))) continue;
    taken.push(box);
    haloText(context, place.name, left, y, near ? palette.threatened : palette.place);
  }
  context.textBaseline = 'alphabetic';
}

export function drawStations(context, p, stations) {
  for (const station of stations) {
    const [x, y] = [p.x(station.lon), p.y(station.lat)];
    context.beginPath();
    context.moveTo(x, y - 5);
    context.lineTo(x + 5, y + 4);
    context.lineTo(x - 5, y + 4);
    context.closePath();
    context.fillStyle = station.kind === 'weather' ? '#7fd4c1' : '#b9c6cf';
    context.fill();
    context.strokeStyle = 'rgba(5, 10, 14, 0.9)';
    context.stroke();
  }
}

function overlap(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
