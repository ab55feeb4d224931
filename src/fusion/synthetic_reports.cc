#include "fusion/synthetic_reports.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fusion/synthetic_scene.h"

namespace skywarden::fusion {
namespace {

enum class Saying : std::uint8_t { kFire, kSmoke, kNothing, kWeather };

std::string words(Saying saying, Random& random) {
  constexpr std::array<std::array<std::string_view, 6>, 4> kPhrases{{
      {"flames visible", "fire on the ridge", "trees are burning", "发现明火", "树木正在燃烧",
       "火势向上蔓延"},
      {"smoke column rising", "grey plume behind the hill", "smell of smoke", "看到浓烟", "有灰色烟柱",
       "闻到烟味"},
      {"all quiet", "nothing to report", "no smoke, no fire", "一切正常", "没有异常", "未见烟火"},
      {"haze after rain", "dust from the road", "low cloud, poor view", "雨后有雾", "道路扬尘",
       "云层低，能见度差"},
  }};
  constexpr std::array<std::string_view, 6> kPlaces{"north slope", "near the river", "sector 4",
                                                    "北坡",        "河边",           "林区边缘"};
  const std::string_view phrase = kPhrases[static_cast<std::size_t>(saying)][random.below(6)];
  return random.chance(0.7) ? fmt::format("{}, {}", phrase, kPlaces[random.below(6)]) : std::string(phrase);
}

SceneKind scene_kind(bool fire, Random& random) {
  const double chance = random.uniform();
  if (fire) return chance < 0.65 ? SceneKind::kFire : chance < 0.8 ? SceneKind::kSmoke : SceneKind::kCloud;
  return chance < 0.6 ? SceneKind::kClear : chance < 0.88 ? SceneKind::kCloud : SceneKind::kSmoke;
}

Saying saying_of(bool fire, Random& random) {
  const double chance = random.uniform();
  if (fire)
    return chance < 0.4    ? Saying::kFire
           : chance < 0.75 ? Saying::kSmoke
           : chance < 0.88 ? Saying::kNothing
                           : Saying::kWeather;
  return chance < 0.03   ? Saying::kFire
         : chance < 0.13 ? Saying::kSmoke
         : chance < 0.75 ? Saying::kNothing
                         : Saying::kWeather;
}

double on_grid(double value, double step) {
  return std::round(value / step) * step;
}

}  // namespace

std::vector<SyntheticReport> draw_reports(std::size_t count, std::uint64_t seed,
                                          const SyntheticReportOptions& options) {
  Random random(seed);
  std::vector<SyntheticReport> out;
  for (std::size_t i = 0; i < count; ++i) {
    SyntheticReport each;
    each.fire = random.chance(options.fire_share);
    ScenePatch scene = draw_scene(scene_kind(each.fire, random), random);
    std::string report = words(saying_of(each.fire, random), random);
    const double heat =
        each.fire ? 2.5 : 0.0;  // a fire is some way off, and fires come on hot dry windy days
    const double temperature = on_grid(random.normal(27.0 + heat, 5.0), 0.1);
    const double humidity = on_grid(std::clamp(random.normal(48.0 - 4.0 * heat, 14.0), 3.0, 100.0), 1.0);
    const double wind = on_grid(std::abs(random.normal(3.0 + 0.5 * heat, 2.0)), 0.1);
    const double smoke =
        each.fire && random.chance(0.5) ? random.exponential(220.0) : 0.0;  // where the wind is right
    const double eco2 = on_grid(400.0 + random.exponential(45.0) + smoke, 1.0);
    if (!random.chance(options.scene_missing)) each.scene = std::move(scene);
    if (!random.chance(options.report_missing)) each.report = std::move(report);
    if (!random.chance(options.sensors_missing)) {
      each.temperature = temperature;
      each.humidity = humidity;
      each.wind = wind;
      each.eco2 = eco2;
    }
    out.push_back(std::move(each));
  }
  return out;
}

}  // namespace skywarden::fusion
