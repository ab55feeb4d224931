// Which way a packet can go right now. A Topology knows the links that physics gives; Cuts are what the
// exercise takes away: crashed nodes, cut links, partitions. Both are values of virtual time; neither draws
// random numbers later than its construction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/contact_forecast.h"

namespace skywarden::sim {

class Cuts {
 public:
  void cut(NodeId a, NodeId b);
  void heal(NodeId a, NodeId b);
  void split(const std::vector<std::set<NodeId>>& sides);  // nodes on no side share the last one
  void unsplit();
  void set_down(NodeId node, bool down);

  [[nodiscard]] bool is_cut(NodeId a, NodeId b) const;
  [[nodiscard]] bool open(NodeId a, NodeId b) const;  // neither down, same side, link not cut
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  [[nodiscard]] int side_of(NodeId node) const;

  std::set<std::pair<NodeId, NodeId>> cut_;
  std::map<NodeId, int> side_;
  std::set<NodeId> down_;
  std::uint64_t version_ = 0;
};

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

class Topology {
 public:
  virtual ~Topology() = default;
  [[nodiscard]] virtual std::optional<Path> path(NodeId from, NodeId to, Instant now, const Cuts& cuts) = 0;
  [[nodiscard]] virtual std::vector<Link> links(Instant now, const Cuts& cuts) = 0;
};

// Every pair has a link of its own with a delay drawn once from [delay_min, delay_max].
struct MeshOptions {
  Duration delay_min = std::chrono::milliseconds(15);
  Duration delay_max = std::chrono::milliseconds(45);
  BitsPerSecond rate{50e6};
};
[[nodiscard]] std::unique_ptr<Topology> mesh_topology(const std::vector<NodeId>& nodes,
                                                      const MeshOptions& options, Random random);

// Links open while the forecast says so; packets take the way of least delay over the links open at that
// moment, cached for `refresh`. Ground stations are joined by a terrestrial network.
struct ContactOptions {
  Duration refresh = std::chrono::seconds(10);
  Duration forwarding = std::chrono::milliseconds(1);  // per hop
  Duration terrestrial_delay = std::chrono::milliseconds(40);
  BitsPerSecond terrestrial_rate{1e9};
};
[[nodiscard]] std::unique_ptr<Topology> contact_topology(
    const std::vector<NodeId>& satellites, const std::vector<NodeId>& stations,
    std::shared_ptr<const datum::ContactForecast> forecast, const ContactOptions& options);

}  // namespace skywarden::sim
