// What RaftNetwork checks: promises, logs, leaders, and who could decide next.
#include <algorithm>
#include <bit>
#include <list>

#include "consensus/raft_network.h"

namespace skywarden::consensus {

// Leader completeness speaks of what was committed in earlier terms: of two elections the earlier may be the
// last to be known.
void RaftNetwork::watch_leader(const TraceEvent& event, const Host& host) {
  const Term term(event.first);
  if ((host.disk.snapshot && host.disk.snapshot->withheld) || any_withheld(host.disk.log))
    violated(fmt::format("the leader of term {} does not keep payloads", term.value()));
  if (!leaders_.emplace(term, event.node).second)
    violated(fmt::format("two leaders in term {}", term.value()));
  for (std::size_t i = 0; i < committed_.size(); ++i) {
    const LogIndex index(i + 1);
    const bool gone = host.disk.snapshot && host.disk.snapshot->last.index >= index;
    const Entry* stored = entry_at(host.disk, index);
    if (committed_in_[i] < term && !gone && (stored == nullptr || *stored != committed_[i]))
      violated(fmt::format("the leader of term {} lacks a committed entry", term.value()));
  }
}

// Whatever a message promises must already be durable, for the sender may be gone the next moment.
void RaftNetwork::check_promise(const Host& host, const Message& message) {
  const bool pre_vote = std::holds_alternative<PreVoteRequest>(message.body) ||
                        std::holds_alternative<PreVoteReply>(message.body);
  if (!pre_vote && message.term != host.disk.state.term) violated("a term is sent before it is durable");
  const auto* vote = std::get_if<VoteReply>(&message.body);
  if (vote != nullptr && vote->granted && host.disk.state.voted_for != message.to)
    violated("a vote is sent before it is durable");
  if (std::holds_alternative<VoteRequest>(message.body) && host.disk.state.voted_for != message.from)
    violated("a candidate's own vote is not durable");
  const auto* reply = std::get_if<AppendReply>(&message.body);
  if (reply != nullptr && reply->accepted && reply->index > last_of(host.disk).index)
    violated("an entry is acknowledged before it is durable");
  const auto* append = std::get_if<AppendRequest>(&message.body);
  if (append != nullptr &&
      append->previous.index.value() + append->entries.size() > last_of(host.disk).index.value())
    violated("an entry is sent before it is durable");
  const auto* relayed = std::get_if<Relayed>(&message.body);
  if (relayed != nullptr &&
      relayed->previous.index.value() + relayed->entries.size() > last_of(host.disk).index.value())
    violated("an entry is handed on before it is durable");
}

void RaftNetwork::check_logs_match() {
  for (const auto& [a, first] : hosts_) {
    for (const auto& [b, second] : hosts_) {
      if (!(a < b)) continue;
      bool same_from_here = false;  // from the last common (index, term) down, everything must be equal
      for (LogIndex i = std::min(last_of(first.disk).index, last_of(second.disk).index); i > LogIndex();
           i = i.previous()) {
        const Entry* one = entry_at(first.disk, i);
        const Entry* other = entry_at(second.disk, i);
        if (one == nullptr || other == nullptr) break;  // compacted
        same_from_here |= one->term == other->term;
        if (same_from_here && !same_but_withheld(*one, *other))
          violated(fmt::format("logs of {} and {} differ below a common entry", a.value(), b.value()));
      }
    }
  }
}

// ---- quorums

void RaftNetwork::note_epochs(Host& host, const Persist& step) {
  bool changed = step.snapshot.has_value();
  if (step.snapshot) {  // it says what ruled at its end; what the log says beyond stays if the log does
    const LogIndex end = step.snapshot->last.index;
    const bool kept = entry_at(host.disk, end.next()) != nullptr;
    std::erase_if(host.epochs, [&](const auto& epoch) { return epoch.first <= end || !kept; });
    host.epochs.emplace(host.epochs.begin(), end, step.snapshot->configuration);
  }
  if (step.truncate_from)
    changed |=
        std::erase_if(host.epochs, [&](const auto& epoch) { return epoch.first >= *step.truncate_from; }) > 0;
  for (const Entry& entry : step.append) {
    if (entry.kind != EntryKind::kConfiguration) continue;
    auto configuration = decode_configuration(entry.payload);
    if (!configuration)
      violated("an epoch in the log cannot be read");
    else
      host.epochs.emplace_back(entry.index, std::move(*configuration));
    ++epochs_begun_;
    changed = true;
  }
  if (changed) count_quorums(host);
}

// A full member's disk holds nothing withheld.
void RaftNetwork::check_sides(NodeId node, const Host& host, const Persist& step) {
  bool may_matter = step.snapshot.has_value();
  for (const Entry& entry : step.append) {
    if (entry.kind == EntryKind::kWithheld) ++withheld_;
    may_matter |= entry.kind != EntryKind::kProposal;
  }
  if (!may_matter) return;
  const Configuration* epoch = latest_epoch(host);
  const bool full = epoch == nullptr ? !host.founding.empty()
                                     : names(epoch->shares, node) && !epoch->witnesses.contains(node);
  if (full && ((host.disk.snapshot && host.disk.snapshot->withheld) || any_withheld(host.disk.log)))
    violated(fmt::format("node {} is no witness and lacks payloads", node.value()));
}

// Newly committed: on some disk it is whole, for witnesses are no quorum.
void RaftNetwork::check_kept(const Entry& entry) {
  const bool kept = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& at) {
    const Persisted& disk = at.second.disk;
    const bool in_snapshot = disk.snapshot && disk.snapshot->last.index >= entry.index;
    const Entry* stored = entry_at(disk, entry.index);
    return in_snapshot ? !disk.snapshot->withheld : stored != nullptr && *stored == entry;
  });
  if (!kept) violated(fmt::format("entry {} is committed and nobody keeps it", entry.index.value()));
}

