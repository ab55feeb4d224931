#include "booster.h"

#include <xgboost/c_api.h>

#include <limits>
#include <memory>

#include "base/contract.h"

namespace skywarden::fit {
namespace {

struct FreeMatrix {
  void operator()(void* handle) const { XGDMatrixFree(handle); }
};
struct FreeBooster {
  void operator()(void* handle) const { XGBoosterFree(handle); }
};
using Matrix = std::unique_ptr<void, FreeMatrix>;
using Booster = std::unique_ptr<void, FreeBooster>;

tl::unexpected<Error> last_error() {
  return fail(Errc::kUnsupported, "XGBoost: {}", XGBGetLastError());
}

Result<Matrix> make_matrix(std::size_t features, std::span<const float> rows) {
  EXPECTS(features > 0 && rows.size() % features == 0);
  DMatrixHandle handle = nullptr;
  if (XGDMatrixCreateFromMat(rows.data(), rows.size() / features, features,
                             std::numeric_limits<float>::quiet_NaN(), &handle) != 0)
    return last_error();
  return Matrix(handle);
}

}  // namespace

Result<std::vector<std::uint8_t>> train_booster(const TrainingTable& table,
                                                const BoosterParameters& parameters, int rounds) {
  EXPECTS(table.rows.size() == table.targets.size() * table.features);
  auto matrix = make_matrix(table.features, table.rows);
  if (!matrix) return tl::unexpected(matrix.error());
  if (XGDMatrixSetFloatInfo(matrix->get(), "label", table.targets.data(), table.targets.size()) != 0)
    return last_error();
  EXPECTS(table.weights.empty() || table.weights.size() == table.targets.size());
  if (!table.weights.empty() &&
      XGDMatrixSetFloatInfo(matrix->get(), "weight", table.weights.data(), table.weights.size()) != 0)
    return last_error();
  DMatrixHandle training = matrix->get();
  BoosterHandle handle = nullptr;
  if (XGBoosterCreate(&training, 1, &handle) != 0) return last_error();
  const Booster booster(handle);
  for (const auto& [name, value] : parameters)
    if (XGBoosterSetParam(booster.get(), name.c_str(), value.c_str()) != 0) return last_error();
  for (int round = 0; round < rounds; ++round)
    if (XGBoosterUpdateOneIter(booster.get(), round, training) != 0) return last_error();
  bst_ulong length = 0;
  const char* bytes = nullptr;
  if (XGBoosterSaveModelToBuffer(booster.get(), R"({"format": "ubj"})", &length, &bytes) != 0)
    return last_error();
  return std::vector<std::uint8_t>(bytes, bytes + length);
}

Result<std::vector<float>> predict_by_xgboost(std::span<const std::uint8_t> model, std::size_t features,
                                              std::span<const float> rows) {
  BoosterHandle handle = nullptr;
  if (XGBoosterCreate(nullptr, 0, &handle) != 0) return last_error();
  const Booster booster(handle);
  if (XGBoosterLoadModelFromBuffer(booster.get(), model.data(), model.size()) != 0) return last_error();
  auto matrix = make_matrix(features, rows);
  if (!matrix) return tl::unexpected(matrix.error());
  const char* config =
      R"({"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* out = nullptr;
  if (XGBoosterPredictFromDMatrix(booster.get(), matrix->get(), config, &shape, &dimensions, &out) != 0)
    return last_error();
  return std::vector<float>(out, out + rows.size() / features);
}

}  // namespace skywarden::fit
