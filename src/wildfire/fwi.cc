#include "wildfire/fwi.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/contract.h"

namespace skywarden::wildfire {
namespace {

constexpr double kFfmcScale = 250.0 * 59.5 / 101.0;
constexpr double kSaturatedPct = 99.9999;

using Months = std::array<double, 12>;
// Effective day length of the duff moisture code, hours, by band of latitude.
constexpr Months kDayNorth{6.5, 7.5, 9.0, 12.8, 13.9, 13.9, 12.4, 10.9, 9.4, 8.0, 7.0, 6.0};
constexpr Months kDayNorthTropics{7.9, 8.4, 8.9, 9.5, 9.9, 10.2, 10.1, 9.7, 9.1, 8.6, 8.1, 7.8};
constexpr Months kDaySouthTropics{10.1, 9.6, 9.1, 8.5, 8.1, 7.8, 7.9, 8.3, 8.9, 9.4, 9.9, 10.2};
constexpr Months kDaySouth{11.5, 10.5, 9.2, 7.9, 6.8, 6.2, 6.5, 7.4, 8.7, 10.0, 11.2, 11.8};
constexpr double kDayEquator = 9.0;
// Day length factor of the drought code.
constexpr Months kFactorNorth{-1.6, -1.6, -1.6, 0.9, 3.8, 5.8, 6.4, 5.0, 2.4, 0.4, -1.6, -1.6};
constexpr Months kFactorSouth{6.4, 5.0, 2.4, 0.4, -1.6, -1.6, -1.6, -1.6, -1.6, 0.9, 3.8, 5.8};
constexpr double kFactorEquator = 1.4;

double of_month(const Months& months, int month) {
  EXPECTS(month >= 1 && month <= 12);
  return months[static_cast<std::size_t>(month - 1)];
}

double day_length(const Season& season) {
  const double lat = season.latitude_deg;
  if (season.day_length == DayLength::kStandard || lat > 30.0) return of_month(kDayNorth, season.month);
  if (lat > 10.0) return of_month(kDayNorthTropics, season.month);
  if (lat > -10.0) return kDayEquator;
  if (lat > -30.0) return of_month(kDaySouthTropics, season.month);
  return of_month(kDaySouth, season.month);
}

double day_factor(const Season& season) {
  const double lat = season.latitude_deg;
  if (season.day_length == DayLength::kStandard || lat > 20.0) return of_month(kFactorNorth, season.month);
  return lat > -20.0 ? kFactorEquator : of_month(kFactorSouth, season.month);
}

// Moisture content, per cent of dry weight, that an FFMC stands for (eq. 1).
double fine_moisture(double ffmc) {
  return kFfmcScale * (101.0 - ffmc) / (59.5 + ffmc);
}

// Rain wets the fine fuel (eqs. 2, 3a, 3b).
double wetted(double moisture, double rain_mm) {
  if (rain_mm <= 0.5) return moisture;
  const double rain = rain_mm - 0.5;  // the canopy holds the first half millimetre
  double wet =
      moisture + 42.5 * rain * std::exp(-100.0 / (251.0 - moisture)) * (1.0 - std::exp(-6.93 / rain));
  if (moisture > 150.0) wet += 0.0015 * (moisture - 150.0) * (moisture - 150.0) * std::sqrt(rain);
  return std::min(wet, 250.0);
}

// Log drying (or wetting) rate (eqs. 6, 7): `damp` is H/100 when drying, (100 − H)/100 when wetting.
double fine_rate(double damp, double wind_kmh, double temperature_c) {
  const double at_21 =
      0.424 * (1.0 - std::pow(damp, 1.7)) + 0.0694 * std::sqrt(wind_kmh) * (1.0 - std::pow(damp, 8.0));
  return at_21 * 0.581 * std::exp(0.0365 * temperature_c);
}

}  // namespace

std::optional<double> fine_fuel_moisture_code(double yesterday, double temperature_c, double humidity_pct,
                                              double wind_kmh, double rain_mm) {
  if (!(humidity_pct >= 0.0) || !(wind_kmh >= 0.0)) return std::nullopt;
  const double h = humidity_pct;
  double moisture = wetted(fine_moisture(yesterday), rain_mm);
  const double warmth = 0.18 * (21.1 - temperature_c) * (1.0 - std::exp(-0.115 * h));
  const double drying_end =
      0.942 * std::pow(h, 0.679) + 11.0 * std::exp((h - 100.0) / 10.0) + warmth;  // eq. 4
  const double wetting_end =
      0.618 * std::pow(h, 0.753) + 10.0 * std::exp((h - 100.0) / 10.0) + warmth;  // eq. 5
  if (moisture > drying_end) {
    const double rate = fine_rate(h / 100.0, wind_kmh, temperature_c);
    moisture = drying_end + (moisture - drying_end) * std::pow(10.0, -rate);  // eq. 8
  } else if (moisture < wetting_end) {
    // Past saturation the fuel takes up water as at saturation.
    const double rate = fine_rate(std::max(0.0, 100.0 - h) / 100.0, wind_kmh, temperature_c);
    moisture = wetting_end - (wetting_end - moisture) * std::pow(10.0, -rate);  // eq. 9
  }
  return std::clamp(59.5 * (250.0 - moisture) / (kFfmcScale + moisture), 0.0, 101.0);  // eq. 10
}

double duff_moisture_code(double yesterday, double temperature_c, double humidity_pct, double rain_mm,
                          const Season& season) {
  double code = yesterday;
  if (rain_mm > 1.5) {
    const double rain = 0.92 * rain_mm - 1.27;                                  // eq. 11
    const double moisture = 20.0 + 280.0 / std::exp(0.023 * yesterday);         // eq. 12
    const double slope = yesterday <= 33.0   ? 100.0 / (0.5 + 0.3 * yesterday)  // eqs. 13a–c
                         : yesterday <= 65.0 ? 14.0 - 1.3 * std::log(yesterday)
                                             : 6.2 * std::log(yesterday) - 17.2;
    const double wet = moisture + 1000.0 * rain / (48.77 + slope * rain);  // eq. 14
    code = std::max(0.0, 43.43 * (5.6348 - std::log(wet - 20.0)));         // eq. 15
  }
  const double warmth = std::max(temperature_c, -1.1) + 1.1;
  const double drying = 1.894 * warmth * (100.0 - humidity_pct) * day_length(season) * 1e-4;  // eqs. 16, 17
  return std::max(0.0, code + drying);
}

double drought_code(double yesterday, double temperature_c, double rain_mm, const Season& season) {
  double code = yesterday;
  if (rain_mm > 2.8) {
    const double rain = 0.83 * rain_mm - 1.27;                                          // eq. 18
    const double moisture = 800.0 * std::exp(-yesterday / 400.0);                       // eq. 19
    code = std::max(0.0, yesterday - 400.0 * std::log(1.0 + 3.937 * rain / moisture));  // eqs. 20, 21
  }
  const double warmth = std::max(temperature_c, -2.8) + 2.8;
  const double evaporation = std::max(0.0, (0.36 * warmth + day_factor(season)) / 2.0);  // eq. 22
  return std::max(0.0, code + evaporation);                                              // eq. 23
}

double initial_spread_index(double ffmc, double wind_kmh, bool fire_behaviour_wind) {
  const double moisture = fine_moisture(ffmc);
  const double wind = fire_behaviour_wind && wind_kmh >= 40.0
                          ? 12.0 * (1.0 - std::exp(-0.0818 * (wind_kmh - 28.0)))
                          : std::exp(0.05039 * wind_kmh);  // eq. 24
  const double fuel =
      91.9 * std::exp(-0.1386 * moisture) * (1.0 + std::pow(moisture, 5.31) / 4.93e7);  // eq. 25
  return 0.208 * wind * fuel;                                                           // eq. 26
}

double buildup_index(double dmc, double dc) {
  if (dmc <= 0.0) return 0.0;
  const double harmonic = 0.8 * dmc * dc / (dmc + 0.4 * dc);  // eq. 27a
  if (dmc <= 0.4 * dc) return harmonic;
  const double part = 1.0 - 0.8 * dc / (dmc + 0.4 * dc);
  return std::max(0.0, dmc - part * (0.92 + std::pow(0.0114 * dmc, 1.7)));  // eq. 27b
}

double fire_weather_index(double isi, double bui) {
  const double duff = bui <= 80.0 ? 0.626 * std::pow(bui, 0.809) + 2.0                  // eq. 28a
                                  : 1000.0 / (25.0 + 108.64 * std::exp(-0.023 * bui));  // eq. 28b
  const double intensity = 0.1 * isi * duff;                                            // eq. 29
  if (intensity <= 1.0) return intensity;                                               // eq. 30b
  return std::exp(2.72 * std::pow(0.434 * std::log(intensity), 0.647));                 // eq. 30a
}

double daily_severity_rating(double fwi) {
  return 0.0272 * std::pow(fwi, 1.77);  // eq. 31
}

FireWeather fire_weather(const MoistureCodes& yesterday, const NoonWeather& noon, const Season& season) {
  std::optional<double> humidity = noon.humidity_pct;
  if (humidity && *humidity >= 100.0) humidity = kSaturatedPct;
  const auto& temperature = noon.temperature_c;
  const auto& wind = noon.wind_kmh;
  const auto& rain = noon.rain_mm;
  FireWeather day;
  if (yesterday.ffmc && temperature && humidity && wind && rain)
    day.codes.ffmc = fine_fuel_moisture_code(*yesterday.ffmc, *temperature, *humidity, *wind, *rain);
  if (yesterday.dmc && temperature && humidity && rain)
    day.codes.dmc = duff_moisture_code(*yesterday.dmc, *temperature, *humidity, *rain, season);
  if (yesterday.dc && temperature && rain)
    day.codes.dc = drought_code(*yesterday.dc, *temperature, *rain, season);
  if (day.codes.ffmc && wind) day.isi = initial_spread_index(*day.codes.ffmc, *wind);
  if (day.codes.dmc && day.codes.dc) day.bui = buildup_index(*day.codes.dmc, *day.codes.dc);
  if (day.isi && day.bui) day.fwi = fire_weather_index(*day.isi, *day.bui);
  if (day.fwi) day.dsr = daily_severity_rating(*day.fwi);
  return day;
}

std::string printed(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return "NA";
  if (*value == 0.0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(*value))));
  const int decimals = std::clamp(3 - magnitude, 2, 300);
  std::string fixed = fmt::format("{:.{}f}", *value, decimals);
  const auto strip = [](std::string text) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  };
  fixed = strip(fixed);
  if (fixed == "0" || fixed == "-0") return "0";
  // The same digits in powers of ten: as many as the fixed form has significant.
  const std::string power = fmt::format("{:.{}e}", *value, decimals + magnitude);
  const std::size_t e = power.find('e');
  const std::string scientific = strip(power.substr(0, e)) + power.substr(e);
  return fixed.size() <= scientific.size() ? fixed : scientific;
}

}  // namespace skywarden::wildfire
