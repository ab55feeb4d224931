#include "onboard/clean.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace skywarden;
using namespace skywarden::onboard;
using datum::MissingReason;

namespace {

datum::Schema schema() {
  datum::FieldSpec temp;
  temp.name = "temp";
  temp.min = -40;
  temp.max = 60;
  temp.rate_max_per_hour = 10;
  temp.stuck_hours = 12;
  datum::FieldSpec rain;
  rain.name = "rain";
  rain.min = 0;
  rain.stuck_hours = 12;
  datum::Schema out;
  out.name = "s";
  out.time_columns = {"time"};
  out.fields = {temp, rain};
  return out;
}

class Stream {
 public:
  explicit Stream(CleanOptions options = {}) : cleaner_(schema(), options) {}

  // Cleans the next reading, an hour after the last: "ok" or the reason why it was lost.
  std::string next(double temp, double rain = 0.0) {
    time_ += std::chrono::hours(1);
    return at(time_, temp, rain);
  }
  std::string at(Instant time, double temp, double rain = 0.0, std::optional<Instant> arrival = {}) {
    last_ = {"a", time, {datum::Observed{temp}, datum::Observed{rain}}};
    cleaner_.clean(last_, arrival);
    return name(0);
  }
  std::string name(std::size_t field) const {
    const auto* missing = std::get_if<datum::Missing>(&last_.fields[field]);
    return missing ? std::string(to_string(missing->reason)) : "ok";
  }
  Instant now() const { return time_; }
  const CleanReport& report() const { return cleaner_.report(); }

 private:
  Cleaner cleaner_;
  Instant time_ = parse_utc("2020-06-01").value();
  datum::Record last_;
};

}  // namespace

TEST_CASE("a reading outside its range is lost and counted") {
  Stream stream;
  CHECK(stream.next(20) == "ok");
  CHECK(stream.next(61) == "out_of_range");
  CHECK(stream.next(std::nan("")) == "out_of_range");
  CHECK(stream.next(20) == "ok");
  CHECK(stream.report().count(0, MissingReason::kOutOfRange) == 2);
  CHECK(stream.report().lines(schema()) == std::vector<std::string>{"temp: 2 out_of_range"});
  CHECK(stream.report().records == 4);
}

TEST_CASE("a spike that returns does not condemn the good readings after it") {
  Stream stream;
  for (const double t : {20.0, 21.0, 22.0}) CHECK(stream.next(t) == "ok");
  CHECK(stream.next(45) == "rate_of_change");
  CHECK(stream.next(-10) == "rate_of_change");
  for (const double t : {23.0, 24.0, 23.0}) CHECK(stream.next(t) == "ok");
}

TEST_CASE("a new level that stays is believed after three readings") {
  Stream stream;
  CHECK(stream.next(5) == "ok");
  CHECK(stream.next(25) == "rate_of_change");
  CHECK(stream.next(26) == "rate_of_change");
  CHECK(stream.next(25) == "ok");
  CHECK(stream.next(24) == "ok");
}

TEST_CASE("a long gap allows a large change, a short one the whole of an hour") {
  Stream stream;
  CHECK(stream.next(5) == "ok");
  const Instant t = stream.now();
  CHECK(stream.at(t + std::chrono::minutes(1), 14) == "ok");
  CHECK(stream.at(t + std::chrono::minutes(2), 40) == "rate_of_change");
  CHECK(stream.at(t + std::chrono::hours(5), 50) == "ok");
}

TEST_CASE("a field that moves and then repeats itself is stuck; one that seldom moves is not") {
  Stream stream;
  for (int i = 0; i < 100; ++i) CHECK(stream.next(20 + i % 7) == "ok");
  const double value = 25;
  int kept = 0;
  for (int i = 0; i < 40; ++i) kept += stream.next(value) == "ok" ? 1 : 0;
  CHECK(kept == 13);              // the first, and twelve hours after it
  CHECK(stream.name(1) == "ok");  // rain has been 0 all the time
  CHECK(stream.next(22) == "ok");
  CHECK(stream.report().count(0, MissingReason::kStuck) == 27);
  CHECK(stream.report().count(1, MissingReason::kStuck) == 0);
}

