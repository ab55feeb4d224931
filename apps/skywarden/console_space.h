// The space segment as docs/console-protocol.md says it: one `space` message of the moment, and `ways` of
// messages since the last call. Both are made at most once a second, whoever asks sees to that.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/geodesy.h"
#include "base/ids.h"
#include "player.h"
#include "sim/bundle_links.h"

namespace skywarden::app {

class ConsoleSpace {
 public:
  void begin();  // another incident

  // Whose contacts are listed; nothing: those of satellites with the ground.
  void choose(std::optional<NodeId> node) { chosen_ = node; }

  void carried(const sim::Delivery& delivery);

  [[nodiscard]] std::string space(const Player& player) const;
  // Since the last call: how alerts came to the ground, all of them; of other bundles the newest. Messages
  // of a bounded size.
  struct Ways {
    std::vector<std::string> alerts, others;
  };
  [[nodiscard]] Ways ways(const Player& player);

 private:
  [[nodiscard]] std::vector<std::string> messages_of(std::vector<nlohmann::ordered_json> items);

  static constexpr std::size_t kOthersMax = 10;  // other bundles between two calls
  std::optional<NodeId> chosen_;
  std::deque<sim::Delivery> others_;  // without their payload
  std::size_t alerts_told_ = 0;       // of the player's ground deliveries
  std::uint64_t next_id_ = 1;
};

// The sensor's ground of one satellite for a frame; empty for none.
[[nodiscard]] std::vector<GeoPoint> swath_of(const Player& player, NodeId node);

}  // namespace skywarden::app
