#include "orbit/passes.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "orbit/root.h"

namespace skywarden::orbit {
namespace {

// About a hundred samples a revolution: a low satellite moves 55 s, in which its elevation has at most one
// extreme.
constexpr double kStepAngle = 0.06;  // rad
constexpr double kStepSecondsMin = 5.0;
constexpr double kStepSecondsMax = 300.0;

// The elevation over one station at one moment, in seconds since the start of the interval.
struct Sample {
  double at = 0.0;
  double value = 0.0;  // sine of the elevation
  double rate = 0.0;
};

class StationSearch {
 public:
  StationSearch(const Sgp4& satellite, const Horizon& horizon, std::size_t station, Instant start,
                const PassOptions& options)
      : satellite_(satellite),
        horizon_(horizon),
        station_(station),
        start_(start),
        sine_min_(std::sin(to_radians(options.elevation_min).value())),
        tolerance_s_(to_seconds(options.edge_tolerance)),
        ut1_minus_utc_(options.ut1_minus_utc) {}

  // The next sample, at `t` seconds. `interval_start`: a pass found under way here was cut there.
  void take(double t, const EcefState& state, bool interval_start, std::vector<Pass>& out) {
    const auto sine = horizon_.sine_elevation(state);
    const Sample now{t, sine.value, sine.rate};
    if (!last_) {
      last_ = now;
      if (is_up(now)) begin(now, interval_start);
      return;
    }
    if (const auto extreme = extreme_between(*last_, now)) {
      piece(*last_, *extreme, out);
      piece(*extreme, now, out);
    } else {
      piece(*last_, now, out);
    }
    last_ = now;
  }

  // No further samples for now: the theory failed or the interval is over.
  void stop(bool interval_end, std::vector<Pass>& out) {
    if (best_ && last_) finish(last_->at, interval_end, out);
    last_.reset();
  }

 private:
  [[nodiscard]] bool is_up(const Sample& sample) const { return sample.value >= sine_min_; }
  [[nodiscard]] Instant instant(double t) const { return start_ + from_seconds(t); }

  [[nodiscard]] std::optional<EcefState> state_at(double t) const {
    const Instant when = instant(t);
    const auto state = satellite_.at(when);
    if (!state) return std::nullopt;
    return to_ecef(*state, earth_rotation(when, ut1_minus_utc_));
  }
  [[nodiscard]] Sample sample_at(double t) const {
    const auto state = state_at(t);
    if (!state) return {t, -1.0, 0.0};  // between two good samples: not seen in practice
    const auto sine = horizon_.sine_elevation(*state);
    return {t, sine.value, sine.rate};
  }

  // A minimum matters only when it can dip below the mask between two samples above it.
  [[nodiscard]] std::optional<Sample> extreme_between(const Sample& a, const Sample& b) const {
    const bool maximum = a.rate > 0.0 && b.rate < 0.0;
    const bool minimum = a.rate < 0.0 && b.rate > 0.0 && is_up(a) && is_up(b);
    if (!maximum && !minimum) return std::nullopt;
    const double t =
        find_root([&](double s) { return sample_at(s).rate; }, a.at, b.at, a.rate, b.rate, tolerance_s_);
    return maximum ? summit_near(t, a.at, b.at) : sample_at(t);
  }

  // SGP4's velocity is not quite the derivative of its position, so the rate's zero lies a little beside the
  // summit: parabolas through the elevation itself find the rest of the way. Flat summits of slow passes need
  // more than one.
  [[nodiscard]] Sample summit_near(double t, double low, double high) const {
    constexpr int kParabolasMax = 20;
    const double h = (high - low) / 100.0;
    Sample best = sample_at(t);
    for (int i = 0; i < kParabolasMax; ++i) {
      const double before = sample_at(best.at - h).value;
      const double after = sample_at(best.at + h).value;
      const double bend = before - 2.0 * best.value + after;
      if (!(bend < 0.0)) break;
      const double shift = std::clamp(0.5 * h * (before - after) / bend, -h, h);
      const Sample summit = sample_at(std::clamp(best.at + shift, low, high));
      if (summit.value <= best.value) break;
      best = summit;
      if (std::abs(shift) < h) break;
    }
    return best;
  }

