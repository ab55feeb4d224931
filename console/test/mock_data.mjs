// SYNTHETIC TEST DATA. Every name and number here is made up to exercise the page; nothing
// describes a real fire, place or satellite.

const kStart = Date.parse('2030-08-01T18:00:00Z');
export const start = new Date(kStart).toISOString();
export const end = new Date(kStart + 12 * 3600e3).toISOString();
export const timeAt = (seconds) => new Date(kStart + seconds * 1000).toISOString();
const bbox = [-120.6, 39.7, -119.9, 40.2];
const centre = [39.93, -120.28];
export const nodeCount = 14;
export const sensorCarriers = new Set([2, 13]); // a what-if and an observer

// A fixed sequence, so that screenshots can be compared.
let state = 12345;
export function random() {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 2147483648;
}

export function incident({ bare = false } = {}) {
  return {
    name: 'test-incident',
    title: { en: 'TEST DATA: made-up ridge fire', zh: '测试数据：虚构的山脊火情' },
    summary: { en: 'Synthetic data for testing the console; nothing here is real.', zh: '用于测试控制台的合成数据，均非真实。' },
    status: 'Exercise', start, end, utc_offset_min: -420, units: 'us', bbox,
    parts: [
      { part: 'hotspots', file: 'test_hotspots.csv', provenance: 'observed', source: 'made-up test file', rows: 412, bad_rows: 3 },
      ...(bare ? [] : [{ part: 'terrain', file: 'terrain.bin', provenance: 'reconstructed', source: 'test formula', rows: 19200, bad_rows: 0 }]),
      { part: 'weather', file: 'weather.csv', provenance: 'reconstructed', source: 'made-up test file', rows: 72, bad_rows: 0 },
      { part: 'network', file: '', provenance: 'simulated', source: 'test clock', rows: 0, bad_rows: 0 },
    ],
    completion: bare ? [] : [{ schema: 'test_weather', model: 'test_weather.trees', judge: null }],
    missing: bare ? ['terrain', 'roads', 'satellites', 'weather'] : ['fuel'],
    terrain: bare ? null : terrain(),
    roads: bare ? null : roads(),
    places: bare ? [] : places,
    stations: bare ? [] : [
      { name: 'Test Station A', lat: 40.05, lon: -120.45, kind: 'weather' },
      { name: 'Test Ground B', lat: 39.78, lon: -120.05, kind: 'ground' },
    ],
    satellites: bare ? [] : [
      ...Array.from({ length: nodeCount }, (_, i) => ({
        node: i + 1, name: `TESTSAT-${i + 1}`, norad: 90001 + i, what_if: i < 12, observer: i >= 12, satellite: true,
        ...(sensorCarriers.has(i + 1) ? { sensor: { name: 'testsensor', source: 'made-up angles' } } : {}),
      })),
      ...['Test Ground North', 'Test Ground South'].map((name, i) => ({ node: nodeCount + 1 + i, name, norad: 0, what_if: true, observer: false, satellite: false })),
    ],
  };
}

const places = [
  { name: 'Test Town', lat: 39.99, lon: -120.12, population: 54000 },
  { name: 'Test Village', lat: 39.86, lon: -120.2, population: 2100 },
  { name: 'Sampleton', lat: 40.12, lon: -120.4, population: 12000 },
  { name: 'Mockville', lat: 39.76, lon: -120.46, population: 800 },
  { name: 'Placeholder City', lat: 40.03, lon: -119.97, population: 140000 },
];

function terrain() {
  const [cols, rows] = [160, 120];
  const elevation_m = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const [x, y] = [c / cols, r / rows];
      const ridge = 700 * Math.exp(-(((y - 0.3 - 0.4 * x + 0.06 * Math.sin(x * 14)) / 0.16) ** 2));
      const hills = 160 * Math.sin(x * 21 + 3 * y) * Math.cos(y * 17 - 2 * x) + 70 * Math.sin(x * 53) * Math.sin(y * 47);
      const height = 420 + ridge + hills + 250 * x;
      elevation_m.push(x > 0.86 && y > 0.75 ? 0 : Math.round(height));
    }
  }
  return { bbox, cols, rows, elevation_m };
}

function roads() {
  const line = (name, highway, coordinates) => ({ type: 'Feature', properties: { name, highway }, geometry: { type: 'LineString', coordinates } });
  return {
    type: 'FeatureCollection',
    features: [
      line('Test Highway', 'primary', [[-120.6, 39.8], [-120.4, 39.84], [-120.2, 39.86], [-120.12, 39.99], [-119.97, 40.03], [-119.9, 40.06]]),
      line('Test Road', 'tertiary', [[-120.4, 40.12], [-120.3, 40.05], [-120.22, 40.03], [-120.12, 39.99]]),
      line('Mock Lane', 'tertiary', [[-120.46, 39.76], [-120.4, 39.84]]),
    ],
  };
}

export function hotspots(step) {
  const spread = 0.012 + step * 0.0035;
  return Array.from({ length: 9 }, (_, i) => ({
    id: `test-${step}-${i}`, t: timeAt(step * 300),
    lat: centre[0] + (random() - 0.5) * spread * 1.4, lon: centre[1] + step * 0.0016 + (random() - 0.5) * spread * 2,
    scan_km: 0.39 + random() * 0.4, track_km: 0.36 + random() * 0.3, frp_mw: Math.round(random() * 900) / 10,
    confidence: ['low', 'nominal', 'high'][Math.floor(random() * 3)], satellite: `TESTSAT-${1 + (step % 12)}`,
    provenance: i % 4 === 3 ? 'simulated' : 'observed',
  }));
}

