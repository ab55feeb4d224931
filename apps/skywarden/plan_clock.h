// A contact plan played on this machine's clock, in real time or faster: what time it is in the plan.
// Programs that are given the same options agree, also after a restart. Clocks that are set while they run,
// leap seconds and drift between machines are not looked at.
#pragma once

#include <chrono>
#include <string>

#include "command_line/command_line.h"
#include "network/plan_file.h"

namespace skywarden::app {

// Reads a plan; complaints about its rows go to standard error, some of them.
[[nodiscard]] Result<network::PlanFile> load_plan(const char* command, const std::string& path);

struct PlanClockArguments {
  double begin_s = 0, speed = 1;
  std::string begin_at;  // UTC; empty: now
};
void add_plan_clock(command_line::Command command, PlanClockArguments& arguments);

class PlanClock {
 public:
  // `epoch` of the plan, where it has one. kMalformed for --begin-at.
  [[nodiscard]] static Result<PlanClock> make(const PlanClockArguments& arguments,
                                              std::optional<Instant> epoch);

  [[nodiscard]] Duration now() const;                      // since the plan's epoch
  [[nodiscard]] Duration real_until(Duration plan) const;  // of this machine; zero when it is past
  [[nodiscard]] double speed() const { return speed_; }
  // Of the plan; where it has none, such that UTC and plan time agree at --begin-at.
  [[nodiscard]] Instant epoch() const { return epoch_; }

 private:
  PlanClock() = default;
  std::chrono::steady_clock::time_point began_{};
  Duration begin_{};  // plan time then
  double speed_ = 1;
  Instant epoch_{};
};

}  // namespace skywarden::app
