#include "orbit/sensors.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "orbit/near_earth.h"

namespace skywarden::orbit {
namespace {

constexpr double kEquatorKm = 6378.137;  // WGS 84

constexpr std::array<std::uint32_t, 3> kViirsCarriers{37849, 43013, 54234};
constexpr std::array<std::uint32_t, 2> kModisCarriers{25994, 27424};
constexpr std::array<std::uint32_t, 2> kAvhrrCarriers{38771, 43689};
constexpr std::array<std::uint32_t, 1> kMetimageCarriers{65159};
constexpr std::array<std::uint32_t, 3> kMsiCarriers{40697, 42063, 60989};
constexpr std::array<std::uint32_t, 2> kOliCarriers{39084, 49260};
constexpr std::array<std::uint32_t, 1> kForestCarriers{62682};
constexpr std::array<std::uint32_t, 1> kFiresatCarriers{63256};

// SLSTR and OLCI look to one side by angles we know of no source for; they are left to the angles' options.
constexpr std::array kSensors{
    KnownSensor{"viirs", 56.28, 3060.0, false, "Suomi NPP, NOAA-20, NOAA-21", kViirsCarriers,
                "NOAA NESDIS 142, VIIRS SDR User's Guide: ±56.28°, about 3,060 km"},
    KnownSensor{"modis", 55.0, 2330.0, false, "Terra, Aqua", kModisCarriers,
                "NASA, modis.gsfc.nasa.gov/about/design.php: ±55°, 2,330 km"},
    KnownSensor{"avhrr", 55.37, 2900.0, true, "MetOp-B, MetOp-C", kAvhrrCarriers,
                "NOAA KLM User's Guide, section 3.1: ±55.37°"},
    KnownSensor{"metimage", 0.0, 2670.0, true, "MetOp-SG A1", kMetimageCarriers,
                "EUMETSAT, METimage: 2,670 km"},
    KnownSensor{"msi", 0.0, 290.0, true, "Sentinel-2A, 2B, 2C", kMsiCarriers, "ESA, Sentinel-2 MSI: 290 km"},
    KnownSensor{"oli", 0.0, 185.0, true, "Landsat 8, Landsat 9", kOliCarriers, "USGS, Landsat 8: 185 km"},
    KnownSensor{"forest", 0.0, 400.0, false, "FOREST-2, FOREST-3", kForestCarriers,
                "SpaceNews, 28 June 2023: FOREST-2 covers a width of 400 km"},
    KnownSensor{"firesat", 0.0, 1500.0, false, "FireSat 0", kFiresatCarriers,
                "Muon Space, June 2025: a swath of 1,500 km"},
};

}  // namespace

Result<bool> check(const SwathSensor& sensor) {
  const double low = sensor.off_nadir_min.value();
  const double high = sensor.off_nadir_max.value();
  const double elevation = sensor.elevation_min.value();
  if (!(low > -90.0 && low < high && high < 90.0))
    return fail(Errc::kOutOfRange, "off-nadir angles: expected −90 < from < to < 90 degrees, found {} to {}",
                low, high);
  if (!(elevation >= 0.0 && elevation < 90.0))
    return fail(Errc::kOutOfRange, "least elevation: expected 0 up to 90 degrees, found {}", elevation);
  return true;
}

std::optional<Degrees> half_angle_of_swath(Metres swath, const ElementSet& elements) {
  const double rad_s = elements.mean_motion / 60.0;
  const double orbit = std::cbrt(wgs72().mu / (rad_s * rad_s)) / kEquatorKm;  // Earth radii
  const double half = swath.value() / 2000.0 / kEquatorKm;                    // rad at the Earth's centre
  if (!(half > 0.0 && half < std::acos(std::min(1.0, 1.0 / orbit)))) return std::nullopt;
  return to_degrees(Radians(std::atan2(std::sin(half), orbit - std::cos(half))));
}

std::span<const KnownSensor> known_sensors() {
  return kSensors;
}

const KnownSensor* find_sensor(std::string_view name) {
  const auto* found =
      std::find_if(kSensors.begin(), kSensors.end(), [&](const KnownSensor& s) { return s.name == name; });
  return found == kSensors.end() ? nullptr : found;
}

const KnownSensor* sensor_carried_by(std::uint32_t norad) {
  const auto* found = std::find_if(kSensors.begin(), kSensors.end(), [&](const KnownSensor& s) {
    return std::find(s.carriers.begin(), s.carriers.end(), norad) != s.carriers.end();
  });
  return found == kSensors.end() ? nullptr : found;
}

}  // namespace skywarden::orbit
