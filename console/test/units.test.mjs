// The page's own arithmetic: measures, geometry, relief, the map's projection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridProblem, hillshade } from '../src/geo/hillshade.js';
import { bearingDeg, distanceKm, nearestPlace, sunOverhead } from '../src/geo/sphere.js';
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
