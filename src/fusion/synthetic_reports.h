// SYNTHETIC records of watch towers, as schemas/fire_reports.toml describes them: a scene patch, an
// observer's words in English or Chinese, four sensors, and whether there was a fire. Any of the three
// witnesses may be missing, each errs in its own way (a fire under cloud, a haze from elsewhere, a careless
// word, a hot dry day), and given the truth they err independently, which is kinder than the world.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusion/scene_patch.h"

namespace skywarden::fusion {

struct SyntheticReport {
  std::optional<ScenePatch> scene;
  std::optional<std::string> report;
  std::optional<double> temperature, humidity, eco2, wind;  // degC, %, ppm, m/s; all or none
  bool fire = false;
};

struct SyntheticReportOptions {
  double fire_share = 0.35;
  double scene_missing = 0.3, report_missing = 0.3, sensors_missing = 0.3;
};

[[nodiscard]] std::vector<SyntheticReport> draw_reports(std::size_t count, std::uint64_t seed,
                                                        const SyntheticReportOptions& options = {});

}  // namespace skywarden::fusion