  // Between a and b the elevation only rises or only falls.
  void piece(const Sample& a, const Sample& b, std::vector<Pass>& out) {
    const auto edge = [&] {
      const double t = find_root([&](double s) { return sample_at(s).value - sine_min_; }, a.at, b.at,
                                 a.value - sine_min_, b.value - sine_min_, tolerance_s_);
      return sample_at(t);
    };
    if (!is_up(a) && is_up(b)) begin(edge(), false);
    if (is_up(b)) improve(b);
    if (is_up(a) && !is_up(b)) {
      const Sample fallen = edge();
      improve(fallen);
      finish(fallen.at, false, out);
    }
  }

  void begin(const Sample& sample, bool cut) {
    pass_ = {};
    pass_.station = station_;
    pass_.aos = instant(sample.at);
    pass_.cut_at_start = cut;
    if (const auto state = state_at(sample.at))
      pass_.range_rate_kms_at_aos = horizon_.look(*state).range_rate_kms;
    best_ = sample;
  }

  void improve(const Sample& sample) {
    if (best_ && sample.value > best_->value) best_ = sample;
  }

  void finish(double t, bool cut, std::vector<Pass>& out) {
    if (!best_) return;
    pass_.los = instant(t);
    pass_.cut_at_end = cut;
    pass_.tca = instant(best_->at);
    if (const auto state = state_at(best_->at)) {
      const LookAngles look = horizon_.look(*state);
      pass_.elevation_max = look.elevation;
      pass_.range_km_at_tca = look.range_km;
    }
    best_.reset();
    if (pass_.los > pass_.aos) out.push_back(pass_);
  }

  const Sgp4& satellite_;
  const Horizon& horizon_;
  std::size_t station_;
  Instant start_;
  double sine_min_;
  double tolerance_s_;
  Duration ut1_minus_utc_;
  std::optional<Sample> last_;
  std::optional<Sample> best_;  // set while a pass is under way
  Pass pass_;
};

}  // namespace

Duration pass_sampling_step(const ElementSet& elements) {
  const double e = std::clamp(elements.eccentricity, 0.0, 0.99);
  const double n = elements.mean_motion / 60.0;
  const double perigee_speed = n * std::sqrt(1.0 + e) / std::pow(1.0 - e, 1.5);  // rad/s
  return from_seconds(std::clamp(kStepAngle / perigee_speed, kStepSecondsMin, kStepSecondsMax));
}

PassList find_passes(const Sgp4& satellite, std::span<const Horizon> stations, Instant start, Instant end,
                     const PassOptions& options) {
  EXPECTS(options.elevation_min.value() > -90.0 && options.elevation_min.value() < 90.0);
  PassList list;
  std::vector<StationSearch> searches;
  for (std::size_t i = 0; i < stations.size(); ++i)
    searches.emplace_back(satellite, stations[i], i, start, options);
  const Duration step = pass_sampling_step(satellite.elements());
  for (Instant t = start; start < end;) {
    const auto state = satellite.at(t);
    if (state) {
      const EcefState fixed = to_ecef(*state, earth_rotation(t, options.ut1_minus_utc));
      for (auto& search : searches) search.take(to_seconds(t - start), fixed, t == start, list.passes);
    } else {
      if (!list.failure) list.failure = {t, state.error()};
      for (auto& search : searches) search.stop(false, list.passes);
    }
    if (t == end) break;
    t = std::min(t + step, end);
  }
  for (auto& search : searches) search.stop(true, list.passes);
  std::stable_sort(list.passes.begin(), list.passes.end(),
                   [](const Pass& a, const Pass& b) { return a.station < b.station; });
  return list;
}

}  // namespace skywarden::orbit
