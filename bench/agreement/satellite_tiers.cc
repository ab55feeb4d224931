// What the two tiers owe each other; satellite.h says how they speak.
#include <algorithm>
#include <iterator>
#include <utility>

#include "agreement/satellite.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using agents::AreaEntry;
using agents::Seat;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kAttendEvery = milliseconds(100);
constexpr Duration kRepeatAfter = seconds(1);
constexpr Duration kHandAgainAfter = milliseconds(300);
constexpr std::uint64_t kCaughtUpWithin = 16;  // entries

// Knows what was committed before its term, so what its state lacks is not in the log.
bool leads_settled(const std::optional<Raft>& raft) {
  return raft && raft->role() == Role::kLeader && raft->log().contains(raft->commit_index()) &&
         raft->log().term_at(raft->commit_index()) == raft->term();
}

}  // namespace

void Satellite::attend(Instant now, Step& step) {
  const bool has_work = area_.raft || leads(group_);
  attend_at_ = has_work ? now + kAttendEvery : Instant::max();
  if (leads_settled(cluster_.raft)) {
    claim_seat(now, step);
    ask_what_is_open(now, step);
    ask_what_was_missed(now, step);
  }
  if (area_.raft) hand_down(now, step);
  if (leads_settled(area_.raft)) {
    seat(now, step);
    rule(now, step);
  }
}

NodeId Satellite::holder() const {
  const auto& seats = cluster_ledger_.area().seats();
  const auto found = seats.find(group_);
  return found == seats.end() ? division_.first_seats.at(group_) : found->second.holder;
}

bool Satellite::heard_within(NodeId node, Duration span, Instant now) const {
  const auto heard = heard_.find(node);
  return node == self_ || (heard != heard_.end() && heard->second + span >= now);
}

NodeId Satellite::holder_to_name(Instant now) const {
  if (division_.rule == SeatRule::kLeader) return self_;
  const Shares& shares = cluster_.raft->shares();
  if (share_of(shares, holder()) > 0 && heard_within(holder(), division_.delegate_silence_max, now))
    return holder();
  for (const NodeId node : division_.group(group_).nearest)
    if (node != self_ && share_of(shares, node) > 0 && heard_within(node, kRepeatAfter, now)) return node;
  return self_;
}

// Says who leads and who sits, until the area has written it down; when it was, the answer comes by the way
// of all decisions.
void Satellite::claim_seat(Instant now, Step& step) {
  const Term term = cluster_.raft->term();
  const NodeId holder = holder_to_name(now);
  if (!claim_ || claim_->term != term || claim_->holder != holder) {
    claim_ = Seat{group_, term, turn_++, self_, holder};
    claimed_ = {};
  }
  const auto& seats = cluster_ledger_.area().seats();
  const auto known = seats.find(group_);
  if ((known != seats.end() && known->second == *claim_) || claimed_.at > now) return;
  claimed_.at = now + kRepeatAfter;
  ask({AreaEntry(*claim_)}, claimed_.attempt++, now, step);
}

void Satellite::ask_what_is_open(Instant now, Step& step) {
  std::erase_if(asked_, [&](const auto& of) { return !cluster_ledger_.open().contains(of.first); });
  for (const auto& [matter, raised] : cluster_ledger_.open()) {
    Repeat& repeat = asked_[matter];
    if (repeat.at > now) continue;
    repeat.at = now + kRepeatAfter;
    if (raised.doer == kNobody)
      ask({AreaEntry(agents::SharedAlert{matter, group_, raised.alert})}, repeat.attempt, now, step);
    else
      ask({agents::ClaimMessage{matter, self_, kNobody, raised.doer, raised.worth, kNobody}}, repeat.attempt,
          now, step);
    ++repeat.attempt;
  }
}

void Satellite::ask_what_was_missed(Instant now, Step& step) {
  const bool sits = area_.raft && area_ledger_.known() >= cluster_ledger_.area().known();
  if ((holder() == self_ && sits) || (holder() != self_ && heard_within(holder(), kRepeatAfter, now))) return;
  if (missed_.at > now) return;
  missed_.at = now + kRepeatAfter / 2;
  ask({Missed{cluster_ledger_.area().known()}}, missed_.attempt++, now, step);
}

// Whom it believes to lead the area first; then who sits there, its own cluster's seat first.
NodeId Satellite::door(std::uint64_t attempt) const {
  const NodeId own = area_.raft ? area_.raft->leader() : kNobody;
  if (attempt % 2 == 0 && own != kNobody) return own;
  if (attempt % 2 == 0 && area_leader_ != kNobody) return area_leader_;
  const auto seats = division_.seating(cluster_ledger_.area().seats()).wanted;
  const std::uint64_t place = group_.value() - 1 + attempt / 2;
  return std::next(seats.begin(), static_cast<std::ptrdiff_t>(place % seats.size()))->second;
}

void Satellite::ask(Asked asked, std::uint64_t attempt, Instant now, Step& step) {
  const NodeId to = door(attempt);
  if (to == self_)
    answer(self_, asked, now, step);
  else
    step.letters.push_back({self_, to, std::move(asked)});
}

