#include "orbit/pass_uncertainty.h"

#include <algorithm>
#include <cmath>

namespace skywarden::orbit {
namespace {

Position<Ecef> cross(const Position<Ecef>& a, const Position<Ecef>& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

// What the elevation does at one moment.
struct Sensitivity {
  double rate = 0.0;    // rad/s
  double change = 0.0;  // rad, by the error as a whole
};

Sensitivity sensitivity(const EcefState& state, const EarthRotation& earth, const Horizon& station,
                        const ElementError& error) {
  const Position<Ecef> line = state.position - station.position();
  const double range = line.norm();
  const auto sine = station.sine_elevation(state);
  const double cosine = std::sqrt(std::max(1e-12, 1.0 - sine.value * sine.value));
  // The elevation's gradient: at right angles to the line of sight, upwards, 1/range long.
  const Position<Ecef> gradient = (1.0 / (range * cosine)) * (station.up() - (sine.value / range) * line);
  const Position<Ecef> flight{state.velocity.x - earth.rate * state.position.y,
                              state.velocity.y + earth.rate * state.position.x, state.velocity.z};
  const Position<Ecef> along = (1.0 / flight.norm()) * flight;
  const double by_along = dot(gradient, along) * error.along.value() / 1000.0;
  const double by_across = cross(gradient, along).norm() * error.across.value() / 1000.0;
  return {sine.rate / cosine, std::hypot(by_along, by_across)};
}

}  // namespace

PassUncertainty pass_uncertainty(const Sgp4& satellite, const Horizon& station, const Pass& pass,
                                 const PassOptions& options, const ElementError& error) {
  PassUncertainty out;
  out.age = std::chrono::abs(pass.tca - satellite.elements().epoch);
  const auto at = [&](Instant t) {
    const EarthRotation earth = earth_rotation(t, options.ut1_minus_utc);
    return satellite.at(t).map(
        [&](const TemeState& state) { return sensitivity(to_ecef(state, earth), earth, station, error); });
  };
  const auto summit = at(pass.tca);
  if (!summit) return out;  // find_passes was there: not seen in practice
  out.elevation_max = to_degrees(Radians(summit->change));
  // A pass that only grazes the mask has edges that move by the root of the change, not by its proportion:
  // the elevation falls from the summit as the square of the time.
  const double above = to_radians(pass.elevation_max - options.elevation_min).value();
  const auto edge = [&](Instant t) {
    const auto there = at(t);
    if (!there) return Duration(0);
    const double half = std::abs(to_seconds(pass.tca - t));
    const double grazing = half * std::sqrt(1.0 + there->change / std::max(above, 1e-12));
    const double linear = there->change / std::max(std::abs(there->rate), 1e-12);
    return from_seconds(std::min(linear, std::max(grazing, half)));
  };
  if (!pass.cut_at_start) out.aos = edge(pass.aos);
  if (!pass.cut_at_end) out.los = edge(pass.los);
  return out;
}

PassUncertainty pass_uncertainty(const Sgp4& satellite, const Horizon& station, const Pass& pass,
                                 const PassOptions& options) {
  const Duration age = pass.tca - satellite.elements().epoch;
  return pass_uncertainty(satellite, station, pass, options, element_error(satellite.elements(), age));
}

}  // namespace skywarden::orbit
