#include "orbit/walker.h"

#include <cmath>
#include <numbers>

#include "orbit/near_earth.h"

namespace skywarden::orbit {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

}  // namespace

Result<bool> WalkerPattern::validate() const {
  if (planes == 0 || satellites == 0 || satellites % planes != 0 || satellites > kWalkerSatellitesMax)
    return fail(Errc::kOutOfRange,
                "Walker pattern: expected a multiple of {} planes up to {}, found {} satellites", planes,
                kWalkerSatellitesMax, satellites);
  if (phasing >= planes)
    return fail(Errc::kOutOfRange, "Walker pattern: expected a phasing below {} planes, found {}", planes,
                phasing);
  if (!(altitude.value() >= 160e3 && altitude.value() <= 100e6))
    return fail(Errc::kOutOfRange, "Walker pattern: expected an altitude of 160…100,000 km, found {} km",
                altitude.value() / 1000.0);
  if (!(inclination.value() >= 0.0 && inclination.value() <= 180.0) || !std::isfinite(first_node.value()))
    return fail(Errc::kOutOfRange, "Walker pattern: expected an inclination of 0…180 degrees, found {}",
                inclination.value());
  return true;
}

Result<std::vector<ElementSet>> walker_elements(const WalkerPattern& pattern) {
  if (auto valid = pattern.validate(); !valid) return tl::unexpected(valid.error());
  const GravityModel gravity = wgs72();
  const double axis = 1.0 + pattern.altitude.value() / 1000.0 / gravity.radius_km;
  const double mean_motion = gravity.root_mu() / std::pow(axis, 1.5);
  const std::uint32_t slots = pattern.satellites / pattern.planes;
  const double node_spread = pattern.kind == WalkerKind::kDelta ? kTwoPi : kTwoPi / 2.0;
  std::vector<ElementSet> sets;
  for (std::uint32_t plane = 0; plane < pattern.planes; ++plane) {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      ElementSet set;
      set.norad = pattern.first_norad + plane * slots + slot;
      set.name = fmt::format("{}-{}-{}", pattern.name, plane + 1, slot + 1);
      set_epoch(set, julian_date_utc(pattern.epoch));
      set.mean_motion = mean_motion;
      set.inclination = to_radians(pattern.inclination).value();
      set.node =
          std::fmod(to_radians(pattern.first_node).value() + node_spread * plane / pattern.planes, kTwoPi);
      set.mean_anomaly =
          std::fmod(kTwoPi * slot / slots + kTwoPi * pattern.phasing * plane / pattern.satellites, kTwoPi);
      sets.push_back(std::move(set));
    }
  }
  return sets;
}

}  // namespace skywarden::orbit
