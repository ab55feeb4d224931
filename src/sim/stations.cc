#include "sim/stations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace skywarden::sim {
namespace {

using datum::Criticality;
using datum::FieldSpec;

// The order of station_schema().
enum Sensor : std::size_t { kTemperature, kDewPoint, kHumidity, kWind, kDirection, kGust, kRain, kPressure };

constexpr double kSpreadKm = 30.0;
constexpr double kLapsePerMetre = 0.0065;  // K
constexpr double kFrontsEveryHours = 96.0;
constexpr double kFrontFadesHours = 60.0;

double square(double x) {
  return x * x;
}

// Rises smoothly from 0 to 1 around `middle`, most of it within `width` on either side.
double step_up(double x, double middle, double width) {
  return 1.0 / (1.0 + std::exp(-3.0 * (x - middle) / width));
}

double bump(double x, double middle, double width) {
  return std::exp(-square((x - middle) / width));
}

// Magnus: saturation vapour pressure over that at 0 °C.
double saturation(double celsius) {
  return std::exp(17.625 * celsius / (243.04 + celsius));
}

// A mean-reverting walk of mean 0 whose spread does not depend on the length of its steps.
class Walk {
 public:
  Walk(double deviation, double hours, Random random)
      : deviation_(deviation), hours_(hours), random_(random), value_(random_.normal(0.0, deviation)) {}

  double step(double hours) {
    const double kept = std::exp(-hours / hours_);
    return value_ = kept * value_ + random_.normal(0.0, deviation_ * std::sqrt(1.0 - kept * kept));
  }

 private:
  double deviation_, hours_;
  Random random_;
  double value_;
};

// Follows a walk with a delay, so that it changes smoothly from hour to hour, as pressure does.
class SmoothWalk {
 public:
  SmoothWalk(double deviation, double hours, double lag_hours, const Random& random)
      : target_(deviation, hours, random), lag_hours_(lag_hours), value_(0.0) {}

  double step(double hours) {
    const double kept = std::exp(-hours / lag_hours_);
    return value_ = kept * value_ + (1.0 - kept) * target_.step(hours);
  }

 private:
  Walk target_;
  double lag_hours_;
  double value_;
};

struct Front {
  double at_hours = 0.0;  // since the start, when it crosses the centre
  double cooling = 0.0;   // K
  double drying = 0.0;    // K of dew point
  double trough = 0.0;    // hPa
  double wind = 0.0;      // multiplies the wind at its passage by 1 + this
  double veer_deg = 0.0;
  double rain_mm_per_hour = 0.0;
  double towards_deg = 0.0;  // where it moves to
  double speed_kmh = 0.0;
};

std::vector<Front> draw_fronts(double hours, Random random) {
  std::vector<Front> fronts;
  // The first may have passed before the start: its cold air is still there.
  for (double at = -kFrontFadesHours + random.exponential(kFrontsEveryHours); at < hours;
       at += random.exponential(kFrontsEveryHours)) {
    Front f;
    f.at_hours = at;
    f.cooling = random.uniform(2.0, 8.0);
    f.drying = random.uniform(0.0, 5.0);
    f.trough = random.uniform(2.0, 7.0);
    f.wind = random.uniform(0.4, 1.5);
    f.veer_deg = random.uniform(20.0, 90.0);
    f.rain_mm_per_hour = random.chance(0.6) ? random.exponential(1.5) : 0.0;
    f.towards_deg = random.uniform(60.0, 150.0);
    f.speed_kmh = random.uniform(25.0, 55.0);
    fronts.push_back(f);
  }
  return fronts;
}

// What all stations share at a moment.
struct Air {
  double warmth = 0.0, moisture = 0.0, pressure = 0.0;
  double cloud = 0.0;  // 0…1
  double wind_kmh = 0.0, from_deg = 0.0;
  bool wet = false;  // a spell of showers
};

class Region {
 public:
  explicit Region(const Random& random)
      : warmth_(3.0, 72.0, random.fork(1)),
        moisture_(3.0, 60.0, random.fork(2)),
        cloud_(1.5, 10.0, random.fork(3)),
        pressure_(8.0, 48.0, 12.0, random.fork(4)),
        wind_(0.4, 18.0, random.fork(5)),
        direction_(50.0, 30.0, random.fork(6)),
        spells_(random.fork(7)),
        prevailing_deg_(Random(random.fork(8)).uniform(0.0, 360.0)) {}

