#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "inference/kernels.h"
#include "inference/packing.h"

namespace skywarden::inference {
namespace {

std::vector<InstructionSet> available() {
  std::vector<InstructionSet> sets;
  for (const auto set :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512, InstructionSet::kAmx})
    if (is_available(set)) sets.push_back(set);
  return sets;
}

std::vector<float> numbers(Random& random, std::size_t count, double size = 1.0) {
  std::vector<float> x(count);
  for (float& v : x) v = static_cast<float>(random.normal(0.0, size));
  return x;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
    return std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(other);
  });
}

struct Quantized {
  std::vector<std::uint8_t> values;
  std::vector<float> scale;
  std::size_t stride;
  QuantizedRows rows() { return {values.data(), stride, scale.data()}; }
};

Quantized quantized(const Kernels& kernels, const std::vector<float>& x, std::size_t rows,
                    std::size_t depth) {
  const std::size_t stride = padded_depth(depth);
  Quantized q{std::vector<std::uint8_t>((rows + kRowStep) * stride), std::vector<float>(rows), stride};
  kernels.quantize(x.data(), rows, depth, depth, q.rows());
  return q;
}

// A product of drawn shape and content with everything an epilogue may hold.
struct Drawn {
  std::size_t rows, depth, columns;
  std::vector<float> x, weights, bias, residual;
  Activation activation;
  bool with_bias, with_residual;
};

Drawn drawn_product() {
  Drawn d{};
  d.rows = *rc::gen::inRange<std::size_t>(0, 70);
  d.depth = *rc::gen::inRange<std::size_t>(1, 150);
  d.columns = *rc::gen::inRange<std::size_t>(1, 150);
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  d.x = numbers(random, d.rows * d.depth, random.chance(0.1) ? 1e5 : 1.0);
  if (d.rows > 0 && random.chance(0.3)) std::fill_n(d.x.begin(), d.depth, 0.0F);
  d.weights = numbers(random, d.columns * d.depth, random.chance(0.1) ? 1e4 : 0.1);
  d.bias = numbers(random, padded_columns(d.columns));
  d.residual = numbers(random, d.rows * d.columns);
  d.activation = static_cast<Activation>(random.below(6));
  d.with_bias = random.chance(0.5);
  d.with_residual = random.chance(0.5);
  return d;
}

Epilogue epilogue_of(const Drawn& d, std::vector<float>& out) {
  out.assign(d.rows * d.columns, -7.0F);
  return {.bias = d.with_bias ? d.bias.data() : nullptr,
          .activation = d.activation,
          .residual = d.with_residual ? d.residual.data() : nullptr,
          .residual_stride = d.columns,
          .out = out.data(),
          .out_stride = d.columns};
}

std::vector<float> by_i8(InstructionSet set, const Drawn& d, const PackedI8& w, std::size_t split) {
  const Kernels& kernels = kernels_of(set);
  Quantized q = quantized(kernels, d.x, d.rows, d.depth);
  std::vector<float> out;
  ProductI8 p{.rows = d.rows,
              .depth = q.stride,
              .columns = d.columns,
              .a = q.rows(),
              .weights = w.values.data(),
              .column_scale = w.scale.data(),
              .offset = w.offset.data(),
              .column_begin = 0,
              .column_end = split,
              .epilogue = epilogue_of(d, out)};
  if (split > 0) kernels.product_i8(p);
  p.column_begin = split;
  p.column_end = d.columns;
  kernels.product_i8(p);
  return out;
}

// What follows a sum, for one element, in the order that kernels.h states.
float finished(float y, const Drawn& d, const Epilogue& e, std::size_t r, std::size_t c) {
  const Kernels& kernels = kernels_of(InstructionSet::kBaseline);
  if (e.bias != nullptr) y += e.bias[c];
  kernels.activate(d.activation, &y, 1, &y);
  if (e.residual != nullptr) kernels.add(&y, &d.residual[r * d.columns + c], 1, &y);
  return y;
}

