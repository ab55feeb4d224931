// Elections: pre-vote, vote, and how long to wait for either (Raft §5.2, §5.4.1; thesis §4.2.3, §9.6).
#include <algorithm>
#include <tuple>

#include "base/contract.h"
#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::int64_t kLearnerPatience = 8;  // a learner hears so much more seldom
constexpr std::int64_t kSilentBeats = 8;      // a silent voter is asked every so many heartbeats at least

// Pre-votes, and what is handed on, bind nobody.
bool settles_terms(const MessageBody& body) {
  return !(std::holds_alternative<PreVoteRequest>(body) || std::holds_alternative<PreVoteReply>(body) ||
           std::holds_alternative<Relayed>(body) || std::holds_alternative<RelayedChunk>(body) ||
           std::holds_alternative<RelayReply>(body) || std::holds_alternative<Probe>(body) ||
           std::holds_alternative<ProbeReply>(body));
}

}  // namespace

// What the other side was lately silent for and a heartbeat more, if that is longer than the timeout.
Duration Raft::patience_with(const Silence& silence, Duration timeout) const {
  const Duration measured = silence.longest() + options_.heartbeat;
  return std::clamp(measured, timeout, options_.patience_growth_max * timeout);
}

Duration Raft::patience_min() const {
  return patience_with(silence_, options_.election_timeout_min);
}

// After half of it the others may be asked beforehand, which disturbs nobody.
Duration Raft::doubt() const {
  return patience_min() / 2;
}

Duration Raft::patience() {
  const Duration least = patience_min();
  const std::int64_t spread_milli = (options_.election_timeout_max - options_.election_timeout_min).count() *
                                    1000 / options_.election_timeout_min.count();
  const auto spread = static_cast<std::uint64_t>(least.count() / 1000 * spread_milli);
  const Duration chosen = least + Duration(static_cast<std::int64_t>(random_.below(spread + 1)));
  return may_campaign(self_) ? chosen : kLearnerPatience * chosen;
}

// Patience, and time for questions to come back.
Duration Raft::round_length() {
  const Duration there_and_back =
      std::min(2 * round_trip_, (options_.patience_growth_max - 1) * options_.election_timeout_max);
  const Duration chosen = patience();
  return std::max(chosen, there_and_back + chosen - patience_min());
}

void Raft::arm_election(Instant now) {
  election_deadline_ = now + patience();
  // A group that measures nothing asks when its fixed time is over, as ever.
  sound_due_ = measures_leader() ? now + doubt() : election_deadline_;
}

bool Raft::measures_leader() const {
  return options_.patience_growth_max > 1 && leader_ != kNobody;
}

void Raft::wait_for_leader(Instant due, Instant now) {
  election_deadline_ = std::max(election_deadline_, due + patience());
  sound_due_ = measures_leader() ? std::max(due + doubt(), now + options_.heartbeat) : election_deadline_;
}

void Raft::stop_sounding() {  // what is asked of us, too, is asked again
  waiting_.reset();
  lonely_due_ = Instant::max();
  sounding_ = false;
  grants_.clear();
}

Instant Raft::follower_deadline() const {
  if (role_ != Role::kFollower) return std::min(election_deadline_, lonely_due_);
  return std::min({election_deadline_, sound_due_, lonely_due_});
}

// Asks for pre-votes while still a follower that hopes to hear its leader. Who hears it as well refuses, and
// answers again by itself when its own patience ends; so when ours ends the answers are there.
void Raft::sound(Step& step) {
  if (state_.term >= kTermMax) return;
  if (const auto due = leader_due(step.now)) {
    wait_for_leader(*due, step.now);
    return;
  }
  sound_due_ = step.now + options_.heartbeat;
  if (!sounding_) asked_.clear();
  sounding_ = true;
  request_votes(step);
}

// When the answer of `node` will be with `origin`, as far as contacts are foreseen.
std::optional<Instant> Raft::answer_of(NodeId node, NodeId origin, Instant asked) const {
  const auto there = forecast_->arrival(origin, node, asked);
  return there ? forecast_->arrival(node, origin, *there) : std::nullopt;
}

