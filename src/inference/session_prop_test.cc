#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <thread>

#include "base/hash.h"
#include "base/random.h"
#include "inference/check_model.h"
#include "inference/encoders.h"
#include "inference/session.h"
#include "inference/slow_graph_test.h"

namespace skywarden::inference {
namespace {

std::vector<float> numbers(Random& random, std::size_t count, double size = 1.0) {
  std::vector<float> x(count);
  for (float& v : x) v = static_cast<float>(random.normal(0.0, size));
  return x;
}

// A batch that owns its rows.
struct Case {
  std::vector<std::uint32_t> lengths;
  std::vector<std::vector<float>> rows;
  std::vector<std::vector<std::int32_t>> indices;
};

Case drawn_case(const Model& model, Random& random, std::size_t sequences, std::uint32_t length_max) {
  Case c;
  std::size_t tokens = 0;
  for (std::size_t s = 0; s < sequences; ++s) {
    c.lengths.push_back(1 + static_cast<std::uint32_t>(random.below(length_max)));
    tokens += c.lengths.back();
  }
  for (const Input& input : model.inputs) {
    const std::size_t rows = input.shape.rows == Rows::kPerToken ? tokens : sequences;
    c.rows.push_back(input.indices ? std::vector<float>{} : numbers(random, rows * input.shape.width()));
    c.indices.emplace_back();
    for (std::size_t r = 0; input.indices && r < rows; ++r)
      c.indices.back().push_back(static_cast<std::int32_t>(random.below(5)));
  }
  return c;
}

using Results = std::vector<std::vector<float>>;

// Runs on real threads, so that parts may disturb each other if they can.
class Threads final : public Executor {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& job) override {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&job, i] { job(i); });
    for (std::thread& t : threads) t.join();
  }
};

Results run(const Program& program, const Case& c, const SessionOptions& options) {
  Session session(program, options);
  std::vector<InputRows> inputs;
  for (std::size_t i = 0; i < c.rows.size(); ++i) inputs.push_back({c.rows[i], c.indices[i]});
  std::size_t tokens = 0;
  for (const auto length : c.lengths) tokens += length;
  Results results;
  for (const Output& output : program.model.outputs) {
    const Shape& shape = program.shapes[output.value];
    results.emplace_back((shape.rows == Rows::kPerToken ? tokens : c.lengths.size()) * shape.width(), -9.0F);
  }
  const std::vector<std::span<float>> spans(results.begin(), results.end());
  Threads threads;
  const auto done = session.run({c.lengths, inputs}, spans, threads);
  RC_ASSERT(done.has_value());
  return results;
}

Program program_of(const Model& model, std::uint32_t tokens_at_once = 64, bool optimize = true) {
  auto program = make_program(model, {.tokens_at_once = tokens_at_once, .optimized = optimize});
  if (!program) MESSAGE(program.error().message);
  REQUIRE(program.has_value());
  return std::move(*program);
}

bool same_bits(const Results& a, const Results& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].size() != b[i].size() || std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)) != 0)
      return false;
  return true;
}

