#include "tree_import.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "booster.h"
#include "inference/tree_codec.h"

namespace skywarden::fit {
namespace {

constexpr std::size_t kFeatures = 7;

struct Table {
  std::vector<float> rows, targets;
};

// Some columns on a coarse grid, so that values meet thresholds; a fifth missing, which matters to the
// target.
Table example_table(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Table out;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0.0;
    for (std::size_t f = 0; f < kFeatures; ++f) {
      const bool missing = random.chance(0.2);
      const double value = random.normal(0.0, 3.0);
      const double kept = f < 3 ? std::round(value) : value;
      out.rows.push_back(missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(kept));
      sum += missing ? static_cast<double>(f) : std::sin(kept) * (f % 2 == 0 ? 1.0 : kept);
    }
    out.targets.push_back(static_cast<float>(sum));
  }
  return out;
}

std::vector<float> signs_of(const std::vector<float>& targets) {
  std::vector<float> out;
  for (const float target : targets) out.push_back(target > 0.0F ? 1.0F : 0.0F);
  return out;
}

void check_equal_bits(const BoosterParameters& parameters, int rounds, bool signs = false) {
  Table table = example_table(4000, 1);
  if (signs) table.targets = signs_of(table.targets);
  const auto trained = train_booster({kFeatures, table.rows, table.targets}, parameters, rounds);
  REQUIRE_MESSAGE(trained.has_value(), (trained ? "" : trained.error().message));
  const auto imported = import_trees(*trained);
  REQUIRE_MESSAGE(imported.has_value(), (imported ? "" : imported.error().message));
  const auto flown = inference::decode_trees(inference::encode_trees(*imported)).value();
  CHECK(flown.trees() == static_cast<std::size_t>(rounds));
  const Table others = example_table(5000, 2);
  const auto expected = predict_by_xgboost(*trained, kFeatures, others.rows).value();
  std::vector<float> said(expected.size());
  flown.evaluate_batch(others.rows, said);
  std::size_t differing = 0;
  for (std::size_t i = 0; i < said.size(); ++i)
    differing += std::bit_cast<std::uint32_t>(said[i]) != std::bit_cast<std::uint32_t>(expected[i]) ? 1 : 0;
  CHECK(differing == 0);
}

TEST_CASE("the flown trees say what XGBoost says, to the last bit") {
  check_equal_bits({{"nthread", "1"}, {"tree_method", "hist"}, {"max_depth", "6"}, {"seed", "1"}}, 60);
  check_equal_bits({{"nthread", "1"}, {"tree_method", "exact"}, {"max_depth", "3"}, {"base_score", "0.1"}},
                   40);
  check_equal_bits({{"nthread", "1"}, {"tree_method", "hist"}, {"max_depth", "6"}, {"gamma", "20"}},
                   40);  // pruned
  check_equal_bits({{"nthread", "1"},
                    {"tree_method", "hist"},
                    {"objective", "reg:pseudohubererror"},
                    {"huber_slope", "0.3"},
                    {"subsample", "0.7"},
                    {"colsample_bytree", "0.5"},
                    {"base_score", "0"}},
                   60);
  check_equal_bits({{"nthread", "1"}, {"objective", "binary:logistic"}, {"base_score", "0.5"}}, 20, true);
  check_equal_bits({{"nthread", "1"}, {"objective", "binary:logistic"}, {"base_score", "0.07"}}, 20, true);
}

TEST_CASE("a model that cannot fly is refused in words") {
  const Table table = example_table(500, 3);
  const std::vector<float> labels = signs_of(table.targets);
  const auto counts =
      train_booster({kFeatures, table.rows, labels}, {{"nthread", "1"}, {"objective", "count:poisson"}}, 3);
  REQUIRE(counts);
  CHECK(import_trees(*counts).error().code == Errc::kUnsupported);
  const auto linear =
      train_booster({kFeatures, table.rows, table.targets}, {{"nthread", "1"}, {"booster", "gblinear"}}, 3);
  REQUIRE(linear);
  CHECK(import_trees(*linear).error().code == Errc::kUnsupported);
  std::vector<std::uint8_t> cut(counts->begin(), counts->begin() + 100);
  CHECK(import_trees(cut).error().code == Errc::kMalformed);
  CHECK_FALSE(train_booster({kFeatures, table.rows, table.targets}, {{"objective", "no:such"}}, 1));
}

}  // namespace
}  // namespace skywarden::fit
