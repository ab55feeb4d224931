// The best route of a bundle through planned contacts, as schedule-aware bundle routing orders routes (CCSDS
// 734.3-B-1, 3.2.8.1.4): earliest arrival, then fewest hops, then the latest end (the earliest end among its
// contacts), then the smallest numbers of its nodes, the first relay's first. Exact, not a heuristic: the
// earliest arrival comes from Dijkstra's algorithm on nodes, which waiting makes exact; hops are the least
// among ALL routes that arrive then, found by layers backwards from the destination over nodes that can still
// make it; the end is the best among those. A route never visits a node twice.
//
// A bundle may leave at the very end of a contact if it has no size; otherwise its last bit must leave by
// then.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "network/busy_times.h"
#include "network/contact_graph.h"

namespace skywarden::network {

struct RouteQuery {
  Vertex from, to;
  Duration at{};            // since the plan's epoch
  std::uint64_t bytes = 0;  // of the bundle
};

struct Route {
  Duration arrival{};
  Duration end{};                          // the earliest end among the contacts; of no contacts: kTimeMax
  std::vector<PlannedContactId> contacts;  // empty when the bundle is there already

  friend bool operator==(const Route&, const Route&) = default;
};

// What keeps a search from using the whole plan.
struct PlanState {
  BusyTimes busy_until;                // past a contact's end: nothing can be sent over it
  std::vector<std::uint8_t> excluded;  // by vertex: not as a relay and not as the destination; or empty
};

// Holds the working memory of searches over one graph, which must outlive it. Not shared between threads.
class RouteSearch {
 public:
  explicit RouteSearch(const ContactGraph& graph);

  // Nothing when there is no route, or a vertex is unknown.
  [[nodiscard]] std::optional<Route> best(const RouteQuery& query) { return best(query, PlanState{}); }
  [[nodiscard]] std::optional<Route> best(const RouteQuery& query, const PlanState& state);

  // The first part of it alone.
  [[nodiscard]] std::optional<Duration> earliest_arrival(const RouteQuery& query) {
    return earliest_arrival(query, PlanState{});
  }
  [[nodiscard]] std::optional<Duration> earliest_arrival(const RouteQuery& query, const PlanState& state);

 private:
  struct Reached {
    Duration at;
    Vertex vertex;
  };
  struct Hints {  // by edge: where the last search found its contact
    std::vector<std::uint32_t> ending, starting;
  };
  class Transmission;

  // Both vertices are of the graph and the time within its limits.
  [[nodiscard]] bool can_be_asked(const RouteQuery& query) const;
  void find_arrivals(const Transmission& transmission, const RouteQuery& query);
  // Fills layers_ from the destination until the source is reached in time; how many hops that took.
  std::optional<std::size_t> find_layers(const Transmission& transmission, const RouteQuery& query,
                                         Duration arrival, Duration end_min, std::size_t hops_max);
  [[nodiscard]] bool source_reaches(const Transmission& transmission, const RouteQuery& query,
                                    std::size_t layer, Duration end_min) const;
  [[nodiscard]] Route follow_layers(const Transmission& transmission, const RouteQuery& query,
                                    std::size_t hops, Duration end_min) const;
  [[nodiscard]] Duration latest(std::size_t layer, Vertex vertex) const {
    return layers_[layer * graph_->vertices() + vertex.value()];
  }

  const ContactGraph* graph_;
  Hints hints_;
  std::vector<Duration> arrivals_;  // by vertex; kNever where not reached before the destination
  std::vector<Vertex> touched_;     // vertices with an arrival
  std::vector<Reached> queue_;
  // Row k: the latest time to be at a vertex and still make it in at most k hops; -kNever for no time.
  std::vector<Duration> layers_;
  std::vector<Vertex> frontier_, next_frontier_;
};

}  // namespace skywarden::network
