#include "agreement/ways.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::agreement {

using namespace consensus;

namespace {

constexpr Duration kDown = std::chrono::hours(1);  // longer than any way

// What a drawn number of 64 bits is less than, with such a chance below 1.
std::uint64_t below(double chance) {
  EXPECTS(chance >= 0.0 && chance < 1.0);
  return static_cast<std::uint64_t>(chance * 0x1p64);
}

}  // namespace

Ways::Ways(Shell shell, WayOptions options)
    : shell_(std::move(shell)),
      options_(options),
      loss_below_(below(options.loss)),
      alike_below_(below(options.lost_alike)),
      way_at_(std::size_t{kSatellites} * kSatellites, 0) {
  EXPECTS(options.copies >= 1);
}

void Ways::favour(NodeId hub) {
  hub_ = hub;
  if (hub == kNobody) return;
  if (!graph_) renew_routes();
  hubs_.emplace(hub, shortest_ways(*graph_, *graph_->place(hub)));
}

void Ways::set_away(NodeId node, bool away) {
  if (away)
    away_.insert(node);
  else
    away_.erase(node);
  routes_due_ = Instant{};
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
  std::vector<LinkDelay> links = shell_.links();
  for (LinkDelay& link : links)
    if (away(link.a) || away(link.b)) link.delay = kDown;
  graph_.emplace(links);
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
  for (const std::uint32_t link : way(from, to)) time += cross(shell_.links()[link].delay, random);
  return time;
}

// Until the first copy of a frame is at the other end of a link. When all are lost, that shows a round trip
// and a margin after the last one left.
Duration Ways::cross(Duration hop, Random& random) {
  ++carried_.hops;
  Duration left{};  // when the copy left
  while (true) {
    bool lost = false;
    carried_.frames += options_.copies;  // once one has come, the rest of them leave all the same
    for (std::uint32_t copy = 0; copy < options_.copies; ++copy) {
      if (copy > 0) left += options_.copies_apart;
      const bool alike = copy > 0 && alike_below_ > 0 && random.next() < alike_below_;
      if (!alike) lost = random.next() < loss_below_;
      if (!lost) return left + hop;
    }
    left += 2 * hop + options_.resend_margin;
  }
}

}  // namespace skywarden::agreement
