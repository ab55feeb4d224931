#include "network/contact_windows.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include "network/hermite.h"
#include "orbit/sgp4.h"

namespace skywarden::network {
namespace {

constexpr double kEarthEquatorKm = 6378.137;  // WGS 84
constexpr double kLightKms = 299792.458;
constexpr Duration kEdgeGrid = std::chrono::milliseconds(1);
constexpr Duration kDelayGrid = std::chrono::microseconds(1);

// Where a satellite was and how it moved, in both frames; nothing once its theory has failed.
struct Sample {
  bool valid = false;
  orbit::TemeState inertial;
  orbit::EcefState fixed;
};

// Least distance from the Earth's centre to the straight line between two points.
double clearance_km(const Position<Teme>& a, const Position<Teme>& b) {
  const Position<Teme> line = b - a;
  const double length2 = dot(line, line);
  if (length2 == 0.0) return a.norm();
  const double along = std::clamp(-dot(a, line) / length2, 0.0, 1.0);
  return (a + along * line).norm();
}

// Positive where a link is possible; continuous, so that its zero is the edge of a window.
struct Margin {
  double value = 0.0;
  double range_km = 0.0;
};

Margin satellite_margin(const Position<Teme>& a, const Position<Teme>& b, const ContactOptions& options) {
  const double range = (b - a).norm();
  const double limb = clearance_km(a, b) - (kEarthEquatorKm + options.atmosphere.value() / 1000.0);
  return {std::min(limb, options.satellite_range_max.value() / 1000.0 - range), range};
}

Margin ground_margin(const orbit::Horizon& horizon, const Position<Ecef>& satellite, double sine_min) {
  const auto sine = horizon.sine_elevation({satellite, {}});
  return {sine.value - sine_min, (satellite - horizon.position()).norm()};
}

struct Step {
  Instant from{}, to{};
  [[nodiscard]] double seconds() const { return to_seconds(to - from); }
  [[nodiscard]] Instant at(double fraction) const { return from + from_seconds(fraction * seconds()); }
};

// Where the margin changes its sign between the two ends of a step, as a fraction of it.
template <typename MarginAt>
double edge(const MarginAt& margin_at, bool visible_first) {
  constexpr int kHalvings = 26;  // a microsecond of two minutes
  double low = 0.0;
  double high = 1.0;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    ((margin_at(middle).value >= 0.0) == visible_first ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Instant rounded_up(Instant t) {
  const Duration rest = t.time_since_epoch() % kEdgeGrid;
  return t - rest + (rest > Duration(0) ? kEdgeGrid : Duration(0));
}
Instant rounded_down(Instant t) {
  const Duration rest = t.time_since_epoch() % kEdgeGrid;
  return t - rest - (rest < Duration(0) ? kEdgeGrid : Duration(0));
}
Duration delay_of(double range_km) {
  const Duration exact = from_seconds(range_km / kLightKms);
  return (exact + kDelayGrid / 2) / kDelayGrid * kDelayGrid;
}

// One pair through all steps: whether it is in contact and since when.
struct PairState {
  bool visible = false;
  Instant since{};
  Duration delay{};
};

class WindowSearch {
 public:
  WindowSearch(std::span<const OrbitingNode> satellites, std::span<const GroundNode> stations, Instant start,
               Instant end, const ContactOptions& options)
      : satellites_(satellites),
        stations_(stations),
        start_(start),
        end_(end),
        options_(options),
        sine_min_(std::sin(to_radians(options.elevation_min).value())) {
    for (const auto& s : satellites) theories_.emplace_back(s.elements);
    for (const auto& s : stations) horizons_.emplace_back(s.place);
    pairs_.resize(satellites.size() * (satellites.size() + stations.size()));
  }

  Result<std::vector<ContactWindow>> run() {
    std::vector<Sample> before;
    std::vector<Sample> now = samples_at(start_);
    const Step opening{start_, start_};
    visit_pairs(now, now, opening, /*first=*/true);
    for (Instant t = start_; t < end_;) {
      const Instant next = std::min(t + options_.step, end_);
      before = std::move(now);
      now = samples_at(next);
      visit_pairs(before, now, {t, next}, /*first=*/false);
      if (windows_.size() > options_.windows_max)
        return fail(Errc::kLimitReached, "contact plan: expected at most {} windows", options_.windows_max);
      t = next;
    }
    close_all();
    std::sort(windows_.begin(), windows_.end());
    return std::move(windows_);
  }

 private:
  std::vector<Sample> samples_at(Instant t) const {
    const orbit::EarthRotation earth = orbit::earth_rotation(t);
    std::vector<Sample> samples(theories_.size());
    for (std::size_t i = 0; i < theories_.size(); ++i) {
      const auto state = theories_[i].at(t);
      if (state) samples[i] = {true, *state, orbit::to_ecef(*state, earth)};
    }
    return samples;
  }

  void visit_pairs(const std::vector<Sample>& before, const std::vector<Sample>& now, const Step& step,
                   bool first) {
    const std::size_t count = satellites_.size();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i + 1; j < count; ++j) {
        const auto margin_at = [&](double s) {
          return satellite_margin(inertial(before[i], now[i], step, s), inertial(before[j], now[j], step, s),
                                  options_);
        };
        visit(pair(i, j), satellites_[i].node, satellites_[j].node, options_.satellite_rate, margin_at,
              before[i].valid && before[j].valid && now[i].valid && now[j].valid, step, first);
      }
      for (std::size_t g = 0; g < stations_.size(); ++g) {
        const auto margin_at = [&](double s) {
          return ground_margin(horizons_[g], fixed(before[i], now[i], step, s), sine_min_);
        };
        visit(pair(i, count + g), satellites_[i].node, stations_[g].node, options_.ground_rate, margin_at,
              before[i].valid && now[i].valid, step, first);
      }
    }
  }

  // One step of one pair. Without valid samples at both ends the contact ends where the step began.
  template <typename MarginAt>
  void visit(PairState& state, NodeId a, NodeId b, BitsPerSecond rate, const MarginAt& margin_at, bool valid,
             const Step& step, bool first) {
    if (!valid) {
      close(state, a, b, rate, step.from);
      return;
    }
    const Margin at_end = margin_at(1.0);
    const bool visible = at_end.value >= 0.0;
    if (first) {
      if (visible) open(state, step.to, at_end.range_km);
      return;
    }
    if (visible == state.visible) return;
    const double s = edge(margin_at, state.visible);
    if (visible)
      open(state, rounded_up(step.at(s)), margin_at(s).range_km);
    else
      close(state, a, b, rate, step.at(s));
  }

  static void open(PairState& state, Instant since, double range_km) {
    state = {true, since, delay_of(range_km)};
  }

  void close(PairState& state, NodeId a, NodeId b, BitsPerSecond rate, Instant until) {
    if (!state.visible) return;
    state.visible = false;
    const Instant end = until == end_ ? end_ : rounded_down(until);
    if (end <= state.since) return;
    const auto [low, high] = std::minmax(a, b);
    windows_.push_back({low, high, {state.since, end, state.delay, rate}});
  }

  void close_all() {
    const std::size_t count = satellites_.size();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i + 1; j < count; ++j)
        close(pair(i, j), satellites_[i].node, satellites_[j].node, options_.satellite_rate, end_);
      for (std::size_t g = 0; g < stations_.size(); ++g)
        close(pair(i, count + g), satellites_[i].node, stations_[g].node, options_.ground_rate, end_);
    }
  }

