#include "network/topology.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr std::uint32_t kSatellitesMax = 100'000;
constexpr std::uint32_t kStationsMax = 10'000;
constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
constexpr double kFar = std::numeric_limits<double>::infinity();
// Satellites without a position lie here, out of everybody's reach.
constexpr double kNowhereKm = 1e12;
// A bucket is as wide as the shortest link, so that what is in it cannot shorten each other's way, but not so
// narrow that there are many: no way is longer than this many buckets, and past it the last one takes all.
constexpr double kBucketWidthMinKm = 50.0;
constexpr std::size_t kTreeEntriesMax = 100'000'000;  // satellites of all trees kept, 12 bytes each
constexpr std::size_t kBucketsMax = 4096;

}  // namespace

Result<bool> TopologyShape::validate() const {
  if (satellites > kSatellitesMax || stations > kStationsMax)
    return fail(Errc::kOutOfRange, "expected at most {} satellites and {} stations, found {} and {}",
                kSatellitesMax, kStationsMax, satellites, stations);
  for (std::size_t i = 0; i < links.size(); ++i)
    if (links[i].a >= satellites || links[i].b >= satellites || links[i].a == links[i].b)
      return fail(Errc::kOutOfRange, "link {}: expected two of {} satellites, found {} and {}", i + 1,
                  satellites, links[i].a, links[i].b);
  if (!(ground_range_max_km >= 0.0)) return fail(Errc::kOutOfRange, "expected a range of 0 km or more");
  return true;
}

Topology::Topology(const TopologyShape& shape)
    : satellites_(shape.satellites),
      stations_(shape.stations),
      ground_range_max_km_(shape.ground_range_max_km),
      links_(shape.links),
      first_neighbour_(shape.satellites + 1, 0),
      link_km_(shape.links.size(), kFar),
      x_(shape.satellites, kNowhereKm),
      y_(shape.satellites, kNowhereKm),
      z_(shape.satellites, kNowhereKm),
      first_reach_(shape.stations + 1, 0),
      trees_(shape.satellites + shape.stations),
      to_go_km_(shape.satellites, kFar),
      direct_km_(shape.satellites, kFar),
      buckets_(kBucketsMax) {
  EXPECTS(shape.validate().has_value());
  std::ranges::sort(links_);
  links_.erase(std::ranges::unique(links_).begin(), links_.end());
  link_km_.resize(links_.size());
  for (const SatelliteLink& link : links_) {
    ++first_neighbour_[link.a + 1];
    ++first_neighbour_[link.b + 1];
  }
  for (std::uint32_t s = 0; s < satellites_; ++s) first_neighbour_[s + 1] += first_neighbour_[s];
  neighbours_.resize(2 * links_.size());
  std::vector<std::uint32_t> at(first_neighbour_.begin(), first_neighbour_.end() - 1);
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    neighbours_[at[links_[i].a]++] = {links_[i].b, i};
    neighbours_[at[links_[i].b]++] = {links_[i].a, i};
  }
}

void Topology::move(std::span<const std::optional<Position<Ecef>>> satellites,
                    std::span<const Position<Ecef>> stations) {
  EXPECTS(satellites.size() == satellites_ && stations.size() == stations_);
  for (std::uint32_t s = 0; s < satellites_; ++s) {
    const auto& p = satellites[s];
    x_[s] = p ? p->x : kNowhereKm;
    y_[s] = p ? p->y : kNowhereKm;
    z_[s] = p ? p->z : kNowhereKm;
  }
  link_km_min_ = kFar;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const auto [a, b] = links_[i];
    const bool both = satellites[a].has_value() && satellites[b].has_value();
    link_km_[i] = both ? std::sqrt((x_[a] - x_[b]) * (x_[a] - x_[b]) + (y_[a] - y_[b]) * (y_[a] - y_[b]) +
                                   (z_[a] - z_[b]) * (z_[a] - z_[b]))
                       : kFar;
    link_km_min_ = std::min(link_km_min_, link_km_[i]);
  }
  const double width =
      std::isfinite(link_km_min_) ? std::max(link_km_min_, kBucketWidthMinKm) : kBucketWidthMinKm;
  buckets_per_km_ = 1.0 / width;
  reach_.clear();
  const double range_squared = ground_range_max_km_ * ground_range_max_km_;
  for (std::uint32_t g = 0; g < stations_; ++g) {
    const Position<Ecef> here = stations[g];
    for (std::uint32_t s = 0; s < satellites_; ++s) {
      const double dx = x_[s] - here.x;
      const double dy = y_[s] - here.y;
      const double dz = z_[s] - here.z;
      const double squared = dx * dx + dy * dy + dz * dz;
      if (squared <= range_squared) reach_.push_back({s, std::sqrt(squared)});
    }
    first_reach_[g + 1] = static_cast<std::uint32_t>(reach_.size());
  }
}

std::size_t Topology::bucket_of(double km) const {
  return std::min(static_cast<std::size_t>(km * buckets_per_km_), kBucketsMax - 1);
}

