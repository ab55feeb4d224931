// When a satellite stands above a station's elevation mask. The elevation is sampled at a step bounded by the
// satellite's fastest motion around the Earth; every maximum and minimum between samples is found where the
// elevation's rate changes sign, so that a pass that peaks just above the mask between two samples is not
// missed; crossings are then bracketed by monotone pieces and refined with Brent's method. Geometric: no
// refraction, no obstacles but the mask. Which samples need no look is known from pass_filter.h; the answer
// is that of looking at all of them, with the same bits on every machine. The moment of closest approach is
// that of the greatest elevation.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "orbit/earth.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {

struct Pass {
  std::size_t station = 0;  // index into the stations asked about
  Instant aos{};            // acquisition of signal, or the interval's start when already under way
  Instant tca{};            // greatest elevation
  Instant los{};            // loss of signal, or the interval's end
  bool cut_at_start = false;
  bool cut_at_end = false;
  Degrees elevation_max;
  double range_km_at_tca = 0.0;
  double range_rate_kms_at_aos = 0.0;  // negative: approaching
  double range_rate_kms_at_tca = 0.0;
  double range_rate_kms_at_los = 0.0;
};

struct PassList {
  std::vector<Pass> passes;  // by station, then by time
  // The first sample at which the theory failed; there are no passes while it does.
  struct Failure {
    Instant at{};
    Sgp4Error error{};
  };
  std::optional<Failure> failure;
};

struct PassOptions {
  Degrees elevation_min{0.0};                              // −90 < mask < 90
  Duration edge_tolerance = std::chrono::microseconds(1);  // of AOS, TCA and LOS
  Duration ut1_minus_utc =
      Duration(0);  // ±0.9 s, from IERS Bulletin A; a second is 465 m of ground at the equator
};

[[nodiscard]] PassList find_passes(const Sgp4& satellite, std::span<const Horizon> stations, Instant start,
                                   Instant end, const PassOptions& options = {});

// The step between samples: a fixed small angle at perigee, 5 s … 300 s.
[[nodiscard]] Duration pass_sampling_step(const ElementSet& elements);

}  // namespace skywarden::orbit
