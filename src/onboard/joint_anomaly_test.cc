#include "onboard/joint_anomaly.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "onboard/complete_test_data.h"

namespace skywarden::onboard {
namespace {

datum::Schema bound_schema() {
  datum::Schema schema = example_schema();
  schema.fields = {schema.fields[0], schema.fields[0], schema.fields[1]};
  schema.fields[1].name = "dew";
  return schema;
}

// A station whose temp and dew point wander together; rain hardly ever falls.
std::vector<datum::Record> bound_records(std::size_t hours, std::uint64_t seed) {
  Random random(seed);
  std::vector<datum::Record> out;
  double level = 15.0;
  for (std::size_t t = 0; t < hours; ++t) {
    level += random.normal(0.0, 1.0) - 0.05 * (level - 15.0);
    const auto tenths = [](double x) { return datum::Observed{std::round(x * 10.0) / 10.0}; };
    out.push_back({"a",
                   Instant{} + std::chrono::hours(static_cast<long>(t)),
                   {tenths(level + random.normal(0.0, 0.1)), tenths(level - 6.0 + random.normal(0.0, 0.1)),
                    tenths(random.chance(0.03) ? 2.0 : 0.0)}});
  }
  return out;
}

std::vector<float> scores_of(const std::vector<datum::Record>& records) {
  return joint_anomaly_scores(panel_of(records, true), bound_schema(), {});
}

void shift(datum::Record& record, std::size_t field, double by) {
  record.fields[field] = datum::Observed{*datum::number_of(record.fields[field]) + by};
}

TEST_CASE("readings that part company are noticed though each moves no more than usual") {
  auto records = bound_records(1600, 71);
  std::vector<std::size_t> broken;
  for (std::size_t h = 1000; h < 1600; h += 60) {
    shift(records[h], 0, 1.2);  // an hour's usual change is 1
    shift(records[h], 1, -1.2);
    broken.push_back(h);
  }
  const std::vector<float> scores = scores_of(records);
  std::size_t together = 0, elsewhere = 0;
  for (const std::size_t h : broken) together += scores[h] > 1.0F ? 1 : 0;
  for (std::size_t h = 500; h < 1000; ++h) elsewhere += scores[h] > 1.0F ? 1 : 0;
  MESSAGE(together, " of ", broken.size(), " broken ones, ", elsewhere, " of 500 sound ones");
  CHECK(together >= 8);
  CHECK(elsewhere <= 15);
}

TEST_CASE("nothing is said before there is enough to compare with, nor of a single number") {
  const auto records = bound_records(400, 72);
  const std::vector<float> scores = scores_of(records);
  for (std::size_t h = 0; h < 284; ++h) CHECK(scores[h] == 0.0F);
  CHECK(*std::max_element(scores.begin(), scores.end()) > 0.0F);
  datum::Schema one = bound_schema();
  one.fields[1].kind = datum::FieldKind::kText;
  one.fields[2].kind = datum::FieldKind::kText;
  for (const float score : joint_anomaly_scores(panel_of(records, true), one, {})) CHECK(score == 0.0F);
}

TEST_CASE("joint scores do not depend on later readings") {
  const auto records = bound_records(700, 73);
  const std::vector<datum::Record> first(records.begin(), records.begin() + 500);
  const std::vector<float> whole = scores_of(records), part = scores_of(first);
  for (std::size_t record = 0; record < first.size(); ++record) REQUIRE(part[record] == whole[record]);
}

}  // namespace
}  // namespace skywarden::onboard
