#include "onboard/missing_report.h"

#include <doctest/doctest.h>

#include <cmath>

#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

MissingReport report_of(std::vector<datum::Record>& records, const datum::Schema& schema) {
  const Panel panel = panel_of(records, false);
  const Completion completion = complete(panel, schema, {});
  return report_missing(panel, schema, completion, missing_patterns(panel, false));
}

}  // namespace

TEST_CASE("counts add up, field by field and window by window") {
  auto records = example_records(800, 1);
  const auto hidden = hide(records, 0.2, 2);
  const MissingReport report = report_of(records, example_schema());
  std::size_t missing = 0, in_windows = 0, cells = 0;
  for (const FieldMissing& field : report.fields) {
    missing += field.missing;
    CHECK(field.cells == records.size());
    CHECK(field.filled <= field.missing);
    CHECK(field.abstained <= field.filled);
    std::size_t of_patterns = 0;
    for (std::size_t p = 1; p < kMissingPatterns; ++p) of_patterns += field.patterns[p];
    CHECK(of_patterns == field.missing);
  }
  CHECK(missing == hidden.size());
  for (const MissingWindow& window : report.windows) {
    cells += window.cells;
    for (const PatternCounts& counts : window.patterns)
      for (std::size_t p = 1; p < kMissingPatterns; ++p) in_windows += counts[p];
  }
  CHECK(report.windows.size() == 12);
  CHECK(in_windows == missing);
  CHECK(cells == records.size() * 3);
}

TEST_CASE("losses at random are not called selective, losses of high values are") {
  int wrongly = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto records = example_records(700, seed);
    auto selective = records;
    static_cast<void>(hide(records, 0.2, seed + 100));
    for (const FieldMissing& field : report_of(records, example_schema()).fields)
      wrongly += field.test && field.test->rejected ? 1 : 0;
    Random random(seed);
    for (datum::Record& record : selective)
      if (random.chance(*datum::number_of(record.fields[0]) > 14.0 ? 0.6 : 0.05))
        record.fields[0] = datum::Missing{};
    const auto test = report_of(selective, example_schema()).fields[0].test;
    if (!test || !test->rejected) continue;
    ++found;
    CHECK(test->with == "temp at other streams");
    CHECK(test->effect > 0.0);
  }
  // 30 tests at 1 %: four or more wrong ones have a chance of 2 in 10,000.
  CHECK(wrongly <= 3);
  CHECK(found >= 9);
}

TEST_CASE(
    "the sensitivity is what it says: hidden values a usual error higher move the mean by their share") {
  auto records = example_records(500, 3);
  static_cast<void>(hide(records, 0.25, 4));
  const datum::Schema schema = example_schema();
  const Panel panel = panel_of(records, false);
  const Completion completion = complete(panel, schema, {});
  const MissingReport report = report_missing(panel, schema, completion, missing_patterns(panel, false));
  // Over again, by adding the shift to each filled value.
  double before = 0.0, after = 0.0, count = 0.0, beyond = 0.0, filled = 0.0;
  for (std::size_t r = 0; r < panel.records(); ++r) {
    const Panel::Place place = panel.place(r);
    const std::size_t cell = panel.at(place.slot, place.stream, 0);
    if (completion.origins[cell] == Origin::kNone) continue;
    const double error = (completion.highs[cell] - completion.lows[cell]) / 2.0 / 1.6449;
    const bool estimated = completion.origins[cell] == Origin::kEstimated;
    count += 1.0;
    before += completion.values[cell];
    after += completion.values[cell] + (estimated ? 2.0 * error : 0.0);
    filled += estimated ? 1.0 : 0.0;
    beyond += estimated && 2.0 * error > 1.0 ? 1.0 : 0.0;  // the tolerance of temp
  }
  REQUIRE(report.fields[0].sensitivity.has_value());
  const MissingSensitivity& said = *report.fields[0].sensitivity;
  CHECK(said.mean == doctest::Approx(before / count).epsilon(1e-6));
  CHECK(said.mean_moves[2] == doctest::Approx((after - before) / count).epsilon(1e-4));
  CHECK(said.beyond[2] == doctest::Approx(beyond / filled).epsilon(1e-6));
  CHECK(said.mean_moves[1] == doctest::Approx(said.mean_moves[2] / 2.0));
  CHECK_FALSE(report.fields[2].sensitivity.has_value());
}

TEST_CASE("nothing missing, nothing said; nothing there, nothing broken") {
  auto records = example_records(100, 1);
  for (const FieldMissing& field : report_of(records, example_schema()).fields) {
    CHECK(field.missing == 0);
    CHECK_FALSE(field.test.has_value());
  }
  const MissingReport empty = report_missing(Panel(), example_schema(), Completion{}, {});
  CHECK(empty.windows.empty());
}
