// The page's own arithmetic: measures, geometry, relief, the map's projection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geoArea } from 'd3-geo';
import { gridProblem, hillshade } from '../src/geo/hillshade.js';
import { bearingDeg, distanceKm, nearestPlace, sunOverhead } from '../src/geo/sphere.js';
import { swathEnds, swathShapes } from '../src/geo/swath.js';
import { contactRows, countStates, spanOn } from '../src/panels/contact_rows.js';
import { halfBar, memberRows, sharedReason } from '../src/panels/agreement_rows.js';
import * as measures from '../src/text/measures.js';

const near = (actual, expected, tolerance) => assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('measures convert and name their unit', () => {
  assert.deepEqual(measures.distance(16.09344, 'us'), { value: 10, unit: 'mi', digits: 0 });
  assert.equal(measures.area(40.468564224, 'us').value.toFixed(6), '100.000000');
  assert.deepEqual(measures.area(3, 'metric'), { value: 3, unit: 'ha', digits: 1 });
});

test('near certainty never reads as certainty', () => {
  assert.equal(measures.percent(0.9999, 'en'), '99.9%');
  assert.equal(measures.percent(1, 'en'), '100%');
  assert.equal(measures.percent(0.87, 'en'), '87%');
  assert.equal(measures.percent(undefined, 'en'), '–');
});

test('local time crosses midnight and half-hour zones', () => {
  assert.equal(measures.clockText('2030-01-01T03:30:00Z', -420), '2029-12-31 20:30');
  assert.equal(measures.clockText('2030-01-01T20:00:05Z', 330, true), '2030-01-02 01:30:05');
  assert.equal(measures.clockText('nonsense', 0), '–');
  assert.equal(measures.zoneName(-420), 'UTC−7');
  assert.equal(measures.zoneName(570), 'UTC+9:30');
});

test('ages and compass points', () => {
  assert.deepEqual(measures.ageParts(45), { value: 45, unit: 's' });
  assert.deepEqual(measures.ageParts(600), { value: 10, unit: 'min' });
  assert.deepEqual(measures.ageParts(39600), { value: 11, unit: 'h' });
  assert.equal(measures.compassPoint(359), 0);
  assert.equal(measures.compassPoint(-90), 6);
});

test('scale bar lengths are 1, 2 or 5 times a power of ten', () => {
  assert.equal(measures.roundLength(9.9), 5);
  assert.equal(measures.roundLength(1), 1);
  assert.equal(measures.roundLength(0.25), 0.2);
});

test('distance and bearing on the sphere', () => {
  near(distanceKm({ lat: 0, lon: 0 }, { lat: 0, lon: 1 }), 111.195, 0.001);
  near(distanceKm({ lat: 10, lon: 179.5 }, { lat: 10, lon: -179.5 }), distanceKm({ lat: 10, lon: 0 }, { lat: 10, lon: 1 }), 1e-6);
  near(bearingDeg({ lat: 0, lon: 0 }, { lat: 1, lon: 0 }), 0, 1e-9);
  near(bearingDeg({ lat: 0, lon: 0 }, { lat: 0, lon: -1 }), 270, 1e-9);
  assert.equal(nearestPlace({ lat: 0, lon: 0 }, []), null);
});

test('the sun stands over the tropics at the solstice and the equator at the equinox', () => {
  near(sunOverhead('2030-06-21T12:00:00Z').lat, 23.4, 0.1);
  near(sunOverhead('2030-03-20T14:00:00Z').lat, 0, 0.2);
  near(sunOverhead('2030-06-13T12:00:00Z').lon, 0, 1);
});

test('relief: north-west slopes are lighter, holes stay transparent', () => {
  const grid = (f) => ({ cols: 9, rows: 9, bbox: [0, 0, 0.09, 0.09], elevation_m: Array.from({ length: 81 }, (_, i) => f(i % 9, Math.floor(i / 9))) });
  const shade = (f) => hillshade(grid(f)).data[(4 * 9 + 4) * 4];
  assert.ok(shade((c, r) => 500 + 100 * (c + r)) > shade((c, r) => 500 - 20 * (c + r)));
  assert.equal(hillshade(grid((c) => (c === 4 ? null : 100))).data[(4 * 9 + 4) * 4 + 3], 0);
  assert.equal(gridProblem(grid(() => 1)), '');
  assert.notEqual(gridProblem({ cols: 3, rows: 3, bbox: [0, 0, 1, 1], elevation_m: [1] }), '');
});

