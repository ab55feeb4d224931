// Categories from texts and numbers of their own record, through completion as users call it.
#include "onboard/record_classifier.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "onboard/complete.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

datum::Schema report_schema() {
  datum::Schema schema;
  datum::FieldSpec report, heat, state;
  report.name = "report";
  report.kind = datum::FieldKind::kText;
  heat.name = "heat";
  heat.tolerance_abs = 1.0;
  state.name = "state";
  state.kind = datum::FieldKind::kCategory;
  state.levels = {"quiet", "smoke", "fire"};
  schema.fields = {report, heat, state};
  return schema;
}

// Reports in two scripts, drawn so that neither the hour nor the record before says anything of the state.
std::string report_of(std::size_t state, Random& random) {
  constexpr std::array<std::array<std::string_view, 4>, 3> kPhrases{{
      {"all quiet today", "nothing to be seen", "一切正常", "没有异常"},
      {"thick plume above trees", "grey haze drifting", "浓烟上升", "有灰色烟雾"},
      {"flames at the crest", "wood is burning", "火势蔓延", "树木燃烧"},
  }};
  constexpr std::array<std::string_view, 4> kPlaces{"north slope", "river bank", "北坡", "camp 12"};
  return fmt::format("{}, {}", kPhrases[state][random.below(4)], kPlaces[random.below(4)]);
}

struct Reports {
  std::vector<datum::Record> records;
  std::vector<std::size_t> states;
  std::vector<bool> hidden;
};

Reports draw(std::size_t count, std::uint64_t seed, bool with_text, bool with_heat) {
  Random random(seed);
  Reports out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t state = random.below(3);
    out.states.push_back(state);
    out.hidden.push_back(random.chance(0.3));
    datum::Record record;
    record.stream = "tower";
    record.time = Instant{} + std::chrono::minutes(20 * static_cast<long>(i));
    const std::string report = report_of(state, random);
    const double heat = 20.0 + 15.0 * static_cast<double>(state) + random.normal(0.0, 3.0);
    record.fields = {datum::Missing{}, datum::Missing{}, datum::Missing{}};
    if (with_text) record.fields[0] = datum::Observed{report};
    if (with_heat) record.fields[1] = datum::Observed{heat};
    if (!out.hidden.back())
      record.fields[2] = datum::Observed{datum::Category{static_cast<std::uint16_t>(state)}};
    out.records.push_back(std::move(record));
  }
  return out;
}

Panel panel_of(const std::vector<datum::Record>& records, const PanelOptions& options = {}) {
  PanelBuilder builder(records[0].fields.size(), options);
  for (const datum::Record& record : records)
    REQUIRE(builder.add(0, record.stream, record.time, record.fields).has_value());
  return builder.build().value();
}

// Of the hidden states of the second half, the share that was filled rightly.
double share_right(const Reports& reports, bool causal) {
  const Panel panel = panel_of(reports.records);
  const Completion completion = complete(panel, report_schema(), {.causal = causal});
  std::size_t right = 0, all = 0;
  for (std::size_t i = reports.states.size() / 2; i < reports.states.size(); ++i) {
    if (!reports.hidden[i]) continue;
    const Panel::Place place = panel.place(i);
    const std::size_t cell = panel.at(place.slot, place.stream, 2);
    ++all;
    right += completion.origins[cell] != Origin::kNone &&
                     completion.values[cell] == static_cast<double>(reports.states[i])
                 ? 1
                 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

}  // namespace

TEST_CASE("a missing category is read from the text of its record, in two scripts") {
  for (const bool causal : {false, true}) {
    INFO("causal ", causal);
    CHECK(share_right(draw(600, 3, true, false), causal) > 0.9);
    CHECK(share_right(draw(600, 3, false, false), causal) < 0.5);  // nothing else gives it away
  }
}

TEST_CASE("a missing category is read from the numbers of its record") {
  for (const bool causal : {false, true}) {
    INFO("causal ", causal);
    CHECK(share_right(draw(600, 4, false, true), causal) > 0.9);
  }
}

TEST_CASE("stated probabilities of categories hold about as often as they say") {
  const Reports reports = draw(3'000, 5, false, true);
  const Panel panel = panel_of(reports.records);
  const Completion completion = complete(panel, report_schema(), {});
  double stated = 0.0, held = 0.0, all = 0.0;
  for (std::size_t i = 0; i < reports.states.size(); ++i) {
    if (!reports.hidden[i]) continue;
    const Panel::Place place = panel.place(i);
    const std::size_t cell = panel.at(place.slot, place.stream, 2);
    stated += completion.probabilities[cell];
    held += completion.values[cell] == static_cast<double>(reports.states[i]) ? 1.0 : 0.0;
    all += 1.0;
  }
  CHECK(stated / all == doctest::Approx(held / all).epsilon(0.04));
}

TEST_CASE("strange texts degrade the answer and harm nothing") {
  Reports reports = draw(300, 6, true, true);
  for (std::size_t i = 0; i < reports.records.size(); i += 7) {
    const std::array<std::string, 4> strange{"", "ᚠᛁᚱᛖ 🔥🔥", std::string(100'000, 'x'),
                                             std::string(5'000, '\n')};
    reports.records[i].fields[0] = datum::Observed{strange[i % 4]};
  }
  CHECK(share_right(reports, false) > 0.8);
  CHECK(share_right(reports, true) > 0.8);
}

TEST_CASE("rows below change nothing above in causal work, texts included") {
  const Reports reports = draw(240, 7, true, true);
  const Panel whole = panel_of(reports.records, {.arrival_order = true});
  const Panel part =
      panel_of({reports.records.begin(), reports.records.begin() + 150}, {.arrival_order = true});
  const Completion all = complete(whole, report_schema(), {.causal = true});
  const Completion cut = complete(part, report_schema(), {.causal = true});
  for (std::size_t cell = 0; cell < part.cells(); ++cell) {
    CHECK(all.values[cell] == cut.values[cell]);
    CHECK(all.probabilities[cell] == cut.probabilities[cell]);
  }
}

TEST_CASE("streams stacked in one file do not learn from rows below them") {
  Reports first = draw(120, 8, true, true);
  Reports below = draw(120, 9, true, true);
  for (datum::Record& record : below.records) {
    record.stream = "other";  // at the same times, later in the file
  }
  std::vector<datum::Record> both = first.records;
  both.insert(both.end(), below.records.begin(), below.records.end());
  const Panel alone = panel_of(first.records, {.arrival_order = true});
  const Panel stacked = panel_of(both, {.arrival_order = true});
  const Completion before = complete(alone, report_schema(), {.causal = true});
  const Completion after = complete(stacked, report_schema(), {.causal = true});
  for (std::size_t r = 0; r < first.records.size(); ++r) {
    const Panel::Place here = alone.place(r), there = stacked.place(r);
    const std::size_t a = alone.at(here.slot, here.stream, 2), b = stacked.at(there.slot, there.stream, 2);
    CHECK(before.values[a] == after.values[b]);
    CHECK(before.probabilities[a] == after.probabilities[b]);
  }
}
