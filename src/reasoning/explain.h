// A finding in words, and as one line of decisions.jsonl: the decision path from the prior over each reason
// to the verdict. The words follow the numbers; nothing is decided here.
#pragma once

#include <string>
#include <vector>

#include "datum/finding.h"
#include "reasoning/wording.h"

namespace skywarden::reasoning {

// "VIIRS N20: 12 pixels, 340 MW, 14 min ago; speaks strongly for fire."
[[nodiscard]] std::string sentence(const datum::Reason& reason, Language language);

// The verdict, how sure, what it was compared with, then each reason, strongest first.
[[nodiscard]] std::vector<std::string> explain(const datum::Finding& finding, Language language);

// One JSON object without line breaks; keys always in the same order, numbers in a fixed number of decimals,
// identities as hexadecimal text (they need 64 bits). docs/formats.md lists the keys.
[[nodiscard]] std::string decision_json(const datum::Finding& finding);

}  // namespace skywarden::reasoning
