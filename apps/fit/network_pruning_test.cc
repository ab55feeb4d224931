#include "network_pruning.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "network_shape.h"
#include "network_test_data.h"

namespace skywarden::fit {
namespace {

using inference::Parameters;
using onboard::NetworkInputs;
using onboard::NetworkKind;
using onboard::NetworkShape;

NetworkShape encoder_shape() {
  NetworkShape shape;
  shape.layers = 3;
  shape.sets = 2;  // the first is of two layers
  shape.width = 32;
  shape.heads = 4;
  shape.hidden = 64;
  return shape;
}

// Answers of four sequences of drawn numbers, in FP32.
std::vector<float> run(const inference::Model& model, std::size_t tokens) {
  Random random(5);
  std::vector<float> numbers(4 * tokens * model.inputs[0].shape.width());
  for (float& x : numbers) x = static_cast<float>(random.normal(0.0, 1.0));
  return engine_answers(model, 4, tokens, numbers, 2);
}

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double out = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) out = std::max(out, std::abs(double{a[i]} - double{b[i]}));
  return out;
}

// A head or a unit of a set made to do nothing: its weights are zeros, its biases are not.
Parameters with_idle(std::size_t head, std::size_t unit_step) {
  return [=, drawn = inference::drawn_parameters(3)](const std::string& name, std::size_t count,
                                                     std::size_t inputs) {
    std::vector<float> numbers = drawn(name, count, inputs);
    const auto ends = [&](const std::string& end) { return name.size() >= 4 && name.substr(4) == end; };
    const std::size_t width = std::max<std::size_t>(1, inputs);
    for (std::size_t i = 0; i < count && name.rfind("set", 0) == 0; ++i) {
      const std::size_t row = i / width, column = i % width;
      const bool of_head = (ends(".q") || ends(".k") || ends(".v")) && row / 8 == head;
      const bool to_head = ends(".out") && column / 8 == head;
      const bool of_unit = ends(".up") && row % unit_step == 0;
      const bool to_unit = ends(".down") && column % unit_step == 0;
      if (of_head || to_head || of_unit || to_unit) numbers[i] = 0.0F;
    }
    return numbers;
  };
}

TEST_CASE("taking out heads and units that do nothing changes no answer, and the rest is a smaller network") {
  const NetworkInputs inputs(number_schema("two", {"a", "b"}));
  const NetworkShape shape = encoder_shape();
  const Parameters parameters = with_idle(2, 4);  // one head of four, 16 units of 64, in both sets
  const auto pruned = prune(shape, inputs, parameters, {.heads = 0.25, .hidden = 0.25});
  REQUIRE(pruned.has_value());
  for (const inference::SetShape& set : pruned->shape.pruned) CHECK(set == inference::SetShape{3, 48});
  CHECK(pruned->numbers.at("set0.q").size() == 24 * 32);
  CHECK(pruned->numbers.at("set1.down").size() == 32 * 48);
  const auto graph = [&](const NetworkShape& s, const Parameters& p, inference::Precision precision) {
    return network_graph(s, inputs, precision, p);
  };
  const auto before = run(graph(shape, parameters, inference::Precision::kF32), 2);
  const auto after = run(graph(pruned->shape, pruned->parameters(), inference::Precision::kF32), 2);
  CHECK(worst(before, after) < 1e-5);
  // It flies as any other.
  CHECK(onboard::Network::make(graph(pruned->shape, pruned->parameters(), inference::Precision::kI8),
                               number_schema("two", {"a", "b"}))
            .has_value());
  // INT8 rounds the same numbers: what was taken out was zero.
  const auto small = run(graph(pruned->shape, pruned->parameters(), inference::Precision::kI8), 2);
  CHECK(worst(run(graph(shape, parameters, inference::Precision::kI8), 2), small) < 0.05);
}

TEST_CASE("what is least important goes first, wherever it is, and something always stays") {
  const NetworkInputs inputs(number_schema("two", {"a", "b"}));
  const auto lopsided = [drawn = inference::drawn_parameters(1)](const std::string& name, std::size_t count,
                                                                 std::size_t width) {
    std::vector<float> numbers = drawn(name, count, width);
    if (name == "set1.up")  // of the second set only the first sixteen units matter
      for (std::size_t i = 16 * width; i < count; ++i) numbers[i] *= 1e-3F;
    return numbers;
  };
  const auto once = prune(encoder_shape(), inputs, lopsided, {.heads = 0.0, .hidden = 0.25});
  REQUIRE(once.has_value());
  CHECK(once->shape.pruned == std::vector<inference::SetShape>{{4, 64}, {4, 32}});
  const auto whole = prune(encoder_shape(), inputs, lopsided, {.heads = 1.0, .hidden = 1.0});
  REQUIRE(whole.has_value());
  CHECK(whole->shape.pruned == std::vector<inference::SetShape>{{1, 16}, {1, 16}});
  CHECK(run(network_graph(whole->shape, inputs, inference::Precision::kI8, whole->parameters()), 2).size() ==
        16);
  const auto again = prune(whole->shape, inputs, whole->parameters(), {.heads = 0.5, .hidden = 0.5});
  REQUIRE(again.has_value());
  CHECK(again->shape == whole->shape);
  CHECK(again->numbers == whole->numbers);
}

