#include "network/rain_fade.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/contract.h"

namespace skywarden::network {
namespace {

// A sum of bell curves over the logarithm of the frequency, and a line: P.838-3, equations 2 and 3.
template <std::size_t N>
struct Curve {
  std::array<double, N> a, b, c;
  double m = 0.0, offset = 0.0;

  [[nodiscard]] double at(double log_ghz) const {
    double sum = m * log_ghz + offset;
    for (std::size_t i = 0; i < N; ++i) {
      const double x = (log_ghz - b[i]) / c[i];
      sum += a[i] * std::exp(-x * x);
    }
    return sum;
  }
};

// P.838-3, tables 1 to 4.
constexpr Curve<4> kHorizontalK{{-5.33980, -0.35351, -0.23789, -0.94158},
                                {-0.10008, 1.26970, 0.86036, 0.64552},
                                {1.13098, 0.45400, 0.15354, 0.16817},
                                -0.18961,
                                0.71147};
constexpr Curve<4> kVerticalK{{-3.80595, -3.44965, -0.39902, 0.50167},
                              {0.56934, -0.22911, 0.73042, 1.07319},
                              {0.81061, 0.51059, 0.11899, 0.27195},
                              -0.16398,
                              0.63297};
constexpr Curve<5> kHorizontalAlpha{{-0.14318, 0.29591, 0.32177, -5.37610, 16.1721},
                                    {1.82442, 0.77564, 0.63773, -0.96230, -3.29980},
                                    {-0.55187, 0.19822, 0.13164, 1.47828, 3.43990},
                                    0.67849,
                                    -1.95537};
constexpr Curve<5> kVerticalAlpha{{-0.07771, 0.56727, -0.20238, -48.2991, 48.5833},
                                  {2.33840, 0.95545, 1.14520, 0.791669, 0.791459},
                                  {-0.76284, 0.54039, 0.26809, 0.116226, 0.116479},
                                  -0.053739,
                                  0.83433};

double sine(Degrees angle) {
  return std::sin(to_radians(angle).value());
}
double cosine(Degrees angle) {
  return std::cos(to_radians(angle).value());
}

constexpr double kEffectiveEarthKm = 8500.0;
constexpr Degrees kElevationMin{1.0};

}  // namespace

Result<bool> RainClimate::validate() const {
  if (!(rate_mm_h >= 0.0 && rate_mm_h <= 250.0))
    return fail(Errc::kOutOfRange, "rain rate: expected 0…250 mm/h, found {}", rate_mm_h);
  if (!(exceeded_percent >= 0.001 && exceeded_percent <= 5.0))
    return fail(Errc::kOutOfRange, "rain: expected 0.001…5 % of the year, found {}", exceeded_percent);
  if (!(rain_height.value() >= -500.0 && rain_height.value() <= 10'000.0))
    return fail(Errc::kOutOfRange, "rain height: expected −500…10,000 m, found {}", rain_height.value());
  return true;
}

Metres typical_rain_height(Degrees latitude) {
  const double degrees = latitude.value();
  if (degrees > 23.0) return kilometres(std::max(0.0, 5.0 - 0.075 * (degrees - 23.0)));
  if (degrees >= -21.0) return kilometres(5.0);
  return kilometres(std::max(0.0, 5.0 + 0.1 * (degrees + 21.0)));
}

RainCoefficients rain_coefficients(Hertz frequency, Degrees elevation, Degrees tilt) {
  EXPECTS(frequency >= gigahertz(1.0) && frequency <= gigahertz(1000.0));
  const double log_ghz = std::log10(frequency.value() / 1e9);
  const double kh = std::pow(10.0, kHorizontalK.at(log_ghz));
  const double kv = std::pow(10.0, kVerticalK.at(log_ghz));
  const double ah = kHorizontalAlpha.at(log_ghz);
  const double av = kVerticalAlpha.at(log_ghz);
  const double mix = cosine(elevation) * cosine(elevation) * cosine(2.0 * tilt);  // equations 4 and 5
  const double k = (kh + kv + (kh - kv) * mix) / 2.0;
  return {k, (kh * ah + kv * av + (kh * ah - kv * av) * mix) / (2.0 * k)};
}

// The steps of P.618-13, 2.2.1.1; lengths in kilometres.
Decibels rain_fade(const RainPath& path, const RainClimate& climate) {
  EXPECTS(path.frequency >= gigahertz(1.0) && path.frequency <= gigahertz(55.0));
  EXPECTS(climate.validate().has_value());
  const double rise = (climate.rain_height - path.station_altitude).value() / 1000.0;
  if (rise <= 0.0 || climate.rate_mm_h == 0.0) return Decibels(0.0);
  const Degrees elevation = std::max(path.elevation, kElevationMin);
  const double up = sine(elevation);
  const double ghz = path.frequency.value() / 1e9;
  const double slant = elevation.value() >= 5.0
                           ? rise / up
                           : 2.0 * rise / (std::sqrt(up * up + 2.0 * rise / kEffectiveEarthKm) + up);
  const double ground = slant * cosine(elevation);
  const auto [k, alpha] = rain_coefficients(path.frequency, elevation, path.tilt);
  const double per_km = k * std::pow(climate.rate_mm_h, alpha);
  const double reduction =
      1.0 / (1.0 + 0.78 * std::sqrt(ground * per_km / ghz) - 0.38 * (1.0 - std::exp(-2.0 * ground)));
  const Degrees zeta = to_degrees(Radians(std::atan2(rise, ground * reduction)));
  const double wet = zeta > elevation ? ground * reduction / cosine(elevation) : rise / up;
  const double latitude = std::abs(path.latitude.value());
  const double chi = std::max(0.0, 36.0 - latitude);
  const double adjustment =
      1.0 / (1.0 + std::sqrt(up) * (31.0 * (1.0 - std::exp(-elevation.value() / (1.0 + chi))) *
                                        std::sqrt(wet * per_km) / (ghz * ghz) -
                                    0.45));
  const double fade_001 = per_km * wet * adjustment;
  if (!(fade_001 > 0.0)) return Decibels(0.0);
  const double p = climate.exceeded_percent;
  double beta = 0.0;
  if (p < 1.0 && latitude < 36.0) {
    beta = -0.005 * (latitude - 36.0);
    if (elevation.value() < 25.0) beta += 1.8 - 4.25 * up;
  }
  const double exponent = -(0.655 + 0.033 * std::log(p) - 0.045 * std::log(fade_001) - beta * (1.0 - p) * up);
  return Decibels(fade_001 * std::pow(p / 0.01, exponent));
}

}  // namespace skywarden::network
