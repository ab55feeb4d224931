#include "serving/completion_ladder.h"

#include <doctest/doctest.h>

#include "inference/model_file.h"
#include "onboard/complete_fusion.h"
#include "onboard/complete_network_graph.h"
#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::serving;

namespace {

using datum::Missing;

constexpr Haste kInTime = Haste::kNone, kInHaste = Haste::kGreat;

std::vector<CompletedNewest> complete_one(CompletionLadder& ladder, const datum::Record& record,
                                          Haste haste = kInTime) {
  const datum::Record* one[] = {&record};
  return ladder.complete_newest(one, haste);
}

// Four stations; d repeats a.
void warm_up(CompletionLadder& ladder, const std::vector<datum::Record>& records, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) complete_one(ladder, records[i]);
}

const datum::Estimated* estimate(const CompletedNewest& done, std::size_t field) {
  return std::get_if<datum::Estimated>(&done.record.fields[field]);
}

// An encoder with drawn weights that alone is believed of temp.
onboard::FusedModel network_model() {
  const datum::Schema schema = onboard::example_schema();
  onboard::FusedMode mode;
  mode.networks.push_back(inference::write_model(onboard::network_graph(
      onboard::small_network(onboard::NetworkKind::kEncoder), onboard::NetworkInputs(schema),
      inference::Precision::kI8, inference::drawn_parameters(3))));
  onboard::FieldGates gates{"temp", {}};
  gates.gaps.fill({{0.0F, 1.0F}, false, 1.0F});
  mode.fields.push_back(gates);
  return {{schema.name, {}, {}}, mode, {}};
}

}  // namespace

TEST_CASE("with some haste networks are done without, and what is known of streams stays") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(96, 7);
  std::erase_if(records, [](const datum::Record& record) { return record.stream == "d"; });
  const auto ladder_with = [&](bool networks) {
    return CompletionLadder(
        schema, networks ? onboard::make_fused_reviewer(network_model(), schema, true).value() : nullptr);
  };
  CompletionLadder full = ladder_with(true), hasty = ladder_with(true), plain = ladder_with(false);
  for (CompletionLadder* ladder : {&full, &hasty, &plain}) warm_up(*ladder, records, 240);
  datum::Record holed = records[240];
  holed.fields[0] = Missing{};
  const auto by_all = complete_one(full, holed), by_less = complete_one(hasty, holed, Haste::kSome),
             by_baseline = complete_one(plain, holed, Haste::kSome);
  CHECK(by_all[0].depth == CompletionDepth::kSystem);
  CHECK(by_less[0].depth == CompletionDepth::kTrees);
  CHECK(by_baseline[0].depth == CompletionDepth::kSystem);  // there was nothing to do without
  REQUIRE((estimate(by_all[0], 0) != nullptr && estimate(by_less[0], 0) != nullptr));
  CHECK(estimate(by_all[0], 0)->by == "model");
  CHECK(estimate(by_less[0], 0)->by != "model");
  CHECK(estimate(by_less[0], 0)->value == estimate(by_baseline[0], 0)->value);
  datum::Record next = records[241];
  next.fields[0] = Missing{};
  const auto again_full = complete_one(full, next), again = complete_one(hasty, next);
  CHECK(again[0].depth == CompletionDepth::kSystem);
  CHECK(again_full[0].depth == CompletionDepth::kSystem);
  CHECK(estimate(again[0], 0)->value == estimate(again_full[0], 0)->value);
}

TEST_CASE("the newest record is completed from its stream, its neighbours and its copies") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(96, 7);
  CompletionLadder ladder(schema, nullptr);
  warm_up(ladder, records, 320);
  datum::Record a = records[320], d = records[323];
  complete_one(ladder, a);
  const auto truth = datum::number_of(d.fields[0]);
  d.fields[0] = Missing{};
  const auto done = complete_one(ladder, d);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by == "twin:a");
  CHECK(datum::number_of(done[0].record.fields[0]) == truth);
  CHECK(done[0].depth == CompletionDepth::kSystem);
  CHECK(done[0].patterns[0] == GapPattern::kScattered);
  CHECK(done[0].patterns[1] == GapPattern::kNone);
  CHECK(std::holds_alternative<datum::Observed>(done[0].record.fields[1]));
}

