#include "orbit/eclipse.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kEarthRadiusKm = 6378.137;
constexpr double kSunRadiusKm = 696000.0;

double angular_radius(double radius, double range) {
  return std::asin(std::min(1.0, radius / std::max(range, 1e-9)));
}

// Two discs on the sky: their radii, and the angle between their centres.
struct Discs {
  double sun, earth, apart;
};

Discs discs_of(const Position<Teme>& satellite, const Position<Teme>& sun) {
  const Position<Teme> to_sun = sun - satellite;
  const Position<Teme> to_earth = -1.0 * satellite;
  const double cosine = dot(to_sun, to_earth) / std::max(to_sun.norm() * to_earth.norm(), 1e-9);
  return {angular_radius(kSunRadiusKm, to_sun.norm()), angular_radius(kEarthRadiusKm, to_earth.norm()),
          std::acos(std::clamp(cosine, -1.0, 1.0))};
}

// The common area of two discs that overlap in part, over the area of the first.
double covered_part(const Discs& d) {
  const double x = (d.apart * d.apart + d.sun * d.sun - d.earth * d.earth) / (2.0 * d.apart);
  const double y = std::sqrt(std::max(0.0, d.sun * d.sun - x * x));
  const double area = d.sun * d.sun * std::acos(std::clamp(x / d.sun, -1.0, 1.0)) +
                      d.earth * d.earth * std::acos(std::clamp((d.apart - x) / d.earth, -1.0, 1.0)) -
                      d.apart * y;
  return std::clamp(area / (std::numbers::pi * d.sun * d.sun), 0.0, 1.0);
}

}  // namespace

std::string_view to_string(Light light) {
  switch (light) {
    case Light::kSunlit:
      return "sunlit";
    case Light::kPenumbra:
      return "penumbra";
    case Light::kUmbra:
      return "umbra";
  }
  return "unknown";
}

Fraction sunlit_part(const Position<Teme>& satellite, const Position<Teme>& sun) {
  const Discs d = discs_of(satellite, sun);
  if (d.apart >= d.sun + d.earth) return Fraction(1.0);
  if (d.apart <= d.earth - d.sun) return Fraction(0.0);
  if (d.apart <= d.sun - d.earth)
    return Fraction(1.0 - d.earth * d.earth / (d.sun * d.sun));  // a ring remains
  return Fraction(1.0 - covered_part(d));
}

Light light_at(const Position<Teme>& satellite, const Position<Teme>& sun) {
  const Discs d = discs_of(satellite, sun);
  if (d.apart >= d.sun + d.earth) return Light::kSunlit;
  return d.apart <= d.earth - d.sun ? Light::kUmbra : Light::kPenumbra;
}

bool in_cylindrical_shadow(const Position<Teme>& satellite, const Position<Teme>& sun) {
  const double along = dot(satellite, sun) / std::max(sun.norm(), 1e-9);
  if (along >= 0.0) return false;
  return dot(satellite, satellite) - along * along < kEarthRadiusKm * kEarthRadiusKm;
}

}  // namespace skywarden::orbit
