#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "activation_ranges.h"
#include "base/random.h"
#include "fake_quantization.h"
#include "network_test_data.h"
#include "network_trainer.h"

namespace skywarden::fit {
namespace {

using inference::Precision;
using onboard::NetworkInputs;
using onboard::NetworkKind;
using onboard::NetworkShape;

std::vector<float> drawn(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(random.normal(0.0, 1.0));
  return out;
}

TEST_CASE("rounding while training is the engine's in INT8: one map, within the rounding of FP32") {
  for (const std::size_t depth : {1U, 30U, 64U, 192U, 500U}) {
    const std::size_t rows = 40, columns = 24;
    std::vector<float> x = drawn(rows * depth, depth), weights = drawn(columns * depth, depth + 1);
    std::fill_n(x.begin(), depth, 0.0F);                           // a row of zeros
    std::fill_n(weights.begin(), depth, 0.0F);                     // and an output of zeros
    for (std::size_t i = 0; i < depth; ++i) x[depth + i] *= 1e3F;  // and one of large numbers
    inference::ModelBuilder b;
    const auto in = b.input("x", {.channels = static_cast<std::uint32_t>(depth)});
    b.output("y", b.linear(in, {b.matrix("w", weights, columns, depth, Precision::kI8), std::nullopt}));
    const std::vector<float> said = engine_answers(b.take(), 1, rows, x, rows);
    REQUIRE(said.size() == rows * columns);
    const std::vector<float> a = fake_quantized(x, depth, 8), w = fake_quantized(weights, depth, 8);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) {
        double sum = 0.0, size = 0.0;
        for (std::size_t k = 0; k < depth; ++k) {
          const double part = double{a[r * depth + k]} * w[c * depth + k];
          sum += part;
          size += std::abs(part);
        }
        CHECK(std::abs(sum - said[r * columns + c]) <= 1e-6 * size);
      }
  }
}

TEST_CASE("sixteen bits round 256 times as finely as eight, and zeros stay zeros") {
  const std::vector<float> x = drawn(64 * 16, 7);
  const auto worst = [&](int bits) {
    const std::vector<float> y = fake_quantized(x, 16, bits);
    double most = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(double{x[i]} - y[i]));
    return most;
  };
  CHECK(worst(8) < 0.5 * 5.0 / 127.0);
  CHECK(worst(16) < worst(8) / 200.0);
  CHECK(fake_quantized(std::vector<float>(8, 0.0F), 4, 8) == std::vector<float>(8, 0.0F));
}

NetworkBatch batch_of(const NetworkInputs& inputs, NetworkKind kind, std::uint64_t seed) {
  NetworkBatch batch;
  batch.sequences = 16;
  batch.tokens = kind == NetworkKind::kEncoder ? inputs.numbers() : 6;
  batch.answers = kind == NetworkKind::kEncoder ? 1 : inputs.numbers();
  batch.width = inputs.width(kind);
  batch.inputs = drawn(batch.sequences * batch.tokens * batch.width, seed);
  const std::size_t answers = batch.sequences * batch.tokens * batch.answers;
  batch.asked.assign(answers, 1.0F);
  batch.tolerances.assign(answers, 1.0F);
  for (std::size_t i = 0; i < answers; ++i)
    batch.wanted.push_back(batch.inputs[i / batch.answers * batch.width] +
                           batch.inputs[i / batch.answers * batch.width + 1]);
  return batch;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double squares = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(squares / static_cast<double>(a.size()));
}

TEST_CASE("a whole network rounded in training answers as the engine's INT8, and learns") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  for (const auto& [kind, both] :
       {std::pair{NetworkKind::kEncoder, false}, std::pair{NetworkKind::kRecurrent, false},
        std::pair{NetworkKind::kRecurrent, true}}) {
    NetworkShape shape;
    shape.kind = kind;
    shape.layers = shape.sets = 2;
    shape.width = 32;
    shape.heads = 4;
    shape.hidden = 64;
    shape.both_directions = both;
    NetworkTrainer trainer(shape, inputs, 3);
    std::vector<double> losses;
    for (const int bits : {32, 16, 8}) {
      trainer.use_bits(bits);
      for (std::uint64_t step = 0; step < 30; ++step)
        losses.push_back(trainer.step(batch_of(inputs, kind, losses.size()), 3e-3));
    }
    CHECK(losses.back() < losses.front());
    const NetworkBatch batch = batch_of(inputs, kind, 1000);
    const auto answers = [&](int bits) {
      trainer.use_bits(bits);
      std::vector<float> all = trainer.answers(batch);
      if (kind == NetworkKind::kEncoder) return all;
      std::vector<float> last;  // the engine gives the last row's
      const std::size_t row = batch.answers * onboard::kNetworkOutputs;
      for (std::size_t s = 1; s <= batch.sequences; ++s)
        last.insert(last.end(), all.begin() + static_cast<std::ptrdiff_t>((s * batch.tokens - 1) * row),
                    all.begin() + static_cast<std::ptrdiff_t>(s * batch.tokens * row));
      return last;
    };
    const std::vector<float> rounded = answers(8), plain = answers(32);
    const std::vector<float> engine =
        engine_answers(network_graph(shape, inputs, Precision::kI8, trainer.parameters()), batch.sequences,
                       batch.tokens, batch.inputs, inputs.numbers());
    REQUIRE(engine.size() == rounded.size());
    // A number that lies between two steps may fall on either side after sums in another order: rarely.
    MESSAGE(onboard::to_string(kind) << ": from the engine " << distance(rounded, engine) << ", by rounding "
                                     << distance(rounded, plain));
    CHECK(distance(rounded, engine) < 0.1 * distance(rounded, plain));
    CHECK(distance(answers(16), plain) < 0.02 * distance(rounded, plain));
  }
}

TEST_CASE("ranges are recorded of each map that is rounded, and watching changes no answer") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  for (const NetworkKind kind : {NetworkKind::kEncoder, NetworkKind::kRecurrent}) {
    NetworkShape shape;
    shape.kind = kind;
    shape.layers = shape.sets = 1;
    shape.width = 32;
    shape.heads = 4;
    shape.hidden = 64;
    NetworkTrainer trainer(shape, inputs, 3);
    const NetworkBatch batch = batch_of(inputs, kind, 1);
    const std::vector<float> before = trainer.answers(batch);
    ActivationRanges ranges;
    trainer.watch(&ranges);
    const std::vector<float> watched = trainer.answers(batch);
    trainer.watch(nullptr);
    CHECK(distance(before, watched) < 1e-5);
    const auto figures = ranges.figures();
    const std::vector<std::string> maps =
        kind == NetworkKind::kEncoder
            ? std::vector<std::string>{"set0.down", "set0.k", "set0.out", "set0.q", "set0.up", "set0.v"}
            : std::vector<std::string>{"forward.input", "forward.recurrent", "k", "q", "v"};
    REQUIRE(figures.size() == maps.size());
    for (const std::string& map : maps) {
      CHECK(figures.at(map).error_by_token > 0.0);
      CHECK(figures.at(map).error_by_token < 0.02);
    }
  }
}

}  // namespace
}  // namespace skywarden::fit
