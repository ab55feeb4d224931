// Snapshots: compaction of the log, and their way to followers that lack what was compacted (Raft §7).
#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::size_t kChunksInFlight = 8;

}  // namespace

Result<RaftEffects> Raft::compact(LogIndex upto, Payload data, Instant now) {
  if (upto > commit_ || upto <= log_.base().index)
    return fail(Errc::kOutOfRange, "raft: snapshot up to {}, expected {}…{}", upto.value(),
                log_.base().index.value() + 1, commit_.value());
  if (configurations_.ruling_at(upto).shares.incoming.empty())
    return fail(Errc::kUnavailable, "raft: who ruled at {} is not known to a node that joined later",
                upto.value());
  Snapshot snapshot{{upto, log_.term_at(upto)}, configurations_.ruling_at(upto), std::move(data)};
  if (lacks_data_at(upto)) snapshot = withheld(std::move(snapshot));
  auto encoded = encode_both(snapshot);
  if (encoded.whole.size() > kSnapshotBytesMax)
    return fail(Errc::kLimitReached, "raft: snapshot of {} bytes, at most {} allowed", encoded.whole.size(),
                kSnapshotBytesMax);
  Step step = begin(now);
  log_.compact(upto);
  configurations_.forget_before(upto);
  note_own_part();
  note_lacking_anew(snapshot.withheld);
  snapshot_ = std::move(encoded);
  step.out.persist.snapshot = std::move(snapshot);
  return end(std::move(step));
}

// ---- the follower's side

void Raft::on(Step& step, const Message& message, const SnapshotChunk& chunk) {
  if (!follow(step, message.from)) return;
  if (chunk.last.index <= commit_) {  // nothing new: what is committed is what every leader holds
    send(step, message.from, state_.term, AppendReply{true, commit_, {}});
    return;
  }
  assembly_.add(chunk.last, chunk.size, chunk.offset, chunk.bytes);
  if (assembly_.complete())
    if (auto snapshot = take_assembled()) {
      install(step, std::move(*snapshot));
      take_resting_role(step);
      send(step, message.from, state_.term, AppendReply{true, chunk.last.index, {}});
      return;
    }
  send(step, message.from, state_.term, SnapshotReply{chunk.last, assembly_.received()});
}

// The log behind it stays if it contains where the snapshot ends; else it belongs to a past nobody agreed on.
void Raft::install(Step& step, Snapshot snapshot) {
  EXPECTS(snapshot.last.index > commit_);
  if (log_.matches(snapshot.last)) {
    log_.compact(snapshot.last.index);
  } else {
    disk_.cut_behind(commit_);
    log_.reset(snapshot.last);
  }
  const Configuration before = configuration();
  configurations_ = ConfigurationHistory(
      snapshot.last.index, holds(Rule::kSnapshotBringsItsEpoch) ? snapshot.configuration : before);
  read_configurations();
  if (own_part_.witness) snapshot = withheld(std::move(snapshot));
  note_lacking_anew(snapshot.withheld);
  commit_ = snapshot.last.index;
  committed_at_ = step.now;
  snapshot_ = encode_both(snapshot);
  if (snapshot.configuration != before) {
    trace(step, TraceKind::kEpochRules, configuration().epoch.value(), snapshot.last.index.value(),
          configuration().joint() ? 1 : 0);
    step.out.epochs.push_back({EpochNews::What::kCommitted, snapshot.last.index, snapshot.configuration});
  }
  step.out.persist.snapshot = snapshot;
  step.out.restored = std::move(snapshot);
}

// ---- the leader's side

// As much as the window takes.
void Raft::send_snapshot(Step& step, NodeId peer) {
  Progress& progress = progress_.at(peer);
  const LogPosition last = log_.base();
  EXPECTS(!snapshot_.empty());
  if (!progress.transfer || progress.transfer->last != last) progress.transfer = SnapshotTransfer{last};
  SnapshotTransfer& transfer = *progress.transfer;
  const auto& snapshot = snapshot_.sent_to(progress.witness);
  const std::size_t chunk = options_.bytes_per_message_max;
  while (transfer.sent < snapshot.size() && transfer.sent - transfer.received < kChunksInFlight * chunk) {
    const auto bytes = std::span(snapshot).subspan(transfer.sent);
    const auto piece = bytes.first(std::min(chunk, bytes.size()));
    send(step, peer, state_.term,
         SnapshotChunk{last, snapshot.size(), transfer.sent, {piece.begin(), piece.end()}});
    transfer.sent += piece.size();
  }
}

// At a heartbeat: what was lost, or late, goes again from where the follower stands.
void Raft::repeat_snapshot(Step& step, NodeId peer) {
  Progress& progress = progress_.at(peer);
  if (progress.transfer && !progress.transfer->moved) progress.transfer->sent = progress.transfer->received;
  send_snapshot(step, peer);
  progress.transfer->moved = false;
}

void Raft::on(Step& step, const Message& message, const SnapshotReply& reply) {
  if (role_ != Role::kLeader) return;
  const auto found = progress_.find(message.from);
  if (found == progress_.end()) return;
  Progress& progress = found->second;
  progress.heard(step.now, options_.heartbeat);
  if (!progress.transfer || progress.transfer->last != reply.last ||
      reply.received >= snapshot_.sent_to(progress.witness).size())
    return;
  SnapshotTransfer& transfer = *progress.transfer;
  // Less than before: it crashed and begins anew, or the answer is late; the next heartbeat sets that right.
  transfer.moved |= reply.received > transfer.received;
  transfer.received = reply.received;
  transfer.sent = std::max(transfer.sent, reply.received);
  send_snapshot(step, message.from);
}

}  // namespace skywarden::consensus
