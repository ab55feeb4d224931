// Which samples of an orbit a search for passes must look at closely. The batch path says where the satellite
// is at every sample; from there a station is skipped for as long as the satellite, however fast it flies,
// cannot come above the mask, and the samples of a pass that only climb or only fall are left out. What is
// left is decided by the reference path, so that passes do not depend on the instruction set: every
// comparison here keeps a margin far above the difference between the two paths.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "orbit/batch.h"
#include "orbit/earth.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {

// What the elevation does between two samples.
enum class SampleInterval : std::uint8_t {
  kBelow,     // stays below the mask, or ends below it without a summit between
  kMonotone,  // above the mask throughout, rising only or falling only
  kOpen,      // anything else
};

class PassFilter {
 public:
  // `sine_min`: sine of the mask.
  PassFilter(const Sgp4& satellite, Duration ut1_minus_utc, double sine_min);

  // Two or more samples at equal steps; the last step may be shorter. False when nothing can be said: the
  // theory fails or nearly so at one of them, or there is a leap second among them.
  [[nodiscard]] bool load(std::span<const Instant> times);
  // One kind for each two neighbouring samples loaded.
  void classify(const Horizon& station, std::vector<SampleInterval>& kinds) const;

 private:
  struct Look {
    double above_km = 0.0;  // distance above the cone of the mask, times no more than 1
    double range_km = 0.0;
    double up_km = 0.0;
  };
  struct Turn {
    double value = 0.0, rate = 0.0;
  };
  [[nodiscard]] bool turn_to_earth(std::span<const Instant> times);
  [[nodiscard]] bool follows_velocity(double step_s) const;
  void bound_speed(double step_s);
  [[nodiscard]] Look look(const Horizon& station, std::size_t sample) const;
  [[nodiscard]] Turn turn(const Horizon& station, std::size_t sample, const Look& look) const;
  [[nodiscard]] SampleInterval kind_of(const Horizon& station, std::size_t first, const Look& a,
                                       const Look& b) const;

  Sgp4Batch batch_;
  ElementSet elements_;
  Duration ut1_minus_utc_;
  double sine_min_;
  std::vector<double> minutes_;
  StateArrays states_;                // turned to the Earth's frame in place
  double radius_least_km_ = 0.0;      // of the samples
  double speed_most_ = 0.0;           // km/s, of the samples, over the ground
  double climb_most_per_step_ = 0.0;  // km: bounds how far above_km changes in a step
};

}  // namespace skywarden::orbit
