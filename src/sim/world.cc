#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::sim {
namespace {

// What a write that stops half way leaves behind: some of its parts, then a piece of the next one.
node::NodePersist torn(node::NodePersist whole, Random& random) {
  if (!whole.raft.empty()) {
    whole.raft.resize(1 + random.below(whole.raft.size()));
    whole.raft.back() = consensus::torn(std::move(whole.raft.back()), random);
    whole.observations.clear();
  }
  if (!whole.observations.empty()) whole.observations.resize(random.below(whole.observations.size() + 1));
  return whole;
}

void persist(const node::NodePersist& step, node::Stored& disk, std::size_t journal_max) {
  for (const consensus::Persist& part : step.raft) consensus::apply(part, disk.raft);
  disk.observations.insert(disk.observations.end(), step.observations.begin(), step.observations.end());
  if (disk.observations.size() > journal_max) {
    const auto excess = static_cast<std::ptrdiff_t>(disk.observations.size() - journal_max);
    disk.observations.erase(disk.observations.begin(), disk.observations.begin() + excess);
  }
}

std::vector<NodeId> names(const WorldOptions& options) {
  std::set<NodeId> all = options.outside;
  for (const auto& [id, share] : options.shares) all.insert(id);
  return {all.begin(), all.end()};
}

// Whoever waits without a route is tried again when any contact opens; looking for what has expired can wait.
BundleOptions bundle_options() {
  BundleOptions out;
  out.forwarder.sweep = std::chrono::minutes(10);
  out.forwarder.retries_max = 4096;
  return out;
}

}  // namespace

World::World(WorldOptions options, std::unique_ptr<LivePaths> paths, Random random, Instant start)
    : options_(std::move(options)),
      paths_(std::move(paths)),
      random_(random.fork(1)),
      births_(random.fork(2)),
      now_(start),
      channels_(Fraction(options_.loss), options_.loss_spell),
      bundles_(names(options_), paths_->planned(start), bundle_options(), channels_, random.fork(3), start) {
  for (const NodeId id : names(options_)) machines_[id];
  for (auto& [id, machine] : machines_) {
    machine.node = born(id, machine);
    arm(id, machine);
  }
}

std::unique_ptr<node::Node> World::born(NodeId node, const Machine& machine) {
  const consensus::Shares& founding = options_.outside.contains(node) ? consensus::Shares{} : options_.shares;
  return std::make_unique<node::Node>(node, founding, options_.node, machine.disk, Random(births_.next()),
                                      now_, &bundles_);
}

void World::run_until(Instant until) {
  for (;;) {
    const Instant packet = events_.empty() ? Instant::max() : events_.front().at;
    const Instant bundle = bundles_.next_event();
    if (std::min(packet, bundle) > until) break;
    if (bundle <= packet) {
      now_ = std::max(now_, bundle);
      for (const Delivery& delivery : bundles_.play(now_, cuts_)) deliver(delivery);
      continue;
    }
    const Event event = take_next();
    now_ = event.at;
    Machine& machine = machines_.at(event.node);
    if (!machine.node || machine.life != event.life) continue;
    if (event.is_alarm) {
      if (!machine.has_alarm || machine.alarm != event.at) continue;  // re-armed since
      machine.has_alarm = false;
      step(event.node, [&](node::Node& node) { return node.tick(now_); });
    } else {
      if (!event.way.empty())
        for (Observer* observer : observers_) observer->on_packet(event.way, now_);
      step(event.node, [&](node::Node& node) { return node.receive(event.from, event.bytes, now_); });
    }
  }
  now_ = std::max(now_, until);
}

void World::deliver(const Delivery& delivery) {
  note(delivery.to, TraceKind::kBundleDelivered, delivery.from.value());
  for (Observer* observer : observers_) observer->on_delivery(delivery);
  step(delivery.to, [&](node::Node& node) { return node.receive(delivery.from, delivery.payload, now_); });
}

void World::crash(NodeId node, bool torn_write) {
  Machine& machine = machines_.at(node);
  if (!machine.node) return;
  if (torn_write)
    machine.tear_next = true;
  else
    down(node, machine);
}

void World::down(NodeId node, Machine& machine) {
  machine.node.reset();
  machine.has_alarm = false;
  machine.tear_next = false;
  ++machine.life;
  cuts_.set_down(node, true);
  bundles_.crash(node);
  cuts_changed();
  note(node, TraceKind::kCrashed);
}

void World::restart(NodeId node) {
  Machine& machine = machines_.at(node);
  machine.tear_next = false;
  if (machine.node) return;
  cuts_.set_down(node, false);
  bundles_.restart(node, now_);
  cuts_changed();
  channels_.reset(node);
  machine.node = born(node, machine);
  note(node, TraceKind::kRestarted, machine.disk.raft.log.size());
  arm(node, machine);
}

void World::cut(NodeId a, NodeId b) {
  cuts_.cut(a, b);
  cuts_changed();
}
void World::heal(NodeId a, NodeId b) {
  cuts_.heal(a, b);
  cuts_changed();
}

void World::split(const std::vector<std::set<NodeId>>& sides) {
  cuts_.split(sides);
  cuts_changed();
  note(kNobody, TraceKind::kPartitioned, sides.size());
}

void World::unsplit() {
  cuts_.unsplit();
  cuts_changed();
  note(kNobody, TraceKind::kHealed);
}

bool World::observe(NodeId node, std::span<const datum::Hotspot> hotspots) {
  return step(node, [&](node::Node& machine) { return machine.observe(hotspots, now_); });
}

