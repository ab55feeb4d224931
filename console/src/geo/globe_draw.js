// The globe's picture. The Earth goes through d3-geo's orthographic projection; satellites stand
// above it, so they are turned with the same rotation and placed at their true distance.
import { geoCircle, geoGraticule10, geoOrthographic, geoPath, geoRotation } from 'd3-geo';
import { haloText, kFont } from './canvas.js';
import { land } from './map_ground.js';
import { palette } from './palette.js';
import { kEarthKm, kKmPerDegree, sunOverhead } from './sphere.js';
import { swathShapes } from './swath.js';

// Higher orbits are drawn at this height, or the Earth would shrink to a dot.
const kShownHeightMostKm = 2500;
const kLinkPieces = 24;
const kCrowd = 40; // more fires than this are drawn as small dots
const graticule = geoGraticule10();

export function earthRadius(width, height, nodes, zoom) {
  const highest = Math.max(300, ...nodes.map((n) => shownHeight(n)));
  return ((Math.min(width, height) / 2 - 10) / (1 + highest / kEarthKm)) * zoom;
}

function shownHeight(node) {
  return Math.min(Number(node.alt_km) || 0, kShownHeightMostKm);
}

export function drawGlobe(context, width, height, { rotate, zoom, frame, incident, fires }) {
  context.clearRect(0, 0, width, height);
  const nodes = (frame?.nodes ?? []).filter((n) => Number.isFinite(n.lat) && Number.isFinite(n.lon));
  const radius = earthRadius(width, height, nodes, zoom);
  const projection = geoOrthographic().rotate(rotate).scale(radius).translate([width / 2, height / 2]).clipAngle(90);
  const path = geoPath(projection, context);
  drawEarth(context, path, frame?.t ?? incident?.start, width, height, radius);
  for (const node of nodes) if (node.up) drawFootprint(context, path, node);
  const whatIf = new Set((incident?.satellites ?? []).filter((s) => s.what_if).map((s) => s.node));
  for (const node of nodes) if (node.up) drawSwath(context, path, node, whatIf.has(node.node));
  drawIncident(context, path, incident, fires);
  const place = placer(rotate, radius, width, height);
  const placed = new Map(nodes.map((n) => [n.node, place(n.lat, n.lon, 1 + shownHeight(n) / kEarthKm)]));
  for (const link of frame?.links ?? []) drawLink(context, link, placed.get(link.a), placed.get(link.b), radius, width, height);
  for (const node of nodes) drawSatellite(context, node, placed.get(node.node), frame.leader === node.node);
}

function drawEarth(context, path, t, width, height, radius) {
  const glow = context.createRadialGradient(width / 2, height / 2, radius * 0.98, width / 2, height / 2, radius * 1.12);
  glow.addColorStop(0, 'rgba(92, 200, 245, 0.28)');
  glow.addColorStop(1, 'rgba(92, 200, 245, 0)');
  context.fillStyle = glow;
  context.fillRect(0, 0, width, height);
  fill(context, path, { type: 'Sphere' }, palette.sea);
  fill(context, path, land, palette.land);
  stroke(context, path, land, palette.coast, 0.7);
  stroke(context, path, graticule, palette.grid, 0.6);
  const sun = sunOverhead(t);
  if (sun) fill(context, path, geoCircle().center([sun.lon + 180, -sun.lat]).radius(90)(), palette.night);
}

function drawFootprint(context, path, node) {
  if (!(node.footprint_km > 0)) return;
  const circle = geoCircle().center([node.lon, node.lat]).radius(Math.min(89, node.footprint_km / kKmPerDegree))();
  fill(context, path, circle, palette.footprint);
  stroke(context, path, circle, 'rgba(92, 200, 245, 0.28)', 0.8);
}

/** What the sensor swept in the last minutes, its line now brightest; dashed where it is a what-if. */
function drawSwath(context, path, node, whatIf) {
  const shapes = swathShapes(node.swath);
  if (!shapes) return;
  const { line, fill: colour } = whatIf ? palette.swathWhatIf : palette.swath;
  fill(context, path, shapes.strip, colour);
  context.setLineDash(whatIf ? [3, 2] : []);
  stroke(context, path, shapes.line, line, 1.4);
  context.setLineDash([]);
}

function drawIncident(context, path, incident, fires) {
  if (incident?.bbox) {
    const [w, s, e, n] = incident.bbox;
    const box = { type: 'LineString', coordinates: [[w, s], [w, n], [e, n], [e, s], [w, s]] };
    stroke(context, path, box, palette.threatened, 1.2);
  }
  const points = { type: 'MultiPoint', coordinates: fires.map(([lat, lon]) => [lon, lat]) };
  fill(context, path.pointRadius(fires.length > kCrowd ? 1.2 : 3.2), points, palette.fire);
  if (fires.length <= kCrowd) stroke(context, path, points, '#ffffff', 0.8);
}

/** Turns latitude, longitude and distance in Earth radii into screen x, y and depth towards us. */
function placer(rotate, radius, width, height) {
  const turn = geoRotation(rotate);
  const rad = Math.PI / 180;
  return (lat, lon, distance) => {
    const [l, f] = turn([lon, lat]);
    const c = Math.cos(f * rad) * distance * radius;
    return {
      x: width / 2 + c * Math.sin(l * rad),
      y: height / 2 - Math.sin(f * rad) * distance * radius,
      z: c * Math.cos(l * rad),
    };
  };
}

function hidden({ x, y, z }, radius, width, height) {
  return z < 0 && Math.hypot(x - width / 2, y - height / 2) < radius;
}

function drawLink(context, link, a, b, radius, width, height) {
  if (!a || !b || (!link.up && !link.cut)) return;
  context.beginPath();
  let drawing = false;
  for (let i = 0; i <= kLinkPieces; i++) {
    const f = i / kLinkPieces;
    const point = { x: a.x + (b.x - a.x) * f, y: a.y + (b.y - a.y) * f, z: a.z + (b.z - a.z) * f };
    if (hidden(point, radius, width, height)) drawing = false;
    else if (drawing) context.lineTo(point.x, point.y);
    else {
      context.moveTo(point.x, point.y);
      drawing = true;
    }
  }
  context.setLineDash(link.cut ? [3, 4] : []);
  context.strokeStyle = link.cut ? palette.cut : palette.link;
  context.lineWidth = 1.1;
  context.stroke();
  context.setLineDash([]);
}

function drawSatellite(context, node, at, leader) {
  context.globalAlpha = at.z < 0 ? 0.3 : 1;
  const colour = !node.up ? palette.down : leader ? palette.leader : /candidate/.test(node.role) ? palette.candidate : palette.satellite;
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.beginPath();
  if (node.up) {
    context.arc(at.x, at.y, 3.6, 0, 2 * Math.PI);
    context.fill();
  } else {
    context.moveTo(at.x - 4, at.y - 4);
    context.lineTo(at.x + 4, at.y + 4);
    context.moveTo(at.x + 4, at.y - 4);
    context.lineTo(at.x - 4, at.y + 4);
    context.stroke();
  }
  if (leader) {
    context.beginPath();
    context.arc(at.x, at.y, 7.5, 0, 2 * Math.PI);
    context.stroke();
  }
  context.font = `600 10px ${kFont}`;
  haloText(context, String(node.node), at.x + 7, at.y - 5, colour);
  context.globalAlpha = 1;
}

function fill(context, path, shape, colour) {
  context.beginPath();
  path(shape);
  context.fillStyle = colour;
  context.fill();
}

function stroke(context, path, shape, colour, width) {
  context.beginPath();
  path(shape);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
