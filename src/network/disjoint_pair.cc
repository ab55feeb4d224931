#include "network/disjoint_pair.h"

#include <algorithm>
#include <iterator>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr Duration kNeverFree = ContactGraph::kTimeMax * 2;  // past the end of any contact

}  // namespace

PairRank rank_of(const Route& a, const Route& b) {
  return {std::max(a.arrival, b.arrival), std::min(a.arrival, b.arrival),
          a.contacts.size() + b.contacts.size()};
}

DisjointSearch::DisjointSearch(const ContactGraph& graph) : graph_(&graph), search_(graph) {
  edge_of_.resize(graph.contacts().size());
  const auto edges = graph.edges();
  for (std::uint32_t e = 0; e < edges.size(); ++e)
    std::fill(edge_of_.begin() + edges[e].first, edge_of_.begin() + edges[e].last, e);
}

DisjointSearch::Resources DisjointSearch::resources(const Route& route, Disjoint kind) const {
  Resources out;
  for (const PlannedContactId id : route.contacts) {
    const PlannedContact& contact = graph_->contact(id);
    const bool last = id == route.contacts.back();
    if (kind == Disjoint::kContacts) {
      out.push_back({false, id.value(), id.value() + 1});
    } else if (kind == Disjoint::kNodes && !last) {
      out.push_back({true, contact.to.value(), contact.to.value()});
    } else if (kind == Disjoint::kEdges || route.contacts.size() == 1) {
      const ContactGraph::Edge& edge = graph_->edges()[edge_of_[id.value()]];
      out.push_back({false, edge.first, edge.last});
    }
  }
  std::ranges::sort(out);
  return out;
}

DisjointSearch::Resources DisjointSearch::shared(const Branch& branch, Disjoint kind) const {
  const Resources a = resources(branch.a.route, kind), b = resources(branch.b.route, kind);
  Resources both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both;
}

void DisjointSearch::start(const PlanState& state) {
  open_ = state;
  if (open_.excluded.empty()) open_.excluded.assign(graph_->vertices(), 0);
  blocked_ = open_;
  incumbent_.reset();
  branches_ = 0;
}

void DisjointSearch::forbid(const Resources& resources, bool forbidden) {
  for (const Resource& each : resources) {
    if (each.is_vertex) {
      blocked_.excluded[each.first] = forbidden ? 1 : open_.excluded[each.first];
      continue;
    }
    for (std::uint32_t i = each.first; i < each.last; ++i)
      blocked_.busy_until.set(i, forbidden ? kNeverFree : open_.busy_until[i]);
  }
}

std::optional<Route> DisjointSearch::avoiding(const RouteQuery& query, const Resources& resources,
                                              const Resources& more) {
  forbid(resources, true);
  forbid(more, true);
  auto route = search_.best(query, blocked_);
  forbid(resources, false);
  forbid(more, false);
  return route;
}

void DisjointSearch::offer(const Route& a, const Route& b) {
  const PairRank rank = rank_of(a, b);
  if (incumbent_ && !(rank < incumbent_rank_)) return;
  const bool swap = std::pair(b.arrival, b.contacts.size()) < std::pair(a.arrival, a.contacts.size());
  incumbent_ = swap ? RoutePair{b, a} : RoutePair{a, b};
  incumbent_rank_ = rank;
}

// Pairs without a conflict near the branch: each side's route, and the best that keeps away from it.
void DisjointSearch::complete(const RouteQuery& query, Disjoint kind, const Branch& branch) {
  const bool alike = branch.a.route == branch.b.route && branch.a.forbidden == branch.b.forbidden;
  if (const auto a = avoiding(query, branch.a.forbidden, resources(branch.b.route, kind)))
    offer(*a, branch.b.route);
  if (alike) return;
  if (const auto b = avoiding(query, branch.b.forbidden, resources(branch.a.route, kind)))
    offer(branch.a.route, *b);
}

// Over the conflict that raises the bound most. Of two sides that may use the same, it is the first that does
// without: the pair has no order.
std::vector<DisjointSearch::Branch> DisjointSearch::children(const RouteQuery& query, const Branch& branch,
                                                             const Resources& conflicts, Disjoint kind) {
  const bool alike = branch.a.forbidden == branch.b.forbidden;
  std::vector<Branch> best;
  std::optional<PairRank> best_bound;
  for (const Resource& conflict : conflicts) {
    std::vector<Branch> now;
    for (const bool of_b : {false, true}) {
      if (of_b && alike) continue;
      const Side& side = of_b ? branch.b : branch.a;
      auto route = avoiding(query, side.forbidden, {conflict});
      if (!route) continue;
      Branch child = branch;
      Side& changed = of_b ? child.b : child.a;
      changed.route = std::move(*route);
      changed.forbidden.push_back(conflict);
      child.rank = rank_of(child.a.route, child.b.route);
      if (incumbent_ && !(child.rank < incumbent_rank_)) continue;
      child.conflicts = shared(child, kind).size();
      child.number = ++branches_;
      now.push_back(std::move(child));
    }
    if (now.empty()) return {};  // neither can do without it and be better than what is known
    const PairRank bound = std::ranges::min(now, {}, &Branch::rank).rank;
    if (best_bound && !(*best_bound < bound)) continue;
    best_bound = bound;
    best = std::move(now);
  }
  return best;
}

PairAnswer DisjointSearch::best(const RouteQuery& query, Disjoint kind, const PlanState& state,
                                std::size_t steps_max) {
  start(state);
  PairAnswer answer;
  const auto alone = search_.best(query, blocked_);
  if (!alone) return answer;
  std::set<Branch> open;
  Branch root{rank_of(*alone, *alone), 0, 0, {{}, *alone}, {{}, *alone}};
  root.conflicts = shared(root, kind).size();
  open.insert(std::move(root));
  while (!open.empty()) {
    const Branch branch = std::move(open.extract(open.begin()).value());
    if (incumbent_ && !(branch.rank < incumbent_rank_)) break;
    if (answer.steps == steps_max) {
      answer.proven = false;
      break;
    }
    ++answer.steps;
    const Resources conflicts = shared(branch, kind);
    if (conflicts.empty()) {
      offer(branch.a.route, branch.b.route);
      break;
    }
    complete(query, kind, branch);
    for (Branch& child : children(query, branch, conflicts, kind)) open.insert(std::move(child));
  }
  answer.pair = std::move(incumbent_);
  incumbent_.reset();
  return answer;
}

std::vector<Route> DisjointSearch::greedy(const RouteQuery& query, Disjoint kind, std::size_t count,
                                          const PlanState& state) {
  start(state);
  std::vector<Route> routes;
  while (routes.size() < count) {
    auto route = search_.best(query, blocked_);
    if (!route) break;
    forbid(resources(*route, kind), true);
    routes.push_back(std::move(*route));
    if (routes.back().contacts.empty()) break;
  }
  return routes;
}

}  // namespace skywarden::network
