// Where satellites and ground stations are at any moment of an interval: SGP4 once a step, cubics between (of
// positions and velocities, centimetres over 30 s), as contact_windows.h does it, but kept, for what asks
// again and again about the same interval.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "network/contact_windows.h"
#include "orbit/earth.h"

namespace skywarden::network {

class Ephemeris {
 public:
  static constexpr std::size_t kSamplesMax = 6'000'000;  // of all satellites, 48 bytes each

  // Step: 1 s … 120 s. kConflict when a node appears twice, kLimitReached past the limit above.
  [[nodiscard]] static Result<Ephemeris> make(std::span<const OrbitingNode> satellites,
                                              std::span<const GroundNode> stations, Instant start,
                                              Instant end, Duration step = std::chrono::seconds(30));

  // Nothing for an unknown node, outside the interval, and for a satellite whose theory fails.
  [[nodiscard]] std::optional<Position<Teme>> position(NodeId node, Instant t) const;
  [[nodiscard]] const GroundNode* station(NodeId node) const;  // nullptr: none of these
  // Of a satellite above a station's horizon; nothing as above.
  [[nodiscard]] std::optional<Degrees> elevation(NodeId station, NodeId satellite, Instant t) const;

 private:
  struct Sample {
    bool valid = false;
    orbit::TemeState state;
  };
  struct Ground {
    GroundNode node;
    orbit::Horizon horizon;
  };

  Instant start_{}, end_{};
  Duration step_{};
  std::map<NodeId, std::vector<Sample>> satellites_;
  std::map<NodeId, Ground> stations_;
};

}  // namespace skywarden::network
