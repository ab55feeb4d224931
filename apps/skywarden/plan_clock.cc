#include "plan_clock.h"

#include "command_line/command_line.h"
#include "formats/read_file.h"
#include "network/bundle.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;
constexpr double kPlanSecondsMax = 1e9;

Instant utc_now() {                                      // to the millisecond
  constexpr std::int64_t kDtnEpochMs = 946'684'800'000;  // POSIX
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count() - kDtnEpochMs;
  return network::from_dtn_time(static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)))
      .value_or(Instant{});
}

Duration scaled(Duration time, double factor) {
  return from_seconds(std::clamp(to_seconds(time) * factor, -kPlanSecondsMax, kPlanSecondsMax));
}

}  // namespace

Result<network::PlanFile> load_plan(const char* command, const std::string& path) {
  const auto text = formats::read_file(path);
  if (!text) return tl::unexpected<Error>(text.error());
  auto plan = network::read_plan(*text, path);
  if (!plan) return plan;
  std::size_t shown = 0;
  for (const auto& problem : plan->problems)
    if (++shown <= kProblemLinesMax)
      fmt::print(stderr, "skywarden {}: {}\n", command, datum::to_line(path, problem));
  return plan;
}

void add_plan_clock(command_line::Command command, PlanClockArguments& arguments) {
  command.add_option("--begin-s", arguments.begin_s, "plan time at the start, or at --begin-at")
      .check(command_line::range(-kPlanSecondsMax, kPlanSecondsMax))
      .capture_default_str();
  command.add_option("--begin-at", arguments.begin_at,
                     "UTC of --begin-s, so that several programs agree; the plan's epoch: real time");
  command.add_option("--speed", arguments.speed, "plan seconds a second")
      .check(command_line::range(1e-3, 1e6))
      .capture_default_str();
}

Result<PlanClock> PlanClock::make(const PlanClockArguments& arguments, std::optional<Instant> epoch) {
  PlanClock clock;
  clock.began_ = std::chrono::steady_clock::now();
  const Instant now = utc_now();
  Instant at = now;
  if (!arguments.begin_at.empty()) {
    const auto told = parse_utc(arguments.begin_at);
    if (!told) return fail(Errc::kMalformed, "--begin-at: {}", told.error().message);
    at = *told;
  }
  clock.speed_ = arguments.speed;
  clock.begin_ = from_seconds(arguments.begin_s) + scaled(now - at, arguments.speed);
  clock.epoch_ = epoch.value_or(at - from_seconds(arguments.begin_s));
  return clock;
}

Duration PlanClock::now() const {
  const auto real = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
  return begin_ + scaled(real, speed_);
}

Duration PlanClock::real_until(Duration plan) const {
  return std::max(Duration::zero(), scaled(plan - now(), 1 / speed_));
}

}  // namespace skywarden::app