test('spans of time read in one or two units', () => {
  const text = (s) => measures.durationParts(s).map((p) => `${p.value}${p.unit}`).join(' ');
  assert.deepEqual([0.032, 0.9999, 45.24, 59.97, 700, 720, 3599.7, 3600, 11520].map(text),
    ['32ms', '1s', '45.2s', '1min', '11min 40s', '12min', '1h', '1h', '3h 12min']);
  assert.equal(text(NaN), '');
  assert.deepEqual(measures.speed(1.609344, 'us'), { value: 1, unit: 'mi_s', digits: 2 });
});

test('contacts become a row a pair, spoken of by the first that is listed', () => {
  const span = (a, b, from, to, state) => ({ a, b, start: `2030-01-01T0${from}:00:00Z`, end: `2030-01-01T0${to}:00:00Z`, state });
  const rows = contactRows([span(1, 9, 3, 4, 'open'), span(2, 9, 4, 5, 'planned'), span(1, 9, 1, 2, 'past'), span(3, 9, 5, 5, 'planned')]);
  assert.deepEqual(rows.map((r) => [r.key, r.lead.state, r.contacts.length]), [['1-9', 'open', 2], ['2-9', 'planned', 1]]);
  assert.deepEqual(countStates(rows[0].contacts), { open: 1, closed: 0, planned: 0, past: 1 });
  const on = (start, end) => spanOn('2030-01-01T00:00:00Z', '2030-01-01T04:00:00Z', `2030-01-01T0${start}:00:00Z`, end && `2030-01-01T0${end}:00:00Z`);
  assert.deepEqual(on(1, 3), { left: 25, width: 50 });
  assert.deepEqual(on(3, 9), { left: 75, width: 25 });
  assert.deepEqual(on(3, null), { left: 75, width: 25 });
  assert.equal(on(5, 6), null);
});

test('the strip of a sensor closes, and its line now is in the middle', () => {
  const strip = [[0, -5], [10, -5], [10, 5], [0, 5]];
  assert.deepEqual(swathEnds(strip), [{ lat: 10, lon: -5 }, { lat: 10, lon: 5 }]);
  const { coordinates: [ring] } = swathShapes(strip).strip;
  assert.deepEqual([ring.length, ring[0], ring.at(-1)], [5, [-5, 0], [-5, 0]]);
  // d3-geo fills what lies to the right of the way along the ring.
  assert.ok(geoArea(swathShapes(strip).strip) < 1, 'the strip and not the rest of the Earth is filled');
  for (const broken of [null, [], [[1, 2], null, [3], 'x'], [[0, 0], [1, 1], [2, 2]]]) assert.equal(swathShapes(broken), null);
});

test('members: how much of all each share is, voters only, and the reason all have is told once', () => {
  const founded = { en: 'founded with equal shares', zh: 'x' };
  const group = {
    halves: [{ half: 'incoming', total: 8, quorum: 5, reachable: 6 }],
    members: [{ node: 1, share: 2, reach: 'leader', lag: 0, reasons: [founded] }, { node: 2, share: 6, share_before: 1, reach: 'apart', lag: null, reasons: [{ ...founded }] }, { node: 3, share: 0, reasons: [] }, { node: 4, share: 0, share_before: 1, reasons: [founded] }],
  };
  const rows = memberRows(group);
  assert.deepEqual(rows.map((r) => [r.node, r.part, r.before]), [[1, 0.25, null], [2, 0.75, 1], [4, 0, 1]]);
  near(rows[0].width, 100 / 3, 1e-9);
  assert.equal(rows[1].width, 100);
  assert.deepEqual(sharedReason(rows), founded);
  rows[1].reasons = [{ en: 'changed in epoch 2', zh: 'x' }];
  assert.equal(sharedReason(rows), null);
  assert.equal(sharedReason([]), null);
  assert.deepEqual(halfBar(group.halves[0]), { reachable: 75, quorum: 62.5 });
  assert.deepEqual(halfBar({ total: 0, quorum: 1, reachable: 0 }), { reachable: 0, quorum: 0 });
  assert.deepEqual(memberRows({}), []);
});
