#include "wildfire/heat_sites.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::wildfire {
namespace {

constexpr double kCellM = 1000.0;
constexpr int kCoreCells = 1;  // to each side
constexpr int kRingCells = 4;
constexpr Duration kDay = std::chrono::hours(24);

std::int32_t day_of(Instant when) {
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(when.time_since_epoch()).count());
}

}  // namespace

Result<void> HeatSiteOptions::validate() const {
  if (days_min < 2 || days_min > 64) return fail(Errc::kOutOfRange, "sites.days_min: expected 2…64");
  if (span_min < Duration::zero() || forget_after < span_min)
    return fail(Errc::kOutOfRange, "sites: expected 0 <= span_min <= forget_after");
  if (!(core_share_min >= 0.0 && core_share_min <= 1.0))
    return fail(Errc::kOutOfRange, "sites.core_share_min: expected 0…1");
  if (known.size() > kKnownHeatMax)
    return fail(Errc::kLimitReached, "sites.known: expected at most {}", kKnownHeatMax);
  for (const KnownHeat& place : known)
    if (!(std::abs(place.centre.lat_deg) <= 90.0 && std::abs(place.centre.lon_deg) <= 360.0) ||
        !(place.radius.value() > 0.0 && place.radius.value() <= 50'000.0))
      return fail(Errc::kOutOfRange, "sites.known: expected places on the Earth with a radius of 0…50 km");
  if (cells_max < 1) return fail(Errc::kOutOfRange, "sites.cells_max: expected at least 1");
  return {};
}

HeatSites::HeatSites(HeatSiteOptions options) : options_(std::move(options)) {
  EXPECTS(options_.validate().has_value());
  for (const KnownHeat& place : options_.known)
    known_.push_back({to_direction(place.centre), std::cos(place.radius.value() / kEarthMeanRadiusM)});
}

HeatSites::Key HeatSites::key_of(const Direction& where) {
  constexpr double kCells = kEarthMeanRadiusM / kCellM;
  const auto cell = [](double v) { return static_cast<std::int16_t>(std::floor(v * kCells)); };
  return {cell(where.x), cell(where.y), cell(where.z)};
}

void HeatSites::forget(const Key& key) {
  const auto it = cells_.find(key);
  by_last_day_.erase({it->second.days.back(), key});
  cells_.erase(it);
  ++revision_;
}

void HeatSites::add(const Direction& where, Instant when) {
  const Key key = key_of(where);
  const std::int32_t day = day_of(when);
  Cell& cell = cells_[key];
  ++cell.count;
  ++revision_;
  const std::int32_t last_before = cell.days.empty() ? day : cell.days.back();
  const auto at = std::lower_bound(cell.days.begin(), cell.days.end(), day);
  if (at == cell.days.end() || *at != day) cell.days.insert(at, day);
  if (cell.days.size() > kDaysMax) cell.days.erase(cell.days.begin());
  by_last_day_.erase({last_before, key});
  by_last_day_.insert({cell.days.back(), key});
  if (cells_.size() > options_.cells_max) forget(by_last_day_.begin()->second);
}

void HeatSites::advance(Instant now) {
  const std::int32_t oldest = day_of(now - options_.forget_after);
  while (!by_last_day_.empty() && by_last_day_.begin()->first < oldest) forget(by_last_day_.begin()->second);
}

bool HeatSites::is_known(const Direction& where) const {
  return std::any_of(known_.begin(), known_.end(), [&](const auto& circle) {
    const Direction& c = circle.centre;
    return where.x * c.x + where.y * c.y + where.z * c.z >= circle.cosine;
  });
}

bool HeatSites::persistent_at(const Direction& where) const {
  if (is_known(where)) return true;
  const Key centre = key_of(where);
  const auto around = [&](int reach, auto&& visit) {
    for (int dx = -reach; dx <= reach; ++dx)
      for (int dy = -reach; dy <= reach; ++dy) {
        const auto x = static_cast<std::int16_t>(centre[0] + dx),
                   y = static_cast<std::int16_t>(centre[1] + dy);
        const auto last_z = static_cast<std::int16_t>(centre[2] + reach);
        for (auto it = cells_.lower_bound({x, y, static_cast<std::int16_t>(centre[2] - reach)});
             it != cells_.end() && it->first[0] == x && it->first[1] == y && it->first[2] <= last_z; ++it)
          visit(it->second);
      }
  };
  std::vector<std::int32_t> days;
  std::uint64_t core = 0, wide = 0;
  around(kCoreCells, [&](const Cell& cell) {
    days.insert(days.end(), cell.days.begin(), cell.days.end());
    core += cell.count;
  });
  if (days.size() < options_.days_min) return false;
  std::ranges::sort(days);
  days.erase(std::ranges::unique(days).begin(), days.end());
  if (days.size() < options_.days_min) return false;
  if ((days.back() - days.front()) * kDay < options_.span_min) return false;
  around(kRingCells, [&](const Cell& cell) { wide += cell.count; });
  return static_cast<double>(core) >= options_.core_share_min * static_cast<double>(wide);
}

}  // namespace skywarden::wildfire
