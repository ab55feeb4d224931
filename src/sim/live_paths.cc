#include "sim/live_paths.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/contract.h"

namespace skywarden::sim {
namespace {

constexpr Duration kLasting = std::chrono::hours(24 * 366 * 10);  // of a link that is always there

std::pair<NodeId, NodeId> ordered(NodeId a, NodeId b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

class Mesh : public LivePaths {
 public:
  Mesh(const std::vector<NodeId>& nodes, const MeshOptions& options, Random random) : options_(options) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (std::size_t j = i + 1; j < nodes.size(); ++j) {
        const double low = static_cast<double>(options.delay_min.count());
        const double high = static_cast<double>(options.delay_max.count());
        delay_[ordered(nodes[i], nodes[j])] = Duration(static_cast<std::int64_t>(random.uniform(low, high)));
      }
    }
  }

  std::optional<Path> path(NodeId from, NodeId to, Instant, const Cuts& cuts) override {
    if (!cuts.open(from, to)) return std::nullopt;
    const auto found = delay_.find(ordered(from, to));
    if (found == delay_.end()) return std::nullopt;
    return Path{found->second, options_.rate, 1};
  }

  std::vector<Link> links(Instant, const Cuts& cuts) override {
    std::vector<Link> out;
    for (const auto& [pair, delay] : delay_)
      out.push_back({pair.first, pair.second, true, !cuts.open(pair.first, pair.second)});
    return out;
  }

  std::vector<network::ContactWindow> planned(Instant start) const override {
    std::vector<network::ContactWindow> out;
    for (const auto& [pair, delay] : delay_)
      out.push_back({pair.first, pair.second, {start, start + kLasting, delay, options_.rate}});
    return out;
  }