// Element by element, in the order that kernels.h states.
std::vector<float> by_i8_slowly(const Drawn& d, const PackedI8& w) {
  const Kernels& kernels = kernels_of(InstructionSet::kBaseline);
  const Quantized q = quantized(kernels, d.x, d.rows, d.depth);
  std::vector<float> out;
  const Epilogue e = epilogue_of(d, out);
  for (std::size_t r = 0; r < d.rows; ++r)
    for (std::size_t c = 0; c < d.columns; ++c) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < d.depth; ++k)
        sum += (q.values[r * q.stride + k] - 128) * w.values[packed_place(c, k, q.stride)];
      const float y = static_cast<float>(sum) * q.scale[r] * w.scale[c];
      out[r * d.columns + c] = finished(y, d, e, r, c);
    }
  return out;
}

TEST_CASE("every instruction set gives the INT8 product of the slow version, whole and in two parts") {
  CHECK(rc::check("bits", [] {
    const Drawn d = drawn_product();
    const PackedI8 w = pack_i8(d.weights, d.columns, d.depth);
    const auto right = by_i8_slowly(d, w);
    const std::size_t split = *rc::gen::inRange<std::size_t>(0, (d.columns - 1) / kLanes + 1) * kLanes;
    for (const auto set : available()) RC_ASSERT(same_bits(by_i8(set, d, w, split), right));
  }));
}

TEST_CASE("an INT8 product is near the product of what was quantised") {
  Random random(8);
  Drawn d{.rows = 40,
          .depth = 300,
          .columns = 50,
          .x = {},
          .weights = {},
          .bias = {},
          .residual = {},
          .activation = Activation::kNone,
          .with_bias = false,
          .with_residual = false};
  d.x = numbers(random, d.rows * d.depth);
  d.weights = numbers(random, d.columns * d.depth);
  const auto got = by_i8(widest_instruction_set(), d, pack_i8(d.weights, d.columns, d.depth), 0);
  double error = 0.0, size = 0.0;
  for (std::size_t r = 0; r < d.rows; ++r)
    for (std::size_t c = 0; c < d.columns; ++c) {
      double right = 0.0;
      for (std::size_t k = 0; k < d.depth; ++k)
        right += static_cast<double>(d.x[r * d.depth + k]) * static_cast<double>(d.weights[c * d.depth + k]);
      error += std::pow(got[r * d.columns + c] - right, 2);
      size += right * right;
    }
  // Steps of max / 127 with max about 3 deviations: each factor is wrong by 0.7 % at random.
  CHECK(std::sqrt(error / size) < 0.015);
  CHECK(error > 0.0);
}

TEST_CASE("extreme INT8 values neither overflow nor saturate") {
  const std::size_t depth = kDepthMax, columns = 2;
  Drawn d{.rows = 7,
          .depth = depth,
          .columns = columns,
          .x = {},
          .weights = {},
          .bias = {},
          .residual = {},
          .activation = Activation::kNone,
          .with_bias = false,
          .with_residual = false};
  d.x.assign(d.rows * depth, 1.0F);
  for (std::size_t k = 0; k < depth; ++k) d.x[k] = k % 2 == 0 ? -1.0F : 1.0F;
  d.weights.assign(columns * depth, -1.0F);
  const PackedI8 w = pack_i8(d.weights, columns, depth);
  const auto right = by_i8_slowly(d, w);
  CHECK(right[0] == 0.0F);
  CHECK(right.back() == doctest::Approx(-65536.0));
  for (const auto set : available()) CHECK(same_bits(by_i8(set, d, w, 0), right));
}

std::vector<float> by_f32(InstructionSet set, const Drawn& d, const std::vector<float>& b) {
  std::vector<float> out;
  const Epilogue e = epilogue_of(d, out);
  kernels_of(set).product_f32({.rows = d.rows,
                               .depth = d.depth,
                               .columns = d.columns,
                               .a = d.x.data(),
                               .a_stride = d.depth,
                               .b = b.data(),
                               .b_stride = padded_columns(d.columns),
                               .column_begin = 0,
                               .column_end = d.columns,
                               .epilogue = e});
  return out;
}

std::vector<float> by_f32_slowly(const Drawn& d) {
  std::vector<float> out;
  const Epilogue e = epilogue_of(d, out);
  for (std::size_t r = 0; r < d.rows; ++r)
    for (std::size_t c = 0; c < d.columns; ++c) {
      float y = 0.0F;
      for (std::size_t k = 0; k < d.depth; ++k)
        y = std::fma(d.x[r * d.depth + k], d.weights[c * d.depth + k], y);
      out[r * d.columns + c] = finished(y, d, e, r, c);
    }
  return out;
}

