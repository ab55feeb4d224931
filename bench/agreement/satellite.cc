#include "agreement/satellite.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using agents::Seat;
using std::chrono::milliseconds;

constexpr Duration kAttendEvery = milliseconds(100);
constexpr std::uint64_t kCompactAfter = 256, kCompactKeeps = 64;  // entries

bool leads(const std::optional<Raft>& raft) {
  return raft && raft->role() == Role::kLeader;
}

}  // namespace

Satellite::Satellite(NodeId self, const Division& division, Random random)
    : self_(self), division_(division), random_(random), group_(division.group_of.at(self)) {
  cluster_.group = group_;
  cluster_.founder = true;
  area_.group = kArea;
  area_.founder = division.first_seats.at(group_) == self;
}

// ---- the two machines

void Satellite::start(Machine& machine, Instant now) {
  Shares founding;
  if (machine.founder)
    founding = machine.group == kArea ? agents::founding_of(division_.seating({})).shares
                                      : division_.group(group_).founding.shares;
  machine.raft.emplace(self_, founding, machine.disk,
                       machine.group == kArea ? division_.area_raft : division_.cluster_raft,
                       random_.fork(machine.group.value() * 1000003ULL + ++machine.starts), now);
  if (machine.disk.snapshot) restore(machine, machine.disk.snapshot->data);
}

void Satellite::start(Instant now) {
  EXPECTS(!up());
  start(cluster_, now);
  if (area_.founder || area_.starts > 0) {
    registry_ = division_.registry;
    start(area_, now);
    attend_at_ = now;
  }
  (void)cluster_.raft->relay(duty_, now);
}

void Satellite::crash() {
  for (Machine* machine : {&cluster_, &area_}) {
    machine->raft.reset();
    machine->state.reset();
    machine->led = Term{};
  }
  cluster_ledger_ = {};
  area_ledger_ = {};
  registry_.reset();
  arbiter_.reset();
  proposed_.clear();
  asked_.clear();
  heard_.clear();
  claim_.reset();
  area_leader_ = kNobody;
  attend_at_ = Instant::max();
}

const Raft* Satellite::raft(GroupId group) const {
  const Machine& machine = group == kArea ? area_ : cluster_;
  return machine.raft ? &*machine.raft : nullptr;
}

bool Satellite::leads(GroupId group) const {
  return agreement::leads((group == kArea ? area_ : cluster_).raft);
}

Instant Satellite::next_deadline() const {
  Instant due = attend_at_;
  if (cluster_.raft) due = std::min(due, cluster_.raft->next_deadline());
  if (area_.raft) due = std::min(due, area_.raft->next_deadline());
  return due;
}

Step Satellite::tick(Instant now) {
  Step step;
  for (Machine* machine : {&cluster_, &area_})
    if (machine->raft && machine->raft->next_deadline() <= now)
      perform(*machine, machine->raft->tick(now), now, step);
  if (attend_at_ <= now) attend(now, step);
  return step;
}

Step Satellite::receive(const Letter& letter, Instant now) {
  Step step;
  if (const auto* of_cluster = std::get_if<GroupMessage>(&letter.body)) {
    if (of_cluster->group != group_) return step;
    heard_[letter.from] = now;
    perform(cluster_, cluster_.raft->receive(of_cluster->message, now), now, step);
  } else if (const auto* bytes = std::get_if<std::vector<std::byte>>(&letter.body)) {
    const auto message = decode_group_message(*bytes);
    EXPECTS(message && message->group == kArea);
    if (!area_.raft) {
      registry_ = division_.registry;
      start(area_, now);
      attend_at_ = std::min(attend_at_, now + kAttendEvery);
    }
    perform(area_, area_.raft->receive(message->message, now), now, step);
  } else if (const auto* asked = std::get_if<Asked>(&letter.body)) {
    answer(letter.from, *asked, now, step);
  } else {
    write_down(std::get<Handed>(letter.body), now, step);
  }
  return step;
}

Result<Step> Satellite::propose(GroupId group, Payload payload, Instant now) {
  Machine& machine = group == kArea ? area_ : cluster_;
  EXPECTS(machine.raft);
  auto effects = machine.raft->propose(std::move(payload), now);
  if (!effects) return tl::unexpected(effects.error());
  Step step;
  perform(machine, std::move(*effects), now, step);
  return step;
}

