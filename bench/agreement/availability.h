// How many writes of a client are committed in time while members fail without notice and turn away with
// notice. The client is a satellite beside the group; requests, refusals and answers cross the same lossy
// links as the group's messages. It asks whom it believes to lead; on refusal it asks whom it is referred to,
// on silence another voter, and so on until it is answered. A write's time counts from when it was first
// submitted to when the client has the answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agreement/world.h"
#include "planned_turns.h"

namespace skywarden::agreement {

struct AvailabilityPlan {
  std::uint32_t voters = 7;
  Duration length = std::chrono::days(7);
  Duration write_every = std::chrono::seconds(1);
  Duration in_time = std::chrono::milliseconds(300);
  Duration fails_every =
      std::chrono::hours(24);  // the mean of an exponential, from when it came back; each voter
  Duration down_for = std::chrono::minutes(10);  // it keeps its disk; its links carry others' messages
  TurnPlan turns{1800.0, 2.0, 10.0,
                 std::chrono::milliseconds(30)};  // of every voter and the satellites around
};

struct Availability {
  std::size_t writes = 0, in_time = 0, refusals = 0, silences = 0, unanswered = 0;
  std::vector<double> answered_ms;  // of those answered
  std::size_t crashes = 0, leader_crashes = 0, turns = 0, leader_turns = 0;
  double recovery_longest_s = 0.0;  // from a leader's loss to the next commit
  std::size_t outages = 0;          // of that kind, hand-overs included
  std::size_t lost = 0;             // answered, and at the end not committed at its place
  std::uint64_t handled = 0;        // messages and timers
  std::string violation;            // empty: none
};

[[nodiscard]] Availability run_availability(std::uint64_t seed, const AvailabilityPlan& plan);

}  // namespace skywarden::agreement