TEST_CASE("every instruction set gives the FP32 product of the slow version") {
  CHECK(rc::check("bits", [] {
    const Drawn d = drawn_product();
    const auto right = by_f32_slowly(d);
    const auto b = pack_f32(d.weights, d.columns, d.depth);
    for (const auto set : available()) RC_ASSERT(same_bits(by_f32(set, d, b), right));
  }));
}

TEST_CASE("every instruction set gives the same bits in what works on rows") {
  CHECK(rc::check("bits", [] {
    const auto rows = *rc::gen::inRange<std::size_t>(0, 5);
    const auto columns = *rc::gen::inRange<std::size_t>(1, 100);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto x = numbers(random, rows * columns, std::pow(10.0, random.uniform(-8, 6)));
    const auto other = numbers(random, rows * columns), gain = numbers(random, columns),
               bias = numbers(random, columns);
    const bool with_residual = random.chance(0.5);
    std::vector<std::vector<float>> of_sets;
    for (const auto set : available()) {
      const Kernels& kernels = kernels_of(set);
      std::vector<float> all;
      const auto keep = [&](const std::vector<float>& y) { all.insert(all.end(), y.begin(), y.end()); };
      std::vector<float> y(x.size());
      kernels.layer_norm({.rows = rows,
                          .columns = columns,
                          .x = x.data(),
                          .residual = with_residual ? other.data() : nullptr,
                          .gain = gain.data(),
                          .bias = bias.data(),
                          .epsilon = 1e-5F,
                          .out = y.data()});
      keep(y);
      y = x;
      for (std::size_t r = 0; r < rows; ++r) kernels.softmax(&y[r * columns], columns, 0.3F);
      keep(y);
      for (int a = 0; a < 6; ++a) {
        kernels.activate(static_cast<Activation>(a), x.data(), x.size(), y.data());
        keep(y);
      }
      kernels.add(x.data(), other.data(), x.size(), y.data());
      keep(y);
      kernels.exp(x.data(), x.size(), y.data());
      keep(y);
      const auto gates = numbers(random = Random(5), 4 * columns);
      std::vector<float> cell = numbers(random, columns), hidden(columns);
      kernels.lstm_cell(gates.data(), columns, cell.data(), hidden.data());
      keep(cell);
      keep(hidden);
      const Quantized q = quantized(kernels, x, rows, columns);
      keep(q.scale);
      keep({q.values.begin(), q.values.end() - static_cast<std::ptrdiff_t>(kRowStep * q.stride)});
      of_sets.push_back(all);
    }
    for (const auto& bits : of_sets) RC_ASSERT(same_bits(bits, of_sets.front()));
  }));
}

TEST_CASE("softmax and layer norm agree with double precision") {
  CHECK(rc::check("near", [] {
    const auto columns = *rc::gen::inRange<std::size_t>(2, 200);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto x = numbers(random, columns, 3.0);
    const Kernels& kernels = kernels_of(widest_instruction_set());
    double total = 0.0, mean = 0.0, variance = 0.0;
    for (const float v : x) {
      total += std::exp(0.5 * static_cast<double>(v));
      mean += v / static_cast<double>(columns);
    }
    for (const float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(columns);
    std::vector<float> shares = x, normal(columns);
    kernels.softmax(shares.data(), columns, 0.5F);
    const std::vector<float> gain(columns, 2.0F), bias(columns, 1.0F);
    kernels.layer_norm({.rows = 1,
                        .columns = columns,
                        .x = x.data(),
                        .residual = nullptr,
                        .gain = gain.data(),
                        .bias = bias.data(),
                        .epsilon = 1e-5F,
                        .out = normal.data()});
    for (std::size_t i = 0; i < columns; ++i) {
      RC_ASSERT(std::fabs(shares[i] - std::exp(0.5 * static_cast<double>(x[i])) / total) < 1e-6);
      RC_ASSERT(std::fabs(normal[i] - (1.0 + 2.0 * (x[i] - mean) / std::sqrt(variance + 1e-5))) < 1e-4);
    }
  }));
}

}  // namespace
}  // namespace skywarden::inference
