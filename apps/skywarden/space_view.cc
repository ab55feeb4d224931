#include "space_view.h"

#include <algorithm>
#include <tuple>

#include "orbit/doppler.h"
#include "orbit/swath.h"
#include "orbit/swath_outline.h"

namespace skywarden::app {
namespace {

ContactState state_of(const datum::Contact& contact, bool closed, Instant now) {
  if (contact.end <= now) return ContactState::kPast;
  if (contact.start > now) return ContactState::kPlanned;
  return closed ? ContactState::kClosed : ContactState::kOpen;
}

// Under way by the end, the next ones by the start, past ones newest first.
auto order_of(const ShownContact& contact) {
  const bool under_way = contact.state == ContactState::kOpen || contact.state == ContactState::kClosed;
  const bool past = contact.state == ContactState::kPast;
  const Duration when = under_way ? contact.end.time_since_epoch()
                        : past    ? -contact.end.time_since_epoch()
                                  : contact.start.time_since_epoch();
  return std::tuple(under_way ? 0 : past ? 2 : 1, when, contact.a, contact.b);
}

}  // namespace

std::string_view to_string(ContactState state) {
  switch (state) {
    case ContactState::kOpen:
      return "open";
    case ContactState::kClosed:
      return "closed";
    case ContactState::kPlanned:
      return "planned";
    case ContactState::kPast:
      return "past";
  }
  return "planned";
}

ContactsAround contacts_around(const network::ContactPlan& plan, const Closures& closures,
                               std::span<const SeenNode> nodes, std::optional<NodeId> chosen, Instant now) {
  const Instant from = now - kContactsBefore;
  const Instant to = now + kContactsAfter;
  ContactsAround out;
  const auto add = [&](NodeId a, NodeId b) {
    const auto contacts = plan.contacts(a, b);
    const auto first = std::partition_point(contacts.begin(), contacts.end(),
                                            [&](const datum::Contact& c) { return c.end < from; });
    for (auto contact = first; contact != contacts.end() && contact->start <= to; ++contact)
      out.contacts.push_back({std::min(a, b), std::max(a, b), contact->start, contact->end,
                              state_of(*contact, closures.closed(a, b), now),
                              closures.during(a, b, contact->start, contact->end)});
  };
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      const bool wanted = chosen ? nodes[i].node == *chosen || nodes[j].node == *chosen
                                 : nodes[i].is_satellite != nodes[j].is_satellite;
      if (wanted) add(nodes[i].node, nodes[j].node);
    }
  out.of = out.contacts.size();
  std::sort(out.contacts.begin(), out.contacts.end(),
            [](const ShownContact& x, const ShownContact& y) { return order_of(x) < order_of(y); });
  if (out.of > kContactsShownMax) out.contacts.resize(kContactsShownMax);
  return out;
}

std::optional<CarrierShift> carrier_shift(const orbit::Sgp4& satellite, const orbit::Place& station,
                                          double carrier_hz, Instant now) {
  const auto state = satellite.at(now);
  if (!state) return std::nullopt;
  const orbit::LookAngles look =
      orbit::Horizon(station).look(orbit::to_ecef(*state, orbit::earth_rotation(now)));
  return CarrierShift{look.elevation, look.range_km, look.range_rate_kms,
                      orbit::doppler_shift_hz(carrier_hz, look.range_rate_kms)};
}

std::optional<CarriedSensor> carried_sensor(const orbit::ElementSet& elements) {
  CarriedSensor out{orbit::sensor_carried_by(elements.norad), {}};
  if (out.known == nullptr) return std::nullopt;
  const auto half = out.known->half_angle_deg > 0.0
                        ? std::optional(Degrees(out.known->half_angle_deg))
                        : orbit::half_angle_of_swath(kilometres(out.known->swath_km), elements);
  if (!half) return std::nullopt;
  out.swath = {-*half, *half, Degrees(0.0), out.known->yaw_steered};
  return out;
}

std::vector<GeoPoint> swept_ground(const orbit::Sgp4& satellite, const orbit::SwathSensor& sensor,
                                   Instant now) {
  std::vector<GeoPoint> outline, back;
  for (int step = 0; step <= kSweptSteps; ++step) {
    const Instant t = now - kSweptBefore + step * (kSweptBefore / kSweptSteps);
    const auto state = satellite.at(t);
    if (!state) return {};
    const orbit::SensorFrame frame =
        orbit::sensor_frame(*state, orbit::earth_rotation(t), sensor.yaw_steered);
    const auto line = orbit::swath_line(frame, sensor);
    if (!line) return {};
    const auto left = orbit::ground_point(frame, line->from);
    const auto right = orbit::ground_point(frame, line->to);
    if (!left || !right) return {};
    outline.push_back(*left);
    back.push_back(*right);
  }
  outline.insert(outline.end(), back.rbegin(), back.rend());
  return outline;
}

}  // namespace skywarden::app
