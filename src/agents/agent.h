// Who works in the constellation: the nouns of the registry. Three tiers. S, a satellite: senses, judges,
// executes. C, a cluster: the satellite that leads a consensus group, assigns and rates its tasks; a role
// held while present, one a group. A, an area: a ground authority or a leader over groups, which arbitrates
// between them and vouches for newcomers.
//
// Life cycle; nothing else may happen:
//   joining --heard--> active <--> degraded      degraded: says that it can do less, or a superior says so
//   joining, active, degraded --> suspended      by a superior, who alone may resume it
//   all of these --> lost                        the lease ran out
//   lost --registers--> joining                  with the same hull, hence the same ratings and bars
//   all but retired --> retired                  for good
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "agents/rating.h"
#include "base/ids.h"
#include "base/time.h"

namespace skywarden::agents {

// What stays the same under every name and is checked by whoever vouches: the catalogue number of a
// satellite, the fingerprint of an authority's key. 0 is nothing.
using Hull = Identity<struct HullTag, std::uint64_t>;

enum class Tier : std::uint8_t { kSatellite, kCluster, kArea };
enum class AgentState : std::uint8_t { kJoining, kActive, kDegraded, kSuspended, kLost, kRetired };
inline constexpr AgentState kLastState = AgentState::kRetired;

[[nodiscard]] bool may_follow(AgentState from, AgentState to);  // along the life cycle above
// Speaks and is heard: active or degraded.
[[nodiscard]] constexpr bool is_present(AgentState state) {
  return state == AgentState::kActive || state == AgentState::kDegraded;
}
// Holds a lease that can run out.
[[nodiscard]] constexpr bool has_lease(AgentState state) {
  return state != AgentState::kLost && state != AgentState::kRetired;
}

// What can be asked of an agent; amounts are whole numbers of the unit.
enum class Ability : std::uint8_t { kWatch, kRelay, kInfer, kStore };
inline constexpr Ability kLastAbility = Ability::kStore;
// "views an orbit", "bit/s", "records/s", "bytes"
[[nodiscard]] std::string_view unit_of(Ability ability);
[[nodiscard]] char letter_of(Tier tier);  // S, C, A
[[nodiscard]] std::string_view name_of(AgentState state);

struct Standing {
  std::uint64_t claimed = 0;  // the agent's own word, units as above; 0: not offered
  Rating rating;              // what part of that others found to be so
  friend bool operator==(const Standing&, const Standing&) = default;
};
inline constexpr std::uint64_t kClaimMax = 1'000'000'000'000;

// The plain numbers of a sensor that sweeps the ground: orbit::SwathSensor in whole microdegrees, so that
// replicas agree to the byte.
struct Sensor {
  std::int32_t off_nadir_min = 0, off_nadir_max = 0;  // −90° < min < max < 90°
  std::int32_t elevation_min = 0;                     // 0…90°
  bool yaw_steered = false;
  friend bool operator==(const Sensor&, const Sensor&) = default;
};
inline constexpr std::size_t kSensorsMax = 4;
[[nodiscard]] bool is_sensor(const Sensor& sensor);  // within the ranges above

struct Agent {
  Hull hull;
  Tier tier = Tier::kSatellite;
  GroupId group;
  AgentState state = AgentState::kJoining;
  bool barred = false;  // was suspended when it got lost, so it comes back suspended
  Duration lease{};
  Instant lease_until, registered_at;
  std::uint64_t registered = 0;   // the how-manieth registration of all; of equals the older goes first
  std::uint64_t measured_to = 0;  // sequence of the last result that it gave of others
  std::vector<Sensor> sensors;
  std::map<Ability, Standing> abilities;
  friend bool operator==(const Agent&, const Agent&) = default;
};

}  // namespace skywarden::agents
