// What happens to bits on a link, whichever way they came to it: directed, each direction with a transmitter
// that sends one packet after another, and with losses in bursts (network/burst_loss.h).
#pragma once

#include <map>
#include <utility>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "network/burst_loss.h"

namespace skywarden::sim {

class Channels {
 public:
  // `loss` of what is sent in the long run, in bad spells of this mean length; none: each loss by itself.
  Channels(Fraction loss, Duration spell);

  [[nodiscard]] bool lost(NodeId from, NodeId to, Random& random, Instant at);
  // When the transmitter can begin something that it is given at `at`; it is busy for `takes` from then on.
  Instant begin(NodeId from, NodeId to, Instant at, Duration takes);
  void reset(NodeId from);  // its transmitters have forgotten what they were given

 private:
  struct Channel {
    network::BurstLoss loss;
    Instant free{};
  };
  Channel& channel(NodeId from, NodeId to);

  network::BurstLossOptions options_;
  std::map<std::pair<NodeId, NodeId>, Channel> channels_;
};

}  // namespace skywarden::sim
