#include "sim/ground_deliveries.h"

#include <fmt/format.h>

namespace skywarden::sim {
namespace {

std::string span_of(Duration d) {
  const double seconds = to_seconds(d);
  if (seconds < 1.0) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 120.0) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60.0);
}

std::string why(const BundleHop& hop) {
  switch (hop.reason) {
    case HopReason::kDestination:
      return "the receiver itself";
    case HopReason::kRoute:
      return "the earliest planned way begins there";
    case HopReason::kCopy:
      return "critical: every neighbour gets a copy";
  }
  return "";
}

std::string line_of(const BundleHop& hop, const std::map<NodeId, std::string>& names) {
  const Duration waited = hop.sent - hop.received;
  std::string line =
      fmt::format("{} {} -> {}: ", format_utc(hop.arrived, 3), names.at(hop.from), names.at(hop.to));
  if (hop.received < hop.contact_start)
    line += fmt::format("stored {} until the contact opened at {}", span_of(waited),
                        format_utc(hop.contact_start, 0));
  else
    line += fmt::format("sent after {} in a contact open since {}", span_of(waited),
                        format_utc(hop.contact_start, 0));
  return line + fmt::format(", on the way {}; {}", span_of(hop.arrived - hop.sent), why(hop));
}

}  // namespace

void GroundDeliveries::on_delivery(const Delivery& delivery) {
  packet_way_.clear();
  if (ground_.contains(delivery.to))
    bundle_ = delivery;
  else
    bundle_.reset();
}

void GroundDeliveries::on_packet(const std::vector<NodeId>& way, Instant) {
  bundle_.reset();
  packet_way_ = way;
}

void GroundDeliveries::on_effects(NodeId node, const node::Effects& effects, Instant now) {
  for (const datum::Alert& alert : effects.alerts) {
    const AlertKey key{alert.proposal.event, alert.proposal.sequence};
    const Instant agreed = agreed_.emplace(key, now).first->second;
    if (!ground_.contains(node) || !known_.emplace(key, node).second) continue;
    GroundDelivery delivery{key, node, agreed, now, {}, {}};
    if (bundle_ && bundle_->to == node && bundle_->delivered == now) delivery.bundle = bundle_;
    if (!packet_way_.empty() && packet_way_.back() == node) delivery.packet_way = packet_way_;
    deliveries_.push_back(std::move(delivery));
  }
  bundle_.reset();
  packet_way_.clear();
}

std::vector<std::pair<AlertKey, NodeId>> GroundDeliveries::missing(Instant until) const {
  std::vector<std::pair<AlertKey, NodeId>> out;
  for (const auto& [key, agreed] : agreed_)
    for (const NodeId node : ground_)
      if (agreed < until && !known_.contains({key, node})) out.emplace_back(key, node);
  return out;
}

std::vector<std::string> explain(const GroundDelivery& delivery, const std::map<NodeId, std::string>& names) {
  std::vector<std::string> lines;
  if (delivery.bundle)
    for (const BundleHop& hop : delivery.bundle->hops) lines.push_back(line_of(hop, names));
  if (delivery.packet_way.size() > 1) {
    std::string way;
    for (const NodeId node : delivery.packet_way) way += (way.empty() ? "" : " -> ") + names.at(node);
    lines.push_back(fmt::format("{} {}: a path was open", format_utc(delivery.known, 3), way));
  }
  return lines;
}

}  // namespace skywarden::sim
