#include "agreement/shell.h"

#include <cmath>

#include "network/topology.h"
#include "orbit/walker.h"

namespace skywarden::agreement {
namespace {

constexpr Duration kInPlane = std::chrono::microseconds(7100);
constexpr Duration kAcross = std::chrono::microseconds(3500);

double kilometres_between(const Position<Teme>& a, const Position<Teme>& b) {
  return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}

}  // namespace

Shell::Shell(Delays delays, Random random) : delays_(delays), epoch_(parse_utc("2026-05-08").value()) {
  const auto even = [&] { return from_seconds(random.uniform(0.005, 0.030)); };
  for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      const bool last = plane + 1 == kPlanes;
      const std::uint32_t here = plane * kSlots + slot;
      const std::uint32_t ahead = plane * kSlots + (slot + 1) % kSlots;
      const std::uint32_t beside =
          (plane + 1) % kPlanes * kSlots + (last ? (slot + kPhasing) % kSlots : slot);
      links_.push_back({satellite(here), satellite(ahead), delays == Delays::kUneven ? even() : kInPlane});
      links_.push_back({satellite(here), satellite(beside), delays == Delays::kUneven ? even() : kAcross});
    }
  if (delays != Delays::kFromOrbits) return;
  orbit::WalkerPattern pattern;
  pattern.satellites = kSatellites;
  pattern.planes = kPlanes;
  pattern.phasing = kPhasing;
  pattern.inclination = Degrees(53.0);
  pattern.altitude = kilometres(550.0);
  pattern.epoch = epoch_;
  const auto sets = orbit::walker_elements(pattern).value();
  for (const orbit::ElementSet& set : sets) theories_.emplace_back(set);
  move(Duration::zero());
}

void Shell::move(Duration since_start) {
  if (delays_ != Delays::kFromOrbits) return;
  std::vector<Position<Teme>> at;
  at.reserve(theories_.size());
  for (const orbit::Sgp4& theory : theories_) at.push_back(theory.at(epoch_ + since_start).value().position);
  for (consensus::LinkDelay& link : links_) {
    const double km = kilometres_between(at[link.a.value() - 1], at[link.b.value() - 1]);
    link.delay = from_seconds(km * 1e3 / network::kSpeedOfLightMs) + kHopProcessing;
  }
}

}  // namespace skywarden::agreement
