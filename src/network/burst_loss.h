// Packets lost in bursts: the channel of Gilbert (Bell System Technical Journal 39, 1960) with the losses of
// Elliott (1963). Two states, good and bad, each of which lasts a geometric number of packets; each state
// loses packets at its own rate. Fades, scintillation and pointing make radio and laser links lose like this;
// independent losses flatter every protocol that repeats.
//
// A packet sees the state one step after the last packet did. While nothing is sent the state goes on by
// itself: `idle` lets as many packets' times pass as fit, in one draw.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::network {

struct BurstLossOptions {
  Fraction loss{0.0};            // of all packets in the long run, 0…0.5
  double burst_packets = 1.0;    // mean length of the bad state, in packets; 1…1e6
  Fraction loss_when_good{0.0};  // at most `loss`
  Fraction loss_when_bad{1.0};   // at least `loss`; 1: what Gilbert's simplified channel does
  // How long a packet takes: the step of the state while the link idles.
  Duration packet_time = std::chrono::milliseconds(1);

  // kOutOfRange also when no such channel exists: the good state would have to last less than a packet.
  [[nodiscard]] Result<bool> validate() const;
};

class BurstLoss {
 public:
  explicit BurstLoss(const BurstLossOptions& options);  // validated; begins in the long-run mixture

  // One packet. Draws nothing when packets are never lost.
  [[nodiscard]] bool lost(Random& random);
  // The same, of a packet sent at `now`. Earlier than the one before: as if at the same time.
  [[nodiscard]] bool lost(Random& random, Instant now);
  // Lets the state go on for this many packets' times without a packet.
  void idle(Random& random, std::uint64_t packets);

  // Chance a packet to leave the good and the bad state.
  [[nodiscard]] Probability good_to_bad() const { return Probability(to_bad_); }
  [[nodiscard]] Probability bad_to_good() const { return Probability(to_good_); }
  [[nodiscard]] Fraction share_bad() const;  // in the long run

 private:
  void begin(Random& random);

  BurstLossOptions options_;
  double to_bad_ = 0.0, to_good_ = 1.0;
  bool begun_ = false, bad_ = false;
  Instant last_{};
};

}  // namespace skywarden::network
