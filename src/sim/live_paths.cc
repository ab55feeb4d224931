#include "sim/live_paths.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "base/contract.h"
#include "network/connected_routes.h"

namespace skywarden::sim {
namespace {

using network::Vertex;

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
    return Path{{from, to, found->second, options_.rate}};
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

// The plan as a sequence of links that come and go, followed as time passes.
class Contacts : public LivePaths {
 public:
  Contacts(const std::vector<NodeId>& satellites, const std::vector<NodeId>& stations,
           std::vector<network::ContactWindow> windows, const ContactPathOptions& options)
      : options_(options),
        windows_(std::move(windows)),
        routes_(static_cast<std::uint32_t>(satellites.size() + stations.size()),
                {.forwarding = options.forwarding}) {
    for (const auto* group : {&satellites, &stations})
      for (const NodeId node : *group) {
        vertices_.emplace(node, Vertex(static_cast<std::uint32_t>(nodes_.size())));
        nodes_.push_back(node);
      }
    for (std::size_t i = 0; options.terrestrial && i < stations.size(); ++i)
      for (std::size_t j = i + 1; j < stations.size(); ++j)
        terrestrial_.push_back(
            {stations[i], stations[j], {{}, {}, options.terrestrial_delay, options.terrestrial_rate}});
    for (const network::ContactWindow& link : terrestrial_) up_.emplace(std::pair(link.a, link.b), &link);
  }

  std::optional<Path> path(NodeId from, NodeId to, Instant now, const Cuts& cuts) override {
    follow(now, cuts);
    const auto a = vertices_.find(from);
    const auto b = vertices_.find(to);
    if (a == vertices_.end() || b == vertices_.end()) return std::nullopt;
    const auto way = routes_.path(a->second, b->second);
    if (!way) return std::nullopt;
    Path out;
    for (std::size_t i = 1; i < way->vertices.size(); ++i) {
      const NodeId here = nodes_[way->vertices[i - 1].value()];
      const NodeId next = nodes_[way->vertices[i].value()];
      const datum::Contact& contact = up_.at(ordered(here, next))->contact;
      out.push_back({here, next, contact.delay + options_.forwarding, contact.rate});
    }
    return out;
  }

  std::vector<Link> links(Instant now, const Cuts& cuts) override {
    follow(now, cuts);
    std::set<std::pair<NodeId, NodeId>> listed = cuts.cut_links();
    for (const auto& [pair, window] : up_) listed.insert(pair);
    std::vector<Link> out;
    for (const auto& pair : listed)
      out.push_back({pair.first, pair.second, up_.contains(pair), !cuts.open(pair.first, pair.second)});
    return out;
  }

  std::vector<network::ContactWindow> planned(Instant start) const override {
    std::vector<network::ContactWindow> out = terrestrial_;
    for (network::ContactWindow& link : out) {
      link.contact.start = start;
      link.contact.end = start + kLasting;
    }
    for (const network::ContactWindow& window : windows_)
      if (window.contact.end > start) out.push_back(window);
    return out;
  }

  void note_wait(NodeId from, NodeId to, Duration wait) override {
    routes_.set_load(vertices_.at(from), vertices_.at(to), wait);
  }

 private:
  struct Ending {
    Instant at{};
    std::size_t window = 0;
    friend bool operator>(const Ending& a, const Ending& b) {
      return std::tie(a.at, a.window) > std::tie(b.at, b.window);
    }
  };

  // Links that come and go up to now, ends before beginnings of the same moment; then what the cuts changed.
  void follow(Instant now, const Cuts& cuts) {
    for (;;) {
      const Instant start = next_ < windows_.size() ? windows_[next_].contact.start : Instant::max();
      const Instant end = endings_.empty() ? Instant::max() : endings_.top().at;
      if (std::min(start, end) > now) break;
      if (end <= start) {
        const network::ContactWindow& window = windows_[endings_.top().window];
        endings_.pop();
        up_.erase({window.a, window.b});
        set(window, false);
      } else {
        const network::ContactWindow& window = windows_[next_];
        endings_.push({window.contact.end, next_++});
        if (!vertices_.contains(window.a) || !vertices_.contains(window.b)) continue;
        up_.insert_or_assign({window.a, window.b}, &window);
        set(window, cuts.open(window.a, window.b));
      }
    }
    if (cuts.version() == version_) return;
    version_ = cuts.version();
    for (const auto& [pair, window] : up_) set(*window, cuts.open(pair.first, pair.second));
  }

  void set(const network::ContactWindow& window, bool open) {
    const auto a = vertices_.find(window.a);
    const auto b = vertices_.find(window.b);
    if (a == vertices_.end() || b == vertices_.end()) return;
    if (open)
      routes_.set_link(a->second, b->second, window.contact.delay, window.contact.rate);
    else
      routes_.remove_link(a->second, b->second);
  }

  ContactPathOptions options_;
  std::vector<network::ContactWindow> windows_;  // by start
  std::vector<network::ContactWindow> terrestrial_;
  std::vector<NodeId> nodes_;  // by vertex
  std::map<NodeId, Vertex> vertices_;
  network::ConnectedRoutes routes_;
  std::map<std::pair<NodeId, NodeId>, const network::ContactWindow*> up_;  // what physics gives now
  std::size_t next_ = 0;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings_;
  std::uint64_t version_ = ~std::uint64_t{0};  // of the cuts; none seen yet
};

}  // namespace

std::unique_ptr<LivePaths> mesh_paths(const std::vector<NodeId>& nodes, const MeshOptions& options,
                                      Random random) {
  EXPECTS(options.delay_min <= options.delay_max);
  return std::make_unique<Mesh>(nodes, options, random);
}

std::unique_ptr<LivePaths> contact_paths(const std::vector<NodeId>& satellites,
                                         const std::vector<NodeId>& stations,
                                         std::vector<network::ContactWindow> windows,
                                         const ContactPathOptions& options) {
  return std::make_unique<Contacts>(satellites, stations, std::move(windows), options);
}

}  // namespace skywarden::sim
