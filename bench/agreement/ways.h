// The shortest ways over the links of the shell and how long messages take on them. A hop loses a frame with
// some chance; the link notices after a round trip and a margin and sends it again, so that what is lost
// comes late.
//
// A link may send each frame several times in succession; the other end passes on the first that comes and
// drops the others by their number, so nodes see each message once. Whether copies are lost together decides
// what that is worth: see WayOptions::lost_alike. In a real node this is the business of the link below the
// bundles, which knows that consensus is small and urgent; nothing above it changes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "agreement/shell.h"
#include "base/random.h"

namespace skywarden::agreement {

struct WayOptions {
  double loss = 0.05;                                      // of a frame on a hop
  Duration resend_margin = std::chrono::milliseconds(1);   // beyond the round trip of the hop
  std::uint32_t copies = 1;                                // of a frame, on each hop; 1 or more
  Duration copies_apart = std::chrono::microseconds(100);  // as long as 1.5 kB take at 120 Mbit/s
  double lost_alike = 0.0;  // chance that a copy shares the fate of the one before; 0: independent
  Duration delays_renewed = std::chrono::seconds(10);
  Duration routes_renewed = std::chrono::seconds(60);
};

struct Carried {
  std::uint64_t hops = 0;    // frames that links were asked to carry
  std::uint64_t frames = 0;  // that they sent for it, copies and what was sent again included
};

class Ways {
 public:
  Ways(Shell shell, WayOptions options);

  // Of a message that leaves now; `now` never goes back.
  [[nodiscard]] Duration travel(NodeId from, NodeId to, Instant now, Random& random);
  // Much will be sent from and to this one, until another is named; kNobody: nobody.
  void favour(NodeId hub);
  // Its links are down: whatever went over it takes another way. What it sends, or should receive, is lost;
  // whoever calls sees to that.
  void set_away(NodeId node, bool away);
  [[nodiscard]] bool away(NodeId node) const { return away_.contains(node); }
  [[nodiscard]] const Carried& carried() const { return carried_; }
  [[nodiscard]] const Shell& shell() const { return shell_; }

 private:
  [[nodiscard]] std::span<const std::uint32_t> way(NodeId from, NodeId to);
  void renew(Instant now);
  void renew_routes();
  [[nodiscard]] Duration cross(Duration hop, Random& random);

  Shell shell_;
  WayOptions options_;
  std::uint64_t loss_below_, alike_below_;
  Carried carried_;
  std::set<NodeId> away_;
  Instant delays_due_{}, routes_due_{};
  std::optional<consensus::DelayGraph> graph_;
  NodeId hub_;
  std::map<NodeId, consensus::ShortestWays> hubs_;
  std::vector<std::uint32_t> way_at_;  // by pair: where in hops_; 0: not known yet
  std::vector<std::uint32_t> hops_;    // a count, then so many links
};

}  // namespace skywarden::agreement
