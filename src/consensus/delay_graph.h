// Who sees whom, and how long a word takes: a graph of links with delays, and the shortest ways through it
// (Dijkstra 1959). The links are a prediction for one moment; whoever knows orbits makes it. Places are the
// nodes' positions in ascending order of NodeId, so that results do not depend on how links are listed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace skywarden::consensus {

struct LinkDelay {  // both directions
  NodeId a, b;
  Duration delay{};                // one way, above zero
  Instant until = Instant::max();  // when the contact is predicted to end
};

class DelayGraph {
 public:
  struct Neighbour {
    std::uint32_t place;
    std::uint32_t link;  // its number among the links the graph was made of
    Duration delay;
  };

  explicit DelayGraph(std::span<const LinkDelay> links);

  [[nodiscard]] std::span<const NodeId> nodes() const { return nodes_; }
  [[nodiscard]] std::optional<std::uint32_t> place(NodeId node) const;  // nothing: it has no link
  [[nodiscard]] std::span<const Neighbour> neighbours(std::uint32_t place) const {
    return std::span(neighbours_).subspan(first_[place], first_[place + 1] - first_[place]);
  }

 private:
  std::vector<NodeId> nodes_;
  std::vector<std::uint32_t> first_;
  std::vector<Neighbour> neighbours_;
};

inline constexpr Duration kNoWay = Duration::max();
inline constexpr std::uint32_t kNoPlace = UINT32_MAX;

struct ShortestWays {               // by place
  std::vector<Duration> delay;      // from the source; kNoWay
  std::vector<std::uint32_t> from;  // the place before, on the way; kNoPlace for the source and out of reach
  std::vector<std::uint32_t> link;  // by which it comes from there
};

// Of equally short ways the one over the lower place. With `target`, only what is nearer than it is right.
[[nodiscard]] ShortestWays shortest_ways(const DelayGraph& graph, std::uint32_t source,
                                         std::uint32_t target = kNoPlace);

}  // namespace skywarden::consensus
