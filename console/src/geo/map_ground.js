// The still part of the map: relief, coast, grid, roads. Drawn once for a view and kept.
import { feature } from 'topojson-client';
import landTopology from 'world-atlas/land-110m.json';
import { gridProblem, hillshade } from './hillshade.js';
import { projector } from './map_view.js';
import { palette } from './palette.js';

// The coastline is generalised to about 50 km, so it is drawn only where that does not mislead.
const kCoastFromDegrees = 8;

export const land = feature(landTopology, landTopology.objects.land);

let reliefOf = null;
let relief = null;

export function drawGround(context, view, width, height, incident) {
  const p = projector(view, width, height);
  const wide = p.lon(width) - p.lon(0) > kCoastFromDegrees;
  context.fillStyle = wide ? palette.sea : '#101b22';
  context.fillRect(0, 0, width, height);
  if (wide) drawCoast(context, p);
  if (incident?.terrain) drawRelief(context, p, incident.terrain);
  drawGrid(context, p, width, height);
  if (incident?.roads) drawRoads(context, p, incident.roads);
}

function drawRelief(context, p, terrain) {
  const image = reliefImage(terrain);
  if (!image) return;
  const [west, south, east, north] = terrain.bbox;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, p.x(west), p.y(north), p.x(east) - p.x(west), p.y(south) - p.y(north));
}

function reliefImage(terrain) {
  if (reliefOf === terrain) return relief;
  reliefOf = terrain;
  relief = null;
  if (gridProblem(terrain)) return null;
  const { width, height, data } = hillshade(terrain);
  relief = document.createElement('canvas');
  relief.width = width;
  relief.height = height;
  relief.getContext('2d').putImageData(new ImageData(data, width, height), 0, 0);
  return relief;
}

function drawCoast(context, p) {
  context.beginPath();
  for (const shape of land.features ?? [land]) {
    const { type, coordinates } = shape.geometry;
    for (const polygon of type === 'Polygon' ? [coordinates] : coordinates) {
      for (const ring of polygon) trace(context, p, ring);
    }
  }
  context.fillStyle = palette.land;
  context.fill('evenodd');
  context.strokeStyle = palette.coast;
  context.lineWidth = 1;
  context.stroke();
}

function drawRoads(context, p, roads) {
  context.strokeStyle = palette.road;
  context.lineJoin = 'round';
  for (const road of roads.features ?? []) {
    const { type, coordinates } = road.geometry ?? {};
    const lines = type === 'LineString' ? [coordinates] : type === 'MultiLineString' ? coordinates : [];
    const major = /motorway|trunk|primary|highway|freeway|interstate/i.test(
      String(road.properties?.class ?? road.properties?.highway ?? road.properties?.type ?? ''),
    );
    context.lineWidth = major ? 2 : 1.1;
    context.beginPath();
    for (const line of lines) trace(context, p, line);
    context.stroke();
  }
}

function trace(context, p, line) {
  let previous = null;
  for (const [lon, lat] of line) {
    const x = p.x(lon);
    // A jump across the map is the line wrapping round the world, not a road.
    if (previous === null || Math.abs(x - previous) > 180 * p.pixelsPerKm * 111) context.moveTo(x, p.y(lat));
    else context.lineTo(x, p.y(lat));
    previous = x;
  }
}

function drawGrid(context, p, width, height) {
  const span = p.lon(width) - p.lon(0);
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((s) => span / s <= 7) ?? 30;
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  context.strokeStyle = palette.grid;
  context.fillStyle = 'rgba(200, 215, 225, 0.55)';
  context.font = '10px system-ui, sans-serif';
  context.lineWidth = 1;
  context.beginPath();
  for (let lon = Math.ceil(p.lon(0) / step) * step; lon < p.lon(width); lon += step) {
    const x = Math.round(p.x(lon)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.fillText(`${Math.abs(lon).toFixed(digits)}°${lon < 0 ? 'W' : 'E'}`, x + 3, 11);
  }
  for (let lat = Math.ceil(p.lat(height) / step) * step; lat < p.lat(0); lat += step) {
    const y = Math.round(p.y(lat)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
    if (y > 24 && y < height - 60) context.fillText(`${Math.abs(lat).toFixed(digits)}°${lat < 0 ? 'S' : 'N'}`, 3, y - 3);
  }
  context.stroke();
}
