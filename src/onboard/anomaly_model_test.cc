#include "onboard/anomaly_model.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "onboard/anomaly.h"
#include "onboard/complete_test_data.h"

namespace skywarden::onboard {
namespace {

// One question: is the reading apart from its neighbours by more than so many usual differences?
inference::TreeEnsemble apart_tree(float limit) {
  inference::TreeNode root, sound, faulty;
  root.feature = static_cast<std::uint16_t>(evidence("apart"));
  root.missing_goes_left = true;
  root.value = limit;
  root.left = 1;
  root.right = 2;
  sound.value = -4.0F;
  faulty.value = 4.0F;
  return inference::TreeEnsemble::make(kEvidence, 0.0F,
                                       std::vector<std::vector<inference::TreeNode>>{{root, sound, faulty}})
      .value();
}

AnomalyModel example_model() {
  FieldJudge judge;
  judge.field = "temp";
  judge.trees = apart_tree(8.0F);
  for (std::size_t i = 0; i < kSoundShares.size(); ++i) {
    judge.odds[i] = static_cast<float>(i) - 4.0F;
    judge.jumps[i] = 20.0F + static_cast<float>(i);
    judge.runs[i] = 10.0F + static_cast<float>(i);
  }
  return {"example", 0.001, {judge}};
}

std::vector<float> scores_of(const std::vector<datum::Record>& records, const AnomalyModel& model) {
  const datum::Schema schema = example_schema();
  const Panel panel = panel_of(records, true);
  return anomaly_scores(model, panel, schema, complete_for_anomaly(panel, schema), 0.0, 200);
}

void shift(datum::Record& record, double by) {
  record.fields[0] = datum::Observed{*datum::number_of(record.fields[0]) + by};
}

TEST_CASE("evidence rests on earlier readings and on records that have arrived") {
  const datum::Schema schema = example_schema();
  const auto records = example_records(400, 5);
  const auto rows_of = [&](std::size_t hours) {
    const Panel panel = panel_of({records.begin(), records.begin() + static_cast<long>(4 * hours)}, true);
    std::vector<std::uint32_t> bits;
    read_evidence(panel, schema, complete_for_anomaly(panel, schema),
                  [&](const Reading& reading, const Evidence& all) {
                    bits.push_back(static_cast<std::uint32_t>(reading.cell));
                    for (const float one : all)
                      bits.push_back(std::isnan(one) ? 0xFFFFFFFFU : std::bit_cast<std::uint32_t>(one));
                  });
    return bits;
  };
  const auto whole = rows_of(400), part = rows_of(250);
  REQUIRE(part.size() == 250 * 4 * 2 * (1 + kEvidence));  // two numbers a record
  CHECK(std::equal(part.begin(), part.end(), whole.begin()));
}

TEST_CASE("a reading far from its neighbours is flagged, and a stuck one by the rule that knows no fault") {
  auto records = example_records(1200, 8);
  shift(records[1000 * 4 + 1], 15.0);
  for (std::size_t hour = 1100; hour < 1130; ++hour)
    records[hour * 4 + 2].fields[0] = records[1100 * 4 + 2].fields[0];
  const auto scores = scores_of(records, example_model());
  const auto score = [&](std::size_t hour, std::size_t station) { return scores[(hour * 4 + station) * 3]; };
  CHECK(score(1000, 1) > 1.0F);
  CHECK(score(999, 1) < 1.0F);
  CHECK(score(1129, 2) > 1.0F);
  CHECK(score(1100, 2) < 1.0F);
  std::size_t flagged = 0;
  for (std::size_t hour = 300; hour < 1000; ++hour)
    for (std::size_t station = 0; station < 4; ++station) flagged += score(hour, station) > 1.0F ? 1 : 0;
  CHECK(flagged < 28);  // one in a hundred
}

TEST_CASE("a smaller share of sound readings needs more") {
  const AnomalyModel model = example_model();
  const SoundLimits& limits = model.fields[0].odds;
  CHECK(limit_at(limits, 0.5) == limits.front());
  CHECK(limit_at(limits, 0.00001) == limits.back());
  CHECK(limit_at(limits, 0.001) == doctest::Approx(limits[5]));
  CHECK(limit_at(limits, 0.0007) > limits[5]);
  CHECK(limit_at(limits, 0.0007) < limits[6]);
  std::vector<float> scores;
  for (int i = 0; i < 10'000; ++i) scores.push_back(static_cast<float>((i * 7919) % 10'000));
  const SoundLimits found = sound_limits(scores, scores.size());
  CHECK(found[0] == 9499.0F);
  CHECK(found[5] == 9989.0F);
}

TEST_CASE("a model is read back as it was written, and a damaged one is refused") {
  const datum::Schema schema = example_schema();
  const AnomalyModel model = example_model();
  const auto bytes = encode_anomaly_model(model);
  CHECK(schema_of_anomaly_model(bytes) == schema.name);
  const auto back = decode_anomaly_model(bytes, schema);
  REQUIRE(back);
  CHECK(encode_anomaly_model(*back) == bytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] ^= std::byte{0x10};
    CHECK_FALSE(decode_anomaly_model(damaged, schema));
    CHECK_FALSE(decode_anomaly_model(std::span(bytes).first(at), schema));
  }
  datum::Schema other = schema;
  other.name = "other";
  CHECK(decode_anomaly_model(bytes, other).error().code == Errc::kConflict);
  other = schema;
  other.fields[0].name = "warmth";
  CHECK(decode_anomaly_model(bytes, other).error().code == Errc::kConflict);
}

}  // namespace
}  // namespace skywarden::onboard
