// Which way a packet can go right now, over the links that physics gives and the exercise leaves
// (sim/cuts.h). A value of virtual time: no random numbers are drawn after construction. What has no path now
// may travel over the planned contacts instead (sim/bundle_links.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "network/contact_windows.h"
#include "sim/cuts.h"

namespace skywarden::sim {

struct PathHop {  // one link crossed
  NodeId from, to;
  Duration delay{};  // light and forwarding
  BitsPerSecond rate;
};
using Path = std::vector<PathHop>;

struct Link {
  NodeId a, b;
  bool up = false;  // physics gives it now
  bool cut = false;
};

class LivePaths {
 public:
  virtual ~LivePaths() = default;
  // `now` never goes back.
  [[nodiscard]] virtual std::optional<Path> path(NodeId from, NodeId to, Instant now, const Cuts& cuts) = 0;
  // Those that physics gives now and those that somebody cut, by their nodes.
  [[nodiscard]] virtual std::vector<Link> links(Instant now, const Cuts& cuts) = 0;
  // All links that physics will give from `start` on, by start.
  [[nodiscard]] virtual std::vector<network::ContactWindow> planned(Instant start) const = 0;
  // What a packet waited in front of a link: later ones may go around it.
  virtual void note_wait(NodeId /*from*/, NodeId /*to*/, Duration /*wait*/) {}
};

// Every pair has a link of its own with a delay drawn once from [delay_min, delay_max].
struct MeshOptions {
  Duration delay_min = std::chrono::milliseconds(15);
  Duration delay_max = std::chrono::milliseconds(45);
  BitsPerSecond rate{50e6};
};
[[nodiscard]] std::unique_ptr<LivePaths> mesh_paths(const std::vector<NodeId>& nodes,
                                                    const MeshOptions& options, Random random);

// Links open in their windows, which come by start and of one pair do not overlap; packets take the way of
// least delay over the links open at that moment, and around those where packets wait
// (network/connected_routes.h). Ground stations are joined by a terrestrial network, if there is one.
struct ContactPathOptions {
  bool terrestrial = true;
  Duration forwarding = std::chrono::milliseconds(1);  // per hop
  Duration terrestrial_delay = std::chrono::milliseconds(40);
  BitsPerSecond terrestrial_rate{1e9};
};
[[nodiscard]] std::unique_ptr<LivePaths> contact_paths(const std::vector<NodeId>& satellites,
                                                       const std::vector<NodeId>& stations,
                                                       std::vector<network::ContactWindow> windows,
                                                       const ContactPathOptions& options);

}  // namespace skywarden::sim
