// Which way a packet can go right now, over the links that physics gives and the exercise leaves
// (sim/cuts.h). A value of virtual time: no random numbers are drawn after construction. What has no path now
// may travel over the planned contacts instead (sim/bundle_links.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "network/contact_plan.h"
#include "sim/cuts.h"

namespace skywarden::sim {

struct Path {
  Duration delay{};    // one way, propagation and forwarding
  BitsPerSecond rate;  // of the slowest link
  int hops = 0;        // links crossed; each may lose the packet
};

struct Link {
  NodeId a, b;
  bool up = false;  // physics gives it now
  bool cut = false;
};

class LivePaths {
 public:
  virtual ~LivePaths() = default;
  [[nodiscard]] virtual std::optional<Path> path(NodeId from, NodeId to, Instant now, const Cuts& cuts) = 0;
  [[nodiscard]] virtual std::vector<Link> links(Instant now, const Cuts& cuts) = 0;
  // All links that physics will give from `start` on, by start.
  [[nodiscard]] virtual std::vector<network::ContactWindow> planned(Instant start) const = 0;
};

// Every pair has a link of its own with a delay drawn once from [delay_min, delay_max].
struct MeshOptions {
  Duration delay_min = std::chrono::milliseconds(15);
  Duration delay_max = std::chrono::milliseconds(45);
  BitsPerSecond rate{50e6};
};
[[nodiscard]] std::unique_ptr<LivePaths> mesh_paths(const std::vector<NodeId>& nodes,
                                                    const MeshOptions& options, Random random);

// Links open while the plan says so; packets take the way of least delay over the links open at that
// moment, cached for `refresh`. Ground stations are joined by a terrestrial network.
struct ContactPathOptions {
  Duration refresh = std::chrono::seconds(10);
  Duration forwarding = std::chrono::milliseconds(1);  // per hop
  Duration terrestrial_delay = std::chrono::milliseconds(40);
  BitsPerSecond terrestrial_rate{1e9};
};
[[nodiscard]] std::unique_ptr<LivePaths> contact_paths(const std::vector<NodeId>& satellites,
                                                       const std::vector<NodeId>& stations,
                                                       std::shared_ptr<const network::ContactPlan> plan,
                                                       const ContactPathOptions& options);

}  // namespace skywarden::sim
