// The shell that bench-agreement works on: 72 planes of 22 satellites at 550 km and 53°, phasing 17, each
// joined to the next of its plane and to its like in the next plane. Where the last plane meets the first,
// the phasing has added up to 17 slots, so links there join slots that differ by 17, which are the near ones.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "consensus/delay_graph.h"
#include "orbit/sgp4.h"

namespace skywarden::agreement {

inline constexpr std::uint32_t kPlanes = 72, kSlots = 22, kPhasing = 17;
inline constexpr std::uint32_t kSatellites = kPlanes * kSlots;
inline constexpr Duration kOrbit = std::chrono::seconds(5739);  // one revolution at 550 km
inline constexpr Duration kHopProcessing = std::chrono::microseconds(500);

[[nodiscard]] inline NodeId satellite(std::uint32_t place) {
  return NodeId(place + 1);
}  // by plane, then slot
[[nodiscard]] inline std::uint32_t plane_of(NodeId node) {
  return (node.value() - 1) / kSlots;
}

enum class Delays {
  kConstant,    // 7.1 ms to the next of the plane, 3.5 ms to the next plane
  kFromOrbits,  // light time between where SGP4 says the two are, and kHopProcessing
  kUneven,      // each link its own, uniform in 5…30 ms
};

class Shell {
 public:
  Shell(Delays delays, Random random);

  // A link's number never changes.
  [[nodiscard]] const std::vector<consensus::LinkDelay>& links() const { return links_; }
  void move(Duration since_start);  // takes the delays of that time

 private:
  Delays delays_;
  std::vector<consensus::LinkDelay> links_;
  Instant epoch_;
  std::vector<orbit::Sgp4> theories_;
};

}  // namespace skywarden::agreement
