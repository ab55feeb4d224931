#include "orbit/swath.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/contract.h"
#include "orbit/root.h"

namespace skywarden::orbit {
namespace {

// Between two samples, 0.06 rad of the orbit apart, the straight line leaves the orbit by 3.3 km at most:
// an angle of less than this from 200 km up.
constexpr double kSagAngleDeg = 2.0;

Position<Ecef> unit(const Position<Ecef>& v) {
  return (1.0 / v.norm()) * v;
}
Position<Ecef> cross(const Position<Ecef>& a, const Position<Ecef>& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

}  // namespace

SensorFrame sensor_frame(const TemeState& state, const EarthRotation& earth, bool yaw_steered) {
  const EcefState fixed = to_ecef(state, earth);
  const GeoPoint below = to_place(fixed.position).point;
  const double lat = to_radians(Degrees(below.lat_deg)).value();
  const double lon = to_radians(Degrees(below.lon_deg)).value();
  const Position<Ecef> down{-std::cos(lat) * std::cos(lon), -std::cos(lat) * std::sin(lon), -std::sin(lat)};
  Position<Ecef> flight{fixed.velocity.x, fixed.velocity.y, fixed.velocity.z};
  if (!yaw_steered)  // the velocity in space, in the directions the Earth's axes have now
    flight = flight + Position<Ecef>{-earth.rate * fixed.position.y, earth.rate * fixed.position.x, 0.0};
  const Position<Ecef> ahead = unit(flight - dot(flight, down) * down);
  return {fixed.position, ahead, cross(down, ahead), down};
}

AccessSearch::AccessSearch(const Sgp4& satellite, const SwathSensor& sensor, Instant start, Instant end,
                           const AccessOptions& options)
    : satellite_(satellite), sensor_(sensor), start_(start), options_(options) {
  EXPECTS(check(sensor).has_value());
  const Duration step = pass_sampling_step(satellite.elements());
  for (Instant t = start;; t = std::min(t + step, end)) {
    const double seconds = to_seconds(t - start);
    const auto frame = frame_at(seconds);
    if (!frame) {
      failure_ = {t, frame.error()};
      break;
    }
    samples_.push_back({seconds, *frame, dot(frame->position, frame->ahead)});
    if (samples_.size() > 1) {
      const Sample& before = samples_[samples_.size() - 2];
      turn_most_ = std::max(turn_most_, (frame->ahead - before.frame.ahead).norm());
      shift_most_km_ = std::max(shift_most_km_, std::abs(samples_.back().ahead_km - before.ahead_km));
    }
    if (t >= end) break;
  }
}

tl::expected<SensorFrame, Sgp4Error> AccessSearch::frame_at(double t) const {
  const Instant at = start_ + from_seconds(t);
  return satellite_.at(at).map([&](const TemeState& state) {
    return sensor_frame(state, earth_rotation(at, options_.ut1_minus_utc), sensor_.yaw_steered);
  });
}

double AccessSearch::ahead_of_plane(const Sample& sample, const Horizon& place) const {
  return dot(sample.frame.ahead, place.position()) - sample.ahead_km;
}

// With the frame between the samples taken as a straight line.
bool AccessSearch::may_reach(const Sample& a, const Sample& b, double share, const Horizon& place) const {
  const auto between = [&](const Position<Ecef>& from, const Position<Ecef>& to) {
    return from + share * (to - from);
  };
  const Position<Ecef> line = place.position() - between(a.frame.position, b.frame.position);
  const double below = dot(line, between(a.frame.down, b.frame.down));
  if (!(below > 0.0)) return false;
  const double angle =
      to_degrees(Radians(std::atan2(dot(line, between(a.frame.right, b.frame.right)), below))).value();
  return angle > sensor_.off_nadir_min.value() - kSagAngleDeg &&
         angle < sensor_.off_nadir_max.value() + kSagAngleDeg;
}

void AccessSearch::refine(const Sample& a, const Sample& b, double ahead_a, double ahead_b,
                          const Horizon& place, std::size_t index, std::vector<Access>& out) const {
  const double t = find_root(
      [&](double s) {
        const auto frame = frame_at(s);
        // Between two good samples: not seen in practice.
        return frame ? dot(frame->ahead, place.position() - frame->position) : ahead_b;
      },
      a.at, b.at, ahead_a, ahead_b, to_seconds(options_.tolerance));
  const auto frame = frame_at(t);
  if (!frame) return;
  const Position<Ecef> line = place.position() - frame->position;
  const double off_nadir =
      to_degrees(Radians(std::atan2(dot(line, frame->right), dot(line, frame->down)))).value();
  if (off_nadir < sensor_.off_nadir_min.value() || off_nadir > sensor_.off_nadir_max.value()) return;
  const LookAngles look = place.look({frame->position, {}});
  if (look.elevation < sensor_.elevation_min) return;
  out.push_back({index, start_ + from_seconds(t), Degrees(off_nadir), look.elevation, look.range_km});
}

void AccessSearch::find(const Horizon& place, std::size_t index, std::vector<Access>& out) const {
  if (samples_.empty()) return;
  const double change_most = turn_most_ * place.position().norm() + shift_most_km_;
  double now = ahead_of_plane(samples_[0], place);
  for (std::size_t i = 0; i + 1 < samples_.size();) {
    // The sign cannot change for so many steps.
    const double steps = std::floor(std::abs(now) / change_most) - 1.0;
    if (steps >= 1.0) {
      i = static_cast<std::size_t>(
          std::min(static_cast<double>(i) + steps, static_cast<double>(samples_.size() - 1)));
      now = ahead_of_plane(samples_[i], place);
      continue;
    }
    const double next = ahead_of_plane(samples_[i + 1], place);
    if ((now > 0.0) != (next > 0.0) && may_reach(samples_[i], samples_[i + 1], now / (now - next), place))
      refine(samples_[i], samples_[i + 1], now, next, place, index, out);
    now = next;
    ++i;
  }
}

std::vector<Access> find_accesses(const Sgp4& satellite, const SwathSensor& sensor,
                                  std::span<const Horizon> places, Instant start, Instant end,
                                  const AccessOptions& options) {
  const AccessSearch search(satellite, sensor, start, end, options);
  std::vector<Access> out;
  for (std::size_t i = 0; i < places.size(); ++i) search.find(places[i], i, out);
  return out;
}

}  // namespace skywarden::orbit
