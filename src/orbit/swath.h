// When a sensor that sweeps the ground sees a place. The sensor's line lies in the plane across the flight,
// and a place is looked at in the moment that plane passes over it: once a revolution, on the near side. The
// moments are roots of the place's distance ahead of the plane. That distance changes sign once between two
// samples at most while the satellite flies over the ground, so none is missed; whether the line reaches the
// place is decided at the root. Reference path throughout: the same bits everywhere.
//
// Not for sensors that stare (geostationary ones, frame cameras that pitch), nor for conical scanners: their
// looks are not lines across the track. No terrain, no clouds, no refraction; the satellite is taken to point
// at the geodetic nadir.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "orbit/earth.h"
#include "orbit/passes.h"
#include "orbit/sensors.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {

// Where the sensor stands and how it is turned, in the Earth's frame. Unit vectors, at right angles.
struct SensorFrame {
  Position<Ecef> position;
  Position<Ecef> ahead, right, down;
};
[[nodiscard]] SensorFrame sensor_frame(const TemeState& state, const EarthRotation& earth, bool yaw_steered);

struct Access {
  std::size_t place = 0;  // index into the places asked about
  Instant at{};
  Degrees off_nadir;  // positive to the right of the flight
  Degrees elevation;  // of the satellite, from the place
  double range_km = 0.0;
};

struct AccessOptions {
  Duration tolerance = std::chrono::microseconds(1);
  Duration ut1_minus_utc = Duration(0);
};

// One satellite over an interval, ready to be asked about many places, from several threads if need be.
class AccessSearch {
 public:
  // `sensor` must pass check().
  AccessSearch(const Sgp4& satellite, const SwathSensor& sensor, Instant start, Instant end,
               const AccessOptions& options = {});

  // Accesses in the order of time are appended, with `index` as their place.
  void find(const Horizon& place, std::size_t index, std::vector<Access>& out) const;

  // The first sample at which the theory failed; there are no accesses from then on.
  [[nodiscard]] const std::optional<PassList::Failure>& failure() const { return failure_; }

 private:
  struct Sample {
    double at = 0.0;  // seconds since the start
    SensorFrame frame;
    double ahead_km = 0.0;  // of the satellite along its own `ahead`
  };
  [[nodiscard]] tl::expected<SensorFrame, Sgp4Error> frame_at(double t) const;
  [[nodiscard]] double ahead_of_plane(const Sample& sample, const Horizon& place) const;
  [[nodiscard]] bool may_reach(const Sample& a, const Sample& b, double share, const Horizon& place) const;
  void refine(const Sample& a, const Sample& b, double ahead_a, double ahead_b, const Horizon& place,
              std::size_t index, std::vector<Access>& out) const;

  Sgp4 satellite_;
  SwathSensor sensor_;
  Instant start_;
  AccessOptions options_;
  std::vector<Sample> samples_;
  // How far the plane moves from one sample to the next, at most: by its turning, for a kilometre from the
  // Earth's centre, and as a whole.
  double turn_most_ = 0.0, shift_most_km_ = 0.0;
  std::optional<PassList::Failure> failure_;
};

// One satellite, several places: by place, then by time.
[[nodiscard]] std::vector<Access> find_accesses(const Sgp4& satellite, const SwathSensor& sensor,
                                                std::span<const Horizon> places, Instant start, Instant end,
                                                const AccessOptions& options = {});

}  // namespace skywarden::orbit
