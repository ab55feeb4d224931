#include "shell/fire_message.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "node/hotspot_example.h"
#include "node/messages.h"
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

const Instant kSeen = parse_utc("2026-07-01T00:00:00Z").value();

std::vector<node::HeldSpan> spans(std::size_t count) {
  std::vector<node::HeldSpan> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Instant from = kSeen + std::chrono::minutes(i);
    all[i] = {
        {from, ObservationId(UINT64_MAX)}, {from + std::chrono::seconds(9), ObservationId(7)}, 90'000, {}};
    all[i].fingerprint.fill(static_cast<std::byte>(i));
  }
  return all;
}

std::vector<node::ObservationKey> keys(std::size_t count) {
  std::vector<node::ObservationKey> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = {kSeen, ObservationId(UINT64_MAX - count + i)};
  return all;
}

// As long as observations can be.
std::vector<datum::Hotspot> long_pixels(std::size_t count) {
  auto all = node::example::pixels(kSeen, static_cast<int>(count));
  for (datum::Hotspot& pixel : all) {
    pixel.satellite = pixel.instrument = std::string(node::kNodeTextBytesMax, 'N');
    pixel.scan = pixel.track = Metres(375.1);
    pixel.background = Kelvin(290.123);
    pixel.radiative_power = Watts(1.2345e7);
    pixel.id = datum::observation_id(pixel);
  }
  return all;
}

bool cannot_be_cut(const std::vector<std::byte>& bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (decode_catch_up(std::span(bytes).first(i))) return false;
  return true;
}

Errc refused(const node::CatchUpMessage& message) {
  const auto back = decode_catch_up(encode(message));
  REQUIRE_FALSE(back);
  return back.error().code;
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

TEST_CASE("what nodes say to catch up comes back, and is refused when it is cut short") {
  const node::CompareHeld compare{1, spans(3)};
  CHECK(std::get<node::CompareHeld>(decode_catch_up(encode(compare)).value()) == compare);
  CHECK(cannot_be_cut(encode(compare)));
  const node::HeldCompared compared{2, {spans(2), keys(70)}};
  CHECK(std::get<node::HeldCompared>(decode_catch_up(encode(compared)).value()) == compared);
  CHECK(cannot_be_cut(encode(compared)));
  const node::FetchObservations fetch{3, keys(64)};
  CHECK(std::get<node::FetchObservations>(decode_catch_up(encode(fetch)).value()) == fetch);
  CHECK(cannot_be_cut(encode(fetch)));
  const auto fetched = encode(node::ObservationsFetched{UINT64_MAX, long_pixels(2)});
  const auto back = decode_catch_up(fetched);
  REQUIRE_MESSAGE(back, (back ? "" : back.error().message));
  CHECK(encode(*back) == fetched);
  CHECK(cannot_be_cut(fetched));
}

TEST_CASE("what nodes say to catch up is bounded, in order, and of this version") {
  using node::CompareHeld, node::HeldCompared, node::FetchObservations;
  CHECK(encode(CompareHeld{UINT64_MAX, spans(node::kSpansPerQuestionMax)}).size() < 1100);
  CHECK(encode(HeldCompared{UINT64_MAX, {spans(node::kSpansPerAnswerMax), keys(node::kKeysPerAnswerMax)}})
            .size() < 40'000);
  CHECK(encode(FetchObservations{UINT64_MAX, keys(node::kKeysPerFetchMax)}).size() < 1300);
  CHECK(encode(node::ObservationsFetched{UINT64_MAX, long_pixels(node::kKeysPerFetchMax)}).size() <
        kCatchUpBytesMax);
  CHECK(refused(CompareHeld{1, spans(node::kSpansPerQuestionMax + 1)}) == Errc::kOutOfRange);
  CHECK(refused(HeldCompared{1, {spans(node::kSpansPerAnswerMax + 1), {}}}) == Errc::kOutOfRange);
  CHECK(refused(HeldCompared{1, {{}, keys(node::kKeysPerAnswerMax + 1)}}) == Errc::kOutOfRange);
  CHECK(refused(FetchObservations{1, keys(node::kKeysPerFetchMax + 1)}) == Errc::kOutOfRange);
  CHECK(refused(node::ObservationsFetched{1, node::example::pixels(kSeen, 65)}) == Errc::kOutOfRange);
  auto many = spans(1);
  many[0].count = std::size_t{1} << 33;
  CHECK(refused(CompareHeld{1, many}) == Errc::kOutOfRange);
  auto backwards = spans(1);
  std::swap(backwards[0].first, backwards[0].last);
  CHECK(refused(CompareHeld{1, backwards}) == Errc::kOutOfRange);
  auto overlapping = spans(2);
  overlapping[0].last = overlapping[1].first;
  CHECK(refused(CompareHeld{1, overlapping}) == Errc::kOutOfRange);
  CHECK(refused(FetchObservations{1, {keys(1)[0], keys(1)[0]}}) == Errc::kOutOfRange);
  auto named_otherwise = node::example::pixels(kSeen, 1);
  named_otherwise[0].id = ObservationId(1);
  CHECK(refused(node::ObservationsFetched{1, named_otherwise}) == Errc::kMalformed);
  auto later = encode(CompareHeld{1, spans(1)});
  later[1] = std::byte{2};
  CHECK(decode_catch_up(later).error().message == "it speaks version 2 of fires, this build 1");
  later[1] = std::byte{1};
  later[2] = std::byte{5};
  CHECK_FALSE(decode_catch_up(later));
}

// Everything from start to end, as bytes: both ways, frames included.
TEST_CASE("a comparison takes few bytes beside the observations it brings") {
  const Instant now = kSeen + std::chrono::hours(2);
  const auto all = node::example::pixels(kSeen, 5000);
  std::size_t alone = 0;
  for (const datum::Hotspot& pixel : all) alone += node::encode(node::ObservationBatch{0, {pixel}}).size();
  const auto bytes_for = [&](std::size_t lacking) {
    node::CatchUp asker{{}}, other{{}};
    other.hold(all, now);
    asker.hold(std::span(all).subspan(lacking), now);
    std::size_t bytes = 0;
    Instant at = now;
    for (int i = 0; i < 10'000; ++i, at += std::chrono::milliseconds(50))
      for (const auto& [to, question] : asker.tick(std::array{NodeId(2)}, at).send) {
        bytes += kFrameHeadBytes + encode(question).size();
        for (const auto& [back, answer] : other.receive(NodeId(1), question, at).send) {
          bytes += kFrameHeadBytes + encode(answer).size();
          CHECK(asker.receive(NodeId(2), answer, at).fetched.size() <= node::kKeysPerFetchMax);
        }
      }
    CHECK(asker.fetched() == lacking);
    return bytes;
  };
  const std::size_t nothing = bytes_for(0) / 17;  // in 500 s it compares every half minute, when all is equal
  CHECK(nothing < 100);
  const std::size_t everything = bytes_for(5000);
  CHECK(everything < 2 * alone);
  const std::size_t one = bytes_for(1);
  CHECK(one < 8000);
  MESSAGE("bytes of a comparison: nothing lacking ", nothing, ", 1 of 5,000 ", one, ", all 5,000 ",
          everything, " (journal records: ", alone, ")");
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
