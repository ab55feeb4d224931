#include "orbit/pass_filter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/contract.h"

namespace skywarden::orbit {
namespace {

// The batch path is within 1e-8 km of the reference, after years of resonance within 1e-6 km.
constexpr double kMarginKm = 1e-4;
constexpr double kMarginSine = 1e-6;
constexpr double kMarginRate = 1e-10;  // 1/s
constexpr double kRangeLeastKm = 100;  // the margins of angles hold from here on
// Times are taken to be evenly spaced; what the last one may be off before a leap second is suspected.
constexpr double kMarginMinutes = 1e-9;
constexpr double kMarginTurn = 1e-10;  // rad

// SGP4's motion follows its velocity, and its velocity gravity, to a few parts in a thousand.
constexpr double kSpeedSlack = 1.02;
constexpr double kAstrayFraction = 0.01;
constexpr double kAstrayKm = 0.5;
constexpr double kGravityKm3S2 = 398600.8;
constexpr double kEarthRadiusKm = 6378.135;  // below, the theory reports decay

}  // namespace

PassFilter::PassFilter(const Sgp4& satellite, Duration ut1_minus_utc, double sine_min)
    : batch_(std::span(&satellite.elements(), 1), widest_instruction_set(), satellite.gravity()),
      elements_(satellite.elements()),
      ut1_minus_utc_(ut1_minus_utc),
      sine_min_(sine_min) {}

bool PassFilter::load(std::span<const Instant> times) {
  EXPECTS(times.size() >= 2);
  const double first = minutes_since_epoch(elements_, times.front());
  minutes_.clear();
  for (const Instant t : times) minutes_.push_back(first + to_seconds(t - times.front()) / 60.0);
  if (!(std::abs(minutes_since_epoch(elements_, times.back()) - minutes_.back()) < kMarginMinutes))
    return false;
  batch_.track_minutes(0, minutes_, states_);
  for (const std::uint8_t error : states_.error)
    if (error != 0) return false;
  if (!turn_to_earth(times)) return false;
  const double step_s = to_seconds(times[1] - times[0]);
  if (!follows_velocity(step_s)) return false;
  bound_speed(step_s);
  return radius_least_km_ > kEarthRadiusKm + 1.0;
}

// The Earth turns evenly, so each step turns by the same angle.
bool PassFilter::turn_to_earth(std::span<const Instant> times) {
  const EarthRotation begin = earth_rotation(times.front(), ut1_minus_utc_);
  const auto angle_to = [&](std::size_t i) { return begin.rate * to_seconds(times[i] - times.front()); };
  const double step_cosine = std::cos(angle_to(1));
  const double step_sine = std::sin(angle_to(1));
  const std::size_t last = times.size() - 1;
  EarthRotation now = begin;
  double radius2_least = HUGE_VAL;
  double speed2_most = 0.0;
  for (std::size_t i = 0; i <= last; ++i) {
    if (i == last) {
      const EarthRotation end = earth_rotation(times.back(), ut1_minus_utc_);
      const double cosine = std::cos(angle_to(last));
      const double sine = std::sin(angle_to(last));
      now.cosine = begin.cosine * cosine - begin.sine * sine;
      now.sine = begin.sine * cosine + begin.cosine * sine;
      if (!(std::abs(now.cosine - end.cosine) + std::abs(now.sine - end.sine) < kMarginTurn)) return false;
    }
    const TemeState state{{states_.x[i], states_.y[i], states_.z[i]},
                          {states_.vx[i], states_.vy[i], states_.vz[i]}};
    const EcefState fixed = to_ecef(state, now);
    states_.x[i] = fixed.position.x;
    states_.y[i] = fixed.position.y;
    states_.vx[i] = fixed.velocity.x;
    states_.vy[i] = fixed.velocity.y;
    radius2_least = std::min(radius2_least, dot(fixed.position, fixed.position));
    speed2_most = std::max(speed2_most, dot(fixed.velocity, fixed.velocity));
    const double cosine = now.cosine * step_cosine - now.sine * step_sine;
    now.sine = now.sine * step_cosine + now.cosine * step_sine;
    now.cosine = cosine;
  }
  radius_least_km_ = std::sqrt(radius2_least);
  speed_most_ = std::sqrt(speed2_most);
  return true;
}

// Far from their epoch, elements with much drag stand for orbits that nothing flies: the samples of another
// orbit than the step was chosen for, with velocities that do not lead from one to the next. The trapezoid
// rule is good to a third of a hundredth of the way for steps of the angle chosen.
bool PassFilter::follows_velocity(double step_s) const {
  const double astray_most = kAstrayFraction * speed_most_ * step_s + kAstrayKm;
  const auto astray = [&](const std::vector<double>& place, const std::vector<double>& speed, std::size_t i) {
    return place[i + 1] - place[i] - 0.5 * step_s * (speed[i] + speed[i + 1]);
  };
  for (std::size_t i = 0; i + 2 < states_.x.size(); ++i) {  // the last step may be shorter
    const double x = astray(states_.x, states_.vx, i);
    const double y = astray(states_.y, states_.vy, i);
    const double z = astray(states_.z, states_.vz, i);
    if (!(x * x + y * y + z * z < astray_most * astray_most)) return false;
  }
  return true;
}

// Between two samples the speed over the ground exceeds the greater of theirs by half a step's acceleration
// at most: gravity at the lowest point in reach, and what the turning frame adds (less than 2 × 7.3e-5/s
// times the speed, and 5.4e-9/s² times the radius).
void PassFilter::bound_speed(double step_s) {
  const double lowest = std::max(kEarthRadiusKm, radius_least_km_ - speed_most_ * step_s);
  double highest = 0.0;
  for (std::size_t i = 0; i < states_.x.size(); ++i)
    highest = std::max(highest, std::abs(states_.x[i]) + std::abs(states_.y[i]));
  const double acceleration =
      kGravityKm3S2 / (lowest * lowest) + 1.5e-4 * speed_most_ + 5.4e-9 * (highest + speed_most_ * step_s);
  const double speed = kSpeedSlack * speed_most_ + 0.5 * step_s * acceleration;
  climb_most_per_step_ = speed * (1.0 + std::abs(sine_min_)) * step_s;
}

// above_km = up − sin(mask) · range is positive where the elevation is above the mask, and neither of the two
// changes faster than the satellite flies.
PassFilter::Look PassFilter::look(const Horizon& station, std::size_t i) const {
  const Position<Ecef> line = Position<Ecef>{states_.x[i], states_.y[i], states_.z[i]} - station.position();
  const double range = line.norm();
  const double up = dot(station.up(), line);
  return {up - sine_min_ * range, range, up};
}

PassFilter::Turn PassFilter::turn(const Horizon& station, std::size_t i, const Look& look) const {
  const Position<Ecef> line = Position<Ecef>{states_.x[i], states_.y[i], states_.z[i]} - station.position();
  const Velocity<Ecef> velocity{states_.vx[i], states_.vy[i], states_.vz[i]};
  const double range_rate = dot(line, velocity) / look.range_km;
  const double sine = look.up_km / look.range_km;
  return {sine, (dot(station.up(), velocity) - sine * range_rate) / look.range_km};
}

SampleInterval PassFilter::kind_of(const Horizon& station, std::size_t first, const Look& a,
                                   const Look& b) const {
  if (a.above_km + b.above_km + climb_most_per_step_ < -kMarginKm) return SampleInterval::kBelow;
  if (std::min(a.range_km, b.range_km) < kRangeLeastKm) return SampleInterval::kOpen;
  const bool below = a.above_km < -kMarginKm && b.above_km < -kMarginKm;
  const bool above = a.above_km > kMarginKm && b.above_km > kMarginKm;
  if (!below && !above) return SampleInterval::kOpen;
  const Turn from = turn(station, first, a);
  const Turn to = turn(station, first + 1, b);
  if (below) {
    const bool no_summit = from.rate < -kMarginRate || to.rate > kMarginRate;
    return no_summit ? SampleInterval::kBelow : SampleInterval::kOpen;
  }
  const double rise = to.value - from.value;
  const bool rises = from.rate > kMarginRate && to.rate > kMarginRate && rise > kMarginSine;
  const bool falls = from.rate < -kMarginRate && to.rate < -kMarginRate && rise < -kMarginSine;
  return rises || falls ? SampleInterval::kMonotone : SampleInterval::kOpen;
}

void PassFilter::classify(const Horizon& station, std::vector<SampleInterval>& kinds) const {
  const std::size_t count = states_.x.size() - 1;
  kinds.assign(count, SampleInterval::kBelow);
  Look now = look(station, 0);
  for (std::size_t i = 0; i < count;) {
    const double steps_below = (-now.above_km - kMarginKm) / climb_most_per_step_;
    if (steps_below >= 1.0) {
      i += static_cast<std::size_t>(std::min(steps_below, static_cast<double>(count - i)));
      if (i < count) now = look(station, i);
      continue;
    }
    const Look next = look(station, i + 1);
    kinds[i] = kind_of(station, i, now, next);
    now = next;
    ++i;
  }
}

}  // namespace skywarden::orbit
