// Epochs: how shares and members change through the log (thesis §4, with shares for heads). raft.h states the
// invariants.
#include <set>
#include <utility>

#include "base/contract.h"
#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {

const Configuration& Raft::ruling() const {
  if (holds(Rule::kLatestEntryRules)) return configurations_.latest();
  const Configuration& committed = configurations_.ruling_at(commit_);  // of a node that just joined: nobody
  return committed.shares.incoming.empty() ? configurations_.latest() : committed;
}

// Asked at every message, so the answer is kept while the epochs stay.
bool Raft::votes() const {
  return holds(Rule::kLatestEntryRules) ? own_part_.votes : has_vote(ruling().shares, self_);
}

void Raft::note_own_part() {
  const Configuration* before = configurations_.before_latest();
  own_part_ = {has_vote(configuration().shares, self_), before != nullptr && has_vote(before->shares, self_),
               configuration().witnesses.contains(self_)};
  stop_handing_on();
}

// Who lost its shares may still be needed to commit just that: while the epoch is not known to be committed
// its log may be the only complete one (thesis §4.2.2, figure 4.6). So may the log of a learner.
bool Raft::may_campaign(NodeId node) const {
  if (node == self_ && !may_lead()) return false;
  if (node == self_ && needed_) return true;
  if (node == self_ ? votes() : has_vote(ruling().shares, node)) return true;
  if (configuration_committed()) return false;
  if (node == self_) return own_part_.voted_before;
  const Configuration* before = configurations_.before_latest();
  return before != nullptr && has_vote(before->shares, node);
}

void Raft::read_configurations() {
  for (const Entry& entry : log_.between(log_.base().index.next(), last_index())) {
    if (entry.kind != EntryKind::kConfiguration) continue;
    auto configuration = decode_configuration(entry.payload);
    EXPECTS(configuration);  // it was checked before it was stored
    configurations_.append(entry.index, std::move(*configuration));
  }
  note_own_part();
}

Result<RaftEffects> Raft::change_membership(const Membership& to, Instant now) {
  if (role_ != Role::kLeader) return fail(Errc::kUnavailable, "raft: node {} does not lead", self_.value());
  if (auto sound = validate(to); !sound) return tl::unexpected(sound.error());
  if (auto sound = check_sides(configuration(), to); !sound) return tl::unexpected(sound.error());
  if (holds(Rule::kOneChangeAtATime) && (!configuration_committed() || configuration().joint()))
    return fail(Errc::kUnavailable, "raft: the change to epoch {} is not finished",
                configuration().epoch.value());
  if (holds(Rule::kOwnTermBeforeChange) && log_.term_at(commit_) != state_.term)
    return fail(Errc::kUnavailable, "raft: nothing of term {} is committed yet", state_.term.value());
  if (hand_over_)
    return fail(Errc::kUnavailable, "raft: leadership passes to node {}", hand_over_->to.value());
  if (to == membership_of(configuration()))
    return fail(Errc::kConflict, "raft: epoch {} already is so", configuration().epoch.value());
  Step step = begin(now);
  append_configuration(step, next_towards(configuration(), to));
  replicate(step);
  return end(std::move(step));
}

void Raft::append_configuration(Step& step, const Configuration& next) {
  append_own(step, encode(next), EntryKind::kConfiguration);
  epoch_unsettled_ = true;
  follow_members();
}

// ---- what the log says

void Raft::note_appended(Step& step, const Entry& entry) {
  if (entry.kind != EntryKind::kConfiguration) return;
  auto configuration = decode_configuration(entry.payload);
  EXPECTS(configuration);  // validate(Message) and encode() see to it
  trace(step, TraceKind::kEpochRules, configuration->epoch.value(), entry.index.value(),
        configuration->joint() ? 1 : 0);
  step.out.epochs.push_back({EpochNews::What::kRules, entry.index, *configuration});
  configurations_.append(entry.index, std::move(*configuration));
  note_own_part();
}

void Raft::roll_back(Step& step, LogIndex index) {
  if (!configurations_.truncate_from(index)) return;
  note_own_part();
  const Configuration& again = configurations_.latest();
  trace(step, TraceKind::kEpochRules, again.epoch.value(), configurations_.latest_index().value(),
        again.joint() ? 1 : 0);
  step.out.epochs.push_back({EpochNews::What::kRolledBack, configurations_.latest_index(), again});
}

void Raft::note_committed(Step& step, const Entry& entry) {
  if (entry.kind != EntryKind::kConfiguration) return;
  const Configuration& configuration = configurations_.ruling_at(entry.index);
  trace(step, TraceKind::kEpochCommitted, configuration.epoch.value(), entry.index.value(),
        configuration.joint() ? 1 : 0);
  step.out.epochs.push_back({EpochNews::What::kCommitted, entry.index, configuration});
}

// An epoch that comes, goes or is committed may give or take the right to campaign.
void Raft::take_resting_role(Step& step) {
  const bool resting = role_ == Role::kFollower || role_ == Role::kLearner;
  if (!resting || role_ == resting_role()) return;
  role_ = resting_role();
  arm_election(step.now);
}

// ---- what a leader does about it

// It sends to the members of the latest epoch and, until that is committed, to those it leaves out, so that
// they hear that they have left.
void Raft::follow_members() {
  std::set<NodeId> wanted;
  for (const NodeId node : members(configuration().shares)) wanted.insert(node);
  const Configuration* before = configurations_.before_latest();
  if (before != nullptr && !configuration_committed())
    for (const NodeId node : members(before->shares)) wanted.insert(node);
  wanted.erase(self_);
  std::erase_if(progress_, [&](const auto& peer) { return !wanted.contains(peer.first); });
  for (const NodeId node : wanted) {
    const auto [added, is_new] = progress_.try_emplace(node);
    added->second.witness =
        configuration().witnesses.contains(node) || (before != nullptr && before->witnesses.contains(node));
    if (!is_new) continue;
    added->second.next = last_index().next();
    added->second.silence.begin(now_, 2 * round_trip_);
  }
  note_fed();
  recount();
}

void Raft::recount() {
  counter_ = JointCommitCounter(ruling().shares);
  acknowledge_own();
  for (const auto& [peer, progress] : progress_) counter_.acknowledge(peer, progress.match);
}

// Followers act on commits: do not let them wait for a heartbeat. Then finish what the epoch began.
void Raft::after_commit(Step& step) {
  broadcast_due(step);
  if (!epoch_unsettled_ || !configuration_committed()) return;
  epoch_unsettled_ = false;
  follow_members();
  if (configuration().joint()) {
    append_configuration(step, leave_joint(configuration()));
    replicate(step);
  } else if (!has_vote(configuration().shares, self_)) {
    const NodeId next = successor();
    if (next != kNobody) send(step, next, state_.term, TimeoutNow{});
    become_follower(step, state_.term, kNobody);
  }
}

}  // namespace skywarden::consensus