// Everything the engine can do, in one graph of small odd sizes.
Model everything(Precision precision, const Parameters& draw = drawn_parameters(3)) {
  ModelBuilder b;
  const auto matrix = [&](const char* name, std::size_t outputs, std::size_t inputs) {
    return b.matrix(name, draw(name, outputs * inputs, inputs), outputs, inputs, precision);
  };
  const auto vector = [&](const char* name, std::size_t count) {
    return b.vector(name, draw(name, count, 9));
  };
  const auto dense = [&](const char* name, std::size_t outputs, std::size_t inputs) {
    return Dense{matrix(name, outputs, inputs), vector((std::string(name) + "b").c_str(), outputs)};
  };
  const ValueId kinds = b.index_input("kinds");
  const ValueId x = b.input("x", {.channels = 13});
  const ValueId scene =
      b.input("scene", {.rows = Rows::kPerSequence, .channels = 3, .height = 9, .across = 7});
  const ValueId known = b.embedding(kinds, b.table("kinds", draw("t", 5 * 13, 4), 5, 13));
  const ValueId places = b.position(x, b.table("places", draw("p", 40 * 13, 4), 40, 13));
  const ValueId sort = b.add(x, known);
  const ValueId placed = b.add(places, sort);
  const ValueId wide = b.linear(placed, dense("w", 32, 13), Activation::kGelu);
  const ValueId q = b.linear(wide, dense("q", 32, 32));
  const ValueId k = b.linear(wide, dense("k", 32, 32));
  const ValueId v = b.linear(wide, dense("v", 32, 32));
  const ValueId seen = b.attention(q, k, v, 4, true);
  const ValueId sum = b.add(wide, b.linear(seen, dense("o", 32, 32)));
  const ValueId normal =
      b.layer_norm(b.add(sum, wide), b.vector("g", draw("g.gain", 32, 0)), vector("gb", 32));
  const ValueId curve = b.conv1d(normal, dense("c1", 10, 5 * 32), 5, false, Activation::kTanh);
  const ValueId past = b.conv1d(normal, dense("c2", 6, 4 * 32), 4, true, Activation::kSigmoid);
  const ValueId pixels = b.conv2d(scene, dense("c3", 4, 27), 3, 2, 1, Activation::kRelu);
  const ValueId both[] = {curve, past, b.spread(b.linear(pixels, dense("f", 5, 80)))};
  const LstmTensors forward{matrix("li", 44, 21), matrix("lr", 44, 11), vector("lb", 44)};
  const LstmTensors backward{matrix("bi", 44, 21), matrix("br", 44, 11), vector("bb", 44)};
  const ValueId states = b.lstm(b.concat(both), forward, backward);
  b.output("states", b.activation(b.activation(states, Activation::kSilu), Activation::kTanh));
  b.output("shares", b.softmax(b.linear(b.mean(states), dense("h", 7, 22))));
  b.output("last", b.last(b.lstm(normal, {matrix("mi", 8, 32), matrix("mr", 8, 2), vector("mb", 8)})));
  b.output("most", b.pool2d(scene, 3, 2, true));
  b.output("middle", b.pool2d(scene, 2, 2, false));
  return b.take();
}

// The rows of one sequence of a batch, as the slow version wants them.
std::vector<SlowRows> slow_inputs(const Model& model, const Case& c, std::size_t sequence,
                                  std::size_t token) {
  std::vector<SlowRows> values;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const Shape& shape = model.inputs[i].shape;
    const bool tokens = shape.rows == Rows::kPerToken;
    values.emplace_back();
    for (std::size_t r = 0; r < (tokens ? c.lengths[sequence] : 1); ++r) {
      const std::size_t row = tokens ? token + r : sequence;
      if (model.inputs[i].indices) {
        values.back().push_back({static_cast<double>(c.indices[i][row])});
      } else {
        const float* from = c.rows[i].data() + row * shape.width();
        values.back().emplace_back(from, from + shape.width());
      }
    }
  }
  return values;
}

double distance_from_slow(const Model& model, const Case& c, const Results& results) {
  const auto shapes = shapes_of(model);
  std::size_t token = 0;
  double most = 0.0;
  for (std::size_t s = 0; s < c.lengths.size(); ++s) {
    const auto values = SlowGraph(model).run(slow_inputs(model, c, s, token), c.lengths[s]);
    for (std::size_t o = 0; o < results.size(); ++o) {
      const ValueId value = model.outputs[o].value;
      const Shape& shape = (*shapes)[value];
      const std::size_t first = (shape.rows == Rows::kPerToken ? token : s) * shape.width();
      for (std::size_t r = 0; r < values[value].size(); ++r)
        for (std::size_t i = 0; i < shape.width(); ++i)
          most = std::max(most, std::fabs(results[o][first + r * shape.width() + i] - values[value][r][i]));
    }
    token += c.lengths[s];
  }
  return most;
}

TEST_CASE("every operation agrees with the slow version in double precision") {
  const Model exact = everything(Precision::kF32), rounded = everything(Precision::kI8);
  CHECK(rc::check("near", [&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Case c = drawn_case(exact, random, 1 + random.below(4), 40);
    RC_ASSERT(distance_from_slow(exact, c, run(program_of(exact), c, {})) < 2e-4);
    // Activations are rounded to 255 steps a row.
    RC_ASSERT(distance_from_slow(rounded, c, run(program_of(rounded), c, {})) < 0.3);
  }));
}