  Air step(double hours) {
    Air air;
    air.warmth = warmth_.step(hours);
    air.moisture = moisture_.step(hours);
    air.pressure = pressure_.step(hours);
    const double mean_wet_hours = 6.0, mean_dry_hours = 80.0;
    wet_ = spells_.chance(1.0 - std::exp(-hours / (wet_ ? mean_wet_hours : mean_dry_hours))) ? !wet_ : wet_;
    air.wet = wet_;
    air.cloud = step_up(cloud_.step(hours) - 1.0 + (wet_ ? 2.5 : 0.0), 0.0, 3.0);
    air.wind_kmh = 11.0 * std::exp(wind_.step(hours));
    air.from_deg = prevailing_deg_ + direction_.step(hours);
    return air;
  }

 private:
  Walk warmth_, moisture_, cloud_;
  SmoothWalk pressure_;
  Walk wind_, direction_;
  Random spells_;
  double prevailing_deg_;
  bool wet_ = false;
};

struct Clock {
  double hours = 0.0;       // since the start
  double sun_hour = 0.0;    // local solar time, 0…24
  double step_hours = 1.0;  // since the reading before
};

// −1 about sunrise, 1 in the middle of the afternoon, mean 0.
double daily_warmth(double sun_hour) {
  const double turn = 2.0 * std::numbers::pi / 24.0;
  return 0.95 * std::cos(turn * (sun_hour - 15.0)) + 0.15 * std::cos(2.0 * turn * (sun_hour - 13.5));
}

class Site {
 public:
  Site(const Station& station, const GeoPoint& centre, const Random& random)
      : station_(station),
        draws_(random.fork(1)),
        warmth_(0.5, 4.0, random.fork(2)),
        moisture_(0.5, 6.0, random.fork(3)),
        wind_(0.16, 3.0, random.fork(4)),
        direction_(10.0, 3.0, random.fork(5)),
        daily_range_(draws_.uniform(4.5, 7.5)),
        warmth_bias_(draws_.normal(0.0, 0.4)),
        moisture_bias_(draws_.normal(0.0, 0.8)),
        exposure_(draws_.uniform(0.7, 1.25)),
        turned_deg_(draws_.normal(0.0, 15.0)),
        pressure_bias_(draws_.normal(0.0, 0.2)),
        east_km_((station.place.lon_deg - centre.lon_deg) * 111.2 *
                 std::cos(centre.lat_deg * std::numbers::pi / 180.0)),
        north_km_((station.place.lat_deg - centre.lat_deg) * 111.2) {}

  std::vector<double> read(const Air& air, const std::vector<Front>& fronts, const Clock& clock) {
    const Passing passing = passing_of(fronts, clock.hours);
    const double day = daily_warmth(clock.sun_hour);
    const double rain = rain_of(air, passing, clock);
    wetness_ = std::exp(-clock.step_hours / 4.0) * wetness_ + std::min(1.0, rain);

    const double cloud = std::max(air.cloud, passing.cloud);
    double warm = 22.0 - kLapsePerMetre * station_.height.value() + air.warmth - passing.cooling +
                  warmth_bias_ + daily_range_ * (1.0 - 0.6 * cloud) * day + warmth_.step(clock.step_hours) -
                  0.8 * std::min(2.0, wetness_);
    double dew = 9.0 + air.moisture - passing.drying + moisture_bias_ - 0.8 * day +
                 moisture_.step(clock.step_hours) + 1.5 * std::min(2.0, wetness_);
    dew = std::min(dew, warm - 0.1);  // the air gives up what it cannot hold

    const double mixing = 0.85 + 0.4 * day * (1.0 - 0.5 * cloud);  // the sun stirs the air down to the ground
    const double wind = air.wind_kmh * exposure_ * mixing * (1.0 + passing.wind) *
                        std::exp(wind_.step(clock.step_hours) + draws_.normal(0.0, 0.06));
    const double unsteady = 1.0 + 8.0 / (2.0 + wind);  // light winds wander
    const double from =
        air.from_deg + turned_deg_ + passing.veer_deg + direction_.step(clock.step_hours) * unsteady;
    const double gust = wind * (1.5 + 0.15 * std::max(0.0, day) + draws_.normal(0.0, 0.08));
    const double tide = std::cos(4.0 * std::numbers::pi / 24.0 * (clock.sun_hour - 10.0));
    const double pressure = 1014.0 + air.pressure - passing.trough + 0.7 * tide + pressure_bias_;

    warm += draws_.normal(0.0, 0.1);
    dew = std::min(warm, dew + draws_.normal(0.0, 0.1));
    std::vector<double> out(kPressure + 1);
    out[kTemperature] = warm;
    out[kDewPoint] = dew;
    out[kHumidity] =
        std::clamp(100.0 * saturation(dew) / saturation(warm) + draws_.normal(0.0, 0.7), 1.0, 100.0);
    out[kWind] = wind;
    out[kDirection] = from - 360.0 * std::floor(from / 360.0);
    out[kGust] = std::max(gust, wind);
    out[kRain] = rain;
    out[kPressure] = pressure + draws_.normal(0.0, 0.1);
    return out;
  }

