// How dangerous the day is at a weather station, followed through gaps, and the prior that follows from it.
//
// The day's fire weather (fwi.h) is computed from the observation at noon, local standard time (UTC moved by
// the longitude's whole hours unless an offset is given): the readings nearest to noon and within 90 minutes
// of it, and the rain of the 24 hours before. What is missing is bridged, never silently: three accounts are
// kept, the likeliest (the station's last value), a dry and a wet one (its extremes of the last days), and
// the statement widens from one to the other until the codes meet again.
//
// The prior is modelled, not fitted to any record of fires: log-odds rise by a fixed step with every danger
// class, evenly between the class limits. A logistic curve over a danger index is how such indices are
// compared with fire days (Andrews, Loftsgaarden and Bradshaw, Int. J. Wildland Fire 12, 2003; Sirca et al.,
// iForest 11, 2018); the step and the base rate are ours. Detection never depends on it (detect.h).
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/geodesy.h"
#include "base/result.h"
#include "base/time.h"
#include "datum/evidence.h"
#include "wildfire/fwi.h"

namespace skywarden::wildfire {

// FWI at which moderate, high, very high and extreme begin: the limits of the European Forest Fire
// Information System (JRC). Its "very low" (under 5.2) and "low" are one class here.
inline constexpr std::array<double, 4> kClassLimits{11.2, 21.3, 38.0, 50.0};
inline constexpr double kExtremeTop = 70.0;  // EFFIS's "very extreme"; the prior rises no further

[[nodiscard]] datum::DangerClass danger_class(double fwi);

// The modelled chance that a place somebody looks at burns, never falling as FWI rises: 0.01 in the middle of
// the moderate class, odds doubled with each class.
[[nodiscard]] Probability modelled_prior(double fwi);
// When no weather is known: 0.01, moderate, and says so.
[[nodiscard]] datum::Prior no_prior(Instant as_of);

struct WeatherReading {
  Instant time{};
  std::optional<double> temperature_c;
  std::optional<double> humidity_pct;
  std::optional<double> wind_kmh;
  std::optional<double> rain_mm;  // fallen since the reading before
};

struct DangerOptions {
  MoistureCodes start = kSpringStart;
  DayLength day_length = DayLength::kByLatitude;
  std::optional<int> utc_offset_min;  // of local standard time; else from the longitude
  Duration noon_tolerance = std::chrono::minutes(90);
  Duration rain_gap_max = std::chrono::hours(6);  // more of the 24 h without rain readings: rain is missing
  int carried_days_max = 10;                      // longer without any reading: the station says nothing
  int memory_days = 10;                           // of noons whose extremes bound a missing value
  std::size_t readings_max = 2048;                // held for the current day; the oldest go first

  [[nodiscard]] Result<void> validate() const;
};

struct DangerStatement {
  Instant noon{};
  FireWeather likely;     // all present
  double fwi_low = 0.0;   // under the wet account
  double fwi_high = 0.0;  // under the dry account
  int carried_days = 0;   // days in a row, this one included, with something bridged
  std::string bridged;    // today's missing inputs: "humidity, rain"; empty when none
};

// One station. Readings come in any order within the current day; days close when `advance` passes them.
class DangerWatch {
 public:
  DangerWatch(std::string name, GeoPoint station, DangerOptions options = {});

  // False when the reading belongs to a day already closed, or repeats a time.
  bool add(const WeatherReading& reading);
  // Closes every noon whose tolerance lies before `now`.
  void advance(Instant now);
  // One whole day at once, as daily tables give it. Days must be ascending; days left out are carried.
  bool add_noon(Instant noon, const NoonWeather& weather);

  // Of the last noon closed; nothing before the first, or after too long a silence.
  [[nodiscard]] const std::optional<DangerStatement>& statement() const { return statement_; }
  // From the statement. With an uncertain FWI it is the mean of the priors at low, likely and high.
  [[nodiscard]] datum::Prior prior(Instant now) const;

 private:
  [[nodiscard]] Instant noon_at_or_before(Instant t) const;
  [[nodiscard]] NoonWeather weather_at(Instant noon) const;
  void close(Instant noon, const NoonWeather& given);
  void restart();

  std::string name_;
  GeoPoint station_;
  DangerOptions options_;
  std::map<Instant, WeatherReading> readings_;  // since the last noon closed
  std::optional<Instant> closed_;               // the last noon
  MoistureCodes likely_, dry_, wet_;
  std::deque<NoonWeather> memory_;  // noons with something observed, newest last
  std::optional<DangerStatement> statement_;
  int silent_days_ = 0;
};

}  // namespace skywarden::wildfire