TEST_CASE(
    "a sequence gets the same bits alone and in any batch, on any instructions, threads and rewriting") {
  for (const auto precision : {Precision::kI8, Precision::kF32}) {
    const Model model = everything(precision);
    CHECK(rc::check("bits", [&] {
      Random random(*rc::gen::arbitrary<std::uint64_t>());
      const Case c = drawn_case(model, random, 1 + random.below(9), 40);
      const Results whole = run(program_of(model), c, {});
      for (const auto set : {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512})
        if (is_available(set)) RC_ASSERT(same_bits(run(program_of(model), c, {.instructions = set}), whole));
      RC_ASSERT(same_bits(run(program_of(model, 64, false), c, {}), whole));
      RC_ASSERT(same_bits(run(program_of(model, 4096), c, {.parts = 1}), whole));
      RC_ASSERT(same_bits(run(program_of(model, 40), c, {.parts = 3}), whole));
    }));
  }
}

// No function of libm has a part in these numbers.
std::vector<float> uniform_numbers(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<float> x(count);
  for (float& v : x) v = static_cast<float>(random.uniform(-0.5, 0.5));
  return x;
}

TEST_CASE("every compiler and machine gives these bits") {
  const Parameters uniform = [](const std::string& name, std::size_t count, std::size_t) {
    return uniform_numbers(name.size(), count);
  };
  Fnv1a hash;
  for (const auto precision : {Precision::kI8, Precision::kF32}) {
    const Program program = program_of(everything(precision, uniform));
    Case c{.lengths = {7, 1, 30},
           .rows = {{}, uniform_numbers(1, 38 * 13), uniform_numbers(2, 3 * 189)},
           .indices = {{}, {}, {}}};
    for (std::int32_t token = 0; token < 38; ++token) c.indices[0].push_back(token % 5);
    for (const auto& output : run(program, c, {}))
      for (const float y : output) hash.add(std::bit_cast<std::uint32_t>(y));
  }
  CHECK(hash.value() == 0x77f9c19cf204d6ddULL);
}

TEST_CASE("a product spread over columns gives the same bits") {
  const Model model =
      encoder({.layers = 2, .sets = 1, .width = 256, .heads = 4, .hidden = 1000}, drawn_parameters(1));
  Random random(4);
  const Case c = drawn_case(model, random, 1, 30);
  const Results one = run(program_of(model), c, {});
  CHECK(same_bits(run(program_of(model), c, {.parts = 2}), one));
  CHECK(same_bits(run(program_of(model), c, {.parts = 5}), one));
}

TEST_CASE("the graph is rewritten as its header says") {
  const Program plain = program_of(encoder(kStudent, drawn_parameters(1)), 64, false);
  const Program fused = program_of(encoder(kStudent, drawn_parameters(1)));
  CHECK(plain.model.nodes.size() == 4 * 12 + 1);
  CHECK(fused.model.nodes.size() == 4 * 7 + 1);  // norm, projections, attention, sum, norm, SiLU, sum
  const Program shared = program_of(
      encoder({.layers = 6, .sets = 3, .width = 64, .heads = 2, .hidden = 128}, drawn_parameters(1)));
  std::size_t matrices = 0;
  for (const Tensor& t : shared.model.tensors) matrices += t.type == TensorType::kMatrixI8 ? 1 : 0;
  CHECK(matrices == 3 * 4);  // layers that share their projections share the merged one
}

