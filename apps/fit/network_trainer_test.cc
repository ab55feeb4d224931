#include "network_trainer.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/random.h"
#include "network_test_data.h"
#include "onnx_export.h"

namespace skywarden::fit {
namespace {

using inference::Precision;
using onboard::NetworkInputs;
using onboard::NetworkKind;
using onboard::NetworkShape;

NetworkShape shape_of(NetworkKind kind, bool both_directions) {
  NetworkShape shape;
  shape.kind = kind;
  shape.layers = 4;
  shape.sets = 2;  // shared between neighbours
  shape.width = 32;
  shape.heads = 4;
  shape.hidden = 64;
  shape.both_directions = both_directions;
  return shape;
}

NetworkBatch drawn_batch(const NetworkInputs& inputs, NetworkKind kind, std::uint64_t seed) {
  const bool encoder = kind == NetworkKind::kEncoder;
  NetworkBatch batch;
  batch.sequences = 16;
  batch.tokens = encoder ? inputs.numbers() : 9;
  batch.answers = encoder ? 1 : inputs.numbers();
  batch.width = inputs.width(kind);
  Random random(seed);
  for (std::size_t i = 0; i < batch.sequences * batch.tokens * batch.width; ++i)
    batch.inputs.push_back(static_cast<float>(random.normal(0.0, 1.0)));
  for (std::size_t i = 0; i < batch.sequences * batch.tokens * batch.answers; ++i) {
    batch.asked.push_back(random.chance(0.5) ? 1.0F : 0.0F);
    batch.tolerances.push_back(1.0F);
    // Something to learn: a mean of what is told of the token.
    const std::size_t token = i / batch.answers;
    float sum = 0.0F;
    for (std::size_t k = 0; k < 8; ++k) sum += batch.inputs[token * batch.width + k];
    batch.wanted.push_back(sum);
  }
  return batch;
}

// Of a recurrent network the engine gives the last row's answers.
std::vector<float> last_rows(const std::vector<float>& all, const NetworkBatch& batch) {
  const std::size_t row = batch.answers * onboard::kNetworkOutputs;
  std::vector<float> out;
  for (std::size_t s = 1; s <= batch.sequences; ++s) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(s * batch.tokens * row);
    out.insert(out.end(), end - static_cast<std::ptrdiff_t>(row), end);
  }
  return out;
}

struct Case {
  NetworkKind kind;
  bool both_directions;
};
const std::vector<Case> kCases{
    {NetworkKind::kEncoder, false}, {NetworkKind::kRecurrent, false}, {NetworkKind::kRecurrent, true}};

TEST_CASE("the engine says what LibTorch says: within 1e-4 in FP32, within 3 % of the spread in INT8") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  for (const Case& one : kCases) {
    const NetworkShape shape = shape_of(one.kind, one.both_directions);
    NetworkTrainer trainer(shape, inputs, 3);
    for (int step = 0; step < 20; ++step)  // away from the drawn weights
      static_cast<void>(
          trainer.step(drawn_batch(inputs, one.kind, 100 + static_cast<std::uint64_t>(step)), 3e-3));
    const NetworkBatch batch = drawn_batch(inputs, one.kind, 9);
    std::vector<float> expected = trainer.answers(batch);
    if (one.kind == NetworkKind::kRecurrent) expected = last_rows(expected, batch);
    double squares = 0.0;
    for (const float x : expected) squares += static_cast<double>(x) * x;
    const double spread = std::sqrt(squares / static_cast<double>(expected.size()));
    REQUIRE(spread > 0.1);
    for (const Precision precision : {Precision::kF32, Precision::kI8}) {
      const auto said = engine_answers(network_graph(shape, inputs, precision, trainer.parameters()),
                                       batch.sequences, batch.tokens, batch.inputs, inputs.numbers());
      REQUIRE(said.size() == expected.size());
      double worst = 0.0, sum = 0.0;
      for (std::size_t i = 0; i < said.size(); ++i) {
        const double difference = std::abs(static_cast<double>(said[i]) - expected[i]);
        worst = std::max(worst, difference);
        sum += difference * difference;
      }
      const double usual = std::sqrt(sum / static_cast<double>(said.size()));
      MESSAGE(onboard::to_string(one.kind)
              << std::string(one.both_directions ? " both ways" : "") << " "
              << (precision == Precision::kI8 ? "INT8" : "FP32") << ": worst " << worst
              << ", root mean square " << usual << ", spread " << spread);
      if (precision == Precision::kF32)
        CHECK(worst < 1e-4);
      else
        CHECK(usual < 0.03 * spread);
    }
  }
}

TEST_CASE("training learns, and the same steps give the same weights") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  for (const NetworkKind kind : {NetworkKind::kEncoder, NetworkKind::kRecurrent}) {
    const auto trained = [&](std::vector<double>& losses) {
      NetworkTrainer trainer(shape_of(kind, false), inputs, 1);
      for (std::uint64_t step = 0; step < 200; ++step)
        losses.push_back(trainer.step(drawn_batch(inputs, kind, step), 3e-3));
      return trainer.answers(drawn_batch(inputs, kind, 1000));
    };
    std::vector<double> losses, again;
    const auto first = trained(losses), second = trained(again);
    CHECK(first == second);
    CHECK(losses == again);
    const auto mean_of = [&](std::size_t from) {
      double sum = 0.0;
      for (std::size_t i = from; i < from + 10; ++i) sum += losses[i];
      return sum / 10.0;
    };
    CHECK(mean_of(190) < 0.93 * mean_of(0));
  }
}

