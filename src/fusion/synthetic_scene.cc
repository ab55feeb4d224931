#include "fusion/synthetic_scene.h"

#include <algorithm>
#include <cmath>

namespace skywarden::fusion {
namespace {

constexpr double kMir = 3.9, kTir = 11.0;  // µm
constexpr double kReflectanceScale = 1e-4, kKelvinScale = 0.01;
constexpr std::array<double, kSceneBands> kScales{kReflectanceScale, kReflectanceScale, kReflectanceScale,
                                                  kKelvinScale, kKelvinScale};
constexpr double kNight = 0.25;      // of scenes
constexpr double kPixelsLost = 0.1;  // of scenes, those that miss a stripe
constexpr double kNoiseKelvin = 0.4, kNoiseReflectance = 0.005;

using Plane = std::array<double, kSceneSide * kSceneSide>;
struct Planes {
  Plane red{}, nir{}, swir{}, mir{}, tir{};
};

double column_of(std::size_t pixel) {
  return static_cast<double>(pixel % kSceneSide);
}

double row_of(std::size_t pixel) {
  const std::size_t row = pixel / kSceneSide;
  return static_cast<double>(row);
}

// A smooth field between −1 and 1: three waves of random direction.
Plane waves(Random& random) {
  Plane out{};
  for (int wave = 0; wave < 3; ++wave) {
    const double kx = random.uniform(-0.6, 0.6), ky = random.uniform(-0.6, 0.6),
                 phase = random.uniform(0.0, 6.28);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += std::sin(kx * column_of(i) + ky * row_of(i) + phase) / 3.0;
  }
  return out;
}

void draw_ground(Planes& p, bool night, Random& random) {
  const Plane texture = waves(random), heat = waves(random);
  const double warm = night ? random.uniform(278.0, 296.0) : random.uniform(290.0, 316.0);
  const double green = random.uniform(0.2, 0.9);
  const double soil = night ? 0.0 : random.uniform(0.0, 9.0);  // reflected sunlight and hot soil at 3.9 µm, K
  for (std::size_t i = 0; i < texture.size(); ++i) {
    const double cover = std::clamp(green + 0.25 * texture[i], 0.0, 1.0);
    p.red[i] = night ? 0.0 : 0.18 - 0.14 * cover;
    p.nir[i] = night ? 0.0 : 0.22 + 0.2 * cover;
    p.swir[i] = night ? 0.0 : 0.28 - 0.18 * cover;
    p.tir[i] = warm + 3.0 * heat[i] - 3.0 * cover;
    p.mir[i] = p.tir[i] + soil * (1.0 - cover) + (night ? 0.0 : 1.5);
  }
}

void add_cloud(Planes& p, bool night, double amount, Random& random) {
  const Plane shape = waves(random);
  const double cold = random.uniform(10.0, 60.0), edge = 1.0 - 2.0 * amount,
               glint = night ? 0.0 : random.uniform(2.0, 18.0);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const double thick = std::clamp((shape[i] - edge) * 2.0 + 0.3, 0.0, 1.0);
    const auto mix = [&](double& value, double cloud) { value += thick * (cloud - value); };
    if (!night) {
      mix(p.red[i], 0.65);
      mix(p.nir[i], 0.6);
      mix(p.swir[i], 0.3);
    }
    const double top = p.tir[i] - cold;
    mix(p.mir[i], top + glint);
    mix(p.tir[i], top);
  }
}

struct Place {
  double x = 0.0, y = 0.0;
};

void add_plume(Planes& p, bool night, Place from, double strength, Random& random) {
  const double direction = random.uniform(0.0, 6.283185307), spread = random.uniform(0.15, 0.4);
  for (std::size_t i = 0; i < p.red.size(); ++i) {
    const double dx = column_of(i) - from.x, dy = row_of(i) - from.y;
    const double along = dx * std::cos(direction) + dy * std::sin(direction);
    const double across = -dx * std::sin(direction) + dy * std::cos(direction);
    if (along < -0.5) continue;
    const double width = 0.7 + spread * std::max(along, 0.0);
    const double depth = strength / (1.0 + 0.08 * along) * std::exp(-0.5 * across * across / (width * width));
    const double seen = 1.0 - std::exp(-depth);
    if (!night) {
      p.red[i] += seen * (0.32 - p.red[i]);
      p.nir[i] += 0.5 * seen * (0.3 - p.nir[i]);
    }
    p.tir[i] -= 1.5 * seen;
  }
}

void add_fire(Planes& p, Place at, Random& random) {
  const std::size_t pixels = 1 + random.below(4);
  for (std::size_t k = 0; k < pixels; ++k) {
    const double x = std::clamp(at.x + std::round(random.normal(0.0, 0.8)), 0.0, kSceneSide - 1.0);
    const double y = std::clamp(at.y + std::round(random.normal(0.0, 0.8)), 0.0, kSceneSide - 1.0);
    const auto i = static_cast<std::size_t>(y) * kSceneSide + static_cast<std::size_t>(x);
    const double hot = random.uniform(650.0, 1100.0);
    const double share = std::exp(random.uniform(std::log(2e-5), std::log(5e-3)));  // of the pixel
    const auto mixed = [&](double wavelength, double ground) {
      return brightness_temperature(
          wavelength, share * planck(wavelength, hot) + (1.0 - share) * planck(wavelength, ground));
    };
    p.mir[i] = mixed(kMir, p.mir[i]);
    p.tir[i] = mixed(kTir, p.tir[i]);
    p.swir[i] += 40.0 * share;  // glow at 2.2 µm, as reflectance
  }
}

ScenePatch to_counts(const Planes& p, bool night, Random& random) {
  ScenePatch out{kSceneBands, kSceneSide, kSceneSide, {}};
  const std::array<const Plane*, kSceneBands> planes{&p.red, &p.nir, &p.swir, &p.mir, &p.tir};
  for (std::size_t b = 0; b < kSceneBands; ++b) {
    const double noise = b < 3 ? kNoiseReflectance : kNoiseKelvin;
    for (const double value : *planes[b]) {
      const double noisy = value + random.normal(0.0, noise);
      const double count =
          std::round(std::min(noisy, b < 3 ? 1.5 : 500.0) / kScales[b]);  // the detector is full there
      out.counts.push_back(b < 3 && night ? std::uint16_t{0}
                                          : static_cast<std::uint16_t>(std::clamp(count, 1.0, 65535.0)));
    }
  }
  if (!random.chance(kPixelsLost)) return out;
  const std::size_t first = random.below(kSceneSide), rows = 1 + random.below(4);
  for (std::size_t b = 0; b < kSceneBands; ++b)
    for (std::size_t row = first; row < std::min<std::size_t>(first + rows, kSceneSide); ++row)
      for (std::size_t column = 0; column < kSceneSide; ++column) out.counts[out.at(b, row, column)] = 0;
  return out;
}

}  // namespace

