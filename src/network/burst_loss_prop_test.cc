// Losses and bursts in the long run within confidence intervals. Seeds are fixed where a claim is
// statistical: what is checked at four and a half standard errors fails once in 150,000 runs of drawn seeds.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "network/burst_loss.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

constexpr double kErrors = 4.5;

struct Measured {
  double loss = 0.0;
  double burst = 0.0;  // mean run of losses
  std::uint64_t bursts = 0;
};

Measured measure(BurstLoss channel, Random random, std::uint64_t packets) {
  Measured found;
  std::uint64_t losses = 0;
  bool before = false;
  for (std::uint64_t i = 0; i < packets; ++i) {
    const bool lost = channel.lost(random);
    losses += lost ? 1 : 0;
    found.bursts += lost && !before ? 1 : 0;
    before = lost;
  }
  found.loss = static_cast<double>(losses) / static_cast<double>(packets);
  found.burst = static_cast<double>(losses) / static_cast<double>(found.bursts);
  return found;
}

// Of a mean of n values whose correlation falls by `memory` a step.
double standard_error(double loss, double memory, double n) {
  return std::sqrt(loss * (1.0 - loss) / n * (1.0 + memory) / (1.0 - memory));
}

}  // namespace

TEST_CASE("loss and bursts in the long run are what was asked for") {
  constexpr std::uint64_t kPackets = 400'000;
  std::uint64_t seed = 1;
  for (const double loss : {0.01, 0.03, 0.05, 0.10})
    for (const double burst : {1.5, 4.0, 20.0, 100.0}) {
      CAPTURE(loss);
      CAPTURE(burst);
      const BurstLoss channel({Fraction(loss), burst});
      const Measured found = measure(channel, Random(seed++), kPackets);
      const double memory = 1.0 - channel.good_to_bad().value() - channel.bad_to_good().value();
      CHECK(std::abs(found.loss - loss) < kErrors * standard_error(loss, memory, kPackets));
      // Bursts are geometric: variance b² − b.
      const double burst_error = std::sqrt((burst * burst - burst) / static_cast<double>(found.bursts));
      CHECK(std::abs(found.burst - burst) < kErrors * burst_error + burst / 1e4);
      CHECK(channel.share_bad().value() == doctest::Approx(loss));
    }
}

TEST_CASE("a bad state that loses some and a good one that loses a few lose together what was asked for") {
  BurstLossOptions options{Fraction(0.06), 15.0};
  options.loss_when_good = Fraction(0.01);
  options.loss_when_bad = Fraction(0.4);
  const BurstLoss channel(options);
  CHECK(channel.share_bad().value() == doctest::Approx(0.05 / 0.39));
  const Measured found = measure(channel, Random(77), 400'000);
  CHECK(std::abs(found.loss - 0.06) < kErrors * standard_error(0.06, 14.0 / 15.0, 400'000));
}

TEST_CASE("nothing is lost and nothing drawn when the loss is zero") {
  CHECK(rc::check([] {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    Random random(seed);
    Random untouched(seed);
    BurstLoss channel({Fraction(0.0), 1.0 + static_cast<double>(untouched.fork(1).below(100))});
    for (int i = 0; i < 200; ++i) RC_ASSERT_FALSE(channel.lost(random, Instant(std::chrono::seconds(i))));
    RC_ASSERT(random.next() == untouched.next());
  }));
}

TEST_CASE("bursts of 1/(1 − loss) packets are independent losses") {
  const double loss = 0.08;
  BurstLoss channel({Fraction(loss), 1.0 / (1.0 - loss)});
  CHECK(channel.good_to_bad().value() + channel.bad_to_good().value() == doctest::Approx(1.0));
  Random random(5);
  int both = 0;
  int either = 0;
  constexpr int kPairs = 200'000;
  bool before = channel.lost(random);
  for (int i = 0; i < kPairs; ++i) {
    const bool lost = channel.lost(random);
    both += lost && before ? 1 : 0;
    either += lost ? 1 : 0;
    before = lost;
  }
  CHECK(std::abs(both / double{kPairs} - loss * loss) < kErrors * std::sqrt(loss * loss / kPairs));
  CHECK(std::abs(either / double{kPairs} - loss) < kErrors * standard_error(loss, 0.0, kPairs));
}

TEST_CASE("a link that idles forgets: right after a loss bad, long after as ever") {
  BurstLossOptions options{Fraction(0.05), 50.0};
  options.packet_time = std::chrono::milliseconds(2);
  Random random(9);
  constexpr int kTrials = 40'000;
  for (const int gap_packets : {1, 10, 50, 200, 5000}) {
    int lost_again = 0;
    int losses = 0;
    for (int i = 0; i < kTrials; ++i) {
      BurstLoss channel(options);
      Instant now{};
      if (!channel.lost(random, now)) continue;
      ++losses;
      now += gap_packets * options.packet_time;
      lost_again += channel.lost(random, now) ? 1 : 0;
    }
    const BurstLoss channel(options);
    const double memory =
        std::pow(1.0 - channel.good_to_bad().value() - channel.bad_to_good().value(), gap_packets);
    const double expected = 0.05 + 0.95 * memory;
    CAPTURE(gap_packets);
    CHECK(losses > 0.04 * kTrials);
    CHECK(std::abs(lost_again / double(losses) - expected) <
          kErrors * std::sqrt(expected * (1.0 - expected) / losses));
  }
}

TEST_CASE("idling in one draw is idling packet by packet, in distribution") {
  const BurstLossOptions options{Fraction(0.1), 8.0};
  Random random(11);
  constexpr int kTrials = 60'000;
  int at_once = 0;
  int one_by_one = 0;
  for (int i = 0; i < kTrials; ++i) {
    BurstLoss a(options);
    BurstLoss b(options);
    static_cast<void>(a.lost(random));
    static_cast<void>(b.lost(random));
    a.idle(random, 6);
    for (int k = 0; k < 6; ++k) b.idle(random, 1);
    at_once += a.lost(random) ? 1 : 0;
    one_by_one += b.lost(random) ? 1 : 0;
  }
  CHECK(std::abs(at_once - one_by_one) < kErrors * std::sqrt(2.0 * 0.09 * kTrials));
  CHECK(std::abs(at_once / double{kTrials} - 0.1) < kErrors * std::sqrt(0.09 / kTrials));
}

TEST_CASE("channels that cannot be are refused") {
  CHECK(BurstLossOptions{}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(-0.1)}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(0.6)}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(std::nan(""))}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(0.1), 0.5}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(0.1), 5.0, Fraction(0.2)}.validate());
  CHECK_FALSE(BurstLossOptions{Fraction(0.1), 5.0, Fraction(0.0), Fraction(0.05)}.validate());
  // Nine of ten packets bad, for one packet each: the good ones would last a ninth of a packet.
  CHECK_FALSE(BurstLossOptions{Fraction(0.45), 1.0, Fraction(0.0), Fraction(0.5)}.validate());
  BurstLossOptions options;
  options.packet_time = Duration(0);
  CHECK(options.validate().error().code == Errc::kOutOfRange);
}