// When a quorum will have answered what `origin` asks at that time, as far as contacts are foreseen.
std::optional<Instant> Raft::quorum_answer(NodeId origin, Instant asked) const {
  std::map<NodeId, Duration> sooner;  // before asked, so below zero: the larger, the sooner
  for (const NodeId node : members(ruling().shares)) {
    if (!has_vote(ruling().shares, node)) continue;
    if (node == origin || votes_.contains(node)) {
      sooner.emplace(node, Duration());
      continue;
    }
    if (const auto answer = answer_of(node, origin, asked)) sooner.emplace(node, asked - *answer);
  }
  const Duration reached = reached_by_quorum(ruling().shares, sooner, Duration::min(), Duration());
  if (reached == Duration::min()) return std::nullopt;
  return asked - reached;
}

// A leader that could not be heard yet is no failed one; but if a quorum can elect another before that one
// can be heard, it should. Two rounds of questions make an election.
std::optional<Instant> Raft::leader_due(Instant now) const {
  if (forecast_ == nullptr || leader_ == kNobody) return std::nullopt;
  const auto due = forecast_->arrival(leader_, self_, leader_heard_ + options_.heartbeat);
  const Duration least = patience_min();
  if (!due || *due <= leader_heard_ + least || *due + least <= now) return std::nullopt;
  const auto answered = quorum_answer(self_, now);
  if (answered && *answered + (*answered - now) < *due) return std::nullopt;
  return due;
}

// After a lost round: soon, because no leader is being waited for, yet apart from the others who lost with
// us.
void Raft::arm_retry(Instant now) {
  const Duration half = std::max(patience_min(), std::min(round_trip_, (options_.patience_growth_max - 1) *
                                                                           options_.election_timeout_min)) /
                        2;
  election_deadline_ = now + half + Duration(random_.below(static_cast<std::uint64_t>(half.count()) + 1));
}

Role Raft::resting_role() const {
  return may_campaign(self_) ? Role::kFollower : Role::kLearner;
}

bool Raft::hears_leader(Instant now) const {
  if (leader_ == self_) return true;
  const bool counts = leader_ != kNobody || (options_.lease && holds(Rule::kLeaseOutlivesTerm));
  return counts && now < leader_heard_ + patience_min();
}

void Raft::become_follower(Step& step, Term term, NodeId leader) {
  EXPECTS(term >= state_.term);
  const bool was_resting = role_ == resting_role();
  const bool changed = !was_resting || term != state_.term || leader != leader_;
  const bool term_moved = term > state_.term;
  if (term_moved) {
    state_ = {term, kNobody};
    commit_heard_ = LogIndex();
    take_over_at_.reset();
  }
  role_ = resting_role();
  leader_ = leader;
  if (leader != kNobody) asked_.clear();
  if (term_moved || leader != kNobody) {
    votes_.clear();
    favoured_.reset();
  }
  if (term_moved) stop_sounding();
  progress_.clear();
  refuse_reads(step);
  if (!was_resting) arm_election(step.now);
  if (changed) trace(step, TraceKind::kBecameFollower, term.value(), leader.value());
}

void Raft::start_round(Step& step, Role role) {
  role_ = role;
  leader_ = kNobody;
  if (role == Role::kPreCandidate) {
    sounding_ = true;
    std::erase_if(grants_, [](const auto& grant) { return !grant.second; });
  } else {
    stop_sounding();
    votes_.clear();
  }
  round_began_ = step.now;
  election_deadline_ = step.now + round_length();
  repeat_due_ = step.now + options_.heartbeat;
  trace(step, TraceKind::kBecameCandidate, state_.term.value(),
        role == Role::kPreCandidate ? 1
        : leader_agrees_            ? 2
                                    : 0);
  const bool waits = role == Role::kCandidate && disk_.storage() == Storage::kMeanwhile;  // for persisted()
  if (role == Role::kPreCandidate)
    record_grant(step, self_, true);
  else if (!waits || !holds(Rule::kOwnVoteWaitsForDisk))
    record_vote(step, self_, true);
  if (role_ == role) request_votes(step);  // otherwise the own share was enough and the next step is taken
}

void Raft::become_pre_candidate(Step& step) {
  if (state_.term >= kTermMax) {  // only a liar brings a group here; there is no term left to begin
    arm_election(step.now);
    return;
  }
  start_round(step, Role::kPreCandidate);
}

void Raft::become_candidate(Step& step, bool leader_agrees) {
  take_over_at_.reset();
  leader_agrees_ = leader_agrees;
  asked_.clear();
  state_ = {state_.term.next(), self_};
  votes_for_ = log_.last();
  start_round(step, Role::kCandidate);
}

