#include "shell/mission_time.h"

#include "base/contract.h"

namespace skywarden::shell {

// The machine's calendar counts POSIX seconds; going through civil time brings the leap seconds back.
Instant utc_now() {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const std::int64_t since_1970 = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                      std::chrono::system_clock::now().time_since_epoch())
                                      .count();
  const std::int64_t day = since_1970 >= 0 ? since_1970 / kDay : 0;  // a calendar before 1970 was never set
  const std::int64_t rest = since_1970 >= 0 ? since_1970 % kDay : 0;
  CivilTime civil;
  civil_from_days(day, civil.year, civil.month, civil.day);
  civil.hour = static_cast<int>(rest / 3'600'000'000'000);
  civil.minute = static_cast<int>(rest / 60'000'000'000 % 60);
  civil.second = static_cast<int>(rest / 1'000'000'000 % 60);
  civil.nanosecond = static_cast<int>(rest % 1'000'000'000);
  const auto instant = from_civil(civil);
  ENSURES(instant.has_value());
  return *instant;
}

}  // namespace skywarden::shell
