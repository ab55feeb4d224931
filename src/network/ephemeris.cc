#include "network/ephemeris.h"

#include <algorithm>
#include <cmath>

#include "network/hermite.h"
#include "orbit/sgp4.h"

namespace skywarden::network {

Result<Ephemeris> Ephemeris::make(std::span<const OrbitingNode> satellites,
                                  std::span<const GroundNode> stations, Instant start, Instant end,
                                  Duration step) {
  if (step < std::chrono::seconds(1) || step > std::chrono::seconds(120))
    return fail(Errc::kOutOfRange, "ephemeris step: expected 1…120 s, found {} s", to_seconds(step));
  if (end < start) return fail(Errc::kOutOfRange, "ephemeris: expected an end after the start");
  const auto samples = static_cast<std::size_t>((end - start + step - Duration(1)) / step) + 1;
  if (!satellites.empty() && samples > kSamplesMax / satellites.size())
    return fail(Errc::kLimitReached,
                "ephemeris: expected at most {} positions, found {} satellites at {} moments", kSamplesMax,
                satellites.size(), samples);
  Ephemeris made;
  made.start_ = start;
  made.end_ = end;
  made.step_ = step;
  for (const OrbitingNode& satellite : satellites) {
    auto [entry, fresh] = made.satellites_.try_emplace(satellite.node, samples);
    if (!fresh) return fail(Errc::kConflict, "ephemeris: node {} appears twice", satellite.node.value());
    const orbit::Sgp4 theory(satellite.elements);
    for (std::size_t i = 0; i < samples; ++i) {
      const auto state = theory.at(start + static_cast<std::int64_t>(i) * step);
      if (state) entry->second[i] = {true, *state};
    }
  }
  for (const GroundNode& station : stations)
    if (made.satellites_.contains(station.node) ||
        !made.stations_.try_emplace(station.node, Ground{station, orbit::Horizon(station.place)}).second)
      return fail(Errc::kConflict, "ephemeris: node {} appears twice", station.node.value());
  return made;
}

std::optional<Position<Teme>> Ephemeris::position(NodeId node, Instant t) const {
  if (t < start_ || t > end_) return std::nullopt;
  if (const auto station = stations_.find(node); station != stations_.end())
    return orbit::to_teme({station->second.horizon.position(), {}}, orbit::earth_rotation(t)).position;
  const auto satellite = satellites_.find(node);
  if (satellite == satellites_.end()) return std::nullopt;
  const auto before = static_cast<std::size_t>((t - start_) / step_);
  const Sample& from = satellite->second[before];
  const Duration past = t - start_ - static_cast<std::int64_t>(before) * step_;
  if (!from.valid) return std::nullopt;
  if (past == Duration(0)) return from.state.position;
  const Sample& to = satellite->second[before + 1];
  if (!to.valid) return std::nullopt;
  return hermite(from.state.position, from.state.velocity, to.state.position, to.state.velocity,
                 to_seconds(step_), to_seconds(past) / to_seconds(step_));
}

const GroundNode* Ephemeris::station(NodeId node) const {
  const auto found = stations_.find(node);
  return found == stations_.end() ? nullptr : &found->second.node;
}

std::optional<Degrees> Ephemeris::elevation(NodeId station, NodeId satellite, Instant t) const {
  const auto ground = stations_.find(station);
  const auto place = position(satellite, t);
  if (ground == stations_.end() || !place) return std::nullopt;
  const auto fixed = orbit::to_ecef({*place, {}}, orbit::earth_rotation(t));
  const double sine = ground->second.horizon.sine_elevation(fixed).value;
  return to_degrees(Radians(std::asin(std::clamp(sine, -1.0, 1.0))));
}

}  // namespace skywarden::network
