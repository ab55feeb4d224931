#include "inference/kernels.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "inference/packing.h"

namespace skywarden::inference {
namespace {

// The largest of |got − right| / max(|right|, floor) over the points.
double worst(const std::vector<float>& got, const std::vector<double>& right, double floor) {
  double most = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i)
    most = std::max(most, std::fabs(got[i] - right[i]) / std::max(std::fabs(right[i]), floor));
  return most;
}

std::vector<float> points(double low, double high, int count) {
  std::vector<float> x;
  for (int i = 0; i <= count; ++i) x.push_back(static_cast<float>(low + (high - low) * i / count));
  return x;
}

template <typename Function>
std::vector<double> each(const std::vector<float>& x, Function f) {
  std::vector<double> y;
  for (const float v : x) y.push_back(f(static_cast<double>(v)));
  return y;
}

std::vector<float> activated(Activation activation, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  kernels_of(InstructionSet::kBaseline).activate(activation, x.data(), x.size(), y.data());
  return y;
}

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

TEST_CASE("the functions keep the errors that their comments state") {
  const auto x = points(-30.0, 30.0, 600'001);
  std::vector<float> y(x.size());
  const auto whole = points(-87.0, 88.0, 600'001);
  kernels_of(InstructionSet::kBaseline).exp(whole.data(), whole.size(), y.data());
  CHECK(worst(y, each(whole, [](double v) { return std::exp(v); }), 0.0) < 1.2e-7);
  CHECK(worst(activated(Activation::kSigmoid, x), each(x, sigmoid), 1.0) < 3e-7);
  CHECK(worst(activated(Activation::kTanh, x), each(x, [](double v) { return std::tanh(v); }), 1e-30) < 5e-7);
  CHECK(worst(activated(Activation::kSilu, x), each(x, [](double v) { return v * sigmoid(v); }), 1.0) < 1e-6);
  CHECK(worst(activated(Activation::kGelu, x),
              each(x,
                   [](double v) {
                     const double inner = v + 0.044715 * v * v * v;
                     return 0.5 * v * (1.0 + std::tanh(0.7978845608028654 * inner));
                   }),
              1.0) < 1e-6);
}

TEST_CASE("whatever comes in, what goes out is bounded and no NaN") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x = {kInfinity, -kInfinity, std::nanf(""), 3e38F, -3e38F, 0.0F, -0.0F, 1e-45F};
  for (const auto a : {Activation::kNone, Activation::kSilu, Activation::kGelu, Activation::kSigmoid,
                       Activation::kTanh, Activation::kRelu})
    for (const float y : activated(a, x)) CHECK(std::fabs(y) <= kBound);
}

TEST_CASE("weights are packed where the comment says, and a channel of zeros has no scale") {
  const std::vector<float> weights = {1.0F, -2.0F, 0.5F, 0.0F, 0.0F, 0.0F};  // two channels, three inputs
  const PackedI8 packed = pack_i8(weights, 2, 3);
  CHECK(packed.values.size() == 16 * 64);
  CHECK(packed.scale[0] == 2.0F / 127.0F);
  CHECK(packed.scale[1] == 0.0F);
  CHECK(packed.values[packed_place(0, 0, 64)] == 64);  // 63.5 to even
  CHECK(packed.values[packed_place(0, 1, 64)] == -127);
  CHECK(packed.values[packed_place(0, 2, 64)] == 32);
  CHECK(packed.offset[0] == -128 * (64 - 127 + 32));
  CHECK(packed.offset[1] == 0);
}

}  // namespace
}  // namespace skywarden::inference