 private:
  MeshOptions options_;
  std::map<std::pair<NodeId, NodeId>, Duration> delay_;
};

// All-pairs least-delay paths over the links of one moment, found by Dijkstra from each source on first use.
class Contacts : public LivePaths {
 public:
  Contacts(const std::vector<NodeId>& satellites, const std::vector<NodeId>& stations,
           std::shared_ptr<const network::ContactPlan> plan, const ContactPathOptions& options)
      : nodes_(satellites), satellites_(satellites.size()), plan_(std::move(plan)), options_(options) {
    nodes_.insert(nodes_.end(), stations.begin(), stations.end());
    for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i]] = i;
    known_.resize(nodes_.size() * nodes_.size());
  }

  std::optional<Path> path(NodeId from, NodeId to, Instant now, const Cuts& cuts) override {
    refresh(now, cuts);
    const auto a = index_.find(from);
    const auto b = index_.find(to);
    if (a == index_.end() || b == index_.end()) return std::nullopt;
    if (ways_[a->second].empty()) ways_[a->second] = search(a->second);
    const Way& way = ways_[a->second][b->second];
    if (way.hops < 0) return std::nullopt;
    return Path{way.delay, BitsPerSecond(way.rate), way.hops};
  }

  std::vector<Link> links(Instant now, const Cuts& cuts) override {
    refresh(now, cuts);
    std::vector<Link> out;
    for (const Edge& edge : physical_)
      out.push_back({nodes_[edge.a], nodes_[edge.b], true, !cuts.open(nodes_[edge.a], nodes_[edge.b])});
    return out;
  }

  std::vector<network::ContactWindow> planned(Instant start) const override {
    std::vector<network::ContactWindow> out;
    for (std::size_t i = satellites_; i < nodes_.size(); ++i)
      for (std::size_t j = i + 1; j < nodes_.size(); ++j)
        out.push_back({nodes_[i],
                       nodes_[j],
                       {start, start + kLasting, options_.terrestrial_delay, options_.terrestrial_rate}});
    for (const network::ContactWindow& window : plan_->windows())
      if (window.contact.end > start) out.push_back(window);
    return out;
  }

 private:
  struct Edge {
    std::size_t a, b;
    Duration delay;
    double rate;
  };
  struct Way {
    Duration delay{};
    double rate = 0.0;
    int hops = -1;  // unreachable
  };

  struct Known {
    bool asked = false;
    Instant asked_at{};
    std::optional<datum::Contact> contact;  // nothing: never again
  };

  void refresh(Instant now, const Cuts& cuts) {
    const bool same_links = fresh_ && now >= refreshed_ && now < refreshed_ + options_.refresh;
    if (same_links && cuts.version() == version_) return;
    if (!same_links) find_links(now);
    neighbours_.assign(nodes_.size(), {});
    for (const Edge& edge : physical_) {
      if (!cuts.open(nodes_[edge.a], nodes_[edge.b])) continue;
      neighbours_[edge.a].push_back(edge);
      neighbours_[edge.b].push_back({edge.b, edge.a, edge.delay, edge.rate});
    }
    ways_.assign(nodes_.size(), {});
    version_ = cuts.version();
  }

  void find_links(Instant now) {
    physical_.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (std::size_t j = i + 1; j < nodes_.size(); ++j) {
        if (i >= satellites_) {
          physical_.push_back({i, j, options_.terrestrial_delay, options_.terrestrial_rate.value()});
          continue;
        }
        const auto& contact = contact_of(i, j, now);
        if (contact && contact->start <= now)
          physical_.push_back({i, j, contact->delay, contact->rate.value()});
      }
    }
    refreshed_ = now;
    fresh_ = true;
  }

  // The contact under way or the next one, looked up only when the last one found is over.
  const std::optional<datum::Contact>& contact_of(std::size_t i, std::size_t j, Instant now) {
    Known& known = known_[i * nodes_.size() + j];
    const bool stands = known.asked && now >= known.asked_at && (!known.contact || now < known.contact->end);
    if (!stands) known = {true, now, plan_->next_contact(nodes_[i], nodes_[j], now)};
    return known.contact;
  }

  std::vector<Way> search(std::size_t source) const {
    std::vector<Way> ways(nodes_.size());
    std::vector<bool> done(nodes_.size(), false);
    ways[source] = {Duration{}, std::numeric_limits<double>::max(), 0};
    for (;;) {
      std::size_t best = nodes_.size();
      for (std::size_t i = 0; i < nodes_.size(); ++i)
        if (!done[i] && ways[i].hops >= 0 && (best == nodes_.size() || ways[i].delay < ways[best].delay))
          best = i;
      if (best == nodes_.size()) return ways;
      done[best] = true;
      for (const Edge& edge : neighbours_[best]) {
        const Duration delay = ways[best].delay + edge.delay + options_.forwarding;
        Way& way = ways[edge.b];
        if (way.hops < 0 || delay < way.delay)
          way = {delay, std::min(ways[best].rate, edge.rate), ways[best].hops + 1};
      }
    }
  }

  std::vector<NodeId> nodes_;  // satellites, then stations
  std::size_t satellites_;
  std::unordered_map<NodeId, std::size_t> index_;
  std::shared_ptr<const network::ContactPlan> plan_;
  ContactPathOptions options_;
  bool fresh_ = false;
  Instant refreshed_{};
  std::uint64_t version_ = 0;
  std::vector<Edge> physical_;
  std::vector<std::vector<Edge>> neighbours_;
  std::vector<std::vector<Way>> ways_;
  std::vector<Known> known_;  // by pair
};

}  // namespace

std::unique_ptr<LivePaths> mesh_paths(const std::vector<NodeId>& nodes, const MeshOptions& options,
                                      Random random) {
  EXPECTS(options.delay_min <= options.delay_max);
  return std::make_unique<Mesh>(nodes, options, random);
}

std::unique_ptr<LivePaths> contact_paths(const std::vector<NodeId>& satellites,
                                         const std::vector<NodeId>& stations,
                                         std::shared_ptr<const network::ContactPlan> plan,
                                         const ContactPathOptions& options) {
  return std::make_unique<Contacts>(satellites, stations, std::move(plan), options);
}

}  // namespace skywarden::sim