TEST_CASE("in haste a record gets its last value, and the system is shown it later") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(120, 8);
  onboard::hide(records, 0.3, 9);
  CompletionLadder hasty(schema, nullptr), calm(schema, nullptr);
  warm_up(hasty, records, 200);
  warm_up(calm, records, 200);
  std::size_t by_rules = 0;
  for (std::size_t i = 200; i < 300; ++i) {
    const auto done = complete_one(hasty, records[i], kInHaste);
    CHECK(done[0].depth == CompletionDepth::kRules);
    for (std::size_t f = 0; f < 3; ++f) {
      const auto* said = estimate(done[0], f);
      if (said == nullptr) continue;
      CHECK(said->by == "last_value");
      CHECK_FALSE(said->interval);
      ++by_rules;
    }
    complete_one(calm, records[i]);
  }
  CHECK(by_rules > 20);
  CHECK(hasty.owed() == 100);
  std::size_t estimates = 0, caught_up = 0;
  for (std::size_t i = 300; i < records.size(); ++i) {
    const auto after_haste = complete_one(hasty, records[i]), expected = complete_one(calm, records[i]);
    CHECK((after_haste[0].depth == CompletionDepth::kRules) == (hasty.owed() > 0));
    if (hasty.owed() > 0) continue;  // no record goes past one that came before it
    ++caught_up;
    for (std::size_t f = 0; f < 3; ++f) {
      CHECK(onboard::same(after_haste[0].record.fields[f], expected[0].record.fields[f]));
      estimates += std::holds_alternative<datum::Estimated>(after_haste[0].record.fields[f]) ? 1 : 0;
    }
  }
  CHECK(hasty.never_shown() == 0);
  CHECK(caught_up > 80);
  CHECK(estimates > 20);
}

TEST_CASE("a clock far ahead of the others holds nobody else's") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(100, 8);
  onboard::hide(records, 0.3, 9);
  CompletionLadder ladder(schema, nullptr), undisturbed(schema, nullptr);
  std::size_t ahead = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i == 200 || i == 201 || i == 300) {
      datum::Record wrong = records[i];
      wrong.stream = "e";
      wrong.time += std::chrono::hours(8760);
      const auto done = complete_one(ladder, wrong);
      ahead += done[0].depth == CompletionDepth::kStream ? 1 : 0;
      CHECK(done[0].record.time == wrong.time);
    }
    const auto one = complete_one(ladder, records[i]), other = complete_one(undisturbed, records[i]);
    for (std::size_t f = 0; f < 3; ++f)
      CHECK(onboard::same(one[0].record.fields[f], other[0].record.fields[f]));
  }
  CHECK(ahead == 3);
  CHECK(ladder.never_shown() == 3);
}

TEST_CASE("a day's pause, or records once a week, are no clock that is wrong") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(200, 8);
  CompletionLadder paused(schema, nullptr), weekly(schema, nullptr);
  std::size_t alone = 0, alone_weekly = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    datum::Record record = records[i];
    if (i >= 400) record.time += std::chrono::hours(100);
    alone += complete_one(paused, record)[0].depth == CompletionDepth::kStream ? 1 : 0;
    if (record.stream != "a") continue;
    record.time = Instant{} + std::chrono::hours(24 * 7 * static_cast<long>(i));
    alone_weekly += complete_one(weekly, record)[0].depth == CompletionDepth::kStream ? 1 : 0;
  }
  CHECK(alone < 9);
  CHECK(alone_weekly < 9);
}

TEST_CASE("what is owed is bounded, and what the system never sees is counted") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(20, 8);
  CompletionLadder ladder(schema, nullptr, {.owed_max = 10});
  for (std::size_t i = 0; i < 30; ++i) complete_one(ladder, records[i], kInHaste);
  CHECK(ladder.owed() == 10);
  CHECK(ladder.never_shown() == 20);
}

TEST_CASE("records of one call are said as if they had come one by one") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(40, 9);
  for (std::size_t i = 100; i < records.size(); i += 3) records[i].fields[0] = Missing{};
  CompletionLadder together(schema, nullptr), apart(schema, nullptr);
  warm_up(together, records, 100);
  warm_up(apart, records, 100);
  std::vector<const datum::Record*> call;
  for (std::size_t i = 100; i < 124; ++i) call.push_back(&records[i]);
  const auto all = together.complete_newest(call, kInTime);
  for (std::size_t i = 0; i < call.size(); ++i) {
    const auto one = complete_one(apart, *call[i]);
    for (std::size_t f = 0; f < 3; ++f)
      CHECK(onboard::same(one[0].record.fields[f], all[i].record.fields[f]));
    CHECK(one[0].depth == all[i].depth);
    CHECK(one[0].patterns == all[i].patterns);
  }
}

