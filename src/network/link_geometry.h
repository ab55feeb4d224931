// What decides whether a link in sight is a link in use, from positions alone: how low its line passes over
// the Earth, how near the Sun stands behind the other end, and whether it leads over the poles.
#pragma once

#include <optional>

#include "base/frames.h"
#include "base/time.h"
#include "base/units.h"
#include "network/ephemeris.h"

namespace skywarden::network {

// The height of the lowest point of the straight line between two points over a sphere of the Earth's
// equatorial radius: at most 21 km less than over the ellipsoid, none at the equator. Negative: through the
// Earth. Between one point and itself: its height.
[[nodiscard]] Metres grazing_height(const Position<Teme>& a, const Position<Teme>& b);

// Between the directions from the receiver to the sender and to the Sun, 0…180.
[[nodiscard]] Degrees sun_separation(const Position<Teme>& receiver, const Position<Teme>& sender,
                                     const Position<Teme>& sun);

[[nodiscard]] Degrees geocentric_latitude(const Position<Teme>& position);

// When a link between two nodes passes the Earth's limb closest, within [start, end], to a millisecond where
// its height has one dip a step. Nothing when either has no position anywhere in it.
struct Graze {
  Metres height;
  Instant at{};
};
[[nodiscard]] std::optional<Graze> closest_graze(const Ephemeris& ephemeris, NodeId a, NodeId b,
                                                 Instant start, Instant end,
                                                 Duration step = std::chrono::seconds(30));

}  // namespace skywarden::network
