#include "compression_choice.h"

#include <doctest/doctest.h>

#include "onboard/complete_network_graph.h"
#include "onboard/network_operations.h"
#include "onboard/power.h"

namespace skywarden::fit {
namespace {

const std::vector<Candidate> kFour{{"large", 0.92, 10.0, 8.0, 4.0},
                                   {"small", 0.90, 1.0, 1.0, 0.5},
                                   {"worse", 0.89, 2.0, 1.0, 0.5},
                                   {"lean", 0.88, 2.0, 0.5, 0.6}};

TEST_CASE("the front holds what nothing beats in everything, and the best within the limits is chosen") {
  const Choice free = choose(kFour, {});
  CHECK(free.on_front == std::vector<bool>{true, true, false, true});
  CHECK(free.best == 0U);
  CHECK(choose(kFour, {.latency_ms = 5.0}).best == 1U);
  CHECK(choose(kFour, {.latency_ms = 1.0}).best == 1U);  // limits are included
  CHECK(choose(kFour, {.memory_mb = 0.7}).best == 3U);
  CHECK(choose(kFour, {.energy_mj = 0.55}).best == 1U);
  CHECK_FALSE(choose(kFour, {.latency_ms = 0.5}).best.has_value());
  CHECK_FALSE(choose({}, {}).best.has_value());
}

TEST_CASE("of equals the fastest is chosen, then the first, and equals do not beat each other") {
  const std::vector<Candidate> equals{{"a", 0.9, 2, 1, 1}, {"b", 0.9, 1, 2, 1}, {"c", 0.9, 1, 2, 1}};
  const Choice choice = choose(equals, {});
  CHECK(choice.best == 1U);
  CHECK(choice.on_front == std::vector<bool>{true, true, true});
}

TEST_CASE("the choice as JSON and as a picture names every network") {
  const ChoiceLimits limits{.latency_ms = 5.0};
  const Choice choice = choose(kFour, limits);
  const auto json = to_json(kFour, limits, choice);
  CHECK(json["best"] == "small");
  CHECK(json["limits"]["memory_mb"].is_null());
  CHECK(json["candidates"].size() == 4);
  const std::string svg = picture(kFour, limits, choice);
  CHECK(svg.starts_with("<svg xmlns="));
  for (const Candidate& c : kFour) CHECK(svg.find(">" + c.name + "<") != std::string::npos);
  CHECK_FALSE(picture({kFour[0]}, {}, choose({kFour[0]}, {})).empty());
}

TEST_CASE("a pruned network and INT8 take fewer operations, less memory and less energy") {
  datum::Schema schema;
  datum::FieldSpec field;
  field.name = "a";
  schema.fields.assign(3, field);
  const onboard::NetworkInputs inputs(schema);
  onboard::NetworkShape shape;
  shape.layers = shape.sets = 1;
  shape.width = 64;
  shape.heads = 4;
  shape.hidden = 256;
  const auto program = [&](const onboard::NetworkShape& s, inference::Precision precision) {
    return *inference::make_program(network_graph(s, inputs, precision, inference::drawn_parameters(1)),
                                    {.tokens_at_once = 3});
  };
  const auto energy = [&](const inference::Program& p) {
    return onboard::modelled_energy(onboard::network_operations(p, 3)).value();
  };
  onboard::NetworkShape less = shape;
  less.pruned = {{2, 128}};
  const auto whole = program(shape, inference::Precision::kI8),
             plain = program(shape, inference::Precision::kF32),
             pruned = program(less, inference::Precision::kI8);
  // q, k, v, out: 4 · 64 · 64; up and down: 2 · 64 · 256; three tokens
  CHECK(onboard::network_operations(whole, 3).int8_multiply_adds == 3.0 * (4 * 64 * 64 + 2 * 64 * 256));
  CHECK(onboard::network_operations(pruned, 3).int8_multiply_adds == 3.0 * (4 * 64 * 32 + 2 * 64 * 128));
  CHECK(onboard::network_operations(plain, 3).int8_multiply_adds == 0.0);
  CHECK(energy(pruned) < energy(whole));
  CHECK(energy(whole) < energy(plain));
  CHECK(memory_bytes(pruned) < memory_bytes(whole));
  CHECK(memory_bytes(whole) < memory_bytes(plain));
}

}  // namespace
}  // namespace skywarden::fit
