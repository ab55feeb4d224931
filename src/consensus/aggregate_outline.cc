#include "consensus/aggregate_outline.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "statistics/weighted.h"

namespace skywarden::consensus {
namespace {

using datum::FixedPoint;

constexpr double kTurn = 3'600'000'000.0;  // 360° in 1e-7 degree
constexpr std::int64_t kLatMax = 900'000'000, kLonMax = 1'800'000'000;

struct Flat {  // 1e-7 degree of latitude, east and north of the centre
  double x = 0.0, y = 0.0;
};

double shrink_of(FixedPoint centre) {  // length of a degree of longitude against one of latitude
  return std::max(0.01, std::cos(centre.lat * 1e-7 * std::numbers::pi / 180.0));
}

Flat flat(FixedPoint p, FixedPoint centre, double shrink) {
  return {std::remainder(static_cast<double>(p.lon) - centre.lon, kTurn) * shrink,
          static_cast<double>(p.lat) - centre.lat};
}

double cross(Flat a, Flat b) {
  return a.x * b.y - a.y * b.x;
}

// How far along `direction` the ring is last met; 0 when it never is.
std::int64_t reach(const FixedRing& ring, FixedPoint centre, double shrink, Flat direction) {
  double farthest = 0.0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const Flat from = flat(ring[i], centre, shrink), to = flat(ring[i + 1], centre, shrink);
    const Flat edge{to.x - from.x, to.y - from.y};
    const double turn = cross(direction, edge);
    if (turn == 0.0) continue;  // parallel: its ends are met by the neighbouring edges
    const double along_ray = cross(from, edge) / turn, along_edge = cross(from, direction) / turn;
    if (along_edge >= 0.0 && along_edge <= 1.0) farthest = std::max(farthest, along_ray);
  }
  return std::llround(farthest);
}

FixedPoint at(FixedPoint centre, double shrink, Flat direction, std::int64_t length) {
  const auto reached = static_cast<double>(length);
  const auto lat =
      std::clamp<std::int64_t>(centre.lat + std::llround(direction.y * reached), -kLatMax, kLatMax);
  const double lon = std::remainder(centre.lon + direction.x * reached / shrink, kTurn);
  return {static_cast<std::int32_t>(lat),
          static_cast<std::int32_t>(std::clamp<std::int64_t>(std::llround(lon), -kLonMax, kLonMax))};
}

bool less(const FixedRing& a, const FixedRing& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](FixedPoint p, FixedPoint q) {
    return p.lat != q.lat ? p.lat < q.lat : p.lon < q.lon;
  });
}

// The ring that more than half of the weight draws alike, or nullptr.
const FixedRing* common_ring(std::vector<WeightedRing> rings, std::uint64_t total_weight) {
  std::sort(rings.begin(), rings.end(),
            [](const WeightedRing& a, const WeightedRing& b) { return less(*a.ring, *b.ring); });
  std::uint64_t run = 0;
  for (std::size_t i = 0; i < rings.size(); ++i) {
    run = (i > 0 && *rings[i].ring == *rings[i - 1].ring ? run : 0) + rings[i].weight;
    if (2 * run > total_weight) return rings[i].ring;
  }
  return nullptr;
}

FixedRing star(const std::vector<WeightedRing>& rings, FixedPoint centre) {
  const double shrink = shrink_of(centre);
  FixedRing out;
  for (int ray = 0; ray < kOutlineRays; ++ray) {  // counter-clockwise from east
    const double angle = ray * 2.0 * std::numbers::pi / kOutlineRays;
    const Flat direction{std::cos(angle), std::sin(angle)};
    std::vector<statistics::Weighted<std::int64_t>> reaches;
    reaches.reserve(rings.size());
    for (const auto& [ring, weight] : rings)
      reaches.push_back({reach(*ring, centre, shrink, direction), weight});
    const FixedPoint point =
        at(centre, shrink, direction, statistics::lower_weighted_median(std::move(reaches)));
    if (out.empty() || out.back() != point) out.push_back(point);
  }
  while (out.size() > 1 && out.back() == out.front()) out.pop_back();
  if (out.size() < 3) return {};
  out.push_back(out.front());
  return out;
}

}  // namespace

FixedRing merge_outlines(std::span<const WeightedRing> rings, FixedPoint centre, std::uint64_t total_weight) {
  std::vector<WeightedRing> known;
  std::uint64_t known_weight = 0;
  for (const WeightedRing& item : rings) {
    if (item.ring->empty() || item.weight == 0) continue;
    known.push_back(item);
    known_weight += item.weight;
  }
  if (2 * known_weight <= total_weight) return {};
  if (const FixedRing* common = common_ring(known, total_weight)) return *common;
  return star(known, centre);
}

}  // namespace skywarden::consensus
