// Many nodes, one thread, virtual time: the very Node code that flies, over links that lose, delay, duplicate
// and reorder, and as bundles when there is no path, on disks that keep only what was persisted and may tear
// the last write. The same options and seed give the same run, event by event; its fingerprint is
// trace_hash().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "node/node.h"
#include "sim/bundle_links.h"
#include "sim/channels.h"
#include "sim/cuts.h"
#include "sim/live_paths.h"

namespace skywarden::sim {

struct WorldOptions {
  double loss = 0.0;       // of each packet and bundle on each hop; at most a half
  Duration loss_spell{};   // losses come in bad spells of this mean length; zero: each by itself
  double duplicate = 0.0;  // a packet arrives twice
  Duration jitter{};       // added to each packet, uniform in [0, jitter]; this is what reorders
  std::size_t packets_in_air_max = 1'000'000;  // beyond, packets are lost as on a jammed channel
  node::NodeOptions node;
  consensus::Shares shares;  // the group's founders; zero shares listen and do not vote
  std::set<NodeId> outside;  // nodes of the world that may join later
};

// Sees everything as it happens; called in a fixed order.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_effects(NodeId /*node*/, const node::Effects& /*effects*/, Instant /*now*/) {}
  virtual void on_trace(const TraceEvent& /*event*/) {}
  // A bundle arrived, or a critical packet over the nodes of `way`; what it made its receiver do follows.
  virtual void on_delivery(const Delivery& /*delivery*/) {}
  virtual void on_packet(const std::vector<NodeId>& /*way*/, Instant /*now*/) {}
};

class World {
 public:
  World(WorldOptions options, std::unique_ptr<LivePaths> paths, Random random, Instant start);

  // Plays every event up to and including `until`.
  void run_until(Instant until);
  [[nodiscard]] Instant now() const { return now_; }

  // What the exercise does to the nodes.
  void crash(NodeId node,
             bool torn_write);  // torn: the write of the next step stops half way and nothing is sent
  void restart(NodeId node);
  void cut(NodeId a, NodeId b);
  void heal(NodeId a, NodeId b);
  void split(const std::vector<std::set<NodeId>>& sides);
  void unsplit();

  // What arrives from outside; false when the node is down.
  bool observe(NodeId node, std::span<const datum::Hotspot> hotspots);
  bool announce(NodeId node, const datum::Prior& prior);
  // Asks a node that should lead; false when it is down or refuses.
  bool change_membership(NodeId leader, const consensus::Membership& to);
  bool transfer_leadership(NodeId leader, NodeId to);

  [[nodiscard]] bool is_up(NodeId node) const;
  [[nodiscard]] const node::Node* node(NodeId node) const;  // nullptr when down
  [[nodiscard]] std::vector<NodeId> nodes() const;
  [[nodiscard]] NodeId leader() const;  // the leader of the highest term that is up, or kNobody
  [[nodiscard]] std::vector<Link> links() { return paths_->links(now_, cuts_); }
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_.value(); }
  [[nodiscard]] std::uint64_t packets_sent() const { return packets_sent_; }
  [[nodiscard]] std::uint64_t packets_lost() const { return packets_lost_; }
  [[nodiscard]] const BundleLinks& bundles() const { return bundles_; }
  [[nodiscard]] const Cuts& cuts() const { return cuts_; }
  void watch(Observer* observer) { observers_.push_back(observer); }

 private:
  struct Machine {
    std::unique_ptr<node::Node> node;  // empty while down
    node::Stored disk;
    std::uint64_t life = 0;  // packets and alarms of an earlier life are void
    Instant alarm{};         // the pending wake-up, if any
    bool has_alarm = false;
    bool tear_next = false;
  };
  struct Event {
    Instant at{};
    std::uint64_t order = 0;  // ties are broken by the order of creation
    NodeId node, from;
    std::uint64_t life = 0;
    bool is_alarm = false;
    std::vector<std::byte> bytes;
    std::vector<NodeId> way;  // of what is critical
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  template <typename Step>
  bool step(NodeId node, Step&& step_function);
  void take(NodeId node, Machine& machine, node::Effects effects);
  void perform(NodeId node, Machine& machine, node::Effects effects);
  [[nodiscard]] std::unique_ptr<node::Node> born(NodeId node, const Machine& machine);
  void send(NodeId from, node::Outgoing packet);
  [[nodiscard]] std::optional<Instant> cross(const Path& path, std::size_t bytes);
  void arm(NodeId node, Machine& machine);
  void put(Event event);
  Event take_next();
  void down(NodeId node, Machine& machine);
  void deliver(const Delivery& delivery);
  void cuts_changed() { bundles_.follow(cuts_, now_); }
  void note(NodeId node, TraceKind kind, std::uint64_t first = 0);
  void publish(const TraceEvent& event);

  WorldOptions options_;
  std::unique_ptr<LivePaths> paths_;
  Random random_;
  Random births_;  // seeds of nodes: independent of how much traffic there was
  Instant now_;
  Cuts cuts_;
  Channels channels_;
  BundleLinks bundles_;
  std::map<NodeId, Machine> machines_;
  std::vector<Event> events_;  // a heap, the next one first
  std::uint64_t next_order_ = 0;
  std::uint64_t packets_sent_ = 0, packets_lost_ = 0;
  TraceHash hash_;
  std::vector<Observer*> observers_;
};

}  // namespace skywarden::sim
