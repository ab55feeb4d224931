// Relief from an elevation grid: Horn's slope (Proceedings of the IEEE 69(1), 1981) lit from the
// north-west at 45 degrees, over a dark height tint so that hotspots stay the brightest thing on the
// map. Cells without a height are left transparent.
const kCellsMost = 4_000_000;
const kSunAzimuth = (315 * Math.PI) / 180;
const kSunHeight = (45 * Math.PI) / 180;
const kMetresPerDegree = 111195;
const tints = [
  [0, 27, 42, 40],
  [0.35, 44, 58, 48],
  [0.7, 70, 70, 56],
  [1, 104, 98, 86],
];

/** Says why a grid cannot be drawn, or '' when it can. */
export function gridProblem(terrain) {
  const { cols, rows, elevation_m, bbox } = terrain;
  if (!(cols >= 2 && rows >= 2)) return 'grid smaller than 2 by 2';
  if (cols * rows > kCellsMost) return 'grid too large';
  if (!Array.isArray(elevation_m) || elevation_m.length !== cols * rows) return 'grid size and heights differ';
  if (!Array.isArray(bbox) || bbox.length !== 4) return 'no bounding box';
  return '';
}

/** {width, height, data} in RGBA, one pixel a cell, first row north. */
export function hillshade({ cols, rows, bbox, elevation_m }) {
  const data = new Uint8ClampedArray(cols * rows * 4);
  const [west, south, east, north] = bbox;
  const cellY = ((north - south) / rows) * kMetresPerDegree;
  const cellX = ((((east - west + 360) % 360) || 360) / cols) * kMetresPerDegree * Math.cos((((north + south) / 2) * Math.PI) / 180);
  const { low, high } = heightRange(elevation_m);
  // Wide grids have gentle slopes; exaggerating them keeps the relief readable at any scale.
  const exaggeration = Math.max(1.5, Math.min(40, cellX / 60));
  const at = (r, c, fallback) => {
    const z = elevation_m[Math.min(rows - 1, Math.max(0, r)) * cols + Math.min(cols - 1, Math.max(0, c))];
    return isHeight(z) ? z : fallback;
  };
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const z = elevation_m[r * cols + c];
      if (!isHeight(z)) continue;
      const nw = at(r - 1, c - 1, z), n = at(r - 1, c, z), ne = at(r - 1, c + 1, z);
      const w = at(r, c - 1, z), e = at(r, c + 1, z);
      const sw = at(r + 1, c - 1, z), s = at(r + 1, c, z), se = at(r + 1, c + 1, z);
      const dzdx = ((ne + 2 * e + se - nw - 2 * w - sw) / (8 * cellX)) * exaggeration;
      const dzdy = ((nw + 2 * n + ne - sw - 2 * s - se) / (8 * cellY)) * exaggeration;
      paint(data, (r * cols + c) * 4, tint(z, low, high), light(dzdx, dzdy));
    }
  }
  return { width: cols, height: rows, data };
}

// Cosine between the surface's normal and the sun; x east, y north.
function light(dzdx, dzdy) {
  const length = Math.sqrt(dzdx * dzdx + dzdy * dzdy + 1);
  const sunX = Math.sin(kSunAzimuth) * Math.cos(kSunHeight);
  const sunY = Math.cos(kSunAzimuth) * Math.cos(kSunHeight);
  return Math.max(0, (-dzdx * sunX - dzdy * sunY + Math.sin(kSunHeight)) / length);
}

function paint(data, at, [red, green, blue], lit) {
  const gain = 0.3 + 1.05 * lit;
  data[at] = red * gain;
  data[at + 1] = green * gain;
  data[at + 2] = blue * gain;
  data[at + 3] = 255;
}

function tint(z, low, high) {
  if (z <= 0) return [16, 42, 62];
  const x = high > low ? (z - low) / (high - low) : 0;
  const upper = Math.max(1, tints.findIndex((stop) => stop[0] >= x));
  const [x0, ...from] = tints[upper - 1];
  const [x1, ...to] = tints[upper];
  const f = (x - x0) / (x1 - x0);
  return from.map((v, i) => v + (to[i] - v) * f);
}

function isHeight(z) {
  return typeof z === 'number' && Number.isFinite(z) && z > -500;
}

function heightRange(heights) {
  let low = Infinity;
  let high = -Infinity;
  for (const z of heights) {
    if (!isHeight(z)) continue;
    if (z < low) low = z;
    if (z > high) high = z;
  }
  return { low: Math.max(0, low), high };
}
