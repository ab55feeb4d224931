// The arithmetic of the agreement panel, apart from drawing it.

/** Those with a vote, in either half, in the program's order: how much of all each holds, and a bar's width in percent of the largest. */
export function memberRows({ members, halves }) {
  const total = halves?.find((h) => h.half === 'incoming')?.total || 0;
  const voting = (members ?? []).filter((m) => m.share > 0 || m.share_before > 0);
  const largest = Math.max(1, ...voting.map((m) => m.share));
  return voting.map((m) => ({
    node: m.node,
    share: m.share,
    before: m.share_before ?? null,
    part: total > 0 ? m.share / total : NaN,
    width: (100 * m.share) / largest,
    lag: m.lag ?? null,
    reach: m.reach,
    domain: m.domain ?? 0,
    reasons: Array.isArray(m.reasons) ? m.reasons : [],
  }));
}

/** The one reason that all of them have and nobody else than it; otherwise nothing. */
export function sharedReason(rows) {
  if (rows.length < 2 || rows.some((row) => row.reasons.length !== 1)) return null;
  const text = JSON.stringify(rows[0].reasons[0]);
  return rows.every((row) => JSON.stringify(row.reasons[0]) === text) ? rows[0].reasons[0] : null;
}

/** Percent of all shares: what the leader reaches, and where a quorum begins. */
export function halfBar({ total, quorum, reachable }) {
  const percent = (shares) => (total > 0 ? Math.min(100, (100 * shares) / total) : 0);
  return { reachable: percent(reachable), quorum: percent(quorum) };
}
