// The space segment as docs/console-protocol.md says it: one `space` message of the moment, and `ways` of
// messages since the last call. Both are made at most once a second, whoever asks sees to that.
#pragma once

#include <deque>
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
  // How alerts came to the ground, all of them; of other bundles the newest. Some messages, of a bounded
  // size.
  [[nodiscard]] std::vector<std::string> ways(const Player& player);

 private:
  static constexpr std::size_t kOthersMax = 40;  // other bundles between two calls
  std::optional<NodeId> chosen_;
  std::deque<sim::Delivery> others_;  // without their payload
  std::size_t alerts_told_ = 0;       // of the player's ground deliveries
  std::uint64_t next_id_ = 1;
};

// The sensor's ground of one satellite for a frame; empty for none.
[[nodiscard]] std::vector<GeoPoint> swath_of(const Player& player, NodeId node);

}  // namespace skywarden::app