TEST_CASE("a system whose slots are used up starts anew with its model") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(40, 9);
  class Marking final : public onboard::NumberReviewer {
   public:
    bool wants(std::size_t /*field*/) const override { return true; }
    bool review(const onboard::MissingNumber& /*missing*/, onboard::NumberEstimate& /*estimate*/) override {
      return true;
    }
  };
  CompletionLadder ladder(schema, std::make_unique<Marking>(), {.system = {.slots_max = 20}});
  std::size_t by_model = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    datum::Record record = records[i];
    if (i % 7 == 6) record.fields[0] = Missing{};
    const auto done = complete_one(ladder, record);
    CHECK(done[0].depth == CompletionDepth::kSystem);
    if (const auto* said = estimate(done[0], 0)) by_model += said->by == "model" && i > 80 ? 1 : 0;
  }
  CHECK(by_model > 5);
}

TEST_CASE("a new station, a record with nothing in it and a clock that goes back are said") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(30, 10);
  CompletionLadder ladder(schema, nullptr);
  datum::Record empty = records[0];
  empty.fields = {Missing{}, Missing{}, Missing{}};
  // Nothing is known at all: no number is invented, and a level only with the probability of a guess.
  auto done = complete_one(ladder, empty);
  CHECK(done[0].new_stream);
  CHECK(datum::value_of(done[0].record.fields[0]) == nullptr);
  CHECK(datum::value_of(done[0].record.fields[1]) == nullptr);
  if (const auto* guess = estimate(done[0], 2)) CHECK(guess->probability.value() < 0.2);
  CHECK(done[0].patterns[0] == GapPattern::kWholeRecord);
  warm_up(ladder, records, 100);
  empty.time = records[100].time;
  done = complete_one(ladder, empty);
  CHECK_FALSE(done[0].new_stream);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->interval->low < estimate(done[0], 0)->interval->high);
  datum::Record stranger = records[104];
  stranger.stream = "elsewhere";
  stranger.fields[0] = Missing{};
  done = complete_one(ladder, stranger);
  CHECK(done[0].new_stream);
  datum::Record back = records[40];
  back.fields[0] = Missing{};
  done = complete_one(ladder, back);
  CHECK(done[0].clock_back);
  CHECK(done[0].record.time == records[40].time);
  CHECK(estimate(done[0], 0) != nullptr);
}

TEST_CASE("a stream for which the system has no room is completed from its own rows") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(12, 11);
  CompletionLadder ladder(schema, nullptr,
                          {.system = {.streams_max = 2}, .stream_rows = 4, .streams_max = 3});
  for (std::size_t i = 0; i < records.size(); ++i) {
    datum::Record record = records[i];
    if (i >= 8) record.fields[0] = Missing{};
    const auto done = complete_one(ladder, record);
    const bool has_room = record.stream == "a" || record.stream == "b";
    CHECK(done[0].depth == (has_room ? CompletionDepth::kSystem : CompletionDepth::kStream));
    CHECK(ladder.streams() <= 3);
    if (record.stream == "b" && i >= 8) CHECK(estimate(done[0], 0) != nullptr);
  }
}

TEST_CASE("a plug-in's method takes part, and can be taken away") {
  const datum::Schema schema = onboard::example_schema();
  const auto records = onboard::example_records(30, 12);
  const auto plugin = Plugin::load(std::string(SKYWARDEN_PLUGINS) + "/example_1.so");
  REQUIRE(plugin);
  CompletionLadder ladder(schema, nullptr);
  ladder.set_method(PluginMethod::open(*plugin, schema).value());
  warm_up(ladder, records, 80);
  datum::Record next = records[80];
  next.fields[0] = Missing{};
  auto done = complete_one(ladder, next);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by == "example");
  next = records[84];
  next.fields[0] = datum::Observed{500.0};
  done = complete_one(ladder, next);
  CHECK(done[0].anomalies.at(0) == 1.0);
  CHECK_FALSE(ladder.take_complaint());
  ladder.set_method(nullptr);
  next = records[88];
  next.fields[0] = Missing{};
  done = complete_one(ladder, next);
  REQUIRE(estimate(done[0], 0) != nullptr);
  CHECK(estimate(done[0], 0)->by != "example");
}
