// Observations a node must bring to everybody who judges: each batch is repeated to each peer, ever more
// slowly, until that peer has said that it received it. For a while it is kept beyond that, because peers may
// still join who need it. Bounded: when full, the oldest batch makes room; if somebody had not received it,
// it is counted as given up.
#pragma once

#include <cstdint>
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
  std::size_t batches_max = 512;           // of either kind
  Duration keep = std::chrono::hours(48);  // for peers that join: as long as detection links pixels
};

class Outbox {
 public:
  Outbox(std::vector<NodeId> peers, OutboxOptions options);

  // To whom it brings them from now on; who is new gets what is kept.
  void set_peers(std::vector<NodeId> peers, Instant now);
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
    Instant put{};
    std::map<NodeId, Waiting> waiting;  // who has not said that it received it
  };
  using Batches = std::map<std::uint64_t, Batch>;  // by id, so the oldest first
  void make_room(Instant now);

  std::vector<NodeId> peers_;
  OutboxOptions options_;
  Batches open_;  // somebody has yet to say that it received them
  Batches kept_;  // everybody has, for whoever joins
  std::uint64_t next_id_ = 1;
  std::uint64_t given_up_ = 0;
};

}  // namespace skywarden::node
