#include "node/intake.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::node;

namespace {

datum::Schema tower() {
  datum::Schema schema;
  schema.name = "tower";
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  datum::FieldSpec temperature;
  temperature.name = "temp_f";
  temperature.unit = "degF";
  temperature.min = -40;
  temperature.max = 140;
  datum::FieldSpec humidity;
  humidity.name = "rh_pct";
  humidity.min = 0;
  humidity.max = 100;
  schema.fields = {temperature, humidity};
  return schema;
}

datum::Record at(int hour, datum::Field temperature, datum::Field humidity) {
  datum::Record record;
  record.stream = "A";
  record.time = parse_utc("2017-10-08T00:00:00Z").value() + std::chrono::hours(hour);
  record.fields = {std::move(temperature), std::move(humidity)};
  return record;
}

}  // namespace

TEST_CASE("humidity lost in the rain is estimated with an interval, what was measured stays") {
  std::vector<datum::Record> records;
  for (int hour = 0; hour < 48; ++hour) {
    datum::Field humidity = datum::Observed{50.0 + hour % 24};
    if (hour == 40) humidity = datum::Missing{datum::MissingReason::kLinkLoss};
    records.push_back(at(hour, datum::Observed{68.0}, std::move(humidity)));
  }
  const Prepared prepared = prepare(tower(), records).value();
  REQUIRE(prepared.records.size() == 48);
  const auto& filled = prepared.records[40].record.fields;
  CHECK(std::holds_alternative<datum::Observed>(filled[0]));
  const auto* humidity = std::get_if<datum::Estimated>(&filled[1]);
  REQUIRE(humidity != nullptr);
  CHECK_FALSE(humidity->by.empty());
  CHECK(prepared.records[40].patterns[0] == onboard::MissingPattern::kNone);
  CHECK(prepared.records[40].patterns[1] == onboard::MissingPattern::kRandom);
  REQUIRE(humidity->interval.has_value());
  CHECK(humidity->interval->low <= humidity->interval->high);
}

TEST_CASE("preparing fewer records says the same of those that are left") {
  std::vector<datum::Record> records;
  for (int hour = 0; hour < 60; ++hour) {
    datum::Field humidity = datum::Observed{40.0 + (hour * 7) % 30};
    if (hour % 9 == 4) humidity = datum::Missing{};
    records.push_back(at(hour, datum::Observed{60.0 + hour % 24}, std::move(humidity)));
  }
  const Prepared whole = prepare(tower(), records).value();
  records.resize(41);
  const Prepared part = prepare(tower(), records).value();
  for (std::size_t i = 0; i < part.records.size(); ++i)
    CHECK(datum::number_of(part.records[i].record.fields[1]) ==
          datum::number_of(whole.records[i].record.fields[1]));
}

TEST_CASE("weather is found by its usual names and brought to the index's units") {
  const auto weather = weather_of(tower(), at(0, datum::Observed{68.0}, datum::Observed{30.0}));
  REQUIRE(weather.has_value());
  CHECK(*weather->temperature_c == doctest::Approx(20.0));
  CHECK(weather->humidity_pct == 30.0);
  CHECK_FALSE(weather->wind_kmh.has_value());
}

TEST_CASE("an estimate that is too uncertain to act on is no weather, one that is sure is") {
  datum::Estimated humidity;
  humidity.value = 30.0;
  humidity.interval = datum::Interval{5.0, 90.0};
  humidity.by = "baseline";
  const auto sure = weather_of(tower(), at(0, datum::Observed{68.0}, humidity));
  REQUIRE(sure.has_value());
  CHECK(sure->humidity_pct == 30.0);
  humidity.abstained = true;
  const auto unsure = weather_of(tower(), at(0, datum::Observed{68.0}, humidity));
  REQUIRE(unsure.has_value());
  CHECK_FALSE(unsure->humidity_pct.has_value());
  CHECK(unsure->temperature_c.has_value());
}