TEST_CASE("values that live at the same time never overlap in the arena") {
  const Program p = program_of(everything(Precision::kI8), 40);
  const std::size_t inputs = p.model.inputs.size(), nodes = p.model.nodes.size();
  std::vector<std::size_t> last(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    last[i] = i;
    for (const ValueId v : p.model.nodes[i].inputs)
      if (v >= inputs) last[v - inputs] = i;
  }
  for (const Output& o : p.model.outputs) last[o.value - inputs] = nodes;
  const auto apart = [](const Program::Place& a, const Program::Place& b) {
    return a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
  };
  std::size_t sum = 0;
  for (std::size_t i = 0; i < nodes; ++i) {
    sum += p.values[i].bytes + p.scratch[i].bytes;
    CHECK(p.values[i].offset + p.values[i].bytes <= p.arena_bytes);
    for (std::size_t j = 0; j < i; ++j)
      if (last[j] >= i) {
        CHECK(apart(p.values[i], p.values[j]));
        CHECK(apart(p.scratch[i], p.values[j]));
      }
    CHECK(apart(p.values[i], p.scratch[i]));
  }
  CHECK(p.arena_bytes < sum / 2);
}

TEST_CASE("what breaks the bounds is refused in one line") {
  const Program program = program_of(everything(Precision::kI8), 40);
  Session session(program);
  SerialExecutor serial;
  Random random(2);
  Case c = drawn_case(program.model, random, 1, 3);
  const auto message = [&](std::size_t outputs) {
    std::vector<InputRows> inputs;
    for (std::size_t i = 0; i < c.rows.size(); ++i) inputs.push_back({c.rows[i], c.indices[i]});
    const std::vector<std::span<float>> nowhere(outputs);
    const auto done = session.run({c.lengths, inputs}, nowhere, serial);
    return done ? std::string("done") : done.error().message;
  };
  CHECK(message(4) == "3 inputs and 4 outputs, expected 3 and 5");
  CHECK(message(5).find("output 'states': room for 0 numbers") == 0);
  c.indices[0][0] = 5;
  CHECK(message(5) == "input 'kinds': index 5 at 0, expected 0 to 4");
  c.indices[0][0] = 0;
  c.rows[1][2] = std::nanf("");
  CHECK(message(5) == "input 'x': nan at 2, expected a number up to 1000000 in size");
  c.rows[1].pop_back();
  CHECK(message(5).find("input 'x': ") == 0);
  c.lengths[0] = 41;
  CHECK(message(5) == "sequence 0: 41 tokens, expected 1 to 40");
  c.lengths[0] = 0;
  CHECK(message(5) == "sequence 0: 0 tokens, expected 1 to 40");
}

TEST_CASE("a model that makes no sense is refused with the node and the reason") {
  const auto refused = [](auto change) {
    Model m = everything(Precision::kI8);
    change(m);
    const auto program = make_program(std::move(m), {.tokens_at_once = 40});
    return program ? std::string("accepted") : program.error().message;
  };
  const auto inputs = static_cast<ValueId>(everything(Precision::kI8).inputs.size());
  CHECK(refused([](Model&) {}) == "accepted");
  CHECK(refused([](Model& m) { m.nodes[0].inputs[0] = 1; }) == "model: node 0 (embedding): takes indices");
  CHECK(refused([](Model& m) {
          m.nodes[0].tensors[0] = 9999;
        }).find("model: node 0 (embedding): tensor 9999") == 0);
  CHECK(refused([&](Model& m) { m.nodes[2].inputs[1] = inputs + 2; }) ==
        "model: node 2 (add): value 5 is not there yet");
  CHECK(refused([](Model& m) { m.nodes[4].tensors[0] = m.nodes[0].tensors[0]; }).find("is no matrix") !=
        std::string::npos);
  CHECK(refused([](Model& m) { m.outputs[0].value = 1; }) == "model: output 'states' is no node's value");
  CHECK(refused([](Model& m) {
          m.tensors[2].scale[0] = std::nanf("");
        }).find("a number is not finite or above 1e6") != std::string::npos);
  CHECK(refused([](Model& m) { m.tensors[2].bytes[0] = -128; }).find("a weight is -128") !=
        std::string::npos);
  CHECK(refused([](Model& m) { m.tensors[2].offset[0] += 1; }).find("offsets") != std::string::npos);
  CHECK(refused([](Model& m) { m.tensors[2].bytes.pop_back(); }).find("size does not fit") !=
        std::string::npos);
  CHECK(refused([](Model& m) { m.inputs.clear(); }).find("model: 0 inputs") == 0);
}

}  // namespace
}  // namespace skywarden::inference
