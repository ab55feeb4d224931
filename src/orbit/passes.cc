#include "orbit/passes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/contract.h"
#include "orbit/pass_filter.h"
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

// The satellite over the turning Earth, by the reference path. A search asks again for what it has just seen,
// so the last few answers are kept.
class GroundTrack {
 public:
  GroundTrack(const Sgp4& satellite, Duration ut1_minus_utc)
      : satellite_(satellite), ut1_minus_utc_(ut1_minus_utc) {}

  [[nodiscard]] const tl::expected<EcefState, Sgp4Error>& at(Instant t) {
    for (std::size_t i = 0; i < used_; ++i)
      if (answers_[i].at == t) return answers_[i].state;
    Answer& answer = answers_[next_];
    next_ = (next_ + 1) % answers_.size();
    used_ = std::min(used_ + 1, answers_.size());
    answer.at = t;
    answer.state = satellite_.at(t).map(
        [&](const TemeState& state) { return to_ecef(state, earth_rotation(t, ut1_minus_utc_)); });
    return answer.state;
  }

 private:
  struct Answer {
    Instant at{};
    tl::expected<EcefState, Sgp4Error> state;
  };
  const Sgp4& satellite_;
  Duration ut1_minus_utc_;
  std::array<Answer, 4> answers_;
  std::size_t used_ = 0;
  std::size_t next_ = 0;
};

class StationSearch {
 public:
  StationSearch(GroundTrack& track, const Horizon& horizon, std::size_t station, Instant start,
                const PassOptions& options)
      : track_(&track),
        horizon_(&horizon),
        station_(station),
        start_(start),
        sine_min_(std::sin(to_radians(options.elevation_min).value())),
        tolerance_s_(to_seconds(options.edge_tolerance)) {}

  // The next sample, at `t` seconds. `interval_start`: a pass found under way here was cut there.
  void take(double t, const EcefState& state, bool interval_start, std::vector<Pass>& out) {
    const Sample now = sample_of(t, state);
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

  // Samples below the mask follow that need not be taken.
  void look_away() { last_.reset(); }
  [[nodiscard]] bool is_looking() const { return last_.has_value(); }

  // No further samples for now: the theory failed or the interval is over.
  void stop(bool interval_end, std::vector<Pass>& out) {
    if (best_ && last_) finish(last_->at, interval_end, out);
    last_.reset();
  }

 private:
  [[nodiscard]] bool is_up(const Sample& sample) const { return sample.value >= sine_min_; }
  [[nodiscard]] Instant instant(double t) const { return start_ + from_seconds(t); }

  [[nodiscard]] Sample sample_of(double t, const EcefState& state) const {
    const auto sine = horizon_->sine_elevation(state);
    return {t, sine.value, sine.rate};
  }
  [[nodiscard]] Sample sample_at(double t) const {
    const auto& state = track_->at(instant(t));
    if (!state) return {t, -1.0, 0.0};  // between two good samples: not seen in practice
    return sample_of(t, *state);
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
    if (const auto& state = track_->at(pass_.aos))
      pass_.range_rate_kms_at_aos = horizon_->look(*state).range_rate_kms;
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
    if (const auto& state = track_->at(pass_.tca)) {
      const LookAngles look = horizon_->look(*state);
      pass_.elevation_max = look.elevation;
      pass_.range_km_at_tca = look.range_km;
      pass_.range_rate_kms_at_tca = look.range_rate_kms;
    }
    if (const auto& state = track_->at(pass_.los))
      pass_.range_rate_kms_at_los = horizon_->look(*state).range_rate_kms;
    best_.reset();
    if (pass_.los > pass_.aos) out.push_back(pass_);
  }

  GroundTrack* track_;
  const Horizon* horizon_;
  std::size_t station_;
  Instant start_;
  double sine_min_;
  double tolerance_s_;
  std::optional<Sample> last_;
  std::optional<Sample> best_;  // set while a pass is under way
  Pass pass_;
};

// One satellite over all its stations, some samples at a time.
class PassSearch {
 public:
  PassSearch(const Sgp4& satellite, std::span<const Horizon> stations, Instant start,
             const PassOptions& options)
      : satellite_(satellite),
        stations_(stations),
        start_(start),
        ut1_minus_utc_(options.ut1_minus_utc),
        track_(satellite, options.ut1_minus_utc),
        filter_(satellite, options.ut1_minus_utc, std::sin(to_radians(options.elevation_min).value())) {
    for (std::size_t i = 0; i < stations.size(); ++i)
      searches_.emplace_back(track_, stations[i], i, start, options);
  }
  PassSearch(const PassSearch&) = delete;  // the searches know where the track is
  PassSearch& operator=(const PassSearch&) = delete;