void Raft::become_leader(Step& step) {
  role_ = Role::kLeader;
  leader_ = self_;
  needed_ = false;
  round_trip_ = std::max(round_trip_, step.now - round_began_);
  asked_.clear();
  votes_.clear();
  stop_sounding();
  begin_replication();
  beats_ = 0;
  heartbeat_due_ = outlook_due_ = step.now + options_.heartbeat;
  trace(step, TraceKind::kBecameLeader, state_.term.value());
  // Entries of earlier terms are committed through this one only (Raft §5.4.2).
  append_own(step, {}, EntryKind::kProposal);
  replicate(step);
}

bool Raft::asks_now(NodeId voter, Instant now) {
  const auto [found, fresh] = asked_.try_emplace(voter);
  Asked& asked = found->second;
  if (!fresh && now < asked.again) return false;
  if (fresh) asked.first = now;
  asked.gap = fresh ? options_.heartbeat : std::min(2 * asked.gap, kSilentBeats * options_.heartbeat);
  asked.again = now + asked.gap;
  return true;
}

void Raft::heard_of(NodeId node, Instant now) {
  const auto asked = asked_.find(node);
  if (asked == asked_.end()) return;
  const bool answers = role_ == Role::kPreCandidate || role_ == Role::kCandidate;
  if (answers) round_trip_ = std::max(round_trip_, now - asked->second.first);
  asked_.erase(asked);
}

void Raft::request_votes(Step& step) {
  const Votes& answers = role_ == Role::kCandidate ? votes_ : grants_;
  for (const NodeId node : members(ruling().shares)) {
    if (!has_vote(ruling().shares, node) || node == self_ || answers.contains(node) ||
        !asks_now(node, step.now))
      continue;
    if (role_ == Role::kCandidate)
      send(step, node, state_.term, VoteRequest{log_.last(), leader_agrees_});
    else
      send(step, node, state_.term.next(), PreVoteRequest{log_.last()});
  }
}

VoteResult Raft::result_of(const Votes& votes) const {
  const JointShares& shares = ruling().shares;
  return holds(Rule::kBothHalvesElect) ? vote_result(shares, votes) : vote_result(shares.incoming, votes);
}

// A refusal may become a grant, see sound(). A candidate waits for the end of its own patience as well.
void Raft::record_grant(Step& step, NodeId voter, bool granted) {
  const auto [place, fresh] = grants_.try_emplace(voter, granted);
  if (!fresh && !granted) return;
  place->second = granted;
  Votes all = grants_;
  all.emplace(self_, true);
  const VoteResult result = result_of(all);
  if (result == VoteResult::kWon) {
    if (!hears_leader(step.now)) return become_candidate(step, false);
    lonely_due_ = leader_heard_ + patience_min();
  } else if (result == VoteResult::kLost && role_ == Role::kPreCandidate) {
    become_follower(step, state_.term, kNobody);
    arm_retry(step.now);
  }
}

void Raft::record_vote(Step& step, NodeId voter, bool granted) {
  votes_.emplace(voter, granted);
  switch (result_of(votes_)) {
    case VoteResult::kPending:
      return;
    case VoteResult::kLost:
      if (role_ != Role::kCandidate) return;
      become_follower(step, state_.term, kNobody);
      arm_retry(step.now);
      return;
    case VoteResult::kWon:
      become_leader(step);
      return;
  }
}

// Of those who ask one should go first, or they might split the vote: the better log, then the larger share,
// then the smaller id.
bool Raft::outranks(const Claim& a, const Claim& b) const {
  const auto rank = [&](const Claim& claim) {
    return std::tuple(claim.last.term, claim.last.index, share_of(shares(), claim.candidate),
                      UINT32_MAX - claim.candidate.value());
  };
  return rank(a) > rank(b);
}

bool Raft::is_complete_enough(LogPosition candidate_last) const {
  return log_.is_no_newer_than(candidate_last) || !holds(Rule::kVoterComparesLogs);
}

// False: the message has been dealt with, or is not worth dealing with, because of its term alone.
bool Raft::settle_term(Step& step, const Message& message) {
  const auto* vote = std::get_if<VoteRequest>(&message.body);
  if (!settles_terms(message.body) || message.term == state_.term) return true;
  if (message.term > state_.term) {
    const bool disrupts = vote != nullptr && !vote->leader_agrees && hears_leader(step.now);
    if (disrupts) return false;  // thesis §4.2.3
    become_follower(step, message.term, kNobody);
    return true;
  }
  // An older term. Whoever still asks in it must hear of ours; old answers mean nothing.
  if (vote != nullptr) send(step, message.from, state_.term, VoteReply{false});
  if (const auto* append = std::get_if<AppendRequest>(&message.body))
    send(step, message.from, state_.term, AppendReply{false, append->previous.index, {}});
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body))
    send(step, message.from, state_.term, SnapshotReply{chunk->last, 0});
  return false;
}

