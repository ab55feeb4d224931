#include "agreement/ways.h"

#include <algorithm>
#include <utility>

namespace skywarden::agreement {

using namespace consensus;

Ways::Ways(Shell shell, WayOptions options)
    : shell_(std::move(shell)),
      options_(options),
      loss_below_(static_cast<std::uint64_t>(options.loss * 0x1p64)),
      way_at_(std::size_t{kSatellites} * kSatellites, 0) {}

void Ways::favour(NodeId hub) {
  hub_ = hub;
  if (hub == kNobody) return;
  if (!graph_) renew_routes();
  hubs_.emplace(hub, shortest_ways(*graph_, *graph_->place(hub)));
}

void Ways::renew(Instant now) {
  if (now >= delays_due_) {
    shell_.move(now.time_since_epoch());
    delays_due_ = now + options_.delays_renewed;
  }
  if (now >= routes_due_) {
    renew_routes();
    routes_due_ = now + options_.routes_renewed;
  }
}

void Ways::renew_routes() {
  graph_.emplace(shell_.links());
  hubs_.clear();
  std::fill(way_at_.begin(), way_at_.end(), 0);
  hops_.assign(1, 0);
  if (hub_ != kNobody) hubs_.emplace(hub_, shortest_ways(*graph_, *graph_->place(hub_)));
}

std::span<const std::uint32_t> Ways::way(NodeId from, NodeId to) {
  const auto [low, high] = std::minmax({from.value() - 1, to.value() - 1});
  std::uint32_t& at = way_at_[std::size_t{low} * kSatellites + high];
  if (at == 0) {
    auto hub = hubs_.find(from);
    if (hub == hubs_.end()) hub = hubs_.find(to);
    const NodeId source = hub == hubs_.end() ? from : hub->first;
    const std::uint32_t target = *graph_->place(source == from ? to : from);
    ShortestWays fresh;
    if (hub == hubs_.end()) fresh = shortest_ways(*graph_, *graph_->place(source), target);
    const ShortestWays& ways = hub == hubs_.end() ? fresh : hub->second;
    at = static_cast<std::uint32_t>(hops_.size());
    hops_.push_back(0);
    for (std::uint32_t p = target; ways.from[p] != kNoPlace; p = ways.from[p]) {
      hops_.push_back(ways.link[p]);
      ++hops_[at];
    }
  }
  return std::span(hops_).subspan(at + 1, hops_[at]);
}

Duration Ways::travel(NodeId from, NodeId to, Instant now, Random& random) {
  renew(now);
  Duration time{};
  for (const std::uint32_t link : way(from, to)) {
    const Duration hop = shell_.links()[link].delay;
    time += hop;
    while (random.next() < loss_below_) time += 2 * hop + options_.resend_margin;
  }
  return time;
}

}  // namespace skywarden::agreement
