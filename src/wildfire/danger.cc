#include "wildfire/danger.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::wildfire {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr double kBasePrior = 0.01;                      // in the middle of the moderate class
constexpr double kLogOddsPerClass = 0.6931471805599453;  // odds double

// What a value can be when the station never said: a temperate fire season.
constexpr NoonWeather kUsual{20.0, 45.0, 12.0, 0.0};
constexpr NoonWeather kDriest{35.0, 15.0, 35.0, 0.0};
constexpr NoonWeather kWettest{5.0, 95.0, 0.0, 10.0};
constexpr double kRainPossibleMm = 5.0;  // a missing day's rain may have been at least this

// 0…5: which class, and how far through it.
double class_position(double fwi) {
  double low = 0.0;
  for (std::size_t i = 0; i < kClassLimits.size(); ++i) {
    if (fwi < kClassLimits[i])
      return static_cast<double>(i) + std::max(0.0, fwi - low) / (kClassLimits[i] - low);
    low = kClassLimits[i];
  }
  return static_cast<double>(kClassLimits.size()) + std::min(1.0, (fwi - low) / (kExtremeTop - low));
}

using Input = std::optional<double> NoonWeather::*;
struct NamedInput {
  Input input;
  const char* name;
  bool dry_is_high;  // whether a higher value dries the fuel
  double min, max;   // what weather can be; anything else counts as missing
};
constexpr std::array<NamedInput, 4> kInputs{{{&NoonWeather::temperature_c, "temperature", true, -90.0, 65.0},
                                             {&NoonWeather::humidity_pct, "humidity", false, 0.0, 110.0},
                                             {&NoonWeather::wind_kmh, "wind", true, 0.0, 450.0},
                                             {&NoonWeather::rain_mm, "rain", false, 0.0, 2000.0}}};

NoonWeather plausible(NoonWeather weather) {
  for (const NamedInput& each : kInputs) {
    std::optional<double>& value = weather.*each.input;
    if (value && !(*value >= each.min && *value <= each.max)) value.reset();
  }
  return weather;
}

}  // namespace

datum::DangerClass danger_class(double fwi) {
  const auto limit = std::upper_bound(kClassLimits.begin(), kClassLimits.end(), fwi);
  return static_cast<datum::DangerClass>(limit - kClassLimits.begin());
}

Probability modelled_prior(double fwi) {
  constexpr double kModerateMiddle = 1.5;
  return from_log_odds(log_odds(Probability(kBasePrior)) +
                       kLogOddsPerClass * (class_position(fwi) - kModerateMiddle));
}

datum::Prior no_prior(Instant as_of) {
  return {Probability(kBasePrior), datum::DangerClass::kModerate, as_of, {}};
}

Result<void> DangerOptions::validate() const {
  if (noon_tolerance <= Duration::zero() || noon_tolerance >= kDay / 2)
    return fail(Errc::kOutOfRange, "danger.noon_tolerance: expected more than 0 and less than 12 h");
  if (rain_gap_max < Duration::zero() || rain_gap_max > kDay)
    return fail(Errc::kOutOfRange, "danger.rain_gap_max: expected 0…24 h");
  if (carried_days_max < 0 || carried_days_max > 366 || memory_days < 1 || memory_days > 366)
    return fail(Errc::kOutOfRange, "danger: expected carried_days_max 0…366 and memory_days 1…366");
  if (utc_offset_min && std::abs(*utc_offset_min) > 14 * 60)
    return fail(Errc::kOutOfRange, "danger.utc_offset_min: expected -840…840");
  if (readings_max < 1) return fail(Errc::kOutOfRange, "danger.readings_max: expected at least 1");
  if (!start.ffmc || !start.dmc || !start.dc)
    return fail(Errc::kOutOfRange, "danger.start: expected all three codes");
  return {};
}

DangerWatch::DangerWatch(std::string name, GeoPoint station, DangerOptions options)
    : name_(std::move(name)), station_(station), options_(options) {
  EXPECTS(options_.validate().has_value());
  restart();
}

void DangerWatch::restart() {
  likely_ = dry_ = wet_ = options_.start;
  statement_.reset();
  silent_days_ = 0;
}

Instant DangerWatch::noon_at_or_before(Instant t) const {
  const int offset_min =
      options_.utc_offset_min.value_or(60 * static_cast<int>(std::lround(station_.lon_deg / 15.0)));
  const CivilTime local = to_civil(t + std::chrono::minutes(offset_min));
  const Duration since_midnight = std::chrono::hours(local.hour) + std::chrono::minutes(local.minute) +
                                  std::chrono::seconds(local.second) + Duration(local.nanosecond);
  const Instant candidate = t - since_midnight + kDay / 2;
  return candidate <= t ? candidate : candidate - kDay;
}

bool DangerWatch::add(const WeatherReading& reading) {
  if (closed_ && reading.time <= *closed_) {
    // Up to the tolerance past noon the day is still open; a closed noon also closes what lies before it.
    return false;
  }
  const bool fresh = readings_.emplace(reading.time, reading).second;
  if (readings_.size() > options_.readings_max) readings_.erase(readings_.begin());
  return fresh;
}

void DangerWatch::advance(Instant now) {
  if (readings_.empty() && !closed_) return;
  Instant noon{};
  const auto first_noon = [&] {  // the first whose tolerance still reaches the oldest reading held
    return noon_at_or_before(readings_.begin()->first + kDay - Duration(1) - options_.noon_tolerance);
  };
  for (;;) {
    if (statement_) {
      noon = *closed_ + kDay;
    } else if (!readings_.empty()) {
      noon = closed_ ? std::max(*closed_ + kDay, first_noon()) : first_noon();
    } else {
      return;  // silent, and nothing left to carry
    }
    if (noon + options_.noon_tolerance >= now) return;
    close(noon, weather_at(noon));
    // Readings up to noon are used up: the next day's rain begins after it.
    readings_.erase(readings_.begin(), readings_.upper_bound(noon));
  }
}

