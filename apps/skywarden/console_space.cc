#include "console_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "space_view.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShiftsMax = 60;
constexpr std::size_t kStoresMax = 300;
constexpr std::size_t kWaysPerMessage = 10;
constexpr std::size_t kHopsMax = 16;  // of a way; the first ones

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double rounded(double value, double step) {
  return std::round(value / step) * step;
}

Json contact_json(const ShownContact& contact) {
  Json out{{"a", contact.a.value()},
           {"b", contact.b.value()},
           {"start", format_utc(contact.start)},
           {"end", format_utc(contact.end)},
           {"state", to_string(contact.state)}};
  if (contact.closures.empty()) return out;
  out["closed"] = Json::array();
  for (const Closure& closure : contact.closures)
    out["closed"].push_back(
        {{"from", format_utc(closure.from)},
         {"until", closure.until == Instant::max() ? Json(nullptr) : Json(format_utc(closure.until))},
         {"reason", to_string(closure.reason)}});
  return out;
}

Json hop_json(const sim::BundleHop& hop) {
  return {{"from", hop.from.value()},
          {"to", hop.to.value()},
          {"received", format_utc(hop.received, 3)},
          {"contact_start", format_utc(hop.contact_start, 3)},
          {"sent", format_utc(hop.sent, 3)},
          {"arrived", format_utc(hop.arrived, 3)},
          {"reason", sim::to_string(hop.reason)}};
}

Json bundle_json(const sim::Delivery& delivery) {
  Json out{{"kind", "bundle"},
           {"from", delivery.from.value()},
           {"to", delivery.to.value()},
           {"offered", format_utc(delivery.offered, 3)},
           {"delivered", format_utc(delivery.delivered, 3)},
           {"criticality", network::criticality_name(delivery.criticality)},
           {"hops", Json::array()}};
  for (std::size_t i = 0; i < std::min(delivery.hops.size(), kHopsMax); ++i)
    out["hops"].push_back(hop_json(delivery.hops[i]));
  return out;
}

Json packet_json(const sim::GroundDelivery& delivery) {
  Json out{{"kind", "packet"},
           {"from", delivery.packet_way.front().value()},
           {"to", delivery.ground.value()},
           {"delivered", format_utc(delivery.known, 3)},
           {"criticality", network::criticality_name(network::BundleCriticality::kCritical)},
           {"way", Json::array()}};
  for (const NodeId node : delivery.packet_way) out["way"].push_back(node.value());
  return out;
}

// Of ground links that are open now.
Json doppler_json(const Player& player, const ContactsAround& ground) {
  Json out{{"carrier_hz", kStatedCarrierHz}, {"links", Json::array()}};
  for (const ShownContact& contact : ground.contacts) {
    if (contact.state != ContactState::kOpen || out["links"].size() >= kShiftsMax) continue;
    const bool a_flies = player.nodes()[contact.a.value() - 1].is_satellite;
    const NodeId satellite = a_flies ? contact.a : contact.b;
    const NodeId station = a_flies ? contact.b : contact.a;
    const orbit::Sgp4* orbit = player.orbit(satellite);
    const auto place = player.place(station);
    if (orbit == nullptr || !place) continue;
    const auto shift = carrier_shift(*orbit, *place, kStatedCarrierHz, player.now());
    if (!shift) continue;
    out["links"].push_back({{"satellite", satellite.value()},
                            {"ground", station.value()},
                            {"elevation_deg", rounded(shift->elevation.value(), 0.1)},
                            {"range_km", rounded(shift->range_km, 0.1)},
                            {"range_rate_kms", rounded(shift->range_rate_kms, 1e-4)},
                            {"shift_hz", std::round(shift->shift_hz)}});
  }
  return out;
}

Json stores_json(const sim::BundleLinks& bundles, const std::vector<PlayedNode>& nodes) {
  Json out = Json::array();
  for (const PlayedNode& node : nodes) {
    const auto stored = bundles.stored(node.node);
    if (stored.count > 0 && out.size() < kStoresMax)
      out.push_back({{"node", node.node.value()}, {"count", stored.count}, {"bytes", stored.bytes}});
  }
  return out;
}

}  // namespace

