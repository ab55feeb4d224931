#include "serving/recent_rows.h"

#include <doctest/doctest.h>

#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::serving;

namespace {

using datum::Missing;

std::vector<CompletedNewest> complete_one(RecentRows& recent, const datum::Record& record,
                                          CompletionDepth depth = CompletionDepth::kSystem) {
  const datum::Record* one[] = {&record};
  return recent.complete_newest(one, depth);
}

// Two days of four stations; d repeats a.
void warm_up(RecentRows& recent, const std::vector<datum::Record>& records, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) complete_one(recent, records[i], CompletionDepth::kRules);
}

const datum::Estimated* estimate(const CompletedNewest& done, std::size_t field) {
  return std::get_if<datum::Estimated>(&done.record.fields[field]);
}

}  // namespace

TEST_CASE("the newest record is completed from its stream, its neighbours and its copies") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(64, 7);
  RecentRows recent(schema, nullptr, {.stream_rows = 60});
  warm_up(recent, records, 240);
  datum::Record a = records[240], d = records[243];
  complete_one(recent, a);
  const auto truth = datum::number_of(d.fields[0]);
  d.fields[0] = Missing{};
  const auto done = complete_one(recent, d);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by == "twin:a");
  CHECK(datum::number_of(done[0].record.fields[0]) == truth);
  CHECK(done[0].depth == CompletionDepth::kSystem);
  CHECK(done[0].patterns[0] == GapPattern::kScattered);
  CHECK(done[0].patterns[1] == GapPattern::kNone);
  CHECK(std::holds_alternative<datum::Observed>(done[0].record.fields[1]));
}

TEST_CASE("shallower depths need less and say so") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(64, 8);
  RecentRows recent(schema, nullptr);
  warm_up(recent, records, 200);
  datum::Record next = records[200];
  const auto last = datum::number_of(records[196].fields[0]);
  next.fields[0] = Missing{};
  const auto by_rules = complete_one(recent, next, CompletionDepth::kRules);
  REQUIRE(estimate(by_rules[0], 0) != nullptr);
  CHECK(estimate(by_rules[0], 0)->by == "last_value");
  CHECK_FALSE(estimate(by_rules[0], 0)->interval);
  CHECK(datum::number_of(by_rules[0].record.fields[0]) == last);
  const auto by_stream = complete_one(recent, next, CompletionDepth::kStream);
  REQUIRE(estimate(by_stream[0], 0) != nullptr);
  CHECK(by_stream[0].depth == CompletionDepth::kStream);
  CHECK(estimate(by_stream[0], 0)->interval);
}

TEST_CASE("records of one batch see those before them, as if they had come one by one") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(40, 9);
  for (std::size_t i = 100; i < records.size(); i += 3) records[i].fields[0] = Missing{};
  RecentRows together(schema, nullptr), apart(schema, nullptr);
  warm_up(together, records, 100);
  warm_up(apart, records, 100);
  // Of several streams, one record each: what a stream's own depth says cannot depend on the batch.
  std::vector<const datum::Record*> batch;
  for (std::size_t i = 100; i < 104; ++i) batch.push_back(&records[i]);
  const auto all = together.complete_newest(batch, CompletionDepth::kStream);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto one = complete_one(apart, *batch[i], CompletionDepth::kStream);
    CHECK(datum::number_of(one[0].record.fields[0]) == datum::number_of(all[i].record.fields[0]));
  }
}

TEST_CASE("a new station, a record with nothing in it and a clock that goes back are said") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(30, 10);
  RecentRows recent(schema, nullptr);
  datum::Record empty = records[0];
  empty.fields = {Missing{}, Missing{}, Missing{}};
  // Nothing is known at all: no number is invented, and a level only with the probability of a guess.
  auto done = complete_one(recent, empty);
  CHECK(done[0].new_stream);
  CHECK(datum::value_of(done[0].record.fields[0]) == nullptr);
  CHECK(datum::value_of(done[0].record.fields[1]) == nullptr);
  if (const auto* guess = estimate(done[0], 2)) CHECK(guess->probability.value() < 0.2);
  CHECK(done[0].patterns[0] == GapPattern::kWholeRecord);
  warm_up(recent, records, 100);
  empty.time = records[100].time;
  done = complete_one(recent, empty);
  CHECK_FALSE(done[0].new_stream);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->interval->low < estimate(done[0], 0)->interval->high);
  datum::Record stranger = records[104];
  stranger.stream = "elsewhere";
  stranger.fields[0] = Missing{};
  done = complete_one(recent, stranger);
  CHECK(done[0].new_stream);
  datum::Record back = records[40];
  back.fields[0] = Missing{};
  done = complete_one(recent, back);
  CHECK(done[0].clock_back);
  CHECK(done[0].record.time == records[40].time);
  CHECK(estimate(done[0], 0) != nullptr);
}

TEST_CASE("streams are forgotten when there are too many, and cells are bounded") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(4, 11);
  RecentRows recent(schema, nullptr, {.stream_rows = 4, .streams_max = 3, .system_streams_max = 2});
  for (int i = 0; i < 10; ++i) {
    datum::Record record = records[0];
    record.stream = std::to_string(i);
    const auto done = complete_one(recent, record);
    CHECK(done[0].depth == (i < 2 ? CompletionDepth::kSystem : CompletionDepth::kStream));
    CHECK(recent.streams() <= 3);
  }
}

TEST_CASE("a plug-in's method takes part, and a plug-in that fails leaves the others' word") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(30, 12);
  const auto plugin = Plugin::load(std::string(SKYWARDEN_PLUGINS) + "/example_1.so");
  REQUIRE(plugin);
  RecentRows recent(schema, nullptr);
  recent.set_method(PluginMethod::open(*plugin, schema).value());
  warm_up(recent, records, 80);
  datum::Record next = records[80];
  next.fields[0] = Missing{};
  auto done = complete_one(recent, next, CompletionDepth::kStream);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by == "example");
  next = records[84];
  next.fields[0] = datum::Observed{500.0};
  done = complete_one(recent, next, CompletionDepth::kStream);
  CHECK(done[0].anomalies.at(0) == 1.0);
  CHECK_FALSE(recent.take_complaint());
  recent.set_method(nullptr);
  next = records[88];
  next.fields[0] = Missing{};
  done = complete_one(recent, next, CompletionDepth::kStream);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by != "example");
}
