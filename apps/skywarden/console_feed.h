// The news of a play as docs/console-protocol.md says them: JSON messages for the page, and the history a
// page that connects later is told first. Bounded: of each kind the newest are kept.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "console_group.h"
#include "console_space.h"
#include "play_listener.h"
#include "player.h"
#include "wildfire/alert_text.h"

namespace skywarden::app {

class ConsoleFeed : public PlayListener {
 public:
  // `send` is called under the lock that history() takes, so that each page gets every message once.
  explicit ConsoleFeed(std::function<void(std::string)> send) : send_(std::move(send)) {}

  // Another incident begins: history is dropped, pages are told to fetch it again (when there was one
  // before).
  void begin(const Incident& incident, const std::vector<PlayedNode>& nodes,
             std::span<const RecordMethods> methods);
  void frame(Player& player, double speed, bool paused);
  void space(const Player& player);  // at most once a second
  void group(Player& player);        // at most once a second
  void choose_contacts(std::optional<NodeId> node) { space_.choose(node); }
  void summary(const std::vector<std::pair<Bilingual, std::string>>& rows, Instant now);

  [[nodiscard]] std::string incident_json() const;
  [[nodiscard]] std::vector<std::string> history() const;

  void on_hotspots(std::span<const datum::Hotspot> hotspots) override;
  void on_record(const datum::Schema& schema, const node::PreparedRecord& prepared) override;
  void on_danger(const DangerNews& danger) override;
  void on_finding(const datum::Finding& finding) override;
  void on_alert(const datum::Alert& alert, std::span<const datum::Alert> chain) override;
  void on_log(const LogNews& news) override;
  void on_turn(const Turn& turn) override;
  void on_bundle(const sim::Delivery& delivery) override { space_.carried(delivery); }

 private:
  void tell(std::string message, std::size_t kind);

  static constexpr std::size_t kKinds = 10;
  std::function<void(std::string)> send_;
  mutable std::mutex mutex_;
  struct Kept {
    std::uint64_t order;
    std::string message;
  };
  std::deque<Kept> kept_[kKinds];
  std::uint64_t next_order_ = 0;
  std::string incident_json_;
  std::string last_frame_, last_space_, last_group_;
  ConsoleSpace space_;
  bool begun_ = false;
  int utc_offset_min_ = 0;
  std::vector<wildfire::Place> places_;
  datum::Provenance provenance_ = datum::Provenance::kObserved;
};

// Places as alerts name them.
[[nodiscard]] std::vector<wildfire::Place> places_of(const Incident& incident);

}  // namespace skywarden::app