// The states with attention added, without the norm, which would see how many numbers a row has.
inference::Model without_norm(const NetworkShape& shape, std::size_t given, const Parameters& parameters) {
  inference::ModelBuilder b;
  const std::size_t directions = shape.both_directions ? 2 : 1, cells = shape.width,
                    width = directions * cells;
  const auto matrix = [&](const std::string& name, std::size_t outputs, std::size_t inputs) {
    return b.matrix(name, parameters(name, outputs * inputs, inputs), outputs, inputs,
                    inference::Precision::kF32);
  };
  const auto dense = [&](const std::string& name, std::size_t outputs, std::size_t inputs) {
    const inference::TensorId weights = matrix(name, outputs, inputs);
    return inference::Dense{weights, b.vector(name + ".bias", parameters(name + ".bias", outputs, 0))};
  };
  const auto lstm = [&](const std::string& name) {
    inference::LstmTensors t;
    t.input = matrix(name + ".input", 4 * cells, cells);
    t.recurrent = matrix(name + ".recurrent", 4 * cells, cells);
    t.bias = b.vector(name + ".bias", parameters(name + ".bias", 4 * cells, 0));
    return t;
  };
  const auto numbers = b.input("numbers", {.channels = static_cast<std::uint32_t>(given)});
  const auto rows = b.linear(numbers, dense("in", cells, given));
  const auto states =
      directions == 1 ? b.lstm(rows, lstm("forward")) : b.lstm(rows, lstm("forward"), lstm("backward"));
  const auto q = b.linear(states, dense("q", width, width)), k = b.linear(states, dense("k", width, width)),
             v = b.linear(states, dense("v", width, width));
  b.output("states", b.add(states, b.attention(q, k, v, shape.heads, directions == 1)));
  return b.take();
}

TEST_CASE("taking out cells that are always zero leaves the others as they were") {
  const NetworkInputs inputs(number_schema("two", {"a", "b"}));
  for (const bool both : {false, true}) {
    NetworkShape shape;
    shape.kind = NetworkKind::kRecurrent;
    shape.width = 32;
    shape.heads = 4;
    shape.both_directions = both;
    // Every fourth cell, and every fourth number that enters, is idle.
    const auto parameters = [drawn = inference::drawn_parameters(4)](const std::string& name,
                                                                     std::size_t count, std::size_t width) {
      std::vector<float> numbers = drawn(name, count, width);
      for (std::size_t i = 0; width > 0 && i < count; ++i) {
        const bool row = (i / width) % 4 == 1, column = (i % width) % 4 == 1;
        if ((row && name != "head") || (column && name != "in")) numbers[i] = 0.0F;
      }
      return numbers;
    };
    const auto pruned = prune(shape, inputs, parameters, {.cells = 0.25});
    REQUIRE(pruned.has_value());
    CHECK(pruned->shape.width == 24);
    const std::size_t width = both ? 64 : 32, left = both ? 48 : 24;
    const auto before = run(without_norm(shape, inputs.row_width(), parameters), 7);
    const auto after = run(without_norm(pruned->shape, inputs.row_width(), pruned->parameters()), 7);
    std::vector<float> expected;
    for (std::size_t i = 0; i < before.size(); ++i)
      if (i % width % 4 != 1) expected.push_back(before[i]);
    REQUIRE(expected.size() == 4 * 7 * left);
    CHECK(worst(expected, after) < 1e-5);
    CHECK_FALSE(run(network_graph(pruned->shape, inputs, inference::Precision::kI8, pruned->parameters()), 7)
                    .empty());
  }
  NetworkShape odd;
  odd.kind = NetworkKind::kRecurrent;
  odd.width = 30;
  odd.heads = 3;
  odd.both_directions = true;
  CHECK(prune(odd, inputs, inference::drawn_parameters(1), {}).error().code == Errc::kUnsupported);
}

TEST_CASE("shapes come back from their notes, and what no network has is refused") {
  NetworkShape shape = encoder_shape();
  CHECK(*shape_of_json(to_json(shape)) == shape);
  shape.pruned = {{3, 48}, {1, 16}};
  CHECK(*shape_of_json(to_json(shape)) == shape);
  NetworkShape recurrent = *shape_named(NetworkKind::kRecurrent, "student", true);
  const auto back = shape_of_json(to_json(recurrent));
  REQUIRE(back.has_value());
  CHECK(to_json(*back) == to_json(recurrent));
  for (const char* wrong :
       {R"({})", R"({"kind": "forest", "width": 8, "heads": 1})",
        R"({"kind": "encoder", "width": 8, "heads": 3, "layers": 1, "sets": 1, "hidden": 16})",
        R"({"kind": "encoder", "width": 8, "heads": 2, "layers": 1, "sets": 2, "hidden": 16})"})
    CHECK_FALSE(shape_of_json(nlohmann::ordered_json::parse(wrong)).has_value());
  shape.pruned = {{5, 48}, {1, 16}};  // more heads than there were
  CHECK_FALSE(shape_of_json(to_json(shape)).has_value());
}

}  // namespace
}  // namespace skywarden::fit
