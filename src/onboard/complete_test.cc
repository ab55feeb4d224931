#include "onboard/complete.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "datum/delimited.h"
#include "onboard/complete_grid.h"
#include "onboard/complete_test_data.h"
#include "onboard/decode.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

struct Outcome {
  double right = 0, cells = 0;                        // temperatures within the tolerance
  double held = 0;                                    // … inside the interval
  double sectors_right = 0, sectors = 0, stated = 0;  // winds: right, all, sum of stated probabilities
};

Outcome score(const Panel& panel, const Completion& completion, const std::vector<Hidden>& hidden,
              std::size_t stream_below) {
  Outcome out;
  for (const Hidden& h : hidden) {
    const Panel::Place place = panel.place(h.record);
    const std::size_t cell = panel.at(place.slot, place.stream, h.field);
    if (place.stream >= stream_below || place.slot < 300) continue;  // warm
    if (h.field == 0) {
      const double truth = *datum::number_of(h.truth);
      out.cells += 1;
      out.right += std::abs(completion.values[cell] - truth) <= 1.0 ? 1 : 0;
      out.held += completion.lows[cell] - 1e-6 <= truth && truth <= completion.highs[cell] + 1e-6 ? 1 : 0;
    } else if (h.field == 2) {
      const auto* truth = std::get_if<datum::Category>(datum::value_of(h.truth));
      out.sectors += 1;
      out.sectors_right += completion.values[cell] == truth->level ? 1 : 0;
      out.stated += completion.probabilities[cell];
    }
  }
  return out;
}

}  // namespace

TEST_CASE("hidden cells come back, and the stated certainty holds") {
  for (const bool causal : {true, false}) {
    CAPTURE(causal);
    auto records = example_records(3000, 11);
    const auto hidden = hide(records, 0.3, 12);
    const Panel panel = panel_of(records, causal);
    const Completion completion = complete(panel, example_schema(), {.causal = causal});
    // Stations b and c have no twin.
    const Outcome all = score(panel, completion, hidden, 3);
    REQUIRE(all.cells > 2000);
    CHECK(all.right / all.cells > (causal ? 0.95 : 0.97));
    // 90 % intervals: within four standard errors of a binomial with n cells, and two points of slack.
    const double slack = 0.02 + 4.0 * std::sqrt(0.09 / all.cells);
    CHECK(all.held / all.cells > 0.90 - slack);
    CHECK(all.held / all.cells < 0.96 + slack);  // copies of a twin are always inside
    // Stated probabilities of winds: calibrated within three points.
    CHECK(std::abs(all.sectors_right - all.stated) / all.sectors <
          0.03 + 2.0 * std::sqrt(0.25 / all.sectors));
  }
}

TEST_CASE("a twin's value is taken as it is, and named") {
  auto records = example_records(600, 21);
  const std::size_t at = 4 * 500 + 3;  // station d
  const datum::Field truth = records[at].fields[0];
  records[at].fields[0] = datum::Missing{datum::MissingReason::kLinkLoss};
  const Panel panel = panel_of(records, true);
  const datum::Schema schema = example_schema();
  const Completion completion = complete(panel, schema, {.causal = true});
  const datum::Record filled = completed_record(panel, schema, completion, at);
  CHECK(datum::number_of(filled.fields[0]) == datum::number_of(truth));
  const auto* estimated = std::get_if<datum::Estimated>(&filled.fields[0]);
  REQUIRE(estimated != nullptr);
  CHECK(estimated->by == "twin:a");
  CHECK(std::holds_alternative<datum::Observed>(filled.fields[1]));
}

TEST_CASE("between north-west and north-east lies north") {
  // A vane that sweeps steadily round: arithmetic means of level numbers would say south.
  datum::Schema schema = example_schema();
  std::vector<datum::Record> records(1200);
  for (std::size_t t = 0; t < records.size(); ++t) {
    records[t].stream = "a";
    records[t].time = Instant{} + std::chrono::hours(static_cast<long>(t));
    records[t].fields = {datum::Observed{1.0}, datum::Observed{0.0},
                         datum::Observed{datum::Category{static_cast<std::uint16_t>(t % 8)}}};
  }
  records[1000].fields[2] = datum::Missing{};  // t % 8 = 0, between 7 and 1
  const Panel panel = panel_of(records, false);
  const Completion completion = complete(panel, schema, {});
  const std::size_t cell = panel.at(1000, 0, 2);
  CHECK(completion.origins[cell] == Origin::kEstimated);
  CHECK(completion.values[cell] == 0.0);
  CHECK(completion.probabilities[cell] > 0.8F);
}

