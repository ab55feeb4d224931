// What the page keeps: limits hold, alerts group by event, replaced records are not counted twice.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import * as store from '../src/link/store.js';

beforeEach(() => {
  store.forgetIncident();
  store.chosen.value = { event: null, id: null };
});

const alert = (event, sequence, more = {}) => ({ type: 'alert', id: `${event}-${sequence}`, event, sequence, kind: 'Alert', sent: `2030-01-01T0${sequence}:00:00Z`, severity: 'Minor', ...more });

test('lists stay within their limits', () => {
  for (let i = 0; i < 700; i++) store.apply([{ type: 'log', t: '', kind: 'gap', text: {} }]);
  assert.equal(store.logs.value.length, store.limits.logs);
  for (let i = 0; i < 25; i++) store.apply([{ type: 'hotspots', items: Array.from({ length: 1000 }, (_, k) => ({ id: `${i}-${k}`, lat: 1, lon: 1 })) }]);
  assert.equal(store.hotspots.value.length, store.limits.hotspots);
  assert.equal(store.hotspots.value.at(-1).id, '24-999');
});

test('unknown and broken messages change nothing', () => {
  store.apply([null, {}, { type: 'toString' }, { type: 'news' }, { type: 'hotspots', items: [{ lat: 'x' }, null] }, { type: 'hotspots' }]);
  assert.equal(store.hotspots.value.length, 0);
});

test('an update belongs to its event and replaces what is shown', () => {
  store.apply([alert('a', 1), alert('b', 2), alert('a', 3, { kind: 'Update' }), alert('a', 3, { kind: 'Update' })]);
  assert.deepEqual(store.chains.value.map((g) => [g.event, g.items.length]), [['a', 2], ['b', 1]]);
  assert.equal(store.current.value.id, 'a-3');
});

test('the most severe living fire is shown until someone chooses', () => {
  store.apply([alert('a', 1, { severity: 'Severe' }), alert('b', 2)]);
  assert.equal(store.current.value.event, 'a');
  store.apply([alert('a', 3, { severity: 'Severe', kind: 'Cancel' })]);
  assert.equal(store.current.value.event, 'b');
  store.chosen.value = { event: 'a', id: 'a-1' };
  assert.equal(store.current.value.id, 'a-1');
});

test('a record that comes again is counted once', () => {
  const record = (state) => ({ type: 'record', stream: 's', t: '2030-01-01T00:00:00Z', fields: [{ name: 'x', state }] });
  store.apply([record('missing'), record('estimated')]);
  assert.deepEqual(store.records.totals(), { observed: 0, estimated: 1, missing: 0 });
});

test('danger keeps the newest of each stream', () => {
  store.apply([{ type: 'danger', stream: 's', fwi: 1 }, { type: 'danger', stream: 'u', fwi: 2 }, { type: 'danger', stream: 's', fwi: 3 }]);
  assert.deepEqual(store.danger.value.map((d) => d.fwi), [3, 2]);
});

test('a group and its turns stay within their limits, and go with the connection', () => {
  const many = (n) => [null, ...Array.from({ length: n }, () => ({ nodes: [1] }))];
  store.apply([{ type: 'group', members: many(1000), halves: many(9), parts: [...many(1000), { nodes: 7 }] }]);
  const { members, halves, parts } = store.group.value;
  assert.deepEqual([members.length, halves.length, parts.length], [store.limits.members, 2, store.limits.parts]);
  store.apply([{ type: 'group' }]);
  assert.deepEqual(store.group.value.members, []);
  for (let i = 0; i < 500; i++) store.apply([{ type: 'turn', term: i }]);
  assert.equal(store.turns.value.length, store.limits.turns);
  assert.equal(store.turns.value.at(-1).term, 499);
  store.forgetNews();
  assert.deepEqual([store.group.value, store.turns.value.length], [null, 0]);
});

test('contacts and ways stay within their limits, alerts apart from the rest', () => {
  store.apply([{ type: 'space', contacts: [null, ...Array.from({ length: 1000 }, () => ({}))] }]);
  assert.equal(store.space.value.contacts.length, store.limits.contacts);
  store.apply([{ type: 'ways' }, { type: 'ways', items: [null, { id: 1 }, { id: 2, alert: {} }] }]);
  assert.deepEqual([store.otherWays.value, store.alertWays.value].map((list) => list.map((way) => way.id)), [[1], [2]]);
  for (let i = 0; i < 30; i++) store.apply([{ type: 'ways', items: Array.from({ length: 20 }, () => ({ alert: {} })) }]);
  assert.equal(store.alertWays.value.length, store.limits.alert_ways);
  store.forgetNews();
  assert.deepEqual([store.space.value, store.alertWays.value.length, store.otherWays.value.length], [null, 0, 0]);
});