  // `times` begins with the last sample of the call before.
  void take(std::span<const Instant> times) {
    if (!filter_.load(times)) return take_all(times);
    states_.assign(times.size(), std::nullopt);
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      filter_.classify(stations_[i], kinds_);
      follow(searches_[i], times);
    }
  }

  PassList finish() {
    for (StationSearch& search : searches_) search.stop(true, list_.passes);
    std::sort(list_.passes.begin(), list_.passes.end(), [](const Pass& a, const Pass& b) {
      return a.station != b.station ? a.station < b.station : a.aos < b.aos;
    });
    return std::move(list_);
  }

 private:
  [[nodiscard]] tl::expected<EcefState, Sgp4Error> state_at(Instant t) const {
    return satellite_.at(t).map(
        [&](const TemeState& state) { return to_ecef(state, earth_rotation(t, ut1_minus_utc_)); });
  }

  void take_all(std::span<const Instant> times) {
    for (const Instant t : times) {
      const auto state = state_at(t);
      if (!state && !list_.failure) list_.failure = {t, state.error()};
      for (StationSearch& search : searches_) {
        if (!state)
          search.stop(false, list_.passes);
        else if (t != times.front() || !search.is_looking())
          search.take(to_seconds(t - start_), *state, t == start_, list_.passes);
      }
    }
  }

  // Only what the filter leaves open is looked at; the outcome is that of looking at every sample.
  void follow(StationSearch& search, std::span<const Instant> times) {
    bool behind = false;  // the elevation rose or fell to the sample at hand, which the search has not seen
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      if (kinds_[k] == SampleInterval::kBelow) {
        search.look_away();
        continue;
      }
      if (!search.is_looking() || (behind && kinds_[k] == SampleInterval::kOpen)) show(search, times, k);
      if (kinds_[k] == SampleInterval::kOpen) show(search, times, k + 1);
      behind = kinds_[k] == SampleInterval::kMonotone;
    }
    if (behind) show(search, times, kinds_.size());
  }

  void show(StationSearch& search, std::span<const Instant> times, std::size_t k) {
    auto& state = states_[k];
    if (!state) state = state_at(times[k]);
    if (*state) return search.take(to_seconds(times[k] - start_), **state, times[k] == start_, list_.passes);
    // The batch path has the same errors and the filter keeps away from decay: not seen in practice.
    if (!list_.failure) list_.failure = {times[k], state->error()};
    search.stop(false, list_.passes);
  }

  const Sgp4& satellite_;
  std::span<const Horizon> stations_;
  Instant start_;
  Duration ut1_minus_utc_;
  GroundTrack track_;
  PassFilter filter_;
  std::vector<StationSearch> searches_;
  std::vector<SampleInterval> kinds_;  // of the station at hand
  // At the samples, once a station has asked.
  std::vector<std::optional<tl::expected<EcefState, Sgp4Error>>> states_;
  PassList list_;
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
  constexpr std::size_t kSamplesAtOnce = 256;
  PassSearch search(satellite, stations, start, options);
  const Duration step = pass_sampling_step(satellite.elements());
  std::vector<Instant> times{start};
  while (times.back() < end) {
    times = {times.back()};
    while (times.size() < kSamplesAtOnce && times.back() < end)
      times.push_back(std::min(times.back() + step, end));
    search.take(times);
  }
  return search.finish();
}

}  // namespace skywarden::orbit
