#include "orbit/planes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/contract.h"

namespace skywarden::orbit {
namespace {

using Normal = std::array<double, 3>;

Normal normal_of(const ElementSet& set) {
  const double tilt = std::sin(set.inclination);
  return {tilt * std::sin(set.node), -tilt * std::cos(set.node), std::cos(set.inclination)};
}

double dot(const Normal& a, const Normal& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

}  // namespace

std::vector<std::uint32_t> orbital_planes(std::span<const ElementSet> sets, Degrees apart_max) {
  EXPECTS(apart_max >= Degrees(0.0) && apart_max <= Degrees(90.0));
  const double near = std::cos(to_radians(apart_max).value());
  std::vector<Normal> firsts;
  std::vector<std::uint32_t> planes;
  planes.reserve(sets.size());
  for (const ElementSet& set : sets) {
    const Normal normal = normal_of(set);
    const auto plane = std::find_if(firsts.begin(), firsts.end(),
                                    [&](const Normal& first) { return dot(first, normal) >= near; });
    planes.push_back(static_cast<std::uint32_t>(plane - firsts.begin()) + 1);
    if (plane == firsts.end()) firsts.push_back(normal);
  }
  return planes;
}

}  // namespace skywarden::orbit
