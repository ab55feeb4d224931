// Orbits that repeat over the same ground once (synchronous, e.g. geostationary) or twice a day (12 hours and
// eccentric, e.g. Molniya) feel the Earth's tesseral harmonics in step: the mean motion and longitude are
// integrated in steps of 720 minutes by Euler–Maclaurin (Hujsak 1979; AIAA 2006-6753, sections "dsinit" and
// "dspace"). Every call integrates from the epoch, so the answer depends on the time alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "orbit/near_earth.h"

namespace skywarden::orbit {

enum class ResonanceKind : std::uint8_t { kNone, kSynchronous, kHalfDay };

// One tesseral term: amplitude · sin(perigee_turns·ω + longitude_turns·λ − phase).
struct ResonantTerm {
  double amplitude = 0.0;
  double perigee_turns = 0.0;
  double longitude_turns = 0.0;
  double phase = 0.0;
};

struct ResonanceModel {
  ResonanceKind kind = ResonanceKind::kNone;
  std::array<ResonantTerm, 10> terms{};
  std::size_t term_count = 0;
  double longitude_epoch = 0.0;    // λ₀, relative to the rotating Earth
  double longitude_rate = 0.0;     // what λ gains a minute beside the mean motion
  double mean_motion_epoch = 0.0;  // n₀
  double perigee_epoch = 0.0;
  double perigee_rate = 0.0;    // by the zonal harmonics alone
  double sidereal_epoch = 0.0;  // Greenwich sidereal time at the epoch
};

// `drift` is the secular effect of the Sun and the Moon.
[[nodiscard]] ResonanceModel make_resonance_model(const NearEarthModel& model, const OrbitElements& drift,
                                                  double greenwich_epoch, const GravityModel& gravity);

// Replaces mean motion and mean anomaly by the integrated ones; node and perigee must be those of `minutes`.
void integrate_resonance(const ResonanceModel& model, double minutes, OrbitElements& elements);

}  // namespace skywarden::orbit
