// The shortest ways over the links of the shell and how long messages take on them. A hop loses a message
// with some chance; the link notices after a round trip and a margin and sends it again, so that what is lost
// comes late.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "agreement/shell.h"
#include "base/random.h"

namespace skywarden::agreement {

struct WayOptions {
  double loss = 0.05;                                     // of a message on a hop
  Duration resend_margin = std::chrono::milliseconds(1);  // beyond the round trip of the hop
  Duration delays_renewed = std::chrono::seconds(10);
  Duration routes_renewed = std::chrono::seconds(60);
};

class Ways {
 public:
  Ways(Shell shell, WayOptions options);

  // Of a message that leaves now; `now` never goes back.
  [[nodiscard]] Duration travel(NodeId from, NodeId to, Instant now, Random& random);
  // Much will be sent from and to this one, until another is named; kNobody: nobody.
  void favour(NodeId hub);
  [[nodiscard]] const Shell& shell() const { return shell_; }

 private:
  [[nodiscard]] std::span<const std::uint32_t> way(NodeId from, NodeId to);
  void renew(Instant now);
  void renew_routes();

  Shell shell_;
  WayOptions options_;
  std::uint64_t loss_below_;
  Instant delays_due_{}, routes_due_{};
  std::optional<consensus::DelayGraph> graph_;
  NodeId hub_;
  std::map<NodeId, consensus::ShortestWays> hubs_;
  std::vector<std::uint32_t> way_at_;  // by pair: where in hops_; 0: not known yet
  std::vector<std::uint32_t> hops_;    // a count, then so many links
};

}  // namespace skywarden::agreement
