// SYNTHETIC TEST DATA of the space segment: invented passes over two invented ground stations. The
// spans follow no orbit; they only have the shape the protocol asks for.
import { nodeCount, timeAt } from './mock_data.mjs';

export const grounds = [{ node: nodeCount + 1, name: 'Test Ground North' }, { node: nodeCount + 2, name: 'Test Ground South' }];
const kPassEvery = 5900;
const kPassLength = 640;
const kPeerEvery = 3100;

function windows(a, b, first, every, length, seconds) {
  const out = [];
  const from = seconds - 1800;
  for (let k = Math.max(0, Math.floor((from - first) / every)); first + k * every < seconds + 5400; k++) {
    const start = first + k * every;
    if (start + length >= from) out.push({ a, b, start, end: start + length });
  }
  return out;
}

function contact(span, seconds, closedAt) {
  const { a, b, start, end } = span;
  const under = start <= seconds && seconds < end;
  const state = end <= seconds ? 'past' : start > seconds ? 'planned' : closedAt ? 'closed' : 'open';
  const out = { a, b, start: timeAt(start), end: timeAt(end), state };
  if (under && closedAt) out.closed = [{ from: timeAt(Math.max(start, closedAt.at)), until: null, reason: closedAt.reason }];
  return out;
}

/** closed(a, b) gives {at, reason} or nothing. */
export function space(seconds, { chosen, closed, carried }) {
  const spans = [];
  for (let a = 1; a <= nodeCount; a++) {
    for (const [g, ground] of grounds.entries()) {
      if (!chosen || chosen === a || chosen === ground.node) spans.push(...windows(a, ground.node, a * 410 + g * 260 - 900, kPassEvery, kPassLength - 90 * g, seconds));
    }
    if (chosen && chosen <= nodeCount && chosen !== a) spans.push(...windows(Math.min(a, chosen), Math.max(a, chosen), 150 * a, kPeerEvery, 1500, seconds));
  }
  const rank = { open: 0, closed: 0, planned: 1, past: 2 };
  const contacts = spans.map((span) => contact(span, seconds, closed(span.a, span.b)))
    .sort((x, y) => rank[x.state] - rank[y.state] || (x.state === 'past' ? y.end.localeCompare(x.end) : x.start.localeCompare(y.start)));
  const links = contacts.filter((c) => c.state === 'open' && c.b > nodeCount).map((c) => {
    const rate = ((seconds - (Date.parse(c.start) - Date.parse(timeAt(0))) / 1000) / kPassLength - 0.5) * 13;
    return { satellite: c.a, ground: c.b, elevation_deg: 21.4, range_km: 1240.5, range_rate_kms: rate, shift_hz: Math.round((-8.2e9 * rate) / (299792.458 + rate)) };
  });
  return {
    type: 'space', t: timeAt(seconds), from: timeAt(seconds - 1800), to: timeAt(seconds + 5400), node: chosen ?? null,
    contacts_of: contacts.length, contacts, doppler: { carrier_hz: 8.2e9, links },
    stores: [{ node: 4, count: 3 + (carried % 5), bytes: 2140 }, { node: 9, count: 1, bytes: 402 }],
    bundles: { offered: 20 + 3 * carried, repeated: 2 * carried, hopeless: 1, delivered: 12 + 2 * carried, dropped: 4, sends: 41 + 5 * carried },
  };
}

const hop = (from, to, received, opened, sent, reason) => ({
  from, to, received: timeAt(received), contact_start: timeAt(opened), sent: timeAt(sent), arrived: timeAt(sent + 0.042), reason,
});

/** How alert `sequence` of an event came down: as a bundle over two hops, and as a packet. */
export function ways(id, event, sequence, seconds) {
  const told = { event, sequence, agreed: timeAt(seconds) };
  return {
    type: 'ways',
    items: [
      { id, kind: 'bundle', from: 3, to: grounds[0].node, offered: timeAt(seconds), delivered: timeAt(seconds + 871.1), criticality: 'critical', alert: told,
        hops: [hop(3, 7, seconds, seconds - 100, seconds + 0.5, 'copy'), hop(7, grounds[0].node, seconds + 0.6, seconds + 871, seconds + 871, 'destination')] },
      { id: id + 1, kind: 'packet', from: 3, to: grounds[1].node, delivered: timeAt(seconds + 0.081), criticality: 'critical', alert: told, way: [3, 5, grounds[1].node] },
      { id: id + 2, kind: 'bundle', from: 9, to: 4, offered: timeAt(seconds - 300), delivered: timeAt(seconds), criticality: 'normal',
        hops: [hop(9, 4, seconds - 300, seconds - 20, seconds - 0.05, 'route')] },
    ],
  };
}

/** A strip four minutes long behind a satellite that flies north. */
export function swath({ lat, lon }) {
  const steps = [-16, -12, -8, -4, 0].map((back) => Math.max(-80, Math.min(80, lat + back)));
  return [...steps.map((y) => [y, lon - 12]), ...steps.reverse().map((y) => [y, lon + 12])];
}