bool DangerWatch::add_noon(Instant noon, const NoonWeather& weather) {
  if (closed_ && noon <= *closed_) return false;
  if (closed_)
    for (Instant day = *closed_ + kDay; day + kDay / 2 < noon && statement_; day += kDay) close(day, {});
  close(noon, weather);
  return true;
}

NoonWeather DangerWatch::weather_at(Instant noon) const {
  NoonWeather weather;
  const auto nearest = [&](std::optional<double> WeatherReading::* field) {
    std::optional<double> best;
    Duration best_distance = options_.noon_tolerance;
    for (auto it = readings_.lower_bound(noon - options_.noon_tolerance);
         it != readings_.end() && it->first <= noon + options_.noon_tolerance; ++it) {
      const Duration distance = it->first > noon ? it->first - noon : noon - it->first;
      if ((it->second.*field) && (!best || distance < best_distance)) {
        best = it->second.*field;
        best_distance = distance;
      }
    }
    return best;
  };
  weather.temperature_c = nearest(&WeatherReading::temperature_c);
  weather.humidity_pct = nearest(&WeatherReading::humidity_pct);
  weather.wind_kmh = nearest(&WeatherReading::wind_kmh);
  double rain = 0.0;
  Instant covered_to = noon - kDay;
  Duration gap{};
  for (auto it = readings_.upper_bound(noon - kDay); it != readings_.end() && it->first <= noon; ++it) {
    if (!it->second.rain_mm) continue;
    rain += *it->second.rain_mm;
    // A reading speaks for the hour before it; a longer interval before it is a gap.
    gap += std::max(Duration::zero(), it->first - covered_to - std::chrono::hours(1));
    covered_to = it->first;
  }
  gap += noon - covered_to;
  if (gap <= options_.rain_gap_max) weather.rain_mm = rain;
  return weather;
}

void DangerWatch::close(Instant noon, const NoonWeather& given) {
  const NoonWeather weather = plausible(given);
  const bool silent =
      !weather.temperature_c && !weather.humidity_pct && !weather.wind_kmh && !weather.rain_mm;
  silent_days_ = silent ? silent_days_ + 1 : 0;
  closed_ = noon;
  if (silent_days_ > options_.carried_days_max || (silent && !statement_)) return restart();
  if (!silent) {
    memory_.push_back(weather);
    while (memory_.size() > static_cast<std::size_t>(options_.memory_days)) memory_.pop_front();
  }
  NoonWeather likely = weather, dry = weather, wet = weather;
  std::string bridged;
  for (const auto& [input, name, dry_is_high, min, max] : kInputs) {
    if (weather.*input) continue;
    bridged += bridged.empty() ? name : fmt::format(", {}", name);
    std::optional<double> last, low, high;
    for (const NoonWeather& noon_weather : memory_) {
      const std::optional<double>& value = noon_weather.*input;
      if (!value) continue;
      last = value;
      low = low ? std::min(*low, *value) : *value;
      high = high ? std::max(*high, *value) : *value;
    }
    const bool is_rain = input == &NoonWeather::rain_mm;
    likely.*input = is_rain ? 0.0 : last.value_or(*(kUsual.*input));
    dry.*input = is_rain ? 0.0 : last ? (dry_is_high ? *high : *low) : *(kDriest.*input);
    wet.*input = is_rain ? std::max(high.value_or(*kWettest.rain_mm), kRainPossibleMm)
                 : last  ? (dry_is_high ? *low : *high)
                         : *(kWettest.*input);
  }
  const CivilTime date = to_civil(noon);
  const Season season{station_.lat_deg, date.month, options_.day_length};
  const FireWeather likely_day = fire_weather(likely_, likely, season);
  const FireWeather dry_day = fire_weather(dry_, dry, season);
  const FireWeather wet_day = fire_weather(wet_, wet, season);
  ENSURES(likely_day.fwi && dry_day.fwi && wet_day.fwi);  // every input was bridged
  likely_ = likely_day.codes;
  dry_ = dry_day.codes;
  wet_ = wet_day.codes;
  const int carried = bridged.empty() ? 0 : (statement_ ? statement_->carried_days : 0) + 1;
  statement_ = DangerStatement{noon,
                               likely_day,
                               std::min({*likely_day.fwi, *dry_day.fwi, *wet_day.fwi}),
                               std::max({*likely_day.fwi, *dry_day.fwi, *wet_day.fwi}),
                               carried,
                               std::move(bridged)};
}

datum::Prior DangerWatch::prior(Instant now) const {
  if (!statement_ || now - statement_->noon > kDay * (options_.carried_days_max + 1)) return no_prior(now);
  const double likely = *statement_->likely.fwi;
  const double mean = (modelled_prior(statement_->fwi_low).value() + modelled_prior(likely).value() +
                       modelled_prior(statement_->fwi_high).value()) /
                      3.0;
  std::string source = fmt::format("modelled: FWI {:.1f}", likely);
  if (statement_->fwi_high - statement_->fwi_low >= 0.05)
    source += fmt::format(" ({:.1f} to {:.1f})", statement_->fwi_low, statement_->fwi_high);
  source += fmt::format(" at {}", name_);
  if (!statement_->bridged.empty()) source += fmt::format("; {} bridged", statement_->bridged);
  return {Probability(mean), danger_class(likely), statement_->noon, std::move(source)};
}

}  // namespace skywarden::wildfire