TEST_CASE("a sensor dead from its first reading is known by its neighbours") {
  Cleaner cleaner(schema());
  int lost = 0;
  for (int hour = 0; hour < 40; ++hour) {
    const Instant time = parse_utc("2020-06-01").value() + std::chrono::hours(hour);
    datum::Record living{"living", time, {datum::Observed{20.0 + hour % 5}, datum::Missing{}}};
    datum::Record dead{"dead", time, {datum::Observed{20.0}, datum::Missing{}}};
    cleaner.clean(living);
    CHECK(datum::number_of(living.fields[0]).has_value());
    cleaner.clean(dead);
    lost += datum::number_of(dead.fields[0]) ? 0 : 1;
  }
  CHECK(lost == 27);
}

TEST_CASE("air at the end of its range may rest longer") {
  Stream stream;
  for (int i = 0; i < 200; ++i) stream.next(20, i % 5);
  int kept = 0;
  for (int i = 0; i < 100; ++i) {
    stream.next(20 + i % 3, 0.0);
    kept += stream.name(1) == "ok" ? 1 : 0;
  }
  CHECK(kept >= 48);
  CHECK(kept <= 50);
}

TEST_CASE("a clock that goes back or leaps ahead is not believed until it insists") {
  Stream stream;
  CHECK(stream.next(20) == "ok");
  const Instant t = stream.now();
  CHECK(stream.at(t - std::chrono::minutes(30), 20) == "ok");  // late, not wrong
  CHECK(stream.at(t - std::chrono::hours(48), 20) == "clock_jump");
  CHECK(stream.at(t + std::chrono::hours(24 * 365), 20) == "clock_jump");
  CHECK(stream.next(20) == "ok");
  const Instant later = t + std::chrono::hours(24 * 365);
  CHECK(stream.at(later, 20) == "clock_jump");
  CHECK(stream.at(later + std::chrono::hours(1), 20) == "clock_jump");
  CHECK(stream.at(later + std::chrono::hours(2), -20) == "ok");
  CHECK(stream.report().clock_jumps == 4);
  CHECK(stream.report().count(MissingReason::kClockJump) == 8);  // both fields of each
}

TEST_CASE("a record from the future of its arrival is never believed") {
  Stream stream;
  const Instant t = stream.now();
  for (int i = 0; i < 5; ++i)
    CHECK(stream.at(t + std::chrono::hours(1), 20, 0, t + std::chrono::minutes(i)) == "clock_jump");
  CHECK(stream.at(t + std::chrono::minutes(4), 20, 0, t) == "ok");
}

TEST_CASE("what arrives missing is counted with its reason and left alone") {
  Cleaner cleaner(schema());
  datum::Record record{"a", Instant{}, {datum::Missing{MissingReason::kLinkLoss}, datum::Observed{1.0}}};
  cleaner.clean(record);
  CHECK(cleaner.report().count(0, MissingReason::kLinkLoss) == 1);
  CHECK(datum::number_of(record.fields[1]) == 1.0);
}

TEST_CASE("streams do not mix, and past the limit only ranges are checked") {
  Cleaner cleaner(schema(), {.streams_max = 1});
  const auto clean = [&](std::string stream, double temp) {
    datum::Record record{std::move(stream), Instant{}, {datum::Observed{temp}, datum::Observed{0.0}}};
    cleaner.clean(record);
    return datum::number_of(record.fields[0]).has_value();
  };
  CHECK(clean("a", 0));
  CHECK(clean("b", 50));
  CHECK(clean("b", -30));
  CHECK_FALSE(clean("b", 100));
  CHECK_FALSE(clean("a", 50));
  CHECK(cleaner.report().unwatched == 3);
}

TEST_CASE("cleaning never looks ahead: a shorter stream is cleaned alike") {
  const auto run = [](int length) {
    Stream stream;
    std::vector<std::string> out;
    out.reserve(static_cast<std::size_t>(length));
    for (int i = 0; i < length; ++i) out.push_back(stream.next(i % 17 == 0 ? 45 : i < 60 ? 10 + i % 4 : 12));
    return out;
  };
  const auto whole = run(120);
  for (const int length : {1, 18, 35, 70, 90}) {
    const auto part = run(length);
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
  }
}
