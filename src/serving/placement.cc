#include "serving/placement.h"

#include <algorithm>
#include <cmath>

namespace skywarden::serving {
namespace {

// Nothing for a link that carries nothing, or would take longer than a year.
std::optional<Duration> sending(double bits, BitsPerSecond rate) {
  constexpr double kYear = 365.25 * 86'400.0;
  const double seconds = bits <= 0.0 ? 0.0 : bits / rate.value();
  if (!std::isfinite(seconds) || seconds < 0.0 || seconds > kYear) return std::nullopt;
  return from_seconds(seconds);
}

}  // namespace

std::optional<Instant> answer_back(const Work& work, const Contact& contact, Duration queue, Duration compute,
                                   Instant now) {
  const auto there = sending(work.bits_there, contact.rate), back = sending(work.bits_back, contact.rate);
  if (!there || !back) return std::nullopt;
  const Instant sent = std::max(now, contact.begin) + *there;
  const Instant computed = sent + contact.delay + queue + compute;
  const Instant returned = computed + *back;
  if (sent > contact.end || returned > contact.end) return std::nullopt;
  return returned + contact.delay;
}

Placement place(const Work& work, Watts spare_here, Duration queue_here, std::span<const Offer> offers,
                const std::optional<Contact>& ground, Instant now, const PlacementOptions& options) {
  std::optional<Instant> from_ground;
  if (ground) from_ground = answer_back(work, *ground, Duration::zero(), options.ground_compute, now);
  if (from_ground && *from_ground > work.deadline) from_ground.reset();
  if (work.deeper && from_ground) return {Place::kGround, kNobody, *from_ground};
  const Instant here = now + queue_here + work.compute;
  if (work.power.value() <= spare_here.value() && here <= work.deadline) return {Place::kHere, kNobody, here};
  std::optional<Placement> best;
  for (const Offer& offer : offers) {
    if (offer.spare.value() - options.reserve.value() < work.power.value()) continue;
    const auto back = answer_back(work, offer.contact, offer.queue, work.compute, now);
    if (!back || *back > work.deadline) continue;
    if (!best || *back < best->done || (*back == best->done && offer.node < best->node))
      best = Placement{Place::kNeighbour, offer.node, *back};
  }
  if (best) return *best;
  if (from_ground) return {Place::kGround, kNobody, *from_ground};
  return {Place::kHereCheaper, kNobody, work.deadline};
}

}  // namespace skywarden::serving
