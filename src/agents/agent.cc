#include "agents/agent.h"

namespace skywarden::agents {

bool may_follow(AgentState from, AgentState to) {
  if (from == to || from == AgentState::kRetired) return false;
  switch (to) {
    case AgentState::kJoining:
      return from == AgentState::kLost;
    case AgentState::kActive:
      return from != AgentState::kLost;
    case AgentState::kDegraded:
      return from == AgentState::kActive;
    case AgentState::kSuspended:
    case AgentState::kLost:
      return has_lease(from);
    case AgentState::kRetired:
      return true;
  }
  return false;
}

std::string_view unit_of(Ability ability) {
  switch (ability) {
    case Ability::kWatch:
      return "views an orbit";
    case Ability::kRelay:
      return "bit/s";
    case Ability::kInfer:
      return "records/s";
    case Ability::kStore:
      return "bytes";
  }
  return {};
}

char letter_of(Tier tier) {
  return tier == Tier::kSatellite ? 'S' : tier == Tier::kCluster ? 'C' : 'A';
}

std::string_view name_of(AgentState state) {
  switch (state) {
    case AgentState::kJoining:
      return "joining";
    case AgentState::kActive:
      return "active";
    case AgentState::kDegraded:
      return "degraded";
    case AgentState::kSuspended:
      return "suspended";
    case AgentState::kLost:
      return "lost";
    case AgentState::kRetired:
      return "retired";
  }
  return {};
}

bool is_sensor(const Sensor& sensor) {
  constexpr std::int32_t kRight = 90'000'000;  // microdegrees
  return sensor.off_nadir_min > -kRight && sensor.off_nadir_min < sensor.off_nadir_max &&
         sensor.off_nadir_max < kRight && sensor.elevation_min >= 0 && sensor.elevation_min <= kRight;
}

}  // namespace skywarden::agents
