#include "onboard/novelty.h"

#include <algorithm>
#include <numeric>

namespace skywarden::onboard {
namespace {

using std::chrono::hours;
constexpr auto kDay = hours(24);
constexpr auto kDaySlack = hours(2);  // a reading that much older still stands for the day before
constexpr double kBeyondMax = 1.0;    // ranges: beyond this, all is equally new

}  // namespace

double Novelty::Extremes::beyond(double value, std::size_t warm_up, double memory) {
  if (count == 0) {
    low = high = mean = value;
    count = 1;
    return 0.0;
  }
  double out = 0.0;
  if (count > warm_up && high > low)
    out = std::min(kBeyondMax, std::max({value - high, low - value, 0.0}) / (high - low));
  ++count;
  mean += (value - mean) / std::min(static_cast<double>(count), memory);
  const double kept = 1.0 - 1.0 / memory;
  high = std::max(mean + (high - mean) * kept, value);
  low = std::min(mean - (mean - low) * kept, value);
  return out;
}

double Novelty::from_day_before(Instant time, double value) {
  if (!day_.empty() && time < day_.back().time) day_.clear();  // the clock went back
  day_.push_back({time, value});
  const Instant before = time - kDay;
  while (day_.size() > 1 && day_[1].time <= before) day_.pop_front();
  if (day_.size() > options_.day_readings_max) day_.pop_front();
  if (day_.front().time > before || before - day_.front().time > kDaySlack) return 0.0;
  differences_.push_back(value - day_.front().value);
  if (differences_.size() > options_.day_mean) differences_.pop_front();
  const double mean = std::accumulate(differences_.begin(), differences_.end(), 0.0) /
                      static_cast<double>(differences_.size());
  return days_.beyond(mean, std::max(options_.warm_up, day_.size()), options_.memory);
}

double Novelty::arrive(Instant time, double value) {
  const bool first = values_.count == 0;
  double out = values_.beyond(value, options_.warm_up, options_.memory);
  if (!first) out += changes_.beyond(value - last_, options_.warm_up, options_.memory);
  out += from_day_before(time, value);
  last_ = value;
  ++since_event_;
  if (event_ > 0.0 && since_event_ <= options_.aftermath && out <= options_.aftermath_times * event_)
    return 0.0;
  if (out > 0.0) {
    event_ = out;
    since_event_ = 0;
  }
  return out;
}

}  // namespace skywarden::onboard