Step Satellite::hand_over_cluster(Instant now) {
  Step step;
  if (auto effects = cluster_.raft->transfer_leadership(kNobody, now))
    perform(cluster_, std::move(*effects), now, step);
  return step;
}

Step Satellite::relay(RelayDuty duty, Instant now) {
  duty_ = std::move(duty);
  Step step;
  perform(cluster_, cluster_.raft->relay(duty_, now), now, step);
  return step;
}

void Satellite::perform(Machine& machine, RaftEffects effects, Instant now, Step& step) {
  if (!effects.persist.empty()) consensus::apply(std::move(effects.persist), machine.disk);
  for (const TraceEvent& event : effects.trace) step.trace.push_back({machine.group, event});
  if (effects.restored) restore(machine, effects.restored->data);
  const std::uint64_t decided = area_ledger_.known(), open = cluster_ledger_.open().size();
  for (const Entry& entry : effects.committed) apply(machine, entry);
  for (const EpochNews& news : effects.epochs)
    if (machine.group == kArea && news.what == EpochNews::What::kCommitted && leads(kArea))
      ++step.area_epochs;
  for (Message& message : effects.send) {
    const NodeId to = message.to;
    GroupMessage letter{machine.group, std::move(message)};
    if (machine.group == kArea)
      step.letters.push_back({self_, to, encode(letter)});
    else
      step.letters.push_back({self_, to, std::move(letter)});
  }
  compact(machine, now);
  const bool begins = leads(machine.group) && machine.led != machine.raft->term();
  if (begins) {
    machine.led = machine.raft->term();
    attend_at_ = now;
    if (machine.group == kArea) {
      arbiter_.emplace(self_, agents::Ability::kWatch, division_.hear_claims_for);
    } else {
      asked_.clear();
      heard_.clear();
      claim_.reset();
      turn_ = 0;
      written_ = 0;
      claimed_ = missed_ = {};
      for (const auto& [node, share] : cluster_.raft->shares()) heard_[node] = now;
    }
  }
  // What was just agreed on need not wait.
  if (area_ledger_.known() != decided) handed_at_ = Instant{};
  if (area_ledger_.known() != decided || cluster_ledger_.open().size() > open) attend_at_ = now;
}

void Satellite::apply(Machine& machine, const Entry& entry) {
  if (entry.kind != EntryKind::kProposal) return;
  if (machine.group == kArea) {
    const auto read = agents::decode_area_entry(entry.payload);
    if (!read) return;  // a no-op, or something else that the log carries
    if (const auto decision = area_ledger_.decide(*read))
      if (const auto* seat = std::get_if<Seat>(&decision->what)) appoint(*seat);
  } else if (const auto read = agents::decode_cluster_entry(entry.payload)) {
    cluster_ledger_.apply(*read);
  }
}

void Satellite::restore(Machine& machine, const Payload& data) {
  if (machine.group == kArea) {
    auto ledger = agents::AreaLedger::restore(data);
    EXPECTS(ledger);
    area_ledger_ = std::move(*ledger);
    for (const auto& [group, seat] : area_ledger_.seats()) appoint(seat);
  } else {
    auto ledger = agents::ClusterLedger::restore(data);
    EXPECTS(ledger);
    cluster_ledger_ = std::move(*ledger);
  }
  machine.state.reset();
}

Payload Satellite::state_of(const Machine& machine) const {
  return machine.group == kArea ? area_ledger_.save() : cluster_ledger_.save();
}

// Some entries stay behind the snapshot, for followers that are a little late.
void Satellite::compact(Machine& machine, Instant now) {
  const LogIndex commit = machine.raft->commit_index();
  const LogIndex base = machine.raft->log().base().index;
  if (!machine.state && commit.value() > base.value() + kCompactAfter)
    machine.state.emplace(commit, state_of(machine));
  if (!machine.state || commit.value() < machine.state->first.value() + kCompactKeeps) return;
  if (machine.state->first > base)
    if (auto done = machine.raft->compact(machine.state->first, std::move(machine.state->second), now))
      consensus::apply(std::move(done->persist), machine.disk);
  machine.state.reset();
}

}  // namespace skywarden::agreement
