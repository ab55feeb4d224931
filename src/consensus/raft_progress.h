// What a leader knows about one follower's log, and the window of messages it may have under way. While
// probing, the place where the logs agree is looked for, one message at a time; while replicating, entries
// are streamed; where the entries are gone, a snapshot is transferred first.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "consensus/log.h"
#include "consensus/silence.h"

namespace skywarden::consensus {

inline constexpr std::size_t kEntryOverheadBytes = 64;  // so that many tiny proposals are bounded as well

// What an entry counts for in uncommitted_bytes_max.
inline std::size_t cost(const Entry& entry) {
  return entry.payload.size() + kEntryOverheadBytes;
}

struct SnapshotTransfer {
  LogPosition last;            // which snapshot
  std::uint64_t sent = 0;      // bytes
  std::uint64_t received = 0;  // bytes that the follower says it has
  bool moved = true;           // something new arrived since the last heartbeat
};

struct Progress {
  LogIndex match;        // the logs are known to agree up to here
  LogIndex next;         // first entry to send; always above match
  LogIndex commit_told;  // what the follower will know to be committed once our last message arrives
  Silence silence;       // between valid answers in this term
  // When it could have answered what followed its last answer, as far as contacts are foreseen; not asked
  // yet, or never.
  std::optional<Instant> answer_due = {};
  std::uint64_t round = 0;  // the latest one it answered, see AppendRequest::round
  bool replicating = false;
  bool probe_sent = false;                   // probing: wait for the answer; heartbeats repeat the question
  std::optional<SnapshotTransfer> transfer;  // entries must wait for it
  std::deque<LogIndex> inflight;  // replicating: last index of each unanswered message with entries
  // Of a member that others hand commits on to: what the last two heartbeats asked about, and whether it
  // lacked that, so that the leader serves it after all.
  LogIndex asked, asked_before;
  bool relay_failed = false;
  // As the ruling epoch and the duties say: kept here because every message to a thousand members asks.
  bool votes = true;
  bool witness = false;
  bool handed_commits = false;
  [[nodiscard]] bool fed() const { return handed_commits && !relay_failed; }

  void heard(Instant now, Duration heartbeat) {
    silence.heard(now, heartbeat);
    answer_due.reset();
  }

  [[nodiscard]] bool may_send(std::size_t inflight_max) const {
    if (transfer) return false;
    return replicating ? inflight.size() < inflight_max : !probe_sent;
  }

  // A message with so many entries, from `next` on, was sent.
  void sent(std::size_t entries) {
    if (!replicating) {
      probe_sent = true;
    } else if (entries > 0) {
      next = LogIndex(next.value() + entries);
      inflight.push_back(next.previous());
    }
  }

  // The follower says that the logs agree up to `index`.
  void confirm(LogIndex index) {
    const bool answers_probe = !replicating && index.next() >= next;
    if (index > match) match = index;
    if (answers_probe) {
      replicating = true;
      next = match.next();
    }
    if (next <= match) next = match.next();
    if (transfer && match >= transfer->last.index) transfer.reset();
    while (!inflight.empty() && inflight.front() <= match) inflight.pop_front();
  }

  // Begin to look for the agreement again, with the entry after `index`.
  void probe_after(LogIndex index) {
    replicating = false;
    probe_sent = false;
    inflight.clear();
    next = index.next();
  }
};

// What a member knows about one that it hands commits on to.
struct Feed {
  LogIndex committed;              // by the other; it says so, or is assumed to
  LogIndex next;                   // first entry to hand on; always above `committed`
  std::deque<LogIndex> inflight;   // last index of each message that it does not say it has
  Instant again = Instant::max();  // ask then where it stands; max: nothing is unanswered
  Duration patience{};             // doubles while it is silent
  // What follows this was sent again because it asked. Each message sent before asks about the same gap, or
  // an earlier one, and must not fill the window once more: each of those would ask, too.
  LogIndex served_after;
  Instant served_until = Instant::min();
};

}  // namespace skywarden::consensus