void Satellite::write_down(const Handed& handed, Instant now, Step& step) {
  area_leader_ = handed.area_leader;
  if (!leads_settled(cluster_.raft)) return;
  written_ = std::max(written_, cluster_ledger_.area().known());
  agents::HandedDown fresh;
  for (const agents::Decision& decision : handed.decisions)
    if (decision.number == written_ + fresh.decisions.size() + 1) fresh.decisions.push_back(decision);
  if (fresh.decisions.empty()) return;
  const std::uint64_t upto = fresh.decisions.back().number;
  auto effects = cluster_.raft->propose(encode(agents::ClusterEntry(std::move(fresh))), now);
  if (!effects) return;
  written_ = upto;
  perform(cluster_, std::move(*effects), now, step);
}

// ---- in the area

void Satellite::answer(NodeId from, const Asked& asked, Instant now, Step& step) {
  if (!area_.raft) return;
  if (const auto* missed = std::get_if<Missed>(&asked.what)) {
    Handed handed{area_.raft->leader(), area_ledger_.after(missed->known, agents::kHandedMax)};
    if (from != self_ && !handed.decisions.empty()) step.letters.push_back({self_, from, std::move(handed)});
    return;
  }
  if (!leads_settled(area_.raft)) {
    const NodeId leader = area_.raft->leader();
    if (asked.forwarded || leader == kNobody || leader == self_) return;
    step.letters.push_back({self_, leader, Asked{asked.what, true}});
    return;
  }
  if (const auto* entry = std::get_if<AreaEntry>(&asked.what)) return propose_once(*entry, now, step);
  agents::ClaimMessage claim = std::get<agents::ClaimMessage>(asked.what);
  claim.to = self_;
  if (area_ledger_.find(claim.matter) != nullptr) return;
  for (const agents::ClaimMessage& said : arbiter_->receive(claim, *registry_, now))
    propose_once(agents::Ruling{said.matter, said.ruling}, now, step);
}

void Satellite::propose_once(const AreaEntry& entry, Instant now, Step& step) {
  const Term term = area_.raft->term();
  std::optional<agents::MatterId> proposing;
  if (const auto* seat = std::get_if<Seat>(&entry)) {
    const auto last = area_ledger_.seats().find(seat->group);
    if (last != area_ledger_.seats().end() &&
        std::pair(seat->term, seat->turn) <= std::pair(last->second.term, last->second.turn))
      return;
  } else {
    const agents::MatterId matter = std::holds_alternative<agents::Ruling>(entry)
                                        ? std::get<agents::Ruling>(entry).matter
                                        : std::get<agents::SharedAlert>(entry).matter;
    const auto before = proposed_.find(matter);
    if (area_ledger_.find(matter) != nullptr || (before != proposed_.end() && before->second == term)) return;
    proposing = matter;
  }
  auto effects = area_.raft->propose(encode(entry), now);
  if (!effects) return;  // whoever asked asks again
  if (proposing) proposed_[*proposing] = term;
  perform(area_, std::move(*effects), now, step);
}

void Satellite::hand_down(Instant now, Step& step) {
  const std::uint64_t below = cluster_ledger_.area().known();
  const NodeId leader = cluster_.raft->leader();
  if (area_ledger_.known() <= below || leader == kNobody || handed_at_ + kHandAgainAfter > now) return;
  handed_at_ = now;
  Handed handed{area_.raft->leader(), area_ledger_.after(below, agents::kHandedMax)};
  if (leader == self_)
    write_down(handed, now, step);
  else
    step.letters.push_back({self_, leader, std::move(handed)});
}

void Satellite::seat(Instant now, Step& step) {
  if (!area_.raft->configuration_committed() || area_.raft->configuration().joint()) return;
  std::set<NodeId> caught_up{self_};
  for (const auto& [node, share] : area_.raft->shares())
    if (const auto lag = area_.raft->lag(node); lag && *lag <= kCaughtUpWithin) caught_up.insert(node);
  const auto next = agents::next_seating(membership_of(area_.raft->configuration()),
                                         division_.seating(area_ledger_.seats()), caught_up);
  if (!next) return;
  if (auto effects = area_.raft->change_membership(*next, now))
    perform(area_, std::move(*effects), now, step);
}

// One ruling a matter, whatever the arbiter of the next leader makes of the claims: the first in the log.
void Satellite::rule(Instant now, Step& step) {
  std::map<agents::MatterId, NodeId> rulings;
  for (const agents::ClaimMessage& said : arbiter_->tick(now)) rulings.emplace(said.matter, said.ruling);
  for (const auto& [matter, to] : rulings) propose_once(agents::Ruling{matter, to}, now, step);
}

void Satellite::appoint(const Seat& seat) {
  (void)registry_->apply(
      agents::AgentEvent{registry_->now(), division_.authority, agents::Appointed{seat.leader, seat.term}});
}

}  // namespace skywarden::agreement
