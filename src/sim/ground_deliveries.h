// How alerts came to the ground: for every alert and every ground node, when it was agreed, when the ground
// knew it, and the way of the message that told it, hop by hop. Watches a World; decides nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sim/world.h"

namespace skywarden::sim {

using AlertKey = std::pair<EventId, std::uint32_t>;  // event and sequence

struct GroundDelivery {
  AlertKey alert;
  NodeId ground;
  Instant agreed{};  // when the first node entered it in its ledger
  Instant known{};   // when this one did
  // The message that made the ground enter it: as a bundle, or as a packet over these nodes. Both are empty
  // when it needed no message.
  std::optional<Delivery> bundle;
  std::vector<NodeId> packet_way;
};

class GroundDeliveries : public Observer {
 public:
  explicit GroundDeliveries(std::set<NodeId> ground) : ground_(std::move(ground)) {}

  void on_delivery(const Delivery& delivery) override;
  void on_packet(const std::vector<NodeId>& way, Instant now) override;
  void on_effects(NodeId node, const node::Effects& effects, Instant now) override;

  [[nodiscard]] const std::vector<GroundDelivery>& deliveries() const { return deliveries_; }  // by time
  [[nodiscard]] const std::map<AlertKey, Instant>& agreed() const { return agreed_; }
  // Alerts agreed before `until` that a ground node does not know.
  [[nodiscard]] std::vector<std::pair<AlertKey, NodeId>> missing(Instant until) const;

 private:
  std::set<NodeId> ground_;
  std::map<AlertKey, Instant> agreed_;
  std::set<std::pair<AlertKey, NodeId>> known_;
  std::vector<GroundDelivery> deliveries_;
  // What is being received: its effects follow at once.
  std::optional<Delivery> bundle_;
  std::vector<NodeId> packet_way_;
};

// One line a hop: where the message was, what it waited for, why it went there.
[[nodiscard]] std::vector<std::string> explain(const GroundDelivery& delivery,
                                               const std::map<NodeId, std::string>& names);

}  // namespace skywarden::sim
