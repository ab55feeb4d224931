#include "fusion/synthetic_scene.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace skywarden;
using namespace skywarden::fusion;

namespace {

double largest_difference(const ScenePatch& patch) {  // MIR − TIR, K, of one pixel
  double out = -1e9;
  for (std::size_t i = 0; i < kSceneSide * kSceneSide; ++i) {
    const std::uint16_t mir = patch.counts[3 * kSceneSide * kSceneSide + i],
                        tir = patch.counts[4 * kSceneSide * kSceneSide + i];
    if (mir != 0 && tir != 0)
      out = std::max(out, 0.01 * (static_cast<double>(mir) - static_cast<double>(tir)));
  }
  return out;
}

}  // namespace

TEST_CASE("Planck's law has the values of tables, and its inverse is its inverse") {
  CHECK(planck(11.0, 300.0) == doctest::Approx(9.573).epsilon(0.01));  // W m⁻² sr⁻¹ µm⁻¹
  CHECK(planck(3.9, 300.0) == doctest::Approx(0.603).epsilon(0.02));
  for (const double kelvin : {250.0, 300.0, 400.0, 1000.0})
    for (const double wavelength : {3.9, 11.0})
      CHECK(brightness_temperature(wavelength, planck(wavelength, kelvin)) == doctest::Approx(kelvin));
}

TEST_CASE("a small hot part of a pixel lifts 3.9 µm far and 11 µm little") {
  const double share = 5e-4, hot = 850.0, ground = 300.0;
  const auto mixed = [&](double w) {
    return brightness_temperature(w, share * planck(w, hot) + (1.0 - share) * planck(w, ground));
  };
  CHECK(mixed(3.9) - ground > 20.0);
  CHECK(mixed(11.0) - ground < 2.0);
}

TEST_CASE("kinds differ as they should, and the same seed gives the same patch") {
  Random random(2), again(2);
  CHECK(draw_scene(SceneKind::kFire, random) == draw_scene(SceneKind::kFire, again));
  double fire = 0.0, clear = 0.0, cloud_cold = 0.0, clear_warm = 0.0;
  constexpr int kDrawn = 200;
  for (int drawn = 0; drawn < kDrawn; ++drawn) {
    const auto burning = draw_scene(SceneKind::kFire, random), bare = draw_scene(SceneKind::kClear, random),
               cloudy = draw_scene(SceneKind::kCloud, random);
    fire += largest_difference(burning) > 20.0 ? 1.0 : 0.0;
    clear += largest_difference(bare) > 20.0 ? 1.0 : 0.0;
    const auto coldest = [](const ScenePatch& p) {
      double out = 400.0;
      for (std::size_t i = 0; i < kSceneSide * kSceneSide; ++i)
        if (const std::uint16_t tir = p.counts[4 * kSceneSide * kSceneSide + i]; tir != 0)
          out = std::min(out, 0.01 * tir);
      return out;
    };
    cloud_cold += coldest(cloudy) / kDrawn;
    clear_warm += coldest(bare) / kDrawn;
  }
  CHECK(fire > 0.5 * kDrawn);
  CHECK(clear < 0.1 * kDrawn);
  CHECK(cloud_cold < clear_warm - 10.0);
}