const Configuration* RaftNetwork::latest_epoch(const Host& host) {
  return host.epochs.empty() ? nullptr : &host.epochs.back().second;
}

const JointShares& RaftNetwork::ruling(const Host& host) const {
  static const JointShares kNone;
  if (!host.epochs.empty()) return host.epochs.back().second.shares;
  return host.founding.empty() ? kNone : founding_;
}

// Sums by set: a set without its lowest host was counted before it.
std::vector<unsigned char> RaftNetwork::quorums_of(const JointShares& shares) const {
  if (hosts_.size() > kHostsJudgedMax) return {};
  const std::size_t sets = std::size_t{1} << hosts_.size();
  std::vector<unsigned char> quorums(sets, total_shares(shares.incoming) > 0 ? 1 : 0);
  for (const Shares* half : {&shares.incoming, &shares.outgoing}) {
    const std::uint64_t all = total_shares(*half);
    if (all == 0) continue;
    std::vector<std::uint64_t> share_at, sum(sets);
    for (const auto& [node, other] : hosts_) share_at.push_back(share_of(*half, node));
    for (std::size_t set = 0; set < sets; ++set) {
      if (set > 0)
        sum[set] = sum[set & (set - 1)] + share_at[static_cast<std::size_t>(std::countr_zero(set))];
      if (2 * sum[set] <= all) quorums[set] = 0;
    }
  }
  return quorums;
}

void RaftNetwork::count_quorums(Host& host) const {
  host.quorums = quorums_of(ruling(host));
}

void RaftNetwork::count_all_quorums() {
  for (auto& [node, host] : hosts_) count_quorums(host);
}