function polygon(lat, lon, size) {
  const ring = Array.from({ length: 18 }, (_, i) => {
    const angle = (i / 18) * 2 * Math.PI;
    const r = size * (1 + 0.25 * Math.sin(angle * 3) + 0.12 * Math.cos(angle * 5));
    return [lat + r * Math.sin(angle), lon + 1.5 * r * Math.cos(angle)];
  });
  return [...ring, ring[0]];
}

const reason = (en, zh, log_odds, source, age_s, kind) => ({ text: { en, zh }, log_odds, source, age_s, kind });

export function alert(sequence, seconds, event = 'test-event-1') {
  const other = event !== 'test-event-1';
  const kind = sequence === 1 ? 'Alert' : other && sequence === 2 ? 'Cancel' : 'Update';
  const [lat, lon] = other ? [40.1, -120.05] : [centre[0], centre[1] + sequence * 0.012];
  const size = (other ? 0.01 : 0.012) + sequence * 0.009;
  const value = other ? 0.58 : Math.min(0.97, 0.78 + sequence * 0.05);
  return {
    type: 'alert', id: `${event}-${sequence}`, event, sequence, kind, sent: timeAt(seconds),
    headline: other ? { en: 'Test alert: possible fire north of Test Town', zh: '测试告警：测试镇以北可能起火' }
      : { en: 'Test alert: wildfire on the made-up ridge', zh: '测试告警：虚构山脊发生野火' },
    description: { en: 'Made-up text. Several test satellites agree that the test pixels are burning.', zh: '虚构文字。多颗测试卫星一致认为测试像元正在燃烧。' },
    severity: other ? 'Minor' : 'Severe', urgency: 'Immediate', certainty: other ? 'Possible' : 'Likely',
    probability: { value, low: Math.max(0.05, value - 0.14), high: Math.min(0.99, value + 0.06) },
    area_ha: other ? 42 : 310 * sequence ** 1.6, polygon: polygon(lat, lon, size), centre: [lat, lon],
    reasons: [
      reason('Nine neighbouring pixels burn at high radiative power', '九个相邻像元辐射功率很高', 2.31, 'TESTSAT-3 I-band', 240, 'Measured'),
      reason('Two satellites saw it within 12 minutes', '两颗卫星在 12 分钟内先后看到', 1.42, 'TESTSAT-3, TESTSAT-7', 720, 'Measured'),
      reason('Very high fire danger (FWI 41)', '火险很高(FWI 41)', 0.88, 'Test Station A', 5400, 'Estimated'),
      reason('Dry fuel in the last model run', '最近一次模型显示可燃物干燥', 0.35, 'test fuel model', 39600, 'Modelled'),
      reason('Part of the footprint lies near the swath edge', '部分像元靠近扫描带边缘', -0.42, 'TESTSAT-7', 240, 'Measured'),
    ],
    observations: Array.from({ length: 9 * sequence }, (_, i) => `test-${Math.floor(i / 9)}-${i % 9}`),
    agreed_by: [1, 2, 3, 4, 6, 7, 8, 9, 11], shares_for: 9, shares_total: 12,
    threatened: other ? [] : [
      { name: 'Test Village', distance_km: 9.8, bearing_deg: 138 }, { name: 'Test Town', distance_km: 14.4, bearing_deg: 64 },
    ],
    cap: `alerts/${event}-${sequence}.xml`, provenance: 'what-if',
  };
}

export function record(step) {
  const t = timeAt(step * 300);
  const hole = step % 5 === 2;
  const temperature = 31 + 5 * Math.sin(step / 9);
  const field = (name, unit, value, filled, low, high, by) =>
    filled ? { name, unit, state: 'estimated', value, low, high, by, reason: 'gap', pattern: hole ? 'temporal' : 'random' } : { name, unit, state: 'observed', value, low: null, high: null, by: '', reason: '' };
  return {
    type: 'record', stream: step % 2 ? 'Test Station A' : 'Test Station B', schema: 'test_weather', t, provenance: 'reconstructed',
    fields: [
      field('temperature', '°C', temperature, hole || step % 7 === 3, temperature - 1.4, temperature + 1.2, 'model'),
      field('humidity', '%', 18 - 4 * Math.sin(step / 9), hole, 11, 21, 'interpolation'),
      field('wind speed', 'km/h', 33 + 8 * Math.cos(step / 5), false),
      step % 3 === 0 ? { name: 'rain', unit: 'mm', state: 'missing', value: null, low: null, high: null, by: '', reason: 'implausible: negative', pattern: 'structured' }
        : field('rain', 'mm', 0, false),
      field('wind direction', '', 'NE', step % 4 === 1, null, null, 'most frequent'),
    ],
  };
}

export function danger(step) {
  return {
    type: 'danger', t: timeAt(step * 300), stream: 'Test Station A', class: { en: 'Very high', zh: '很高' },
    fwi: 33 + (step % 12), ffmc: 93.4, dmc: 118.2, dc: 702.5, isi: 15.8, bui: 160.1, probability: 0.031,
  };
}

export function positions(seconds) {
  return Array.from({ length: nodeCount }, (_, i) => {
    const plane = i % 3;
    const angle = (i / nodeCount) * 2 * Math.PI * 3 + (seconds / 5900) * 2 * Math.PI;
    const lat = Math.asin(Math.sin(angle) * 0.97) * (180 / Math.PI);
    const along = Math.atan2(Math.cos(1.45) * Math.sin(angle), Math.cos(angle)) * (180 / Math.PI);
    const lon = ((((-150 + plane * 35 + along - seconds / 240 + 180) % 360) + 360) % 360) - 180;
    return { node: i + 1, lat, lon, alt_km: 620 + plane * 90, footprint_km: 1350 };
  });
}
