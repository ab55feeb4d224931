// Pixels for tests, each another one.
#pragma once

#include <string>
#include <vector>

#include "datum/hotspot.h"

namespace skywarden::node::example {

inline datum::Hotspot pixel(Instant seen, int number) {
  const int row = number / 1000, column = number % 1000;
  datum::Hotspot hotspot;
  hotspot.time = seen;
  hotspot.centre = {38.0 + 0.001 * column, -122.0 - 0.001 * row};
  hotspot.scan = hotspot.track = Metres(400.0);
  hotspot.brightness = Kelvin(350.0);
  hotspot.confidence = Probability(0.7);
  hotspot.satellite = "N";
  hotspot.instrument = "VIIRS";
  hotspot.id = datum::observation_id(hotspot);
  return hotspot;
}

// As many as a pass sees at once, a minute a pass.
inline std::vector<datum::Hotspot> pixels(Instant first_seen, int count, int a_pass = 100) {
  std::vector<datum::Hotspot> all;
  for (int i = 0; i < count; ++i) all.push_back(pixel(first_seen + std::chrono::minutes(i / a_pass), i));
  return all;
}

}  // namespace skywarden::node::example
