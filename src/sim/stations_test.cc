#include "sim/stations.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/record_link.h"

using namespace skywarden;
using namespace skywarden::sim;

namespace {

const Instant kStart = from_civil({.year = 2026, .month = 7, .day = 1}).value();

struct Season {
  std::vector<Station> stations;
  std::vector<datum::Record> records;
};

Season season(std::uint64_t seed, int count, int days) {
  const Random random(seed);
  Season out{draw_stations(count, random), {}};
  out.records = station_readings(out.stations, kStart, kStart + std::chrono::hours(24 * days),
                                 std::chrono::hours(1), random);
  return out;
}

double reading(const datum::Record& record, std::string_view field) {
  return datum::number_of(record.fields.at(station_schema().field_index(field).value())).value();
}

struct Tally {
  double sum = 0.0, squares = 0.0, low = 1e9, high = -1e9;
  std::size_t count = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
    low = std::min(low, x);
    high = std::max(high, x);
    ++count;
  }
  [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
  [[nodiscard]] double deviation() const {
    return std::sqrt(std::max(0.0, squares / static_cast<double>(count) - mean() * mean()));
  }
};

}  // namespace

TEST_CASE("the same seed makes the same weather, another seed another") {
  const auto values = [](const Season& s) {
    std::vector<double> out;
    for (const datum::Record& record : s.records)
      for (const datum::Field& field : record.fields) out.push_back(datum::number_of(field).value());
    return out;
  };
  CHECK(values(season(3, 4, 5)) == values(season(3, 4, 5)));
  CHECK(values(season(3, 4, 5)) != values(season(4, 4, 5)));
}

TEST_CASE("a station more does not change the weather of the others") {
  const Season few = season(3, 2, 3);
  const Season more = season(3, 3, 3);
  for (std::size_t hour = 0; hour < 72; ++hour)
    CHECK(reading(few.records[2 * hour + 1], "temp_c") == reading(more.records[3 * hour + 1], "temp_c"));
}

TEST_CASE("readings are simulated, in range, on the sensor's grid, by time and station") {
  const datum::Schema schema = station_schema();
  const Season s = season(11, 5, 10);
  REQUIRE(s.records.size() == 5 * 240);
  for (std::size_t i = 0; i < s.records.size(); ++i) {
    const datum::Record& record = s.records[i];
    REQUIRE(record.provenance == datum::Provenance::kSimulated);
    REQUIRE(record.stream == s.stations[i % 5].name);
    REQUIRE(record.time == kStart + std::chrono::hours(i / 5));
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      const datum::FieldSpec& spec = schema.fields[f];
      const double value = datum::number_of(record.fields[f]).value();
      REQUIRE(value >= spec.min.value());
      REQUIRE(value <= spec.max.value());
      const double steps = value / spec.resolution.value();
      REQUIRE(std::abs(steps - std::round(steps)) < 1e-6);
    }
  }
}

TEST_CASE("the weather is plausible: warm afternoons, dry when warm, changing days, some rain") {
  for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL}) {
    CAPTURE(seed);
    const Season s = season(seed, 4, 60);
    Tally night, afternoon, humidity_night, humidity_afternoon, noon, change, wind, pressure, dry;
    double before = 0.0;
    for (std::size_t i = 0; i < s.records.size(); i += 4) {  // the first station
      const datum::Record& r = s.records[i];
      const double sun = std::fmod(to_civil(r.time).hour + s.stations[0].place.lon_deg / 15.0 + 48.0, 24.0);
      const double warm = reading(r, "temp_c");
      if (sun >= 3.0 && sun < 6.0) night.add(warm), humidity_night.add(reading(r, "rh_pct"));
      if (sun >= 14.0 && sun < 17.0) afternoon.add(warm), humidity_afternoon.add(reading(r, "rh_pct"));
      if (sun >= 12.0 && sun < 13.0) noon.add(warm);
      if (i > 0) change.add(std::abs(warm - before));
      before = warm;
      wind.add(reading(r, "wind_kmh"));
      pressure.add(reading(r, "pressure_hpa"));
      dry.add(reading(r, "rain_mm") > 0.0 ? 0.0 : 1.0);
      CHECK(reading(r, "dewpoint_c") <= warm);
      CHECK(reading(r, "gust_kmh") >= reading(r, "wind_kmh"));
    }
    CHECK(afternoon.mean() - night.mean() > 5.0);
    CHECK(afternoon.mean() - night.mean() < 16.0);
    CHECK(humidity_night.mean() - humidity_afternoon.mean() > 10.0);
    CHECK(noon.deviation() > 1.5);  // days differ
    CHECK(noon.low > -10.0);
    CHECK(noon.high < 48.0);
    CHECK(change.mean() > 0.3);  // hours differ
    CHECK(change.high < 12.0);
    CHECK(wind.mean() > 4.0);
    CHECK(wind.mean() < 35.0);
    CHECK(pressure.deviation() > 2.0);
    CHECK(pressure.deviation() < 15.0);
    CHECK(dry.mean() > 0.8);
    CHECK(dry.mean() < 0.995);
  }
}