TEST_CASE("estimates stay on the field's grid and inside its range") {
  auto records = example_records(800, 31);
  hide(records, 0.4, 32);
  const Panel panel = panel_of(records, false);
  const datum::Schema schema = example_schema();
  const Completion completion = complete(panel, schema, {});
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      const std::size_t temp = panel.at(slot, s, 0);
      const std::size_t rain = panel.at(slot, s, 1);
      REQUIRE(std::abs(completion.values[temp] * 10 - std::round(completion.values[temp] * 10)) < 1e-6);
      REQUIRE(completion.values[rain] >= 0.0);
      if (completion.origins[rain] == Origin::kEstimated) {
        REQUIRE(completion.lows[rain] >= 0.0F);
        REQUIRE(completion.lows[rain] <= completion.values[rain] + 1e-5);
        REQUIRE(completion.highs[rain] >= completion.values[rain] - 1e-5);
      }
    }
  }
}

TEST_CASE("where nothing is known the cell stays missing and keeps its reason") {
  std::vector<datum::Record> records(3);
  for (std::size_t t = 0; t < records.size(); ++t) {
    records[t].stream = "a";
    records[t].time = Instant{} + std::chrono::hours(static_cast<long>(t));
    records[t].fields = {datum::Missing{datum::MissingReason::kLinkLoss}, datum::Observed{0.0},
                         datum::Observed{datum::Category{1}}};
  }
  for (const bool causal : {true, false}) {
    const Panel panel = panel_of(records, causal);
    const datum::Schema schema = example_schema();
    const Completion completion = complete(panel, schema, {.causal = causal});
    const datum::Record record = completed_record(panel, schema, completion, 1);
    const auto* missing = std::get_if<datum::Missing>(&record.fields[0]);
    REQUIRE(missing != nullptr);
    CHECK(missing->reason == datum::MissingReason::kLinkLoss);
  }
  CHECK(complete(Panel{}, example_schema(), {}).origins.empty());
}

TEST_CASE("little data is no certainty") {
  std::vector<datum::Record> records(3);
  for (std::size_t t = 0; t < records.size(); ++t) {
    records[t].stream = "a";
    records[t].time = Instant{} + std::chrono::hours(static_cast<long>(t));
    records[t].fields = {datum::Observed{9.0}, datum::Observed{0.0}, datum::Observed{datum::Category{1}}};
  }
  records[1].fields[0] = datum::Missing{};
  for (const bool causal : {true, false}) {
    const Panel panel = panel_of(records, causal);
    const Completion completion = complete(panel, example_schema(), {.causal = causal});
    const std::size_t cell = panel.at(1, 0, 0);
    CHECK(completion.values[cell] == doctest::Approx(9.0));
    CHECK(completion.highs[cell] - completion.lows[cell] > 1.0F);
  }
}

TEST_CASE("numbers print on their grid") {
  CHECK(format_on_grid(12.3, 1) == "12.3");
  CHECK(format_on_grid(400.0, -2) == "400");
  CHECK(format_on_grid(-0.04, 1) == "0.0");
  CHECK(format_on_grid(1e6, 0) == "1000000");
}