  PairState& pair(std::size_t satellite, std::size_t other) {
    return pairs_[satellite * (satellites_.size() + stations_.size()) + other];
  }
  static Position<Teme> inertial(const Sample& p, const Sample& q, const Step& step, double s) {
    if (s >= 1.0) return q.inertial.position;
    return hermite(p.inertial.position, p.inertial.velocity, q.inertial.position, q.inertial.velocity,
                   step.seconds(), s);
  }
  static Position<Ecef> fixed(const Sample& p, const Sample& q, const Step& step, double s) {
    if (s >= 1.0) return q.fixed.position;
    return hermite(p.fixed.position, p.fixed.velocity, q.fixed.position, q.fixed.velocity, step.seconds(), s);
  }

  std::span<const OrbitingNode> satellites_;
  std::span<const GroundNode> stations_;
  Instant start_, end_;
  ContactOptions options_;
  double sine_min_;
  std::vector<orbit::Sgp4> theories_;
  std::vector<orbit::Horizon> horizons_;
  std::vector<PairState> pairs_;
  std::vector<ContactWindow> windows_;
};

}  // namespace

bool operator<(const ContactWindow& x, const ContactWindow& y) {
  return std::tie(x.contact.start, x.a, x.b) < std::tie(y.contact.start, y.a, y.b);
}

Result<bool> ContactOptions::validate() const {
  if (step < std::chrono::seconds(1) || step > std::chrono::seconds(120))
    return fail(Errc::kOutOfRange, "contact step: expected 1…120 s, found {} s", to_seconds(step));
  if (!(elevation_min.value() >= -5.0 && elevation_min.value() < 90.0))
    return fail(Errc::kOutOfRange, "elevation mask: expected −5…90 degrees, found {}", elevation_min.value());
  if (!(atmosphere.value() >= 0.0) || !(satellite_range_max.value() > 0.0))
    return fail(Errc::kOutOfRange, "contact options: expected an atmosphere ≥ 0 m and a range > 0 m");
  if (!(satellite_rate.value() > 0.0) || !(ground_rate.value() > 0.0))
    return fail(Errc::kOutOfRange, "contact rates: expected more than 0 bit/s");
  return true;
}

Result<std::vector<ContactWindow>> contact_windows(std::span<const OrbitingNode> satellites,
                                                   std::span<const GroundNode> stations, Instant start,
                                                   Instant end, const ContactOptions& options) {
  if (auto valid = options.validate(); !valid) return tl::unexpected(valid.error());
  if (end < start) return fail(Errc::kOutOfRange, "contact plan: expected an end after the start");
  std::set<NodeId> seen;
  for (const auto& s : satellites)
    if (!seen.insert(s.node).second)
      return fail(Errc::kConflict, "contact plan: node {} appears twice", s.node.value());
  for (const auto& s : stations)
    if (!seen.insert(s.node).second)
      return fail(Errc::kConflict, "contact plan: node {} appears twice", s.node.value());
  return WindowSearch(satellites, stations, start, end, options).run();
}

}  // namespace skywarden::network