 private:
  struct Passing {  // of all fronts, here and now
    double cooling = 0.0, drying = 0.0, trough = 0.0, wind = 0.0, veer_deg = 0.0, rain = 0.0, cloud = 0.0;
  };

  [[nodiscard]] Passing passing_of(const std::vector<Front>& fronts, double hours) const {
    Passing sum;
    for (const Front& f : fronts) {
      const double heading = f.towards_deg * std::numbers::pi / 180.0;
      const double along_km = east_km_ * std::sin(heading) + north_km_ * std::cos(heading);
      const double since = hours - f.at_hours - along_km / f.speed_kmh;
      const double behind = step_up(since, 0.5, 1.0);
      const double fading = std::exp(-std::max(0.0, since) / kFrontFadesHours);
      sum.cooling += f.cooling * behind * fading;
      sum.drying += f.drying * step_up(since, 3.0, 3.0) * fading;
      sum.trough += f.trough * std::exp(-std::abs(since) / 10.0);
      sum.wind += f.wind * bump(since, 0.5, 3.0);
      sum.veer_deg += f.veer_deg * behind * fading;
      sum.rain += f.rain_mm_per_hour * bump(since, 1.0, 2.0);
      sum.cloud = std::max(sum.cloud, bump(since, 0.0, 6.0));
    }
    return sum;
  }

  // Each station has its own showers: in wet spells, at fronts, and seldom out of a hot afternoon.
  double rain_of(const Air& air, const Passing& passing, const Clock& clock) {
    const double afternoon = bump(clock.sun_hour, 16.0, 3.0);
    const double rate = (air.wet ? 0.6 : 0.004) + 0.03 * afternoon * air.cloud + std::min(2.0, passing.rain);
    const bool rains = draws_.chance(1.0 - std::exp(-rate * clock.step_hours));
    const double amount =
        draws_.exponential((0.9 + passing.rain + 1.5 * afternoon) * std::sqrt(clock.step_hours));
    return rains ? std::min(amount, 100.0) : 0.0;
  }

  Station station_;
  Random draws_;
  Walk warmth_, moisture_, wind_, direction_;
  double daily_range_, warmth_bias_, moisture_bias_, exposure_, turned_deg_, pressure_bias_;
  double east_km_, north_km_;
  double wetness_ = 0.0;
};

// Sensors print on a grid; so no last bit of a mathematics library travels further than this.
double on_grid(double value, const FieldSpec& spec) {
  const double per_unit = std::round(1.0 / *spec.resolution);
  const double printed = *spec.resolution < 1.0 ? std::round(value * per_unit) / per_unit
                                                : std::round(value / *spec.resolution) * *spec.resolution;
  if (spec.circular && printed >= *spec.max) return *spec.min;
  return std::clamp(printed, *spec.min, *spec.max) + 0.0;  // no negative zero
}

// Ten metres are enough, and the same whatever the mathematics library.
GeoPoint rounded(GeoPoint p) {
  return {std::round(p.lat_deg * 1e4) / 1e4, std::round(p.lon_deg * 1e4) / 1e4};
}

double sun_hour(Instant now, const GeoPoint& place) {
  const CivilTime utc = to_civil(now);
  const double hour = utc.hour + utc.minute / 60.0 + utc.second / 3600.0 + place.lon_deg / 15.0;
  return hour - 24.0 * std::floor(hour / 24.0);
}

FieldSpec number(std::string name, std::string unit, double min, double max, double resolution,
                 double tolerance, Criticality criticality = Criticality::kNormal) {
  FieldSpec spec;
  spec.name = std::move(name);
  spec.unit = std::move(unit);
  spec.min = min;
  spec.max = max;
  spec.resolution = resolution;
  spec.tolerance_abs = tolerance;
  spec.criticality = criticality;
  return spec;
}

}  // namespace

