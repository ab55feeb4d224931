#include "inference/scrubber.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/random.h"
#include "inference/encoders.h"
#include "inference/session.h"

namespace skywarden::inference {
namespace {

// Every byte of parameters, each as often as it is long.
std::byte& drawn_byte(Program& program, Random& random) {
  std::vector<std::span<std::byte>> runs;
  std::size_t total = 0;
  const auto keep = [&](std::span<std::byte> run) {
    runs.push_back(run);
    total += run.size();
  };
  for (Tensor& t : program.model.tensors) {
    keep(std::as_writable_bytes(std::span(t.bytes)));
    keep(std::as_writable_bytes(std::span(t.numbers)));
    keep(std::as_writable_bytes(std::span(t.scale)));
    keep(std::as_writable_bytes(std::span(t.offset)));
  }
  std::size_t at = random.below(total);
  for (const auto run : runs) {
    if (at < run.size()) return run[at];
    at -= run.size();
  }
  std::abort();
}

std::vector<float> answer(Session& session) {
  std::vector<float> x(4 * 96, 0.5F), y(4 * 96);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3.0F;
  const std::uint32_t lengths[] = {4};
  const InputRows inputs[] = {{x, {}}};
  const std::span<float> outputs[] = {y};
  SerialExecutor serial;
  REQUIRE(session.run({lengths, inputs}, outputs, serial).has_value());
  return y;
}

TEST_CASE("a thousand single flips between runs are all found and undone, and no wrong answer follows") {
  auto program = make_program(
      encoder({.layers = 2, .sets = 1, .width = 96, .heads = 4, .hidden = 384}, drawn_parameters(1)));
  REQUIRE(program.has_value());
  Scrubber scrubber(*program);
  CHECK(scrubber.extra_bytes() < scrubber.guarded_bytes() / 3);  // a sixteenth where matrices are larger
  Session session(*program);
  const auto right = answer(session);
  Random random(9);
  std::size_t repaired = 0, wrong_while_flipped = 0, wrong_after = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::size_t bit = random.below(8);
    drawn_byte(*program, random) ^= static_cast<std::byte>(1U << bit);
    const auto meanwhile = answer(session);
    wrong_while_flipped += meanwhile != right ? 1 : 0;
    REQUIRE(std::all_of(meanwhile.begin(), meanwhile.end(), [](float y) { return std::fabs(y) <= kBound; }));
    repaired += scrubber.round().repaired;
    wrong_after += answer(session) != right ? 1 : 0;
  }
  CHECK(repaired == 1000);
  CHECK(wrong_after == 0);
  CHECK(wrong_while_flipped > 100);  // so the flips mattered
  CHECK(scrubber.round().repaired == 0);
}

TEST_CASE("steps come round") {
  auto program = make_program(
      encoder({.layers = 1, .sets = 1, .width = 64, .heads = 4, .hidden = 64}, drawn_parameters(1)));
  REQUIRE(program.has_value());
  Scrubber scrubber(*program);
  program->model.tensors.back().numbers[0] += 1.0F;
  std::size_t repaired = 0;
  for (int i = 0; i < 1000 && scrubber.rounds() == 0; ++i) repaired += scrubber.step(4096).repaired;
  CHECK(scrubber.rounds() == 1);
  CHECK(repaired == 1);
}

}  // namespace
}  // namespace skywarden::inference