void Topology::put(std::uint32_t satellite) {
  const std::size_t bucket = bucket_of(to_go_km_[satellite]);
  buckets_[bucket].push_back(satellite);
  last_bucket_ = std::max(last_bucket_, bucket);
}

void Topology::aim(std::uint32_t destination) {
  EXPECTS(destination < satellites_ + stations_);
  destination_ = destination;
  Tree& tree = trees_[destination];
  const bool fresh = tree.order.empty();
  if (fresh) {
    if ((++trees_kept_) * std::size_t{satellites_} > kTreeEntriesMax) {
      std::ranges::fill(trees_, Tree{});
      trees_kept_ = 1;
    }
    tree.order.resize(satellites_);
    for (std::uint32_t s = 0; s < satellites_; ++s) tree.order[s] = s;
    tree.next.assign(satellites_, kNowhere);
    tree.link.assign(satellites_, 0);
  }
  renew_lengths(tree);
  offer_direct_ways(tree);
  if (!mend(tree)) return;
  if (fresh) {
    std::ranges::sort(tree.order, {}, [&](std::uint32_t satellite) { return to_go_km_[satellite]; });
    return;
  }
  // The order is nearly right already.
  for (std::size_t i = 1; i < tree.order.size(); ++i) {
    const std::uint32_t satellite = tree.order[i];
    std::size_t at = i;
    for (; at > 0 && to_go_km_[tree.order[at - 1]] > to_go_km_[satellite]; --at)
      tree.order[at] = tree.order[at - 1];
    tree.order[at] = satellite;
  }
}

// Lengths along the old tree. A satellite that comes before its successor in an order gone stale reads as
// without a way, and is mended like the others.
void Topology::renew_lengths(const Tree& tree) {
  std::ranges::fill(direct_km_, kFar);
  if (destination_ < satellites_) {
    if (x_[destination_] != kNowhereKm) direct_km_[destination_] = 0.0;
  } else {
    const std::uint32_t g = destination_ - satellites_;
    for (std::uint32_t i = first_reach_[g]; i < first_reach_[g + 1]; ++i)
      direct_km_[reach_[i].satellite] = reach_[i].range_km;
  }
  std::ranges::fill(to_go_km_, kFar);
  for (const std::uint32_t satellite : tree.order) {
    const std::uint32_t next = tree.next[satellite];
    if (next == kNowhere) continue;
    const bool direct = next == destination_ && (destination_ >= satellites_ || satellite == destination_);
    to_go_km_[satellite] = direct ? direct_km_[satellite] : to_go_km_[next] + link_km_[tree.link[satellite]];
  }
}

void Topology::offer_direct_ways(Tree& tree) {
  for (std::uint32_t satellite = 0; satellite < satellites_; ++satellite) {
    if (direct_km_[satellite] >= to_go_km_[satellite]) continue;
    to_go_km_[satellite] = direct_km_[satellite];
    tree.next[satellite] = destination_;
    put(satellite);
  }
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    const auto [a, b] = links_[i];
    const double over = link_km_[i];
    if (to_go_km_[a] + over < to_go_km_[b]) put(a);
    if (to_go_km_[b] + over < to_go_km_[a]) put(b);
  }
}

// True when a way changed.
bool Topology::mend(Tree& tree) {
  bool changed = false;
  for (std::size_t current = 0; current <= last_bucket_; ++current) {
    // The bucket may grow while it is worked off.
    for (std::size_t i = 0; i < buckets_[current].size(); ++i) {
      const std::uint32_t here = buckets_[current][i];
      const double to_go = to_go_km_[here];
      if (bucket_of(to_go) != current) continue;  // shortened since, and done
      changed = true;
      for (std::uint32_t n = first_neighbour_[here]; n < first_neighbour_[here + 1]; ++n) {
        const auto [there, link] = neighbours_[n];
        const double km = to_go + link_km_[link];
        if (km >= to_go_km_[there]) continue;  // never on equality: links without length would make circles
        to_go_km_[there] = km;
        tree.next[there] = here;
        tree.link[there] = link;
        put(there);
      }
    }
    buckets_[current].clear();
  }
  last_bucket_ = 0;
  return changed;
}

std::optional<GroundPath> Topology::path_from(std::uint32_t source) const {
  EXPECTS(source < satellites_ + stations_);
  GroundPath path;
  path.nodes.push_back(source);
  if (source == destination_) return path;
  std::uint32_t here = source;
  if (source >= satellites_) {
    const std::uint32_t g = source - satellites_;
    path.length_km = kFar;
    for (std::uint32_t i = first_reach_[g]; i < first_reach_[g + 1]; ++i) {
      const double km = reach_[i].range_km + to_go_km_[reach_[i].satellite];
      if (km >= path.length_km) continue;
      path.length_km = km;
      here = reach_[i].satellite;
    }
    if (path.length_km == kFar) return std::nullopt;
    path.nodes.push_back(here);
  } else {
    path.length_km = to_go_km_[source];
    if (path.length_km == kFar) return std::nullopt;
  }
  const Tree& tree = trees_[destination_];
  while (here != destination_) {
    here = tree.next[here];
    path.nodes.push_back(here);
  }
  return path;
}

}  // namespace skywarden::network