TEST_CASE("a checkpoint goes on as if nothing had happened, and refuses another shape") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  const std::string path =
      (std::filesystem::temp_directory_path() / "skywarden_network_trainer_test").string();
  const NetworkKind kind = NetworkKind::kEncoder;
  NetworkTrainer through(shape_of(kind, false), inputs, 1);
  for (std::uint64_t step = 0; step < 4; ++step) {
    if (step == 2) REQUIRE(through.save(path).has_value());
    static_cast<void>(through.step(drawn_batch(inputs, kind, step), 1e-3));
  }
  NetworkTrainer resumed(shape_of(kind, false), inputs, 99);
  const auto loaded = resumed.load(path);
  REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
  for (std::uint64_t step = 2; step < 4; ++step)
    static_cast<void>(resumed.step(drawn_batch(inputs, kind, step), 1e-3));
  const NetworkBatch batch = drawn_batch(inputs, kind, 50);
  CHECK(resumed.answers(batch) == through.answers(batch));
  NetworkShape wider = shape_of(kind, false);
  wider.width = 64;
  NetworkTrainer other(wider, inputs, 1);
  CHECK_FALSE(other.load(path).has_value());
  CHECK_FALSE(resumed.load(path + ".none").has_value());
  std::filesystem::remove(path);
}

TEST_CASE("a student comes closer to its teacher than it would alone") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  const NetworkKind kind = NetworkKind::kEncoder;
  NetworkTrainer teacher(shape_of(kind, false), inputs, 1);
  for (std::uint64_t step = 0; step < 60; ++step)
    static_cast<void>(teacher.step(drawn_batch(inputs, kind, step), 3e-3));
  NetworkShape small = shape_of(kind, false);
  small.layers = small.sets = 1;
  const NetworkBatch held_back = drawn_batch(inputs, kind, 2000);
  const std::vector<float> wanted = teacher.answers(held_back);
  std::array<double, 2> distance{};
  for (const bool taught : {false, true}) {
    NetworkTrainer student(small, inputs, 2);
    for (std::uint64_t step = 0; step < 60; ++step) {
      NetworkBatch batch = drawn_batch(inputs, kind, 500 + step);
      if (taught) batch.teacher.answers = teacher.answers(batch);
      static_cast<void>(student.step(batch, 3e-3));
    }
    const std::vector<float> said = student.answers(held_back);
    for (std::size_t i = 0; i < said.size(); ++i) distance[taught ? 1 : 0] += std::abs(said[i] - wanted[i]);
  }
  CHECK(distance[1] < distance[0]);
}

TEST_CASE(
    "a student that imitates states comes closer to its teacher, and its checkpoint is a plain network's") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  const std::string path = (std::filesystem::temp_directory_path() / "skywarden_network_match_test").string();
  for (const NetworkKind kind : {NetworkKind::kEncoder, NetworkKind::kRecurrent}) {
    NetworkTrainer teacher(shape_of(kind, false), inputs, 1);
    NetworkShape small = shape_of(kind, false);
    small.layers = small.sets = 2;
    small.width = 16;
    NetworkTrainer student(small, inputs, 2);
    student.match(teacher.state_width(), 2);
    const std::size_t parameters = NetworkTrainer(small, inputs, 2).parameter_count();
    CHECK(student.parameter_count() == parameters);
    double first = 0.0, last = 0.0;
    for (std::uint64_t step = 0; step < 60; ++step) {
      NetworkBatch batch = drawn_batch(inputs, kind, step);
      batch.teacher = teacher.lesson(batch, student.layers());
      batch.task = false;
      CHECK(batch.teacher.states.size() == (kind == NetworkKind::kEncoder ? 2 : 1));
      CHECK(batch.teacher.states.back().size() == batch.sequences * batch.tokens * 32);
      CHECK(batch.teacher.answers == teacher.answers(batch));
      if (step == 30) REQUIRE(student.save(path).has_value());
      (step == 0 ? first : last) = student.step(batch, 3e-3);
    }
    CHECK(last < 0.9 * first);
    NetworkTrainer plain(small, inputs, 5);
    CHECK(plain.load_parameters(path).has_value());
    CHECK_FALSE(plain.load(path).has_value());  // the optimiser knew more
    NetworkTrainer resumed(small, inputs, 5);
    resumed.match(teacher.state_width(), 5);
    REQUIRE(resumed.load(path).has_value());
    const NetworkBatch batch = drawn_batch(inputs, kind, 70);
    CHECK(resumed.answers(batch) == plain.answers(batch));
  }
  std::filesystem::remove(path);
}

TEST_CASE("ONNX's checker accepts networks in FP32, and INT8 is refused in words") {
  const NetworkInputs inputs(number_schema("three", {"a", "b", "c"}));
  for (const Case& one : kCases) {
    const NetworkShape shape = shape_of(one.kind, one.both_directions);
    const auto graph = [&](Precision precision) {
      return network_graph(shape, inputs, precision, inference::drawn_parameters(1));
    };
    const auto bytes = to_onnx(graph(Precision::kF32));
    REQUIRE_MESSAGE(bytes.has_value(), (bytes ? "" : bytes.error().message));
    CHECK(bytes->size() > 1000);
    CHECK(to_onnx(graph(Precision::kI8)).error().code == Errc::kUnsupported);
  }
}

}  // namespace
}  // namespace skywarden::fit
