// Contacts as rows of a timeline, free of page state so that they can be tested alone.

/**
 * One row a pair of nodes, in the order in which the program lists the contacts: what is under way,
 * then what comes next. `lead` is the contact the row speaks of.
 */
export function contactRows(contacts) {
  const rows = new Map();
  for (const contact of contacts ?? []) {
    if (!(Date.parse(contact?.end) > Date.parse(contact?.start))) continue;
    const key = `${contact.a}-${contact.b}`;
    if (!rows.has(key)) rows.set(key, { key, a: contact.a, b: contact.b, lead: contact, contacts: [] });
    rows.get(key).contacts.push(contact);
  }
  return [...rows.values()];
}

/** Where a span of time lies in [from, to], as percent; null when outside. */
export function spanOn(from, to, start, end) {
  const [a, b] = [Date.parse(from), Date.parse(to)];
  const [s, e] = [Math.max(a, Date.parse(start)), Math.min(b, end === null ? b : Date.parse(end))];
  if (!(b > a) || !(e > s)) return null;
  return { left: ((s - a) / (b - a)) * 100, width: ((e - s) / (b - a)) * 100 };
}

/** Contacts by state: {open, closed, planned, past}. */
export function countStates(contacts) {
  const counts = { open: 0, closed: 0, planned: 0, past: 0 };
  for (const { state } of contacts ?? []) if (state in counts) counts[state]++;
  return counts;
}

export function secondsBetween(start, end) {
  return (Date.parse(end) - Date.parse(start)) / 1000;
}