// Ranges and tolerances are those of schemas/weather.toml in metric units, the pressure's half of it.
datum::Schema station_schema() {
  datum::Schema schema;
  schema.name = "simulated stations";
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  schema.fields = {number("temp_c", "degC", -60.0, 60.0, 0.1, 1.0, Criticality::kHigh),
                   number("dewpoint_c", "degC", -80.0, 40.0, 0.1, 2.0),
                   number("rh_pct", "%", 0.0, 100.0, 1.0, 5.0, Criticality::kHigh),
                   number("wind_kmh", "km/h", 0.0, 400.0, 0.1, 3.5, Criticality::kHigh),
                   number("wind_dir", "deg", 0.0, 360.0, 10.0, 22.5),
                   number("gust_kmh", "km/h", 0.0, 420.0, 0.1, 3.5),
                   number("rain_mm", "mm", 0.0, 300.0, 0.2, 0.5),
                   number("pressure_hpa", "hPa", 850.0, 1090.0, 0.1, 1.0)};
  schema.fields[kTemperature].rate_max_per_hour = 17.0;
  schema.fields[kDewPoint].rate_max_per_hour = 22.0;
  schema.fields[kHumidity].rate_max_per_hour = 70.0;
  schema.fields[kWind].rate_max_per_hour = 110.0;
  schema.fields[kPressure].rate_max_per_hour = 15.0;
  schema.fields[kDirection].circular = true;
  for (const Sensor sensor : {kWind, kGust, kRain}) schema.fields[sensor].tolerance_rel = 0.2;
  return schema;
}

std::vector<Station> draw_stations(int count, const Random& random) {
  Random region = random.fork(1);
  const GeoPoint centre{region.uniform(35.0, 50.0), region.uniform(-170.0, 170.0)};
  std::vector<Station> stations;
  for (int i = 0; i < count; ++i) {
    Random draws = random.fork(100 + static_cast<std::uint64_t>(i));
    const Metres away = kilometres(kSpreadKm * std::sqrt(draws.uniform()));
    Station station;
    station.name = fmt::format("simulated-{:02}", i + 1);
    station.place = rounded(destination(centre, Degrees(draws.uniform(0.0, 360.0)), away));
    station.height = Metres(draws.uniform(50.0, 700.0));
    stations.push_back(std::move(station));
  }
  return stations;
}

std::vector<datum::Record> station_readings(const std::vector<Station>& stations, Instant start, Instant end,
                                            Duration every, const Random& random) {
  std::vector<datum::Record> records;
  if (stations.empty()) return records;
  const datum::Schema schema = station_schema();
  const std::vector<Front> fronts = draw_fronts(to_seconds(end - start) / 3600.0, random.fork(2));
  Region region(random.fork(3));
  std::vector<Site> sites;
  for (std::size_t i = 0; i < stations.size(); ++i)
    sites.emplace_back(stations[i], stations.front().place, random.fork(100 + i));
  Clock clock;
  clock.step_hours = to_seconds(every) / 3600.0;
  for (Instant now = start; now < end; now += every) {
    const Air air = region.step(clock.step_hours);
    clock.hours = to_seconds(now - start) / 3600.0;
    for (std::size_t i = 0; i < stations.size(); ++i) {
      clock.sun_hour = sun_hour(now, stations[i].place);
      const std::vector<double> values = sites[i].read(air, fronts, clock);
      datum::Record record{stations[i].name, now, {}, datum::Provenance::kSimulated};
      for (std::size_t field = 0; field < values.size(); ++field)
        record.fields.emplace_back(datum::Observed{on_grid(values[field], schema.fields[field])});
      records.push_back(std::move(record));
    }
  }
  return records;
}

}  // namespace skywarden::sim