void ConsoleSpace::begin() {
  *this = ConsoleSpace();
}

void ConsoleSpace::carried(const sim::Delivery& delivery) {
  if (others_.size() >= kOthersMax) others_.pop_front();
  others_.push_back({delivery.from,
                     delivery.to,
                     delivery.offered,
                     delivery.delivered,
                     delivery.criticality,
                     delivery.hops,
                     {}});
}

std::string ConsoleSpace::space(const Player& player) const {
  std::vector<SeenNode> nodes;
  for (const PlayedNode& node : player.nodes()) nodes.push_back({node.node, node.is_satellite});
  const Instant now = player.now();
  const auto around = [&](std::optional<NodeId> chosen) {
    return contacts_around(player.contact_plan(), player.closures(), nodes, chosen, now);
  };
  const ContactsAround ground = around(std::nullopt);
  const ContactsAround listed = chosen_ ? around(chosen_) : ground;
  Json json{{"type", "space"},
            {"t", format_utc(now)},
            {"from", format_utc(now - kContactsBefore)},
            {"to", format_utc(now + kContactsAfter)},
            {"node", chosen_ ? Json(chosen_->value()) : Json(nullptr)},
            {"contacts_of", listed.of},
            {"contacts", Json::array()}};
  for (const ShownContact& contact : listed.contacts) json["contacts"].push_back(contact_json(contact));
  json["doppler"] = doppler_json(player, ground);
  const sim::BundleLinks& bundles = player.world().bundles();
  const sim::BundleCounts& counts = bundles.counts();
  json["stores"] = stores_json(bundles, player.nodes());
  json["bundles"] = {{"offered", counts.offered},   {"repeated", counts.repeated},
                     {"hopeless", counts.hopeless}, {"delivered", counts.delivered},
                     {"dropped", counts.dropped},   {"sends", counts.sends}};
  return dump(json);
}

ConsoleSpace::Ways ConsoleSpace::ways(const Player& player) {
  const auto& deliveries = player.ground_deliveries().deliveries();
  const auto fresh = std::span(deliveries).subspan(alerts_told_);
  std::vector<Json> alerts, others;
  for (const sim::GroundDelivery& delivery : fresh) {
    if (!delivery.bundle && delivery.packet_way.empty()) continue;  // it needed no message
    Json item = delivery.bundle ? bundle_json(*delivery.bundle) : packet_json(delivery);
    item["alert"] = {{"event", fmt::format("{:016x}", delivery.alert.first.value())},
                     {"sequence", delivery.alert.second},
                     {"agreed", format_utc(delivery.agreed, 3)}};
    alerts.push_back(std::move(item));
  }
  for (const sim::Delivery& other : others_) {
    const bool told_an_alert = std::any_of(fresh.begin(), fresh.end(), [&](const sim::GroundDelivery& d) {
      return d.bundle && d.bundle->to == other.to && d.bundle->from == other.from &&
             d.bundle->delivered == other.delivered;
    });
    if (!told_an_alert) others.push_back(bundle_json(other));
  }
  alerts_told_ = deliveries.size();
  others_.clear();
  Ways out;
  out.alerts = messages_of(std::move(alerts));
  out.others = messages_of(std::move(others));
  return out;
}

std::vector<std::string> ConsoleSpace::messages_of(std::vector<nlohmann::ordered_json> items) {
  std::vector<std::string> messages;
  for (std::size_t first = 0; first < items.size(); first += kWaysPerMessage) {
    Json json{{"type", "ways"}, {"items", Json::array()}};
    for (std::size_t i = first; i < std::min(items.size(), first + kWaysPerMessage); ++i) {
      items[i]["id"] = next_id_++;
      json["items"].push_back(std::move(items[i]));
    }
    messages.push_back(dump(json));
  }
  return messages;
}

std::vector<GeoPoint> swath_of(const Player& player, NodeId node) {
  const orbit::Sgp4* orbit = player.orbit(node);
  if (orbit == nullptr) return {};
  const auto carried = carried_sensor(orbit->elements());
  return carried ? swept_ground(*orbit, carried->swath, player.now()) : std::vector<GeoPoint>{};
}

}  // namespace skywarden::app