namespace {

// Adds to every estimate of humidity and notes how often it was asked.
class Raises final : public onboard::NumberReviewer {
 public:
  explicit Raises(double by) : by_(by) {}
  bool wants(std::size_t field) const override { return field == 1; }
  bool review(const onboard::MissingNumber&, onboard::NumberEstimate& estimate) override {
    estimate.value += by_;
    ++asked;
    return true;
  }
  std::size_t asked = 0;

 private:
  double by_;
};

std::vector<datum::Record> holed_hours(int hours) {
  std::vector<datum::Record> records;
  for (int hour = 0; hour < hours; ++hour) {
    datum::Field humidity = datum::Observed{40.0 + (hour * 7) % 30};
    if (hour % 9 == 4) humidity = datum::Missing{};
    records.push_back(at(hour, datum::Observed{60.0 + hour % 24}, std::move(humidity)));
  }
  return records;
}

}  // namespace

TEST_CASE("a model changes what fills its field and is named, and nothing else changes") {
  const Prepared plain = prepare(tower(), holed_hours(60)).value();
  Raises model(3.0);
  const Prepared done = prepare(tower(), holed_hours(60), {.completion = &model}).value();
  CHECK(model.asked > 0);
  REQUIRE(done.records.size() == plain.records.size());
  std::size_t filled = 0;
  for (std::size_t i = 0; i < done.records.size(); ++i) {
    const auto& now = done.records[i];
    const auto& before = plain.records[i];
    CHECK(now.anomalous == before.anomalous);
    CHECK(now.patterns == before.patterns);
    CHECK(datum::number_of(now.record.fields[0]) == datum::number_of(before.record.fields[0]));
    const auto* estimate = std::get_if<datum::Estimated>(&now.record.fields[1]);
    if (estimate == nullptr) continue;
    ++filled;
    CHECK(estimate->by == "model");
    CHECK(std::get<datum::Estimated>(before.record.fields[1]).by == "baseline");
    CHECK(*datum::number_of(now.record.fields[1]) - *datum::number_of(before.record.fields[1]) ==
          doctest::Approx(3.0).epsilon(0.4));  // both on the grid of whole numbers
  }
  CHECK(filled > 4);
}

TEST_CASE("with a model, too, what is said of a record does not depend on later ones") {
  Raises one(3.0), other(3.0);
  const Prepared whole = prepare(tower(), holed_hours(60), {.completion = &one}).value();
  const Prepared part = prepare(tower(), holed_hours(41), {.completion = &other}).value();
  for (std::size_t i = 0; i < part.records.size(); ++i)
    CHECK(datum::number_of(part.records[i].record.fields[1]) ==
          datum::number_of(whole.records[i].record.fields[1]));
}

TEST_CASE("a judge of readings marks its own fields, the others are marked as without one") {
  std::vector<datum::Record> records = holed_hours(400);
  records[390].fields[0] = datum::Observed{130.0};  // a spike of a field that the judge does not know
  const auto marked = [](const Prepared& prepared, std::size_t field) {
    std::size_t count = 0;
    for (const PreparedRecord& each : prepared.records) count += each.anomalous[field] ? 1 : 0;
    return count;
  };
  onboard::FieldJudge humidity;
  humidity.field = "rh_pct";
  inference::TreeNode leaf;
  leaf.value = 5.0F;  // whatever it sees
  humidity.trees = inference::TreeEnsemble::make(onboard::kEvidence, 0.0F,
                                                 std::vector<std::vector<inference::TreeNode>>{{leaf}})
                       .value();
  humidity.odds.fill(1.0F);
  humidity.jumps.fill(1e9F);
  humidity.runs.fill(1e9F);
  const onboard::AnomalyModel judge{"tower", 0.001, {humidity}};
  const Prepared plain = prepare(tower(), records).value();
  const Prepared judged = prepare(tower(), records, {.anomaly = &judge}).value();
  CHECK(marked(plain, 1) < 10);
  CHECK(marked(judged, 1) > 100);
  CHECK(marked(plain, 0) > 0);
  CHECK(marked(judged, 0) == marked(plain, 0));
}
