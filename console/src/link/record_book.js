// Records by stream, newest last, with a running count of what was missing and what was filled.
// A record that comes again for the same time (for instance once its holes were filled) replaces
// the earlier one.
import { signal } from '@preact/signals';

const kRevisionWindow = 50;

export class RecordBook {
  constructor(limits) {
    this.limits = limits;
    this.streams = new Map();
    this.latest = null;
    this.version = signal(0);
  }

  add(record) {
    const name = String(record.stream ?? '');
    let entry = this.streams.get(name);
    if (!entry) entry = { name, records: [], holed: false, counts: { observed: 0, estimated: 0, missing: 0 } };
    // Re-inserting keeps the map ordered by last news, so the quietest stream leaves first.
    this.streams.delete(name);
    this.streams.set(name, entry);
    if (this.streams.size > this.limits.streams) {
      this.streams.delete(this.streams.keys().next().value);
    }
    const at = indexOfTime(entry.records, record.t);
    if (at >= 0) {
      count(entry.counts, entry.records[at], -1);
      entry.records[at] = record;
    } else {
      entry.records.push(record);
      if (entry.records.length > this.limits.records) entry.records.shift();
    }
    count(entry.counts, record, +1);
    if (hasHole(record)) entry.holed = true;
    this.follow(entry);
    this.version.value++;
  }

  // Which stream to show unasked: the first with holes. Staying with it keeps the panel readable.
  follow(entry) {
    const shown = this.streams.get(this.latest);
    if (!shown || (!shown.holed && entry.holed)) this.latest = entry.name;
  }

  clear() {
    this.streams.clear();
    this.latest = null;
    this.version.value++;
  }

  totals() {
    this.version.value;
    const total = { observed: 0, estimated: 0, missing: 0 };
    for (const { counts } of this.streams.values()) {
      for (const state of Object.keys(total)) total[state] += counts[state];
    }
    return total;
  }
}

function indexOfTime(records, t) {
  const stop = Math.max(0, records.length - kRevisionWindow);
  for (let i = records.length - 1; i >= stop; i--) if (records[i].t === t) return i;
  return -1;
}

function count(counts, record, step) {
  for (const field of record.fields ?? []) {
    if (field.state in counts) counts[field.state] += step;
  }
}

export function hasHole(record) {
  return (record.fields ?? []).some((field) => field.state !== 'observed');
}