// Whether a pre-vote is granted now that no leader is heard: not to a lesser one than was favoured within the
// last patience, and not to a lesser one than ourselves if we ask too. After a lost round we refuse nobody
// for our own sake: members whose epochs differ may each think themselves the better one.
bool Raft::answer_pre_vote(Step& step, const Claim& claim) {
  if (favoured_ && favoured_->candidate != claim.candidate && step.now < favoured_until_ &&
      outranks(*favoured_, claim))
    return false;
  const bool competes = sounding_ && (role_ == Role::kPreCandidate || leader_ != kNobody);
  if (competes && !outranks(claim, {self_, log_.last()})) return false;
  if (competes && !yielded_) {
    // Once only: a rival that can ask but never hears an answer must not hold everybody back for ever.
    yielded_ = true;
    stop_sounding();
    if (role_ == Role::kPreCandidate)
      become_follower(step, state_.term, kNobody);
    else
      arm_election(step.now);
    sound_due_ = election_deadline_;
  }
  // Not again and again: one that asks for ever and cannot win must not be favoured for ever.
  if (!favoured_ || outranks(claim, *favoured_)) {
    favoured_ = claim;
    favoured_until_ = step.now + patience_min();
  }
  return true;
}

// Others want a leader and cannot be it for lack of what is here. Whoever lost its shares while only it knows
// of that would wait as long as a learner, and a learner for ever. Its votes are counted by its own epoch
// like anybody's, and once it has committed something it hands over to a voter.
void Raft::stand_soon(Step& step) {
  if ((role_ != Role::kFollower && role_ != Role::kLearner) || !may_lead()) return;
  if (total_shares(ruling().shares.incoming) == 0) return;  // joined, and has seen entries but no epoch yet
  needed_ = true;
  take_resting_role(step);
  election_deadline_ = std::min(election_deadline_, step.now + options_.election_timeout_min);
}

void Raft::on(Step& step, const Message& message, const PreVoteRequest& request) {
  bool granted = message.term > state_.term && is_complete_enough(request.last);
  const bool better = message.term > state_.term && !granted;
  if (better && leader_ == kNobody && !hears_leader(step.now)) stand_soon(step);
  if (granted && hears_leader(step.now)) {
    granted = false;
    if (role_ == Role::kFollower || (role_ == Role::kLearner && votes())) {  // a witness answers late, too
      const Claim claim{message.from, request.last};
      if (!waiting_ || waiting_term_ != message.term || !outranks(*waiting_, claim)) waiting_ = claim;
      waiting_term_ = message.term;
      lonely_due_ = leader_heard_ + patience_min();
    }
  }
  if (granted) granted = answer_pre_vote(step, {message.from, request.last});
  send(step, message.from, granted ? message.term : state_.term, PreVoteReply{granted});
}

void Raft::on(Step& step, const Message& message, const PreVoteReply& reply) {
  if (!reply.granted && message.term > state_.term) {
    become_follower(step, message.term, kNobody);
    return;
  }
  if (reply.granted && message.term != state_.term.next()) return;  // of an earlier round
  if (sounding_ && (role_ == Role::kFollower || role_ == Role::kPreCandidate))
    record_grant(step, message.from, reply.granted);
}

void Raft::on(Step& step, const Message& message, const VoteRequest& request) {
  const bool free = state_.voted_for == message.from || (state_.voted_for == kNobody && leader_ == kNobody);
  const bool granted = (free || !holds(Rule::kOneVotePerTerm)) && is_complete_enough(request.last);
  if (granted) {
    become_follower(step, state_.term, leader_);
    stop_sounding();
    state_.voted_for = message.from;
    arm_election(step.now);
  }
  send(step, message.from, state_.term, VoteReply{granted});
}

void Raft::on(Step& step, const Message& message, const VoteReply& reply) {
  // A late answer counts as long as the term is ours, nobody leads it, and the log is the one that the voter
  // compared with its own: the same last entry is the same log.
  const bool counts = role_ != Role::kLeader && leader_ == kNobody && votes_.contains(self_);
  if (counts && state_.voted_for == self_ && log_.last() == votes_for_)
    record_vote(step, message.from, reply.granted);
}

}  // namespace skywarden::consensus
