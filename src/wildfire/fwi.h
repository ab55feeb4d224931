// The Canadian Forest Fire Weather Index System, daily: three moisture codes carried from day to day and four
// indices made from them.
//
// Van Wagner and Pickett, Equations and FORTRAN program for the Canadian Forest Fire Weather Index System,
// Forestry Technical Report 33, 1985; Van Wagner, Development and structure of the Canadian Forest Fire
// Weather Index System, Forestry Technical Report 35, 1987; day lengths by latitude from Lawson and Armitage,
// Weather Guide for the Canadian Forest Fire Danger Rating System, 2008. Equation numbers in the source are
// those of the 1985 report. One constant is exact where the reports print 147.2: 250 × 59.5 / 101, so that
// FFMC 101 means no moisture at all, as the reference implementation of the Canadian Forest Service has it.
//
// It does not fill gaps: an index whose inputs are missing is missing (danger.h carries a station through
// gaps). It is not the hourly FFMC and it does not overwinter the drought code.
#pragma once

#include <optional>
#include <string>

namespace skywarden::wildfire {

// Weather at noon, local standard time, with the rain of the 24 hours before it.
struct NoonWeather {
  std::optional<double> temperature_c;
  std::optional<double> humidity_pct;  // relative; 100 and more counts as 99.9999
  std::optional<double> wind_kmh;      // at 10 m in the open
  std::optional<double> rain_mm;
};

// What one day hands to the next.
struct MoistureCodes {
  std::optional<double> ffmc;  // fine fuel moisture code
  std::optional<double> dmc;   // duff moisture code
  std::optional<double> dc;    // drought code
};
// The usual values three days after the snow has gone.
inline constexpr MoistureCodes kSpringStart{85.0, 6.0, 15.0};

struct FireWeather {
  MoistureCodes codes;
  std::optional<double> isi;  // initial spread index
  std::optional<double> bui;  // buildup index
  std::optional<double> fwi;  // fire weather index
  std::optional<double> dsr;  // daily severity rating
};

enum class DayLength : unsigned char {
  kByLatitude,  // five bands for DMC, three for DC
  kStandard,    // the reports' own table, about 46° north, everywhere
};

struct Season {
  double latitude_deg = 55.0;
  int month = 7;  // 1…12
  DayLength day_length = DayLength::kByLatitude;
};

// The whole system for one day. Each code and index is given when everything it is made of is given.
[[nodiscard]] FireWeather fire_weather(const MoistureCodes& yesterday, const NoonWeather& noon,
                                       const Season& season);

// The single equations. Humidity is used as given here; only fire_weather caps it.
// Nothing where the equations have no value: humidity or wind below zero.
[[nodiscard]] std::optional<double> fine_fuel_moisture_code(double yesterday, double temperature_c,
                                                            double humidity_pct, double wind_kmh,
                                                            double rain_mm);
[[nodiscard]] double duff_moisture_code(double yesterday, double temperature_c, double humidity_pct,
                                        double rain_mm, const Season& season);
[[nodiscard]] double drought_code(double yesterday, double temperature_c, double rain_mm,
                                  const Season& season);
// With the wind function of the Fire Behaviour Prediction System over 40 km/h when asked.
[[nodiscard]] double initial_spread_index(double ffmc, double wind_kmh, bool fire_behaviour_wind = false);
[[nodiscard]] double buildup_index(double dmc, double dc);
[[nodiscard]] double fire_weather_index(double isi, double bui);
[[nodiscard]] double daily_severity_rating(double fwi);

// As the reference tables print: four significant digits but never fewer than two decimals, without trailing
// zeros, in powers of ten where that is shorter. "87.65", "1002.55", "1.683e-06"; "NA" when missing.
[[nodiscard]] std::string printed(std::optional<double> value);

}  // namespace skywarden::wildfire
