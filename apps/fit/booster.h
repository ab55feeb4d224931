// XGBoost through its C interface, as far as training here needs it. Deterministic: one thread, seeded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace skywarden::fit {

// Rows one behind the other, NaN where missing, and what each should give.
struct TrainingTable {
  std::size_t features = 0;
  std::span<const float> rows;
  std::span<const float> targets;
  std::span<const float> weights{};  // of rows; none: all the same
};

using BoosterParameters = std::vector<std::pair<std::string, std::string>>;  // XGBoost's own names

// The trained model in XGBoost's UBJSON.
[[nodiscard]] Result<std::vector<std::uint8_t>> train_booster(const TrainingTable& table,
                                                              const BoosterParameters& parameters,
                                                              int rounds);

// What XGBoost itself says of the rows: margins, before any transform of the objective. For comparison.
[[nodiscard]] Result<std::vector<float>> predict_by_xgboost(std::span<const std::uint8_t> model,
                                                            std::size_t features,
                                                            std::span<const float> rows);

}  // namespace skywarden::fit