bool RaftNetwork::can_spare(NodeId node) const {
  const auto decides_without = [&](const Shares& half, const std::set<NodeId>& witnesses) {
    std::uint64_t left = 0;
    for (const auto& [other, share] : half)
      if (other != node && hosts_.contains(other) && !witnesses.contains(other)) left += share;
    return 2 * left > total_shares(half) || half.empty();
  };
  const auto spared_by = [&](const JointShares& shares, const std::set<NodeId>& witnesses) {
    return decides_without(shares.incoming, witnesses) && decides_without(shares.outgoing, witnesses);
  };
  const auto spared_by_entries = [&](const std::vector<Entry>& entries) {
    return std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      if (entry.kind != EntryKind::kConfiguration) return true;
      const auto configuration = decode_configuration(entry.payload);
      return configuration && spared_by(configuration->shares, configuration->witnesses);
    });
  };
  for (const auto& [other, host] : hosts_) {
    if (host.epochs.empty() && !spared_by(ruling(host), {})) return false;
    for (const auto& [index, epoch] : host.epochs)
      if (!spared_by(epoch.shares, epoch.witnesses)) return false;
    for (const Host::Writing& each : host.writing)  // already rules in memory, and may reach the disk
      if (!spared_by_entries(each.step.append)) return false;
  }
  return std::all_of(under_way_.begin(), under_way_.end(), [&](const auto& at) {
    const auto* append = std::get_if<AppendRequest>(&at.second.body);
    return append == nullptr || spared_by_entries(append->entries);
  });
}

namespace {

struct Could {
  NodeId node;
  const std::vector<unsigned char>* quorums;
  std::uint32_t who;
};

// Could some of these make a quorum of the one while others make one of the other?
bool could_miss(const Could& a, const Could& b) {
  if (*a.quorums == *b.quorums) return false;
  const std::uint32_t both = a.who & b.who;
  const unsigned char* of_a = a.quorums->data() + (a.who & ~both);
  const unsigned char* of_b = b.quorums->data() + (b.who & ~both);
  for (std::uint32_t part = both;;
       part = (part - 1) & both) {  // every way to divide those who could do either
    if (of_a[part] != 0 && of_b[both & ~part] != 0) return true;
    if (part == 0) return false;
  }
}

}  // namespace

void RaftNetwork::check_who_could_decide() {
  if (hosts_.size() > kHostsJudgedMax) return;
  // Of hosts that could do the same by the same quorums one is enough.
  std::vector<Could> could_elect, could_commit;
  std::list<std::vector<unsigned char>> not_on_disk;  // of leaders whose latest epoch is not there yet
  const auto note = [](std::vector<Could>& several, const Could& one) {
    for (const Could& known : several)
      if (known.who == one.who && *known.quorums == *one.quorums) return;
    several.push_back(one);
  };
  for (const auto& [node, host] : hosts_) {
    Could elect{node, &host.quorums, 0};  // by those who would vote for it
    Could commit{node, &host.quorums,
                 0};  // it leads: by those who would take its entries, in its memory's epoch
    const LogPosition last = last_of(host.disk);
    const bool leads = host.raft && host.raft->role() == Role::kLeader;
    if (leads && host.raft->configuration().shares != ruling(host))
      commit.quorums = &not_on_disk.emplace_back(quorums_of(host.raft->configuration().shares));
    std::uint32_t bit = 1;
    for (const auto& [other, peer] : hosts_) {
      const LogPosition theirs = last_of(peer.disk);
      if (std::pair(theirs.term, theirs.index) <= std::pair(last.term, last.index)) elect.who |= bit;
      if (leads && peer.disk.state.term <= host.raft->term()) commit.who |= bit;
      bit <<= 1;
    }
    if (host.quorums[elect.who] != 0) {
      note(could_elect, elect);
      const LogIndex end(committed_.size());
      const bool gone = host.disk.snapshot && host.disk.snapshot->last.index >= end;
      const Entry* stored = entry_at(host.disk, end);
      if (!committed_.empty() && !gone &&
          (stored == nullptr || !same_but_withheld(*stored, committed_.back())))
        violated(fmt::format("{} could be elected and lacks a committed entry", node.value()));
    }
    if ((*commit.quorums)[commit.who] != 0) note(could_commit, commit);
  }
  for (const Could& b : could_elect) {
    for (const Could& a : could_elect)
      if (a.node < b.node && could_miss(a, b))
        violated(fmt::format("{} and {} could both be elected, by quorums that do not meet", a.node.value(),
                             b.node.value()));
    for (const Could& a : could_commit)
      if (a.node != b.node && could_miss(a, b))
        violated(fmt::format("{} could be elected by a quorum that misses one by which {} commits",
                             b.node.value(), a.node.value()));
  }
}

}  // namespace skywarden::consensus
