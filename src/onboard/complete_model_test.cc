#include "onboard/complete_model.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <string>

#include "onboard/complete.h"
#include "onboard/complete_test_data.h"
#include "testing/reference_data.h"

namespace skywarden::onboard {
namespace {

CompletionModel example_model(float share) {
  const std::size_t features = feature_names(example_schema(), 0).size();
  FieldTrees trees{"temp", saying(2.0F, features), saying(0.0F, features), {}};
  trees.gaps.fill({share, -1.5F, 3.0F});
  return {"example", {trees}, {trees}};
}

// Notes what it is shown and changes nothing.
class Witness final : public NumberReviewer {
 public:
  bool wants(std::size_t) const override { return true; }
  bool review(const MissingNumber& missing, NumberEstimate&) override {
    std::vector<std::uint32_t> bits{static_cast<std::uint32_t>(missing.cell)};
    for (const float value : missing.features)
      bits.push_back(std::isnan(value) ? 0xFFFFFFFFU : std::bit_cast<std::uint32_t>(value));
    rows.push_back(std::move(bits));
    return false;
  }
  std::vector<std::vector<std::uint32_t>> rows;
};

TEST_CASE("features have names, one each, and fill all of their places") {
  const datum::Schema schema = example_schema();
  const Panel panel = holed_panel(300, 2, 300);
  for (const bool causal : {true, false}) {
    Witness witness;
    static_cast<void>(complete(panel, schema, {.causal = causal, .reviewer = &witness}));
    REQUIRE(witness.rows.size() > 100);
    for (const auto& row : witness.rows)
      CHECK(row.size() == 1 + feature_names(schema, row[0] % panel.fields()).size());
  }
}

TEST_CASE("causal features do not depend on later rows") {
  const datum::Schema schema = example_schema();
  Witness whole, cut;
  static_cast<void>(complete(holed_panel(400, 3, 400), schema, {.causal = true, .reviewer = &whole}));
  static_cast<void>(complete(holed_panel(400, 3, 200), schema, {.causal = true, .reviewer = &cut}));
  REQUIRE(cut.rows.size() > 100);
  REQUIRE(whole.rows.size() > cut.rows.size());
  whole.rows.resize(cut.rows.size());
  CHECK(whole.rows == cut.rows);
}

TEST_CASE("a correction is taken by its share, and the interval by the usual error") {
  const datum::Schema schema = example_schema();
  const Panel panel = holed_panel(300, 4, 300);
  for (const bool causal : {true, false}) {
    const Completion plain = complete(panel, schema, {.causal = causal});
    for (const float share : {0.0F, 0.5F, 1.0F}) {
      const auto reviewer = make_reviewer(example_model(share), schema, causal);
      const Completion done =
          complete(panel, schema, {.causal = causal, .calibrate = false, .reviewer = reviewer.get()});
      std::size_t seen = 0;
      for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
        CHECK(done.origins[cell] == plain.origins[cell]);
        if (plain.origins[cell] != Origin::kEstimated || cell % panel.fields() != 0) {
          CHECK(done.values[cell] == plain.values[cell]);  // no other field has trees
          continue;
        }
        ++seen;
        CHECK(method_name(panel, schema, done, cell) == (share > 0.0F ? "model" : "baseline"));
        CHECK(std::abs(done.values[cell] - plain.values[cell] - 2.0 * share) < 0.11);  // both on the grid
        CHECK(done.highs[cell] - done.lows[cell] == doctest::Approx(4.5).epsilon(1e-3));
      }
      CHECK(seen > 100);
    }
  }
}

TEST_CASE("a model is read back as it was written") {
  const datum::Schema schema = example_schema();
  const auto bytes = encode_model(example_model(0.5F), schema);
  const auto read = decode_model(bytes, schema);
  REQUIRE(read);
  CHECK(encode_model(*read, schema) == bytes);
  CHECK(read->offline.at(0).gaps[3].high == 3.0F);
}

TEST_CASE("damaged, cut or foreign models are refused in words") {
  const datum::Schema schema = example_schema();
  std::vector<std::byte> bytes = encode_model(example_model(1.0F), schema);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = decode_model(std::span(bytes).first(size), schema);
    REQUIRE_FALSE(read);
    CHECK_FALSE(read.error().message.empty());
  }
  datum::Schema other = schema;
  other.name = "other";
  CHECK(decode_model(bytes, other).error().code == Errc::kConflict);
  other = schema;
  other.fields[1].name = "snow";  // a feature's name
  CHECK(decode_model(bytes, other).error().code == Errc::kConflict);
  for (std::byte& one : bytes) {
    one ^= std::byte{0x10};
    CHECK_FALSE(decode_model(bytes, schema));
    one ^= std::byte{0x10};
  }
}

// Whoever changes a feature retrains: models/README.md.
TEST_CASE("the shipped models fit the shipped schemas and this program's features") {
  for (const std::string name : {"prsa", "firms_modis"}) {
    const auto schema = datum::parse_schema(testing::read_file("schemas/" + name + ".toml"), name);
    REQUIRE(schema);
    const std::string bytes = testing::read_file("models/" + name + ".trees");
    const auto model = decode_model(std::as_bytes(std::span(bytes)), *schema);
    REQUIRE_MESSAGE(model.has_value(), (model ? "" : model.error().message));
    CHECK(model->causal.size() >= 4);
    CHECK(model->offline.size() >= 4);
  }
}

TEST_CASE("trees are asked only between the levels that they were trained on") {
  const datum::Schema schema = example_schema();
  const Panel panel = holed_panel(300, 4, 300);
  CompletionModel model = example_model(1.0F);
  model.causal[0].levels = {9.0F, 12.0F};
  const auto bytes = encode_model(model, schema);
  const CompletionModel read = decode_model(bytes, schema).value();
  CHECK(read.causal[0].levels.low == 9.0F);
  CHECK(read.causal[0].levels.high == 12.0F);
  CHECK_FALSE(std::isfinite(read.offline[0].levels.low));

  const Completion plain = complete(panel, schema, {.causal = true, .calibrate = false});
  const auto reviewer = make_reviewer(read, schema, true);
  const Completion done =
      complete(panel, schema, {.causal = true, .calibrate = false, .reviewer = reviewer.get()});
  std::size_t inside = 0, outside = 0;
  for (std::size_t cell = 0; cell < panel.cells(); cell += panel.fields()) {
    if (plain.origins[cell] != Origin::kEstimated) continue;
    const double level = plain.values[cell];
    if (level > 9.1 && level < 11.9) {
      ++inside;
      CHECK(method_name(panel, schema, done, cell) == "model");
    } else if (level < 8.9 || level > 12.1) {
      ++outside;
      CHECK(done.values[cell] == level);
      CHECK(done.lows[cell] == plain.lows[cell]);
      CHECK(method_name(panel, schema, done, cell) == "baseline");
    }
  }
  CHECK(inside > 10);
  CHECK(outside > 10);
}

TEST_CASE("levels in a file are two numbers in their order") {
  const datum::Schema schema = example_schema();
  CompletionModel model = example_model(1.0F);
  model.causal[0].levels = {12.0F, 9.0F};
  const auto read = decode_model(encode_model(model, schema), schema);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == Errc::kMalformed);
}

}  // namespace
}  // namespace skywarden::onboard
