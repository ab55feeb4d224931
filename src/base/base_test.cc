#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <vector>

#include "base/bounded_queue.h"
#include "base/geodesy.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/units.h"

using namespace skywarden;

TEST_CASE("UTC is read with zones, decimals and bare dates, and written with Z") {
  const auto at = [](std::string_view s) { return parse_utc(s).value(); };
  CHECK(format_utc(at("2017-10-09T10:15:00Z")) == "2017-10-09T10:15:00Z");
  CHECK(format_utc(at("2017-10-09 03:15-07:00")) == "2017-10-09T10:15:00Z");
  CHECK(format_utc(at("2017-10-09T15:45:00+0530")) == "2017-10-09T10:15:00Z");
  CHECK(format_utc(at("2017-10-09")) == "2017-10-09T00:00:00Z");
  CHECK(format_utc(at("2000-01-01T00:00:00.123456789Z"), 9) == "2000-01-01T00:00:00.123456789Z");
  for (const char* bad : {"", "2017", "2017-13-01", "2017-02-29", "2017-10-09T24:00Z", "2017-10-09T10:15:00X",
                          "2017-10-09T10:15:00.Z", "2017-10-09T10:15:00+99:00", "2017-10-09T23:59:60Z"})
    CHECK_FALSE(parse_utc(bad).has_value());
}

TEST_CASE("a leap second is a second like any other inside, and 23:59:60 outside") {
  const Instant before = parse_utc("2016-12-31T23:59:59Z").value();
  const Instant leap = parse_utc("2016-12-31T23:59:60Z").value();
  const Instant after = parse_utc("2017-01-01T00:00:00Z").value();
  CHECK(leap - before == std::chrono::seconds(1));
  CHECK(after - leap == std::chrono::seconds(1));
  CHECK(format_utc(leap + std::chrono::milliseconds(500), 1) == "2016-12-31T23:59:60.5Z");
}

TEST_CASE("a zone's offset does not carry a leap second into the time") {
  // Hours after midnight in Beijing on 2017-01-01 still lie before the leap second of 2016-12-31.
  CHECK(parse_utc("2017-01-01T00:00:00+08:00").value() == parse_utc("2016-12-31T16:00:00Z").value());
  CHECK(parse_utc("2016-12-31T20:00:00-05:00").value() == parse_utc("2017-01-01T01:00:00Z").value());
}

TEST_CASE("civil time and Julian dates round-trip") {
  rc::check([] {
    const auto nanos = *rc::gen::inRange<std::int64_t>(-8'000'000'000LL, 8'000'000'000LL) * 1'000'000'000LL +
                       *rc::gen::inRange<std::int64_t>(0, 999'999'999LL);
    const Instant t{Duration(nanos)};
    RC_ASSERT(from_civil(to_civil(t)).value() == t);
    RC_ASSERT(parse_utc(format_utc(t, 9)).value() == t);
    if (to_civil(t).second < 60) {
      const Duration error = from_julian_date_utc(julian_date_utc(t)) - t;
      RC_ASSERT(std::abs(error.count()) < 100);
    }
  });
  CHECK(julian_date_utc(parse_utc("2000-01-01T12:00:00Z").value()).day == 2451544.5);
  CHECK(julian_date_utc(parse_utc("2000-01-01T12:00:00Z").value()).fraction == 0.5);
}

TEST_CASE("the generator is the same everywhere") {
  Random random(42);
  CHECK(random.next() == 1546998764402558742ULL);
  Random child = random.fork(7);
  Random same = random.fork(7);
  Random other = random.fork(8);
  CHECK(child.next() == same.next());
  CHECK(child.next() != other.next());
  double sum = 0.0;
  for (int i = 0; i < 100'000; ++i) sum += random.normal(3.0, 2.0);
  CHECK(sum / 100'000 == doctest::Approx(3.0).epsilon(0.02));
  for (int i = 0; i < 1000; ++i) CHECK(random.below(7) < 7);
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number("1e3") == 1000.0);
  CHECK(parse_number("-.5") == -0.5);
  CHECK(parse_number("+2") == 2.0);
  for (const char* bad : {"", "nan", "inf", "1e999", "0x10", "1,5", "3 ", "+-3", "--1"})
    CHECK_FALSE(parse_number(bad).has_value());
  CHECK(parse_integer("12") == 12);
  CHECK_FALSE(parse_integer("12.0").has_value());
}

TEST_CASE("lines are taken one by one, the last with or without its end") {
  std::string_view text = "a\n\nb";
  CHECK(take_line(text) == "a");
  CHECK(take_line(text) == "");
  CHECK(take_line(text) == "b");
  CHECK(text.empty());
  CHECK(take_line(text) == "");
  text = "c\n";
  CHECK(take_line(text) == "c");
  CHECK(text.empty());
}

TEST_CASE("foreign text cannot break a message line") {
  CHECK(printable("a\nb\x01") == "a?b?");
  CHECK(printable("\xff\xfe") == "??");
  CHECK(printable("高温") == "高温");
  CHECK(is_valid_utf8("高温"));
  CHECK_FALSE(is_valid_utf8("\xc0\xaf"));
}

TEST_CASE("distances and bearings on known points") {
  const GeoPoint santa_rosa{38.4404, -122.7141};
  const GeoPoint calistoga{38.5788, -122.5797};
  CHECK(distance(santa_rosa, calistoga).value() == doctest::Approx(19327).epsilon(0.01));
  const GeoPoint there =
      destination(santa_rosa, bearing(santa_rosa, calistoga), distance(santa_rosa, calistoga));
  CHECK(distance(there, calistoga).value() < 1.0);
  CHECK(wrap_longitude(190.0) == -170.0);
}

TEST_CASE("a full queue refuses") {
  BoundedQueue<int> queue(2);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK_FALSE(queue.push(3));
  CHECK(queue.pop() == 1);
  CHECK(queue.push(3));
}

TEST_CASE("a trace's fingerprint depends on order") {
  TraceHash forward;
  TraceHash backward;
  const TraceEvent a{Instant{}, NodeId(1), TraceKind::kCrashed};
  const TraceEvent b{Instant{}, NodeId(2), TraceKind::kCrashed};
  forward.add(a);
  forward.add(b);
  backward.add(b);
  backward.add(a);
  CHECK(forward.value() != backward.value());
}

TEST_CASE("log-odds and probabilities are inverse") {
  CHECK(from_log_odds(log_odds(Probability(0.9))).value() == doctest::Approx(0.9));
}
