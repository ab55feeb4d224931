#include "sim/record_downlink.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "sim/scenario.h"
#include "sim/stations.h"

using namespace skywarden;
using namespace skywarden::sim;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;

namespace {

const Instant kStart = from_civil({.year = 2026, .month = 7, .day = 1}).value();

Scenario narrow_downlink() {
  std::ifstream file("scenarios/narrow_downlink.toml");
  std::stringstream text;
  text << file.rdbuf();
  return parse_scenario(text.str(), "narrow_downlink.toml").value();
}

struct Collected {
  datum::Schema schema = station_schema();
  std::vector<datum::Record> sent;
  Arrivals arrivals;
};

Collected collect(std::uint64_t seed) {
  Collected out;
  const Random random(seed);
  out.sent = station_readings(draw_stations(5, random), kStart, kStart + std::chrono::hours(72),
                              std::chrono::hours(1), random);
  out.arrivals = send_records(out.schema, out.sent, RecordLoss{}, random.fork(4));
  return out;
}

Downlinked bring(const Collected& c, double low, double high, DropWay way, std::uint64_t seed) {
  return bring_down(c.schema, c.arrivals, {std::chrono::hours(12), low, high}, way, kStart, Random(seed));
}

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

Result<Scenario> with_records(const std::string& keys) {
  return parse_scenario("name = \"x\"\n[records]\n" + keys, "x.toml");
}

}  // namespace

TEST_CASE("with room enough records arrive as they were collected, on their grid, and losses stay losses") {
  const Collected c = collect(1);
  const Downlinked brought = bring(c, 1e6, 1e6, DropWay::kCriticalFirst, 1);
  CHECK(brought.contacts == 6);
  CHECK(brought.overloaded == 0);
  CHECK(brought.bytes_sent == brought.bytes_waiting);
  CHECK(brought.arrivals.lost == c.arrivals.lost);
  std::size_t lost_fields = 0;
  for (std::size_t r = 0; r < c.sent.size(); ++r) {
    for (std::size_t f = 0; f < c.schema.fields.size(); ++f) {
      const datum::Field& before = c.arrivals.records[r].fields[f];
      const datum::Field& after = brought.arrivals.records[r].fields[f];
      REQUIRE(before.index() == after.index());
      if (const auto number = datum::number_of(before)) {
        const double step = c.schema.fields[f].resolution.value_or(c.schema.fields[f].tolerance_abs / 10);
        REQUIRE(std::abs(*number - *datum::number_of(after)) <= step / 2 + 1e-9);
      } else {
        REQUIRE(std::get<Missing>(after).reason == MissingReason::kLinkLoss);
        ++lost_fields;
      }
    }
  }
  CHECK(lost_fields > 0);
}

TEST_CASE("what is dropped on purpose is told apart from what the link lost") {
  const Collected c = collect(2);
  const Downlinked brought = bring(c, 300, 500, DropWay::kCriticalFirst, 2);
  CHECK(brought.overloaded > 0);
  CHECK(brought.bytes_sent <= brought.bytes_offered);
  std::size_t dropped = 0;
  for (std::size_t r = 0; r < c.sent.size(); ++r) {
    for (std::size_t f = 0; f < c.schema.fields.size(); ++f) {
      const auto* missing = std::get_if<Missing>(&brought.arrivals.records[r].fields[f]);
      if (missing == nullptr) continue;
      const bool was_there = std::holds_alternative<Observed>(c.arrivals.records[r].fields[f]);
      if (was_there) REQUIRE(missing->reason == MissingReason::kDropped);
      dropped += was_there ? 1 : 0;
    }
  }
  CHECK(dropped > 0);
}

TEST_CASE("critical fields are never sacrificed, and the checker finds ways that do") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Collected c = collect(seed);
    CHECK(bring(c, 0, 900, DropWay::kCriticalFirst, seed).sacrifices.empty());
    CHECK_FALSE(bring(c, 350, 500, DropWay::kRandomFields, seed).sacrifices.empty());
    CHECK_FALSE(bring(c, 100, 300, DropWay::kOldestRecords, seed).sacrifices.empty());
  }
}

TEST_CASE("under threefold overload critical fields arrive more often than by plainer ways at equal bytes") {
  const Scenario scenario = narrow_downlink();
  const Instant end = kStart + scenario.duration + scenario.quiet;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    CAPTURE(seed);
    const Gateway gateway(scenario.records.value(), kStart, end, Random(seed));
    CHECK(gateway.sacrifices().empty());
    const DropComparison& drops = gateway.drops().value();
    for (const DropProfile* p : {&drops.critical_first, &drops.oldest_records, &drops.random_fields}) {
      CHECK(p->bytes_offered == drops.critical_first.bytes_offered);
      CHECK(p->bytes_sent <= p->bytes_offered);
      CHECK(p->values == drops.critical_first.values);
    }
    CHECK(share(drops.critical_first.bytes_waiting, drops.critical_first.bytes_offered) >= 2.5);
    const auto arrived = [](const DropProfile& p) { return 1.0 - share(p.critical_dropped, p.critical); };
    CHECK(arrived(drops.critical_first) >= 1.5 * arrived(drops.oldest_records));
    CHECK(arrived(drops.critical_first) >= 1.5 * arrived(drops.random_fields));
  }
}

TEST_CASE("a record counts from its contact on, so nothing is known before it was brought down") {
  RecordScript script;
  script.stations = 2;
  script.downlink = RecordDownlink{std::chrono::hours(36), 1e5, 1e5};
  Gateway gateway(script, kStart, kStart + std::chrono::hours(24 * 4), Random(2));
  CHECK_FALSE(gateway.prior(kStart + std::chrono::hours(35)).has_value());
  CHECK(gateway.prior(kStart + std::chrono::hours(60)).has_value());
}

TEST_CASE("keys of the downlink stand together and in range") {
  CHECK(with_records("contact_every_s = 3600\ndownlink_bytes = [10, 20]")->records->downlink->bytes_high ==
        20);
  CHECK_FALSE(with_records("")->records->downlink.has_value());
  for (const char* keys :
       {"contact_every_s = 3600", "downlink_bytes = [10, 20]",
        "contact_every_s = 1\ndownlink_bytes = [10, 20]", "contact_every_s = 3600\ndownlink_bytes = [20, 10]",
        "contact_every_s = 3600\ndownlink_bytes = [-1, 10]", "contact_every_s = 3600\ndownlink_bytes = [10]",
        "contact_every_s = 3600\ndownlink_bytes = [0, 1e10]"}) {
    const auto read = with_records(keys);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message.find("[records]") != std::string::npos);
  }
}
