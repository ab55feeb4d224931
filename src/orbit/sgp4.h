// SGP4 and SDP4: where a satellite is, from its mean elements. Written from the equations of AIAA 2006-6753
// (Vallado, Crawford, Hujsak, Kelso: Revisiting Spacetrack Report #3, revision 3), improved mode, with the
// WGS-72 constants element sets are fitted with. Positions are TEME of date; error near the epoch is about a
// kilometre and grows by one to three kilometres a day in low orbits. Nothing here says how good a set is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "orbit/deep_space.h"
#include "orbit/earth.h"
#include "orbit/elements.h"
#include "orbit/near_earth.h"
#include "orbit/resonance.h"

namespace skywarden::orbit {

enum class Sgp4Error : std::uint8_t {  // the numbers of the paper
  kMeanEccentricity = 1,               // mean eccentricity outside −0.001…1
  kMeanMotion = 2,                     // mean motion not positive
  kPerturbedEccentricity = 3,          // outside 0…1 after the Sun's and Moon's oscillations
  kSemiLatusRectum = 4,                // negative
  kSuborbitalEpoch = 5,  // kept for its number: the reference states of case 28872 forbid raising it
  kDecayed = 6,          // the radius is below one Earth radius
};
[[nodiscard]] std::string_view to_string(Sgp4Error error);

// How J3 moves e sin ω and the mean longitude, before division by the semi-latus rectum.
struct LongPeriodFactors {
  double sine = 0.0, longitude = 0.0;
};
[[nodiscard]] LongPeriodFactors long_period_factors(double sin_i, double cos_i, const GravityModel& gravity);

class Sgp4 {
 public:
  explicit Sgp4(const ElementSet& elements, const GravityModel& gravity = wgs72());

  [[nodiscard]] tl::expected<TemeState, Sgp4Error> at_minutes(double since_epoch) const;
  [[nodiscard]] tl::expected<TemeState, Sgp4Error> at(Instant t) const;
  [[nodiscard]] bool is_deep_space() const { return deep_.has_value(); }
  [[nodiscard]] const ElementSet& elements() const { return elements_; }
  [[nodiscard]] const GravityModel& gravity() const { return gravity_; }
  // What the state is computed from, for the batch path; null near the Earth.
  [[nodiscard]] const NearEarthModel& near_earth() const { return near_; }
  [[nodiscard]] const LunarSolarModel* lunar_solar() const { return deep_ ? &deep_->lunar_solar : nullptr; }
  [[nodiscard]] const ResonanceModel* resonance() const { return deep_ ? &deep_->resonance : nullptr; }

 private:
  struct DeepSpace {
    LunarSolarModel lunar_solar;
    ResonanceModel resonance;
  };

  ElementSet elements_;
  GravityModel gravity_;
  double root_mu_;
  NearEarthModel near_;
  std::optional<DeepSpace> deep_;
};

}  // namespace skywarden::orbit
