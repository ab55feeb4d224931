// A thermal anomaly that an instrument reported: one pixel of MODIS or VIIRS as FIRMS publishes it.
#pragma once

#include <optional>
#include <string>

#include "base/geodesy.h"
#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/provenance.h"

namespace skywarden::datum {

struct Hotspot {
  ObservationId id;  // observation_id(*this): the same detection has one id however many relayed it
  Instant time{};
  GeoPoint centre;
  Metres scan, track;                // the pixel's size across and along the track; > 0
  Kelvin brightness;                 // channel 21/22 (MODIS) or I-4 (VIIRS)
  std::optional<Kelvin> background;  // channel 31 or I-5
  std::optional<Watts> radiative_power;
  Probability confidence;  // MODIS percent; VIIRS l, n, h read as 0.3, 0.7, 0.95
  bool daytime = false;
  std::string satellite;   // as published: "Terra", "A", "N", "N20"
  std::string instrument;  // "MODIS", "VIIRS"
  Provenance provenance = Provenance::kObserved;
};

// From what was observed only: time, position to 1e-5 degree, satellite and instrument.
[[nodiscard]] ObservationId observation_id(const Hotspot& hotspot);

}  // namespace skywarden::datum
