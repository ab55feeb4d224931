#include "agreement/area_sky.h"

#include <algorithm>
#include <utility>

namespace skywarden::agreement {

using consensus::Raft;
using consensus::Role;

AreaSky::AreaSky(std::uint64_t seed, Ways ways, const Division& division)
    : random_(seed), ways_(std::move(ways)) {
  for (const auto& [node, group] : division.group_of)
    hosts_[node].satellite = std::make_unique<Satellite>(node, division, random_.fork(node.value()));
  for (const auto& [node, host] : hosts_) restart(node);
}

void AreaSky::violated(std::string_view what) {
  if (violation_.empty()) violation_ = what;
}

// ---- time

void AreaSky::push(Instant at, What what, std::uint32_t which) {
  heap_.push_back({at, sequence_++, what, which});
  std::push_heap(heap_.begin(), heap_.end());
}

void AreaSky::at(Instant time, std::function<void()> action) {
  push(time, What::kAction, actions_.put(std::move(action)));
}

// One timer a satellite waits in the heap, at its deadline or before: most deadlines only move away.
void AreaSky::arm(NodeId node, Host& host) {
  const Instant due = std::max(host.satellite->next_deadline(), now_);
  if (due >= host.timer) return;
  host.timer = due;
  push(due, What::kTimer, node.value());
}

void AreaSky::run_until(Instant end) {
  while (!heap_.empty() && heap_.front().at <= end && violation_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.at;
    if (event.what == What::kAction) {
      actions_.take(event.which)();
    } else if (event.what == What::kTimer) {
      const NodeId node(event.which);
      Host& host = hosts_.at(node);
      if (host.timer != event.at) continue;  // an earlier one came in between
      host.timer = Instant::max();
      if (!host.satellite->up()) continue;
      if (host.satellite->next_deadline() > now_) {
        arm(node, host);
        continue;
      }
      ++handled_;
      perform(node, host.satellite->tick(now_));
    } else {
      const Letter letter = letters_.take(event.which);
      Satellite& to = satellite(letter.to);
      if (!to.up()) continue;
      ++handled_;
      perform(letter.to, to.receive(letter, now_));
    }
  }
  now_ = end;
}

void AreaSky::post(Letter letter) {
  const Instant arrival = now_ + ways_.travel(letter.from, letter.to, now_, random_);
  push(arrival, What::kLetter, letters_.put(std::move(letter)));
}

// ---- satellites

void AreaSky::crash(NodeId node) {
  Host& host = hosts_.at(node);
  if (!host.satellite->up()) return;
  host.satellite->crash();
  host.timer = Instant::max();
  host.knew = host.decided = 0;
  for (auto& [number, group] : groups_)
    if (group.leader == node) group.leader = kNobody;
}

void AreaSky::restart(NodeId node) {
  Host& host = hosts_.at(node);
  if (host.satellite->up()) return;
  host.satellite->start(now_);
  host.timer = Instant::max();
  check_ledgers(node, host);
  arm(node, host);
}

NodeId AreaSky::leader(GroupId group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? kNobody : found->second.leader;
}

void AreaSky::perform(NodeId node, Step step) {
  Host& host = hosts_.at(node);
  for (const Step::Traced& traced : step.trace) watch(node, traced);
  area_epochs += step.area_epochs;
  check_ledgers(node, host);
  for (Letter& letter : step.letters) post(std::move(letter));
  if (on_step) on_step(node);
  arm(node, host);
}

// ---- what must never happen

void AreaSky::watch(NodeId node, const Step::Traced& traced) {
  Group& group = groups_[traced.group];
  const Raft& raft = *satellite(node).raft(traced.group);
  if (const auto broken = group.history.check(node, traced.event, raft.log()); !broken.empty())
    violated(broken);
  if (traced.event.kind == TraceKind::kBecameLeader) {
    const Term term(traced.event.first);
    if (term < group.term) return;
    group.leader = node;
    group.term = term;
    if (on_leader) on_leader(traced.group, node);
  } else if (traced.event.kind == TraceKind::kBecameFollower && node == group.leader) {
    group.leader = kNobody;
  }
}

void AreaSky::decided(const agents::Decision& decision, std::uint64_t print) {
  if (decision.number != prints_.size()) return violated("the area skipped a number");
  prints_.push_back(print);
  std::optional<agents::MatterId> matter;
  if (const auto* ruling = std::get_if<agents::Ruling>(&decision.what)) matter = ruling->matter;
  if (const auto* told = std::get_if<agents::SharedAlert>(&decision.what)) matter = told->matter;
  if (matter && !matters_.emplace(*matter, decision.number).second) violated("two decisions of one matter");
  if (on_decided) on_decided(decision);
}

void AreaSky::check_ledgers(NodeId node, Host& host) {
  const agents::AreaLedger& area = host.satellite->area_ledger();
  if (area.known() > decisions()) {
    for (const agents::Decision& decision : area.after(decisions(), agents::kDecisionsKept))
      decided(decision, agents::next_fingerprint(prints_.back(), decision.what));
  }
  if (area.known() != host.decided) {
    host.decided = area.known();
    if (area.known() >= prints_.size() || prints_[area.known()] != area.fingerprint())
      violated("two voters of the area hold different decisions");
  }
  const agents::AreaLedger& below = host.satellite->cluster_ledger().area();
  if (below.known() == host.knew) return;
  if (below.known() >= prints_.size() || prints_[below.known()] != below.fingerprint())
    return violated("a member holds other decisions than the area's, or in another order");
  while (host.knew < below.known()) {
    ++host.knew;
    if (on_known) on_known(node, host.knew);
  }
}

bool AreaSky::everybody_knows() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& of) {
    return !of.second.satellite->up() || of.second.satellite->cluster_ledger().area().known() == decisions();
  });
}

}  // namespace skywarden::agreement
