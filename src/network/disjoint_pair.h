// Two routes of one bundle that share nothing: so that no single failure stops both copies. What they must
// not share is asked for: a contact; an edge (a directed pair of nodes, whichever contact of it); a relay
// (which includes edges). The best pair is the one whose later arrival is earliest, then whose earlier
// arrival is earliest, then with the fewest hops together. Two copies on disjoint routes never wait for each
// other, so arrivals are those of a bundle alone.
//
// Exactness. Disjoint paths that respect time obey no Menger theorem and are hard in general (Kempe,
// Kleinberg and Kumar, 2000); a contact that stays open for a while is such a shared edge at many times, so
// this holds for contacts as for edges and nodes, and no flow on a time-expanded graph answers it. The search
// here is exact by branching, as conflict-based search plans for several agents (Sharon and others, 2015):
// each side takes its best route; where the two share something, either the one or the other must do without
// it. The bound of a branch is what its two sides reach alone, and the first branch without a conflict is the
// best pair. It takes few steps on plans with choice and may take exponentially many in bad ones, so steps
// are bounded: the pair is then still disjoint, found by keeping each side away from the other's route, and
// `proven` is false.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "network/route_search.h"

namespace skywarden::network {

enum class Disjoint : std::uint8_t { kContacts, kEdges, kNodes };

struct RoutePair {
  Route first, second;  // by arrival, then hops
};

struct PairAnswer {
  std::optional<RoutePair> pair;  // nothing: none found
  bool proven = true;             // false: given up; there may be a better pair, or one at all
  std::size_t steps = 0;          // branches looked at
};

inline constexpr std::size_t kDisjointStepsMax = 1000;

// Later arrival, earlier arrival, hops together: smaller is better.
struct PairRank {
  Duration later{}, earlier{};
  std::size_t hops = 0;
  friend auto operator<=>(const PairRank&, const PairRank&) = default;
};
[[nodiscard]] PairRank rank_of(const Route& a, const Route& b);

// Holds working memory of searches over one graph, which must outlive it. Not shared between threads.
class DisjointSearch {
 public:
  explicit DisjointSearch(const ContactGraph& graph);

  // At the source already: two routes without contacts.
  [[nodiscard]] PairAnswer best(const RouteQuery& query, Disjoint kind, const PlanState& state = {},
                                std::size_t steps_max = kDisjointStepsMax);

  // Up to `count` routes no two of which share such a thing, by arrival. Greedy: each is the best that avoids
  // those before it. For two routes best() can be better, and can find a pair where this finds one route.
  [[nodiscard]] std::vector<Route> greedy(const RouteQuery& query, Disjoint kind, std::size_t count,
                                          const PlanState& state = {});

 private:
  struct Resource {
    bool is_vertex = false;  // else a range of contacts
    std::uint32_t first = 0, last = 0;
    friend auto operator<=>(const Resource&, const Resource&) = default;
  };
  using Resources = std::vector<Resource>;
  struct Side {
    Resources forbidden;
    Route route;
  };
  struct Branch {
    PairRank rank;
    std::size_t conflicts = 0, number = 0;
    Side a, b;
    bool operator<(const Branch& other) const {
      return std::tie(rank, conflicts, number) < std::tie(other.rank, other.conflicts, other.number);
    }
  };

  [[nodiscard]] Resources resources(const Route& route, Disjoint kind) const;
  [[nodiscard]] Resources shared(const Branch& branch, Disjoint kind) const;
  void start(const PlanState& state);
  void forbid(const Resources& resources, bool forbidden);
  [[nodiscard]] std::optional<Route> avoiding(const RouteQuery& query, const Resources& resources,
                                              const Resources& more);
  void complete(const RouteQuery& query, Disjoint kind, const Branch& branch);
  void offer(const Route& a, const Route& b);
  [[nodiscard]] std::vector<Branch> children(const RouteQuery& query, const Branch& branch,
                                             const Resources& conflicts, Disjoint kind);

  const ContactGraph* graph_;
  RouteSearch search_;
  std::vector<std::uint32_t> edge_of_;  // by contact
  PlanState open_, blocked_;            // as asked for, and with what is forbidden now
  std::optional<RoutePair> incumbent_;
  PairRank incumbent_rank_;
  std::size_t branches_ = 0;
};

}  // namespace skywarden::network
