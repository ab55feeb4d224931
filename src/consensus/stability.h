// How long a member will stay in reach, and how steadily it was. One minus its speed would say nothing: in a
// shell all satellites are equally fast, and what matters is how they move to each other. So: the contact
// that is predicted (datum/contact_forecast.h), against how long a share should be good for; and the breaks
// that were seen where none was predicted.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "consensus/score.h"
#include "datum/contact_forecast.h"

namespace skywarden::consensus {

struct StabilityOptions {
  Duration contact_enough = std::chrono::minutes(30);  // for the full score
  std::int64_t break_costs = kScoreMax / 8;            // a break seen within the window of whoever counts
};

// `contact`: open now or later; nothing: none is predicted, which is 0.
[[nodiscard]] inline Score stability(const std::optional<datum::Contact>& contact, std::int64_t breaks,
                                     Instant now, const StabilityOptions& options) {
  if (!contact || contact->start > now || contact->end <= now) return 0;
  const Duration left = std::min(contact->end - now, options.contact_enough);
  constexpr Duration kStep = std::chrono::milliseconds(1);  // so that products stay in range
  const Score whole = left / kStep * kScoreMax / std::max<std::int64_t>(options.contact_enough / kStep, 1);
  return std::clamp<Score>(whole - std::clamp<std::int64_t>(breaks, 0, 8) * options.break_costs, 0,
                           kScoreMax);
}

}  // namespace skywarden::consensus
