#include "network/burst_loss.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::network {
namespace {

// The share of bad packets that gives the loss asked for.
double share_bad_of(const BurstLossOptions& options) {
  const double good = options.loss_when_good.value();
  const double bad = options.loss_when_bad.value();
  return bad > good ? (options.loss.value() - good) / (bad - good) : 0.0;
}

}  // namespace

Result<bool> BurstLossOptions::validate() const {
  if (!(loss.value() >= 0.0 && loss.value() <= 0.5))
    return fail(Errc::kOutOfRange, "loss: expected 0…0.5, found {}", loss.value());
  if (!(burst_packets >= 1.0 && burst_packets <= 1e6))
    return fail(Errc::kOutOfRange, "burst: expected 1…1e6 packets, found {}", burst_packets);
  if (!(loss_when_good.value() >= 0.0 && loss_when_good <= loss))
    return fail(Errc::kOutOfRange, "loss when good: expected 0…{}, found {}", loss.value(),
                loss_when_good.value());
  if (!(loss_when_bad >= loss && loss_when_bad.value() <= 1.0))
    return fail(Errc::kOutOfRange, "loss when bad: expected {}…1, found {}", loss.value(),
                loss_when_bad.value());
  if (packet_time <= Duration(0))
    return fail(Errc::kOutOfRange, "packet time: expected more than 0 s, found {} s",
                to_seconds(packet_time));
  const double bad = share_bad_of(*this);
  if (bad >= 1.0 || bad / ((1.0 - bad) * burst_packets) > 1.0)
    return fail(Errc::kOutOfRange, "loss of {} needs bursts of at least {} packets, found {}", loss.value(),
                bad / (1.0 - bad), burst_packets);
  return true;
}

BurstLoss::BurstLoss(const BurstLossOptions& options) : options_(options) {
  EXPECTS(options.validate().has_value());
  const double bad = share_bad_of(options);
  to_good_ = 1.0 / options.burst_packets;
  to_bad_ = bad / (1.0 - bad) * to_good_;  // what leaves a state enters the other
}

Fraction BurstLoss::share_bad() const {
  return Fraction(to_bad_ / (to_bad_ + to_good_));
}

void BurstLoss::begin(Random& random) {
  if (begun_) return;
  begun_ = true;
  bad_ = random.chance(share_bad().value());
}

bool BurstLoss::lost(Random& random) {
  if (options_.loss.value() == 0.0) return false;
  if (begun_)
    bad_ = bad_ ? !random.chance(to_good_) : random.chance(to_bad_);
  else
    begin(random);
  const Fraction loss = bad_ ? options_.loss_when_bad : options_.loss_when_good;
  return random.chance(loss.value());
}

// After n steps the chance to be bad is the long-run share plus what is left of the difference to now,
// (1 − to_bad − to_good)ⁿ of it.
void BurstLoss::idle(Random& random, std::uint64_t packets) {
  if (options_.loss.value() == 0.0 || packets == 0 || !begun_) return;
  const double share = share_bad().value();
  const double memory = std::pow(1.0 - to_bad_ - to_good_, static_cast<double>(packets));
  bad_ = random.chance(std::clamp(share + ((bad_ ? 1.0 : 0.0) - share) * memory, 0.0, 1.0));
}

bool BurstLoss::lost(Random& random, Instant now) {
  if (begun_ && now > last_) {
    // The step of the packet itself is one of them.
    const auto steps = static_cast<std::uint64_t>((now - last_) / options_.packet_time);
    if (steps > 1) idle(random, steps - 1);
  }
  last_ = begun_ ? std::max(last_, now) : now;
  return lost(random);
}

}  // namespace skywarden::network
