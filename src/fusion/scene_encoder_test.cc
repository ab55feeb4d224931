#include "fusion/scene_encoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "inference/model_builder.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::fusion;

namespace {

SceneWeights zero_weights() {
  SceneWeights w;
  w.first.assign(std::size_t{kSceneFilters1} * 9 * kSceneBands, 0.0F);
  w.first_bias.assign(kSceneFilters1, 0.0F);
  w.second.assign(std::size_t{kSceneFilters2} * 9 * kSceneFilters1, 0.0F);
  w.second_bias.assign(kSceneFilters2, 0.0F);
  w.last.assign(kSceneKinds.size() * kSceneFlat, 0.0F);
  w.last_bias.assign(kSceneKinds.size(), 0.0F);
  return w;
}

}  // namespace

TEST_CASE("pixels without data are zero, and saturated ones bounded") {
  Random random(1);
  ScenePatch patch = draw_scene(SceneKind::kFire, random);
  patch.counts[patch.at(3, 0, 0)] = 0;
  patch.counts[patch.at(3, 0, 1)] = 65'535;
  const auto numbers = scene_numbers(patch);
  CHECK(numbers[3] == 0.0F);
  CHECK(numbers[kSceneBands + 3] == 8.0F);
  for (const float each : numbers) CHECK(std::abs(each) <= 8.0F);
}

TEST_CASE("a network without weights says that all kinds are alike") {
  auto encoder = SceneEncoder::make(scene_model(zero_weights(), "nothing"), "zero").value();
  Random random(2);
  const auto kinds = encoder.look(draw_scene(SceneKind::kCloud, random)).value();
  for (const double p : kinds) CHECK(p == doctest::Approx(0.25));
  CHECK(encoder.about() == "nothing");
}

TEST_CASE("other shapes, empty patches and other models are refused in one line") {
  auto encoder = SceneEncoder::make(scene_model(zero_weights(), ""), "zero").value();
  CHECK(encoder.look({1, 4, 4, std::vector<std::uint16_t>(16, 9)}).error().code == Errc::kUnsupported);
  CHECK(
      encoder.look({kSceneBands, kSceneSide, kSceneSide, std::vector<std::uint16_t>(1280, 0)}).error().code ==
      Errc::kUnsupported);
  inference::ModelBuilder other;
  const auto x = other.input("x", {inference::Rows::kPerSequence, 3});
  other.output("y", other.softmax(x));
  CHECK(SceneEncoder::make(other.take(), "other.swm").error().message.starts_with("other.swm: expected"));
  CHECK_FALSE(SceneEncoder::load({}, "empty.swm").has_value());
}

TEST_CASE("the shipped encoder tells synthetic kinds apart that it has not seen") {
  const std::string bytes =
      testing::read_file("models/scene.swm");  // tests run at the root of the repository
  auto encoder = SceneEncoder::load(std::as_bytes(std::span(bytes)), "models/scene.swm").value();
  CHECK(encoder.about().find("SYNTHETIC") != std::string_view::npos);
  Random random(20'261'127);
  std::size_t right = 0;
  constexpr std::size_t kDrawn = 400;
  for (std::size_t i = 0; i < kDrawn; ++i) {
    const auto kinds = encoder.look(draw_scene(static_cast<SceneKind>(i % 4), random)).value();
    const auto best = static_cast<std::size_t>(std::max_element(kinds.begin(), kinds.end()) - kinds.begin());
    right += best == i % 4 ? 1 : 0;
  }
  CHECK(right > kDrawn * 8 / 10);
}
