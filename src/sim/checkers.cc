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
      break;
    case TraceKind::kStateRestored:
      ++restored_;
      [[fallthrough]];
    case TraceKind::kRestarted:
      begin_from_ledger(event.node, event.at);
      break;
    case TraceKind::kNodeStopped:
      violated(event.at, fmt::format("node {} could not read a snapshot", event.node.value()));
      break;
    default:
      break;
  }
}

void Checkers::entry_committed(const TraceEvent& event) {
  const EntryIdentity identity{event.second, event.third};
  const auto [found, fresh] = committed_.emplace(event.first, identity);
  if (fresh) committed_at_.emplace(event.first, event.at);
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
  fingerprints_.insert(event.third);
}

// The node goes on from a saved ledger, or from nothing.
void Checkers::begin_from_ledger(NodeId node, Instant now) {
  const node::Ledger& ledger = world_.node(node)->ledger();
  if (!committed_.empty() && ledger.applied().value() > committed_.rbegin()->first)
    violated(now, fmt::format("node {} restored entry {}, which nobody committed", node.value(),
                              ledger.applied().value()));
  if (!fingerprints_.contains(ledger.fingerprint()))
    violated(now, fmt::format("node {} restored a ledger that nobody had", node.value()));
  commit_of_[node] = ledger.applied().value();
  auto& chains = chain_of_[node];
  chains.clear();
  for (const datum::Alert* alert : ledger.policy().last_alerts())
    chains[alert->proposal.event.value()] = alert->proposal.sequence + 1;
}

void Checkers::fire_seen(std::vector<ObservationId> fire) {
  fires_.push_back(std::move(fire));
}

void Checkers::leader_killed(Instant now, Term term) {
  loss_ = Loss{now, term};
}

void Checkers::check_end(Instant now) {
  const NodeId leader = world_.leader();
  if (leader == kNobody) return violated(now, "no leader after the quiet time");
  const consensus::Raft& raft = world_.node(leader)->raft();
  if (!raft.configuration_committed() || raft.configuration().joint())
    violated(now, fmt::format("the change to epoch {} is not finished", raft.configuration().epoch.value()));
  check_ledgers(now, *world_.node(leader));
  check_fires(now, raft.shares());
}

void Checkers::check_ledgers(Instant now, const node::Node& leader) {
  const node::Ledger& truth = leader.ledger();
  std::uint64_t due = 0;
  for (const auto& [index, at] : committed_at_)
    if (at <= now - news_travels_) due = std::max(due, index);
  for (const NodeId id : world_.nodes()) {
    const node::Node* node = world_.node(id);
    if (node == nullptr) {
      violated(now, fmt::format("node {} is still down", id.value()));
      continue;
    }
    if (!leader.raft().shares().contains(id)) continue;  // left the group, or never joined
    const node::Ledger& ledger = node->ledger();
    if (ledger.applied().value() < due)
      violated(now,
               fmt::format("node {} applied {} entries of {}", id.value(), ledger.applied().value(), due));
    if (ledger.applied() == truth.applied() && ledger.fingerprint() != truth.fingerprint())
      violated(now, fmt::format("node {} has another ledger than the leader", id.value()));
  }
  if (!committed_.empty() && committed_.rbegin()->first > truth.applied().value())
    violated(now, fmt::format("committed index {} is lost: the leader has {}", committed_.rbegin()->first,
                              truth.applied().value()));
}

void Checkers::check_fires(Instant now, const consensus::Shares& shares) {
  for (const auto& fire : fires_) {
    const bool told = std::any_of(fire.begin(), fire.end(),
                                  [&](ObservationId id) { return told_observations_.contains(id); });
    const bool due = is_found_by_half(fire, shares);
    if (due) ++fires_due_;
    if (due && !told) violated(now, fmt::format("a fire of {} observations was never told", fire.size()));
  }
}

bool Checkers::is_found_by_half(const std::vector<ObservationId>& fire,
                                const consensus::Shares& shares) const {
  std::uint64_t for_fire = 0, total = 0;
  for (const NodeId id : world_.nodes()) {
    const node::Node* node = world_.node(id);
    if (node == nullptr) continue;
    const std::uint64_t share = consensus::share_of(shares, id);
    total += share;
    const bool found = std::any_of(fire.begin(), fire.end(), [&](ObservationId observation) {
      const datum::Finding* finding = node->finding_about(observation);
      return finding != nullptr && finding->verdict == datum::Verdict::kFire && finding->measured;
    });
    if (found) for_fire += share;
  }
  return for_fire > 0 && 2 * for_fire >= total;
}

void Checkers::violated(Instant at, std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back({at, std::move(what)});
}

}  // namespace skywarden::sim