TEST_CASE("MODIS scan and track give each other away") {
  REFERENCE_OR_SKIP(path, "completion/firms/modis_c61_global_20220226.csv.gz");
  const auto table = datum::parse_delimited(testing::read_file(path));
  REQUIRE(table);
  const auto schema = datum::parse_schema(testing::read_file("schemas/firms_modis.toml"), "firms_modis.toml");
  REQUIRE(schema);
  const auto layout = lay_out(*schema, *table);
  REQUIRE(layout);
  const std::size_t scan = *schema->field_index("scan"), track = *schema->field_index("track");
  PanelBuilder builder(schema->fields.size(), {.arrival_order = true});
  std::vector<datum::Field> fields(schema->fields.size());
  std::vector<std::array<double, 2>> truth;
  Random random(41);
  for (const auto& row : table->rows) {
    const auto time = decode_row_time(*schema, *layout, row);
    REQUIRE(time);
    for (std::size_t f = 0; f < fields.size(); ++f)
      fields[f] = decode_field(schema->fields[f], *schema, row[layout->fields[f]]);
    truth.push_back({*datum::number_of(fields[scan]), *datum::number_of(fields[track])});
    if (random.chance(0.3))
      fields[random.chance(0.5) ? scan : track] = datum::Missing{};  // the partner stays
    REQUIRE(builder.add(0, "modis", *time, fields));
  }
  const auto panel = builder.build();
  REQUIRE(panel);
  for (const bool causal : {false, true}) {
    CAPTURE(causal);
    const Completion completion = complete(*panel, *schema, {.causal = causal});
    double hidden = 0, right = 0;
    for (std::size_t r = 0; r < truth.size(); ++r) {
      const Panel::Place place = panel->place(r);
      for (const bool is_track : {false, true}) {
        const std::size_t cell = panel->at(place.slot, place.stream, is_track ? track : scan);
        if (panel->observed(cell)) continue;
        hidden += 1;
        right +=
            std::abs(completion.values[cell] - truth[r][is_track ? 1 : 0]) <= (is_track ? 0.02 : 0.05) + 1e-9
                ? 1
                : 0;
      }
    }
    REQUIRE(hidden > 3000);
    CHECK(right / hidden >= 0.99);
  }
}

TEST_CASE("an estimate abstains where its interval is too wide for the schema's tolerance or range") {
  datum::FieldSpec spec;
  spec.tolerance_abs = 2.0;
  spec.tolerance_rel = 0.1;
  CHECK_FALSE(abstains(spec, 10.0, 5.0, 15.0, 2.5));
  CHECK(abstains(spec, 10.0, 4.8, 15.0, 2.5));
  CHECK_FALSE(abstains(spec, 100.0, 75.0, 125.0, 2.5));  // a tolerance of 10
  CHECK_FALSE(abstains(spec, 10.0, -1000.0, 1000.0, 0.0));
  datum::FieldSpec bare;
  CHECK_FALSE(abstains(bare, 10.0, -1000.0, 1000.0, 2.5));
  bare.min = 0.0;
  bare.max = 50.0;
  CHECK_FALSE(abstains(bare, 10.0, 5.0, 15.0, 2.5));
  CHECK(abstains(bare, 10.0, 4.0, 15.0, 2.5));
}

TEST_CASE("what abstains is said in the record, and is less often right than the rest") {
  auto records = example_records(3000, 71);
  const auto hidden = hide(records, 0.4, 72);
  const Panel panel = panel_of(records, true);
  datum::Schema schema = example_schema();
  schema.fields[0].tolerance_abs = 0.25;
  const Completion completion = complete(panel, schema, {.causal = true});
  double abstained = 0, right_abstained = 0, rest = 0, right_rest = 0;
  for (const Hidden& h : hidden) {
    if (h.field != 0) continue;
    const datum::Record record = completed_record(panel, schema, completion, h.record);
    const auto* estimate = std::get_if<datum::Estimated>(&record.fields[0]);
    if (estimate == nullptr || estimate->by != "baseline") continue;
    const double right =
        std::abs(std::get<double>(estimate->value) - *datum::number_of(h.truth)) <= 0.25 + 1e-9 ? 1.0 : 0.0;
    (estimate->abstained ? abstained : rest) += 1.0;
    (estimate->abstained ? right_abstained : right_rest) += right;
    CHECK(datum::usable_number_of(record.fields[0]).has_value() != estimate->abstained);
  }
  REQUIRE(abstained > 100);
  REQUIRE(rest > 100);
  // Errors here are of much the same size everywhere, so the rest is only somewhat better.
  CHECK(right_abstained / abstained + 0.03 < right_rest / rest);
}
