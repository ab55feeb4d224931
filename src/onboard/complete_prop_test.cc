#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "datum/delimited.h"
#include "onboard/complete.h"
#include "onboard/complete_test_data.h"
#include "onboard/decode.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

// The first cell, among records before the cut, of which the two completions say different things.
bool same_before(const Panel& whole, const Completion& of_whole, const Panel& part,
                 const Completion& of_part) {
  for (std::size_t r = 0; r < part.records(); ++r) {
    const Panel::Place a = whole.place(r), b = part.place(r);
    for (std::size_t f = 0; f < part.fields(); ++f) {
      const std::size_t i = whole.at(a.slot, a.stream, f), j = part.at(b.slot, b.stream, f);
      if (of_whole.origins[i] != of_part.origins[j] || of_whole.values[i] != of_part.values[j] ||
          of_whole.lows[i] != of_part.lows[j] || of_whole.highs[i] != of_part.highs[j] ||
          of_whole.probabilities[i] != of_part.probabilities[j] ||
          of_whole.decimals[i] != of_part.decimals[j])
        return false;
    }
  }
  return true;
}

bool peeks(const std::vector<datum::Record>& records, std::size_t cut, const datum::Schema& schema) {
  const std::vector<datum::Record> first(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(cut));
  const Panel whole = panel_of(records, true), part = panel_of(first, true);
  return !same_before(whole, complete(whole, schema, {.causal = true}), part,
                      complete(part, schema, {.causal = true}));
}

}  // namespace

TEST_CASE("causal completion does not depend on what comes later") {
  const datum::Schema schema = example_schema();
  CHECK(rc::check("any cut, any seed, any loss", [&] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    auto records = example_records(150, seed);
    hide(records, *rc::gen::element(0.05, 0.3, 0.7), seed + 1);
    const auto cut = *rc::gen::inRange<std::size_t>(1, 149) * 4;
    RC_ASSERT(!peeks(records, cut, schema));
  }));
}

TEST_CASE("rows of one file that come late change nothing above them") {
  const datum::Schema schema = example_schema();
  CHECK(rc::check("times in any order", [&] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    auto records = example_records(100, seed);
    hide(records, 0.2, seed);
    // One stream in one file: keep station a and swap some rows.
    std::erase_if(records, [](const datum::Record& r) { return r.stream != "a"; });
    Random random(seed);
    for (int i = 0; i < 20; ++i) std::swap(records[random.below(100)], records[random.below(100)]);
    const auto cut = *rc::gen::inRange<std::size_t>(1, 99);
    RC_ASSERT(!peeks(records, cut, schema));
  }));
}

TEST_CASE("offline completion does look ahead, so the check above can fail") {
  auto records = example_records(150, 5);
  hide(records, 0.3, 6);
  const std::vector<datum::Record> first(records.begin(), records.begin() + 4 * 100);
  const Panel whole = panel_of(records, false), part = panel_of(first, false);
  CHECK_FALSE(
      same_before(whole, complete(whole, example_schema(), {}), part, complete(part, example_schema(), {})));
}

TEST_CASE("observed values are never changed") {
  CHECK(rc::check("either mode", [&] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    const bool causal = *rc::gen::arbitrary<bool>();
    auto records = example_records(60, seed);
    hide(records, 0.5, seed);
    const Panel panel = panel_of(records, causal);
    const Completion completion = complete(panel, example_schema(), {.causal = causal});
    for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
      if (!panel.observed(cell)) continue;
      RC_ASSERT(completion.origins[cell] == Origin::kObserved);
      RC_ASSERT(completion.values[cell] == panel.value(cell));
    }
  }));
}

TEST_CASE("no row of the Beijing stations depends on later rows") {
  const auto schema = datum::parse_schema(testing::read_file("schemas/prsa.toml"), "prsa.toml");
  REQUIRE(schema);
  REFERENCE_OR_SKIP(first_path, "completion/prsa/PRSA_Dongsi.csv.gz");
  REFERENCE_OR_SKIP(second_path, "completion/prsa/PRSA_Tiantan.csv.gz");
  std::vector<datum::Record> records;
  for (const std::string& path : {first_path, second_path}) {
    auto table = datum::parse_delimited(testing::read_file(path));
    REQUIRE(table);
    const auto layout = lay_out(*schema, *table);
    REQUIRE(layout);
    for (std::size_t r = 2000; r < 2400; ++r) {
      datum::Record record;
      record.stream = path == first_path ? "a" : "b";
      record.time = *decode_row_time(*schema, *layout, table->rows[r]);
      for (std::size_t f = 0; f < schema->fields.size(); ++f)
        record.fields.push_back(decode_field(schema->fields[f], *schema, table->rows[r][layout->fields[f]]));
      records.push_back(std::move(record));
    }
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  hide(records, 0.3, 51);
  for (const std::size_t cut : {100, 250, 333, 399}) CHECK_FALSE(peeks(records, cut * 2, *schema));
}