TEST_CASE("neighbours have like weather, and not the same") {
  const Season s = season(5, 2, 60);
  Tally apart;
  for (std::size_t i = 0; i + 1 < s.records.size(); i += 2) {
    const double difference = reading(s.records[i], "temp_c") - reading(s.records[i + 1], "temp_c");
    apart.add(difference);
  }
  CHECK(apart.deviation() > 0.4);
  CHECK(apart.deviation() < 4.0);
}

TEST_CASE("the link loses what it was told to lose, some of it in a row") {
  const datum::Schema schema = station_schema();
  const Season s = season(7, 8, 120);
  const RecordLoss loss{.record = 0.05, .critical = 0.005, .field = 0.05, .gap_records = 2.0};
  const Arrivals arrivals = send_records(schema, s.records, loss, Random(9));
  std::vector<const datum::Record*> nothing_filled;
  for (const datum::Record& record : arrivals.records) nothing_filled.push_back(&record);
  const LossProfile p = loss_profile(schema, s.records, arrivals, nothing_filled);
  const auto share = [](std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  CHECK(p.records_sent == 8 * 120 * 24);
  CHECK(share(p.records_lost, p.records_sent) == doctest::Approx(0.05).epsilon(0.15));
  CHECK(share(p.critical_missing, p.critical_fields) == doctest::Approx(0.005).epsilon(0.25));
  const double complete = std::pow(0.995, 3) * std::pow(0.95, 5);
  CHECK(share(p.records_complete, p.records_sent - p.records_lost) ==
        doctest::Approx(complete).epsilon(0.03));
  CHECK(p.values_recovered == 0);

  std::size_t gaps = 0;
  for (std::size_t i = 8; i < arrivals.lost.size(); ++i)
    if (arrivals.lost[i] && !arrivals.lost[i - 8]) ++gaps;  // the station's record before was not lost
  CHECK(share(p.records_lost, gaps) == doctest::Approx(2.0).epsilon(0.15));
}

TEST_CASE("a lost record stands there with every field lost on the link") {
  const datum::Schema schema = station_schema();
  const Season s = season(7, 2, 20);
  const Arrivals arrivals = send_records(schema, s.records, {.record = 0.3}, Random(1));
  std::size_t lost = 0;
  for (std::size_t i = 0; i < arrivals.records.size(); ++i) {
    CHECK(arrivals.records[i].time == s.records[i].time);
    if (!arrivals.lost[i]) continue;
    ++lost;
    for (const datum::Field& field : arrivals.records[i].fields) {
      const auto* missing = std::get_if<datum::Missing>(&field);
      REQUIRE(missing != nullptr);
      CHECK(missing->reason == datum::MissingReason::kLinkLoss);
    }
  }
  CHECK(lost > 100);
}

TEST_CASE("an estimate is right within the tolerance, directions also across north") {
  const datum::Schema schema = station_schema();
  const auto right = [&](std::string_view field, double truth, double said) {
    datum::Record sent{"A", kStart, {}, datum::Provenance::kSimulated};
    for (const datum::FieldSpec& spec : schema.fields)
      sent.fields.emplace_back(datum::Observed{spec.min.value()});
    Arrivals arrivals{{sent}, {false}};
    datum::Record completed = sent;
    const std::size_t place = schema.field_index(field).value();
    sent.fields[place] = datum::Observed{truth};
    arrivals.records[0].fields[place] = datum::Missing{datum::MissingReason::kLinkLoss};
    completed.fields[place] = datum::Estimated{said, {}, Probability(1.0), "test"};
    const LossProfile p = loss_profile(schema, {sent}, arrivals, {&completed});
    CHECK(p.values_missing == 1);
    CHECK(p.records_complete == 0);
    return p.values_recovered == 1;
  };
  CHECK(right("temp_c", 20.0, 21.0));
  CHECK_FALSE(right("temp_c", 20.0, 21.1));
  CHECK(right("wind_kmh", 40.0, 48.0));  // a fifth of it
  CHECK_FALSE(right("wind_kmh", 40.0, 48.1));
  CHECK(right("wind_dir", 350.0, 10.0));
  CHECK_FALSE(right("wind_dir", 350.0, 20.0));
}
