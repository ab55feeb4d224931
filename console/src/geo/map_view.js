// The map's projection: plate carrée true to scale at the middle latitude of the view's incident.
// Good for one fire and honest for a continent, where the scale bar is computed at the map's centre.
import { signal } from '@preact/signals';
import { kKmPerDegree } from './sphere.js';

const kZoomMost = 4000; // pixels a degree beyond which a hotspot fills the map
const kZoomLeast = 2;

/** null means "show the whole incident". */
export const mapView = signal(null);

export function fitBox([west, south, east, north], width, height, margin = 0.94) {
  const span = ((east - west + 360) % 360) || 360;
  const lat = (south + north) / 2;
  const squeeze = Math.cos((lat * Math.PI) / 180) || 0.01;
  const k = Math.min(width / (span * squeeze), height / Math.max(north - south, 1e-6)) * margin;
  return { lon: west + span / 2, lat, k: clampZoom(k), squeeze };
}

export function clampZoom(k) {
  return Math.min(kZoomMost, Math.max(kZoomLeast, k));
}

/** Functions between degrees and pixels for one view and canvas size. */
export function projector(view, width, height) {
  const { lon, lat, k, squeeze } = view;
  return {
    x: (longitude) => width / 2 + wrapNear(longitude - lon) * k * squeeze,
    y: (latitude) => height / 2 - (latitude - lat) * k,
    lon: (x) => lon + (x - width / 2) / (k * squeeze),
    lat: (y) => lat - (y - height / 2) / k,
    pixelsPerKm: k / kKmPerDegree,
    // East-west stretch at a latitude, since the projection is true only at one.
    pixelsPerKmEast: (latitude) => ((k / kKmPerDegree) * squeeze) / Math.max(0.05, Math.cos((latitude * Math.PI) / 180)),
  };
}

export function zoomed(view, factor, at, width, height) {
  const before = projector(view, width, height);
  const next = { ...view, k: clampZoom(view.k * factor) };
  if (!at) return next;
  const after = projector(next, width, height);
  return {
    ...next,
    lon: next.lon + before.lon(at.x) - after.lon(at.x),
    lat: next.lat + before.lat(at.y) - after.lat(at.y),
  };
}

export function panned(view, dx, dy) {
  return {
    ...view,
    lon: view.lon - dx / (view.k * view.squeeze),
    lat: Math.max(-90, Math.min(90, view.lat + dy / view.k)),
  };
}

/** Box around points given as [lat, lon], widened so that a single point still has room. */
export function boxAround(points, least_deg) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lat, lon] of points) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  if (!Number.isFinite(west)) return null;
  const growX = Math.max(0, (least_deg - (east - west)) / 2);
  const growY = Math.max(0, (least_deg - (north - south)) / 2);
  return [west - growX, south - growY, east + growX, north + growY];
}

function wrapNear(degrees) {
  return degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees;
}
