// What the console shows of the space segment at one moment, as values: the planned contacts around now, what
// the exercise took of them, how far a carrier is shifted on the open ground links, what the nodes' bundle
// stores hold, and the ground that known sensors sweep. Computed from what the play keeps anyway; the contact
// plan is not made again. Words and JSON are console_space.h.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/geodesy.h"
#include "base/ids.h"
#include "base/time.h"
#include "closures.h"
#include "network/contact_plan.h"
#include "orbit/earth.h"
#include "orbit/sensors.h"
#include "orbit/sgp4.h"

namespace skywarden::app {

// Around now.
inline constexpr Duration kContactsBefore = std::chrono::minutes(30);
inline constexpr Duration kContactsAfter = std::chrono::minutes(90);
inline constexpr std::size_t kContactsShownMax = 240;

// The links of a replay have no frequency. This carrier lies in the band in which satellites that observe
// the Earth send to the ground, 8,025–8,400 MHz (ITU Radio Regulations, article 5).
inline constexpr double kStatedCarrierHz = 8.2e9;

enum class ContactState : std::uint8_t { kOpen, kClosed, kPlanned, kPast };  // closed: by the exercise, now
[[nodiscard]] std::string_view to_string(ContactState state);

struct ShownContact {
  NodeId a, b;  // as planned; a < b
  Instant start{}, end{};
  ContactState state = ContactState::kPlanned;
  std::vector<Closure> closures;  // within the contact
};

struct SeenNode {
  NodeId node;
  bool is_satellite = true;
};

// Contacts that touch [now − kContactsBefore, now + kContactsAfter]: of `chosen` with every other node, or
// without one of satellites with the ground. Those under way first, then the next ones, then the newest of
// the past; at most kContactsShownMax, and how many there would have been.
struct ContactsAround {
  std::vector<ShownContact> contacts;
  std::size_t of = 0;
};
[[nodiscard]] ContactsAround contacts_around(const network::ContactPlan& plan, const Closures& closures,
                                             std::span<const SeenNode> nodes, std::optional<NodeId> chosen,
                                             Instant now);

struct CarrierShift {
  Degrees elevation;
  double range_km = 0.0;
  double range_rate_kms = 0.0;  // positive: receding
  double shift_hz = 0.0;        // received minus sent
};
// Nothing when the theory fails.
[[nodiscard]] std::optional<CarrierShift> carrier_shift(const orbit::Sgp4& satellite,
                                                        const orbit::Place& station, double carrier_hz,
                                                        Instant now);

// The sensor a satellite is known to carry, by its catalogue number.
struct CarriedSensor {
  const orbit::KnownSensor* known = nullptr;
  orbit::SwathSensor swath;
};
[[nodiscard]] std::optional<CarriedSensor> carried_sensor(const orbit::ElementSet& elements);

// What the sensor swept in the last minutes: forward on the left, back on the right; the two corners in the
// middle are the ends of its line now. Edges are great circles. Empty when the line misses the Earth.
inline constexpr Duration kSweptBefore = std::chrono::minutes(4);
inline constexpr int kSweptSteps = 4;
[[nodiscard]] std::vector<GeoPoint> swept_ground(const orbit::Sgp4& satellite,
                                                 const orbit::SwathSensor& sensor, Instant now);

}  // namespace skywarden::app
