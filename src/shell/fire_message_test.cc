#include "shell/fire_message.h"

#include <doctest/doctest.h>

#include "shell/group_message.h"
#include "shell/mission_time.h"
#include "wildfire/alert_example.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::shell {
namespace {

std::vector<datum::Alert> alerts(std::size_t count) {
  std::vector<datum::Alert> all(count, wildfire::example::alert());
  for (std::size_t i = 0; i < count; ++i) all[i].index = LogIndex(3 * i + 1);
  return all;
}

}  // namespace

TEST_CASE("what is said of fires comes back, and is refused when it is cut short or longer") {
  const ObservationsTaken taken{Instant(std::chrono::seconds(5)), 1, 2, 3, 4, 5};
  CHECK(decode_observations_taken(encode(taken)) == taken);
  const AlertsQuestion question{LogIndex(7)};
  CHECK(decode_alerts_question(encode(question)) == question);
  const auto answer = encode(AlertsAnswer{true, alerts(3)});
  const auto back = decode_alerts_answer(answer);
  REQUIRE(back);
  CHECK(back->more);
  CHECK(encode(*back) == answer);
  for (std::size_t i = 0; i < answer.size(); ++i)
    CHECK_FALSE(decode_alerts_answer(std::span(answer).first(i)));
  auto longer = encode(question);
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_alerts_question(longer));
  auto other = encode(taken);
  other[1] = std::byte{2};
  CHECK(decode_observations_taken(other).error().message == "it speaks version 2 of fires, this build 1");
}

TEST_CASE("alerts out of order are refused") {
  auto wrong = alerts(2);
  std::swap(wrong[0], wrong[1]);
  CHECK(decode_alerts_answer(encode(AlertsAnswer{false, wrong})).error().code == Errc::kMalformed);
}

TEST_CASE("answers begin after what is asked for, fit a frame and together are all") {
  const auto told = alerts(8000);
  std::size_t seen = 0, answers = 0;
  AlertsQuestion question{LogIndex(4)};  // the second
  for (bool more = true; more; ++answers) {
    const AlertsAnswer answer = answer_to(question, told);
    REQUIRE_FALSE(answer.alerts.empty());
    CHECK(answer.alerts.front().index > question.after);
    CHECK(encode(Answer{1, Outcome::kDone, NodeId(1), LogIndex(1), encode(answer)}).size() <= kFrameBytesMax);
    seen += answer.alerts.size();
    question.after = answer.alerts.back().index;
    more = answer.more;
  }
  CHECK(seen == 7998);
  CHECK(answers > 1);
  CHECK(answer_to({LogIndex(100'000)}, told).alerts.empty());
}

TEST_CASE("mission time is UTC with its leap seconds, goes on steadily and may lie behind") {
  const auto posix = std::chrono::system_clock::now().time_since_epoch();
  CHECK(utc_now() - Instant(posix) > std::chrono::seconds(26));  // 27 leap seconds, and some time went by
  CHECK(utc_now() - Instant(posix) < std::chrono::minutes(1));
  const MissionTime now(Duration::zero()), behind(std::chrono::hours(24));
  const Duration apart = now.now() - behind.now();
  CHECK(apart > std::chrono::hours(23));
  CHECK(apart < std::chrono::hours(25));
  CHECK(behind.steady(Instant::max()) == Instant::max());
  const Instant at = behind.now();
  CHECK(behind.steady(at) <= steady_now());
  CHECK(steady_now() - behind.steady(at) < std::chrono::minutes(1));
}

}  // namespace skywarden::shell
