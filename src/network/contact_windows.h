// When satellites see each other and ground stations, predicted from their orbits: the windows of a contact
// plan. Two satellites see each other when the line between them clears the Earth and the air that bends and
// blocks it; a station sees a satellite above its elevation mask. Whether a radio points there is another
// question. Orbits are sampled once per step for all pairs and edges refined on the cubic through two
// samples, whose error over 30 s is centimetres; contacts and gaps shorter than the step may be missed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/contact_forecast.h"
#include "orbit/earth.h"
#include "orbit/elements.h"

namespace skywarden::network {

struct OrbitingNode {
  NodeId node;
  orbit::ElementSet elements;
};

struct GroundNode {
  NodeId node;
  orbit::Place place;
};

struct ContactOptions {
  Duration step = std::chrono::seconds(30);      // 1 s … 120 s
  Metres atmosphere = kilometres(80.0);          // the line between satellites stays above this height
  Metres satellite_range_max = kilometres(5e3);  // between satellites; infinity for none
  Degrees elevation_min{10.0};                   // at ground stations
  BitsPerSecond satellite_rate{10e6};
  BitsPerSecond ground_rate{50e6};
  std::size_t windows_max = 5'000'000;

  [[nodiscard]] Result<bool> validate() const;
};

struct ContactWindow {
  NodeId a, b;  // a < b
  datum::Contact contact;
  friend bool operator<(const ContactWindow& x, const ContactWindow& y);  // by start, then a, then b
};

// All windows of all pairs in [start, end], in order. Edges are whole milliseconds, rounded inward, and
// delays whole microseconds, so that the last bits of a mathematics library decide nothing. A satellite whose
// theory fails (decayed) has no contacts from then on. kConflict when a node appears twice, kOutOfRange for
// options.
[[nodiscard]] Result<std::vector<ContactWindow>> contact_windows(std::span<const OrbitingNode> satellites,
                                                                 std::span<const GroundNode> stations,
                                                                 Instant start, Instant end,
                                                                 const ContactOptions& options = {});

}  // namespace skywarden::network
