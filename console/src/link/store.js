// Everything the page knows, as signals. Messages from the program come in through `apply`;
// panels only read. Every list has a limit so that a long replay cannot fill the browser.
import { batch, computed, signal } from '@preact/signals';
import { BoundedList } from './bounded_list.js';
import { RecordBook } from './record_book.js';

export const limits = {
  hotspots: 20000,
  alerts: 500,
  logs: 500,
  records: 300,
  streams: 100,
  danger_streams: 100,
  findings: 2000,
  summary_rows: 200,
  alert_ways: 240,
  other_ways: 80,
  contacts: 300,
  turns: 200,
  members: 400,
  parts: 100,
};

export const connection = signal({ state: 'connecting', retry_in_s: 0 });
export const incident = signal(null);
export const incidentError = signal('');
export const frame = signal(null);
export const hotspots = new BoundedList(limits.hotspots);
export const alerts = new BoundedList(limits.alerts);
export const logs = new BoundedList(limits.logs);
export const records = new RecordBook(limits);
export const danger = signal([]);
export const space = signal(null);
export const group = signal(null);
export const turns = new BoundedList(limits.turns);
export const alertWays = new BoundedList(limits.alert_ways);
export const otherWays = new BoundedList(limits.other_ways);
const findings = new Map();
const findingsVersion = signal(0);
export const summary = signal(null);
export const commandError = signal('');

// The chosen event and message; null means "follow the most pressing".
export const chosen = signal({ event: null, id: null });

/** Alerts grouped by event, each group oldest first, the group with the latest news first. */
export const chains = computed(() => {
  const byEvent = new Map();
  for (const alert of alerts.value) {
    const key = eventOf(alert);
    if (!byEvent.has(key)) byEvent.set(key, []);
    byEvent.get(key).push(alert);
  }
  const groups = [...byEvent.entries()].map(([event, items]) => {
    items.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
    return { event, items, latest: items[items.length - 1] };
  });
  return groups.sort((a, b) => String(b.latest.sent).localeCompare(String(a.latest.sent)));
});

/** The alert that the answers and the reasons are about. */
export const current = computed(() => {
  const groups = chains.value;
  if (groups.length === 0) return null;
  const { event, id } = chosen.value;
  const group = groups.find((g) => g.event === event);
  if (!group) return mostPressing(groups).latest;
  return group.items.find((a) => a.id === id) ?? group.latest;
});

// Until someone chooses, the page speaks of the most severe fire still burning, newest first
// among equals.
const severities = ['Unknown', 'Minor', 'Moderate', 'Severe', 'Extreme'];

function mostPressing(groups) {
  const rank = ({ latest }) => (latest.kind === 'Cancel' ? -2 : severities.indexOf(latest.severity));
  return groups.reduce((best, group) => (rank(group) > rank(best) ? group : best));
}

export function eventOf(alert) {
  return String(alert.event ?? alert.id);
}

export function forgetIncident() {
  batch(() => {
    incident.value = null;
    incidentError.value = '';
    forgetNews();
  });
}

/** Drops what the program sends again after every connection. The user's choice stays. */
export function forgetNews() {
  batch(() => {
    frame.value = null;
    danger.value = [];
    space.value = null;
    group.value = null;
    findings.clear();
    findingsVersion.value++;
    summary.value = null;
    for (const list of [hotspots, alerts, logs, records, turns, alertWays, otherWays]) list.clear();
  });
}

const handlers = {
  frame: (m) => (frame.value = m),
  hotspots: (m) => hotspots.append(Array.isArray(m.items) ? m.items.filter(hasPlace) : []),
  record: (m) => records.add(m),
  danger: (m) => {
    const others = danger.value.filter((d) => d.stream !== m.stream);
    danger.value = [m, ...others].slice(0, limits.danger_streams);
  },
  space: (m) => (space.value = { ...m, contacts: Array.isArray(m.contacts) ? m.contacts.filter((c) => c && typeof c === 'object').slice(0, limits.contacts) : [] }),
  group: (m) => (group.value = { ...m, members: some(m.members, limits.members), halves: some(m.halves, 2), parts: some(m.parts, limits.parts).filter((p) => Array.isArray(p.nodes)) }),
  turn: (m) => turns.append([m]),
  ways: addWays,
  finding: addFinding,
  alert: addAlert,
  log: (m) => logs.append([m]),
  summary: (m) => (summary.value = (m.rows ?? []).slice(0, limits.summary_rows)),
  error: (m) => (commandError.value = String(m.text ?? '')),
};

/** Takes messages in order; unknown types are ignored, as the protocol asks. */
export function apply(messages) {
  batch(() => {
    for (const message of messages) {
      if (Object.hasOwn(handlers, message?.type)) handlers[message.type](message);
    }
  });
}

/** The objects of a list that may be none, at most so many. */
function some(list, most) {
  return Array.isArray(list) ? list.filter((item) => item && typeof item === 'object').slice(0, most) : [];
}

function hasPlace(item) {
  return Number.isFinite(item?.lat) && Number.isFinite(item?.lon);
}

function addAlert(alert) {
  const at = alerts.items.findIndex((a) => a.id === alert.id);
  if (at >= 0) alerts.items.splice(at, 1);
  alerts.append([alert]);
}

function addWays({ items }) {
  const ways = Array.isArray(items) ? items.filter((way) => way && typeof way === 'object') : [];
  alertWays.append(ways.filter((way) => way.alert));
  otherWays.append(ways.filter((way) => !way.alert));
}

function addFinding(finding) {
  const key = `${finding.event}|${finding.node}`;
  findings.delete(key);
  findings.set(key, finding);
  if (findings.size > limits.findings) findings.delete(findings.keys().next().value);
  findingsVersion.value++;
}

/** What each node said last about an event. */
export function findingsOf(event) {
  findingsVersion.value;
  return [...findings.values()].filter((f) => String(f.event) === event);
}
