#include "sim/checkers.h"

#include <fmt/format.h>

#include <algorithm>

namespace skywarden::sim {
namespace {

constexpr std::size_t kViolationsMax = 20;  // one is enough to fail; a few help to understand

}  // namespace

void Checkers::on_effects(NodeId, const node::Effects& effects, Instant now) {
  for (const datum::Alert& alert : effects.alerts) {
    const datum::Proposal& p = alert.proposal;
    told_observations_.insert(p.observations.begin(), p.observations.end());
    if (p.sequence != 0) continue;
    for (const ObservationId id : p.observations) {
      const auto [found, fresh] = opened_by_.emplace(id, p.event.value());
      if (!fresh && found->second != p.event.value())
        violated(now, fmt::format("observation {:x} opened two chains, {:x} and {:x}", id.value(),
                                  found->second, p.event.value()));
    }
  }
}

void Checkers::on_trace(const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::kBecameLeader: {
      const auto [found, fresh] = leaders_.emplace(event.first, event.node);
      if (!fresh && found->second != event.node)
        violated(event.at, fmt::format("term {} has two leaders, {} and {}", event.first,
                                       found->second.value(), event.node.value()));
      break;
    }
    case TraceKind::kEntryCommitted:
      entry_committed(event);
      break;
    case TraceKind::kAlertEntered:
      alert_entered(event);
      break;
    case TraceKind::kCrashed:
      ++crashes_;
      commit_of_.erase(event.node);
      chain_of_.erase(event.node);
      break;
    default:
      break;
  }
}

void Checkers::entry_committed(const TraceEvent& event) {
  const EntryIdentity identity{event.second, event.third};
  const auto [found, fresh] = committed_.emplace(event.first, identity);
  if (!fresh && found->second != identity)
    violated(event.at, fmt::format("index {} was committed as term {} and again as term {} by node {}",
                                   event.first, found->second.term, identity.term, event.node.value()));
  std::uint64_t& last = commit_of_[event.node];
  if (event.first != last + 1)
    violated(event.at,
             fmt::format("node {} committed index {} after {}", event.node.value(), event.first, last));
  last = event.first;
  if (fresh && loss_ && identity.term > loss_->term.value()) {
    recoveries_.push_back(event.at - loss_->at);
    loss_.reset();
  }
}

void Checkers::alert_entered(const TraceEvent& event) {
  const auto [found, fresh] = told_.emplace(std::pair(event.first, event.second), event.third);
  if (!fresh && found->second != event.third)
    violated(event.at,
             fmt::format("message {} of event {:x} differs between nodes", event.second, event.first));
  std::uint64_t& next = chain_of_[event.node][event.first];
  if (event.second != next)
    violated(event.at, fmt::format("node {} told message {} of event {:x}, expected {}", event.node.value(),
                                   event.second, event.first, next));
  next = event.second + 1;
}

void Checkers::expect_told(std::vector<ObservationId> fire) {
  expected_.push_back(std::move(fire));
}

void Checkers::leader_killed(Instant now, Term term) {
  loss_ = Loss{now, term};
}

void Checkers::check_end(Instant now) {
  const NodeId leader = world_.leader();
  if (leader == kNobody) return violated(now, "no leader after the quiet time");
  const node::Ledger& truth = world_.node(leader)->ledger();
  for (const NodeId id : world_.nodes()) {
    const node::Node* node = world_.node(id);
    if (node == nullptr)
      violated(now, fmt::format("node {} is still down", id.value()));
    else if (node->ledger().applied() != truth.applied() ||
             node->ledger().fingerprint() != truth.fingerprint())
      violated(now, fmt::format("node {} applied {} entries, the leader {}", id.value(),
                                node->ledger().applied().value(), truth.applied().value()));
  }
  if (!committed_.empty() && committed_.rbegin()->first > truth.applied().value())
    violated(now, fmt::format("committed index {} is lost: the leader has {}", committed_.rbegin()->first,
                              truth.applied().value()));
  for (const auto& fire : expected_) {
    const bool told = std::any_of(fire.begin(), fire.end(),
                                  [&](ObservationId id) { return told_observations_.contains(id); });
    if (!told) violated(now, fmt::format("a fire of {} observations was never told", fire.size()));
  }
}

void Checkers::violated(Instant at, std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back({at, std::move(what)});
}

}  // namespace skywarden::sim