bool World::announce(NodeId node, const datum::Prior& prior) {
  return step(node, [&](node::Node& machine) { return machine.announce(prior, now_); });
}

bool World::change_membership(NodeId leader, const consensus::Membership& to) {
  Machine& machine = machines_.at(leader);
  auto effects = machine.node ? machine.node->change_membership(to, now_)
                              : fail(Errc::kUnavailable, "node {} is down", leader.value());
  if (effects) take(leader, machine, std::move(*effects));
  return effects.has_value();
}

bool World::transfer_leadership(NodeId leader, NodeId to) {
  Machine& machine = machines_.at(leader);
  auto effects = machine.node ? machine.node->transfer_leadership(to, now_)
                              : fail(Errc::kUnavailable, "node {} is down", leader.value());
  if (effects) take(leader, machine, std::move(*effects));
  return effects.has_value();
}

bool World::is_up(NodeId node) const {
  return machines_.at(node).node != nullptr;
}

const node::Node* World::node(NodeId node) const {
  return machines_.at(node).node.get();
}

std::vector<NodeId> World::nodes() const {
  std::vector<NodeId> out;
  for (const auto& [id, machine] : machines_) out.push_back(id);
  return out;
}

NodeId World::leader() const {
  NodeId best = kNobody;
  Term term;
  for (const auto& [id, machine] : machines_) {
    if (!machine.node || machine.node->raft().role() != consensus::Role::kLeader) continue;
    if (best == kNobody || machine.node->raft().term() > term) {
      best = id;
      term = machine.node->raft().term();
    }
  }
  return best;
}

template <typename Step>
bool World::step(NodeId node, Step&& step_function) {
  Machine& machine = machines_.at(node);
  if (!machine.node) return false;
  take(node, machine, step_function(*machine.node));
  return true;
}

void World::take(NodeId node, Machine& machine, node::Effects effects) {
  if (machine.tear_next && !effects.persist.empty()) {
    persist(torn(std::move(effects.persist), random_), machine.disk, options_.node.journal_max);
    down(node, machine);
    return;
  }
  perform(node, machine, std::move(effects));
  arm(node, machine);
}

void World::perform(NodeId node, Machine& machine, node::Effects effects) {
  persist(effects.persist, machine.disk, options_.node.journal_max);
  for (const TraceEvent& event : effects.trace) publish(event);
  for (Observer* observer : observers_) observer->on_effects(node, effects, now_);
  for (node::Outgoing& packet : effects.send) send(node, std::move(packet));
}

void World::send(NodeId from, node::Outgoing packet) {
  ++packets_sent_;
  const auto path = paths_->path(from, packet.to, now_, cuts_);
  const auto lost = [&] { ++packets_lost_; };
  if (!path && machines_.contains(packet.to)) {
    (void)bundles_.offer(from, packet.to, packet.bytes, packet.carriage, now_);
    return;
  }
  if (!path || events_.size() >= options_.packets_in_air_max || !machines_.contains(packet.to)) return lost();
  const auto arrival = cross(*path, packet.bytes.size());
  if (!arrival) return lost();
  std::vector<NodeId> way;
  if (packet.carriage.criticality == network::BundleCriticality::kCritical) {
    way.push_back(from);
    for (const PathHop& hop : *path) way.push_back(hop.to);
  }
  const int copies = random_.chance(options_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const Duration jitter(
        static_cast<std::int64_t>(random_.uniform() * static_cast<double>(options_.jitter.count())));
    Event event;
    event.at = *arrival + jitter;
    event.order = next_order_++;
    event.node = packet.to;
    event.from = from;
    event.life = machines_.at(packet.to).life;
    event.bytes = i + 1 < copies ? packet.bytes : std::move(packet.bytes);
    event.way = way;
    put(std::move(event));
  }
}

// When the last bit is there; nothing when a link loses the packet. Links ahead are taken as they are loaded
// now.
std::optional<Instant> World::cross(const Path& path, std::size_t bytes) {
  Instant at = now_;
  for (const PathHop& hop : path) {
    const Duration takes = from_seconds(static_cast<double>(bytes) * 8.0 / hop.rate.value());
    const Instant begun = channels_.begin(hop.from, hop.to, at, takes);
    paths_->note_wait(hop.from, hop.to, begun - at);
    if (channels_.lost(hop.from, hop.to, random_, begun)) return std::nullopt;
    at = begun + takes + hop.delay;
  }
  return at;
}

void World::arm(NodeId node, Machine& machine) {
  if (!machine.node) return;
  const Instant at = std::max(machine.node->next_deadline(), now_);
  if (machine.has_alarm && machine.alarm <= at) return;  // an earlier alarm will look again
  machine.has_alarm = true;
  machine.alarm = at;
  Event event;
  event.at = at;
  event.order = next_order_++;
  event.node = node;
  event.life = machine.life;
  event.is_alarm = true;
  put(std::move(event));
}

void World::put(Event event) {
  events_.push_back(std::move(event));
  std::push_heap(events_.begin(), events_.end(), Later{});
}

World::Event World::take_next() {
  std::pop_heap(events_.begin(), events_.end(), Later{});
  Event event = std::move(events_.back());
  events_.pop_back();
  return event;
}

void World::note(NodeId node, TraceKind kind, std::uint64_t first) {
  publish({now_, node, kind, first});
}

void World::publish(const TraceEvent& event) {
  hash_.add(event);
  for (Observer* observer : observers_) observer->on_trace(event);
}

}  // namespace skywarden::sim
