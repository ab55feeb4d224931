// How far one result of the batch path is from the reference path, beside what the reference itself loses by
// rounding. Random and hand-made orbits include some whose state hangs on the last digits (eccentricities
// driven to 1, orbits that end inside the Earth); there no bound in metres can hold.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "orbit/batch.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {

struct Agreement {
  bool codes_equal = true;
  double km = 0.0, km_s = 0.0;
  // What a shift of the time by a few units in the last place of its largest part changes.
  double sensitivity_km = 0.0, sensitivity_km_s = 0.0;
};

inline double largest_of(double x, double y, double z) {
  return std::max({std::abs(x), std::abs(y), std::abs(z)});
}

inline Agreement agreement(const Sgp4& reference, double minutes, const StateArrays& batch, std::size_t at) {
  Agreement out;
  const auto state = reference.at_minutes(minutes);
  out.codes_equal = (state ? 0 : static_cast<int>(state.error())) == batch.error[at];
  if (!state || !out.codes_equal) return out;
  const auto& [r, v] = *state;
  out.km = largest_of(batch.x[at] - r.x, batch.y[at] - r.y, batch.z[at] - r.z);
  out.km_s = largest_of(batch.vx[at] - v.x, batch.vy[at] - v.y, batch.vz[at] - v.z);
  const double shift = 1e-15 * (std::abs(minutes) + 100.0);
  for (const double by : {-shift, shift}) {
    const auto moved = reference.at_minutes(minutes + by);
    if (!moved) continue;
    const auto dr = moved->position - r;
    const auto dv = moved->velocity - v;
    out.sensitivity_km = std::max(out.sensitivity_km, largest_of(dr.x, dr.y, dr.z));
    out.sensitivity_km_s = std::max(out.sensitivity_km_s, largest_of(dv.x, dv.y, dv.z));
  }
  // Where the theory flies away, the last digit of the radius itself.
  out.sensitivity_km += 1e-15 * r.norm();
  return out;
}

}  // namespace skywarden::orbit
