// Who hands committed entries on to listeners that warn people: ground stations follow the log without a
// vote, and when the leader is gone, or behind the horizon for hours, some other member that knows of a
// commit may be with them sooner. Each voter works out by itself, from the forecast that all share, whether
// it is one of the soonest; the handing on is the Raft core's (consensus/raft_relay.cc), and whoever is wrong
// loses time, nothing else. Nobody knows which voters are down: while nobody leads, one more of them joins in
// from time to time, until all do.
//
// Nobody hands on what the leader will soon say itself, so where it reaches everybody nothing more is sent
// than without relays. Work is done when something is committed, when leadership changes, and when an answer
// is overdue because a contact did not happen as foreseen; in between listeners have what there is. The
// leader goes on sending to all of them whatever is handed on: a feed comes beside its word, never instead.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>

#include "base/ids.h"
#include "base/time.h"
#include "consensus/raft.h"
#include "datum/contact_forecast.h"

namespace skywarden::node {

struct RelayQuestion {
  NodeId leader;                      // kNobody: nobody leads
  std::span<const NodeId> voters;     // that are thought to run; ascending
  std::span<const NodeId> listeners;  // who are to hear of commits
  Duration in_time{};                 // whom the leader reaches within this needs nobody else
  std::size_t feeds = 0;              // of one listener, beside the leader
};

struct RelayChoice {
  std::set<NodeId> children;  // of this node
  Instant answered_by{};  // when the last of them will have heard, as foreseen; Instant::min() without any
};

// Which listeners `self` is one of the `feeds` soonest voters for, of those the leader does not reach in
// time; of two that are equally soon the lower node. Without a forecast everybody is there at once.
[[nodiscard]] RelayChoice choose_children(NodeId self, const RelayQuestion& question,
                                          const datum::ArrivalForecast* forecast, Instant now);

class RelayDesk {
 public:
  // `ground`: who warns people, of those without a vote; empty: all of them. `forecast` may be null.
  RelayDesk(NodeId self, std::size_t feeds, std::set<NodeId> ground, Duration in_time,
            const datum::ArrivalForecast* forecast);

  // Another duty to take, if it is time for one.
  [[nodiscard]] std::optional<consensus::RelayDuty> duty(const consensus::Raft& raft, Instant now);
  [[nodiscard]] Instant next_deadline() const { return again_; }

 private:
  void follow(NodeId leader, Instant now);
  [[nodiscard]] RelayChoice choose(const consensus::Raft& raft, Instant now);

  NodeId self_;
  std::size_t feeds_;
  std::set<NodeId> ground_;
  Duration in_time_;
  const datum::ArrivalForecast* forecast_;
  std::set<NodeId> children_;
  NodeId leader_;
  NodeId lost_;  // who led before, while nobody does
  Instant lost_at_{};
  bool more_may_join_ = false;
  LogIndex committed_;
  Instant again_ = Instant::max();
};

}  // namespace skywarden::node
