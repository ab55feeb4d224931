// Observations a node must bring to everybody who judges: each batch is repeated to each peer, ever more
// slowly, until that peer has said that it received it. Bounded: when full, the oldest batch makes room and
// is counted as given up.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "datum/hotspot.h"
#include "node/messages.h"

namespace skywarden::node {

struct OutboxOptions {
  Duration retry_first = std::chrono::milliseconds(500);
  Duration retry_longest = std::chrono::seconds(60);
  std::size_t batches_max = 512;
};

class Outbox {
 public:
  Outbox(std::vector<NodeId> peers, OutboxOptions options);

  void put(std::span<const datum::Hotspot> hotspots, Instant now);
  void received(NodeId peer, std::uint64_t batch);
  // What is due now, each with the peer it is for.
  [[nodiscard]] std::vector<std::pair<NodeId, ObservationBatch>> due(Instant now);
  [[nodiscard]] Instant next_deadline() const;  // Instant::max() when nothing waits
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

 private:
  struct Waiting {
    Instant at{};
    Duration pause{};
  };
  struct Batch {
    ObservationBatch content;
    std::map<NodeId, Waiting> waiting;
  };

  std::vector<NodeId> peers_;
  OutboxOptions options_;
  std::deque<Batch> batches_;  // oldest first
  std::uint64_t next_id_ = 1;
  std::uint64_t given_up_ = 0;
};

}  // namespace skywarden::node
