// When each node turns its terminals to other neighbours and is out of reach, known beforehand to everybody.
#pragma once

#include <map>
#include <span>

#include "base/random.h"
#include "datum/contact_forecast.h"

namespace skywarden {

struct TurnPlan {
  double every_s;       // of each node, the mean of an exponential
  double min_s, max_s;  // how long it is away, uniform
  Duration delay;       // one way, foreseen between nodes in reach
};

class PlannedTurns final : public datum::ArrivalForecast {
 public:
  PlannedTurns(Random random, std::span<const NodeId> nodes, TurnPlan plan, Duration length)
      : delay_(plan.delay) {
    for (const NodeId node : nodes) {
      double at_s = 0.0;
      while (at_s < to_seconds(length)) {
        at_s += random.exponential(plan.every_s);
        const double until_s = at_s + random.uniform(plan.min_s, plan.max_s);
        turns_[node][Instant() + from_seconds(until_s)] = Instant() + from_seconds(at_s);
        at_s = until_s;
      }
    }
  }

  [[nodiscard]] bool away(NodeId node, Instant t) const { return back(node, t) != t; }
  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override {
    Instant meets = t;
    while (away(from, meets) || away(to, meets)) meets = std::max(back(from, meets), back(to, meets));
    return meets + delay_;
  }
  [[nodiscard]] const std::map<NodeId, std::map<Instant, Instant>>& by_end() const { return turns_; }

 private:
  [[nodiscard]] Instant back(NodeId node, Instant t) const {  // t itself when in reach
    const auto of_node = turns_.find(node);
    if (of_node == turns_.end()) return t;
    const auto next = of_node->second.upper_bound(t);
    return next == of_node->second.end() || next->second > t ? t : next->first;
  }

  Duration delay_;
  std::map<NodeId, std::map<Instant, Instant>> turns_;  // by end: begin
};

}  // namespace skywarden
