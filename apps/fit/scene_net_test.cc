#include "scene_net.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace skywarden;

TEST_CASE("slopes of the scene network are those of its loss") {
  Random random(3);
  const auto patch = fusion::draw_scene(fusion::SceneKind::kFire, random);
  const auto numbers = fusion::scene_numbers(patch);
  fit::SceneNet net(7);
  const double before = net.learn(numbers, 3);
  net.step(1e-3);
  double after = -std::log(net.probabilities(numbers)[3]);
  CHECK(after < before);
  for (int i = 0; i < 50; ++i) {
    (void)net.learn(numbers, 3);
    net.step(1e-3);
  }
  after = -std::log(net.probabilities(numbers)[3]);
  CHECK(after < 0.05);
}

TEST_CASE("what flies says what the network said while it learnt") {
  Random random(4);
  fit::SceneNet net(8);
  for (int i = 0; i < 64; ++i) {
    const auto kind = static_cast<std::size_t>(i % 4);
    (void)net.learn(fusion::scene_numbers(fusion::draw_scene(static_cast<fusion::SceneKind>(kind), random)),
                    kind);
    if (i % 8 == 7) net.step(1e-3);
  }
  auto encoder = fusion::SceneEncoder::make(fusion::scene_model(net.weights(), "SYNTHETIC"), "test").value();
  for (int i = 0; i < 20; ++i) {
    const auto patch = fusion::draw_scene(static_cast<fusion::SceneKind>(i % 4), random);
    const auto learnt = net.probabilities(fusion::scene_numbers(patch));
    const auto flown = encoder.look(patch).value();
    for (std::size_t k = 0; k < learnt.size(); ++k)
      CHECK(flown[k] == doctest::Approx(learnt[k]).epsilon(1e-4));
  }
}