double planck(double wavelength_um, double kelvin) {
  constexpr double kFirst = 1.191042972e8, kSecond = 1.438776877e4;  // W m⁻² sr⁻¹ µm⁴, µm K (CODATA 2018)
  return kFirst / (std::pow(wavelength_um, 5) * std::expm1(kSecond / (wavelength_um * kelvin)));
}

double brightness_temperature(double wavelength_um, double radiance) {
  constexpr double kFirst = 1.191042972e8, kSecond = 1.438776877e4;
  return kSecond / (wavelength_um * std::log1p(kFirst / (std::pow(wavelength_um, 5) * radiance)));
}

datum::FieldSpec scene_field(std::string_view name) {
  datum::FieldSpec spec;
  spec.name = name;
  spec.kind = datum::FieldKind::kImage;
  spec.bands = {"red", "nir", "swir", "mir", "tir"};
  spec.band_scales.assign(kScales.begin(), kScales.end());
  spec.rows = spec.columns = kSceneSide;
  return spec;
}

ScenePatch draw_scene(SceneKind kind, Random& random) {
  const bool night = kind != SceneKind::kSmoke && random.chance(kNight);  // smoke shows by daylight alone
  Planes planes;
  draw_ground(planes, night, random);
  const Place at{random.uniform(2.0, kSceneSide - 3.0), random.uniform(2.0, kSceneSide - 3.0)};
  switch (kind) {
    case SceneKind::kClear:
      if (random.chance(0.3)) add_cloud(planes, night, random.uniform(0.02, 0.15), random);  // a wisp
      break;
    case SceneKind::kCloud:
      add_cloud(planes, night, random.uniform(0.4, 0.9), random);
      break;
    case SceneKind::kSmoke:
      add_plume(planes, night, at, random.uniform(0.3, 1.6), random);
      break;
    case SceneKind::kFire:
      if (random.chance(0.6)) add_plume(planes, night, at, random.uniform(0.1, 1.2), random);
      add_fire(planes, at, random);
      if (random.chance(0.2)) add_cloud(planes, night, random.uniform(0.05, 0.3), random);
      break;
  }
  return to_counts(planes, night, random);
}

}  // namespace skywarden::fusion
