// How bad, how soon and how sure, in CAP 1.2's words (OASIS CAP-V1.2 §3.2.2), derived from a proposal alone,
// so that everybody who reads the log says the same.
//
// Severity is the worse of two steps, one higher when danger is very high or extreme and fire spreads fast:
//   area (upper bound)       < 100 ha      < 1,000 ha    < 10,000 ha   more
//   radiative power          < 50 MW       < 500 MW      < 5,000 MW    more
//   severity                 Minor         Moderate      Severe        Extreme
// A MODIS pixel is 100 ha and a VIIRS pixel 14 ha, so the first step is "one pixel". The steps are ours:
// tenfold each, with class G of the U.S. National Wildfire Coordinating Group (5,000 acres, 2,023 ha) inside
// the third.
//
// Urgency   Immediate: severity Severe or worse, or danger very high or extreme
//           Expected: danger moderate or high;  Future: danger low;  Past: cancelled
// Certainty Observed: probability ≥ 95 % and low end of the interval ≥ 80 %
//           Likely: probability > 50 %;  Possible: > 5 %;  Unlikely: the rest, and cancelled
#pragma once

#include <cstdint>
#include <string_view>

#include "datum/proposal.h"

namespace skywarden::wildfire {

enum class Severity : std::uint8_t { kMinor, kModerate, kSevere, kExtreme };
enum class Urgency : std::uint8_t { kPast, kFuture, kExpected, kImmediate };
enum class Certainty : std::uint8_t { kUnlikely, kPossible, kLikely, kObserved };

struct AlertLevel {
  Severity severity = Severity::kMinor;
  Urgency urgency = Urgency::kPast;
  Certainty certainty = Certainty::kUnlikely;
  friend bool operator==(const AlertLevel&, const AlertLevel&) = default;
};

[[nodiscard]] AlertLevel level_of(const datum::Proposal& proposal);

// CAP's own words: "Severe", "Immediate", "Likely".
[[nodiscard]] std::string_view cap_word(Severity severity);
[[nodiscard]] std::string_view cap_word(Urgency urgency);
[[nodiscard]] std::string_view cap_word(Certainty certainty);

}  // namespace skywarden::wildfire
