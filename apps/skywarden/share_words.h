// Why vote shares are what they are, in the words that the console, the report and `shares explain` use.
#pragma once

#include "consensus/share_policy.h"
#include "incident.h"

namespace skywarden::app {

[[nodiscard]] Bilingual why_words(consensus::ShareWhy why);

// What the reason rests on: "30.1 ms there and back; bandwidth 0.50, trust 0.88, stability 1.00, together
// 0.80".
[[nodiscard]] Bilingual measured_words(const consensus::ShareReason& reason);

}  // namespace skywarden::app
