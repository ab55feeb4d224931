// Records as they arrive, a JSON line each, completed at once: what `skywarden complete --stream` does
// between its standard input and output.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>

#include "datum/schema.h"
#include "onboard/complete_features.h"
#include "serving/completion_ladder.h"

namespace skywarden::app {

struct CompletedLines {
  std::size_t records = 0;   // answered
  std::size_t refused = 0;   // lines of which no record could be made
  std::size_t problems = 0;  // cells that could not be read, which count as missing
  [[nodiscard]] bool sound() const { return refused == 0 && problems == 0; }
};

// One line for each record, as the service answers it (docs/formats.md), before the next is read; what is
// wrong goes to `complain`, a line each. Lines without anything are passed over. Until the input ends.
[[nodiscard]] CompletedLines complete_lines(std::istream& in, const datum::Schema& schema,
                                            std::unique_ptr<onboard::NumberReviewer> reviewer,
                                            const serving::LadderOptions& options,
                                            const std::function<void(std::string_view)>& answer,
                                            const std::function<void(std::string_view)>& complain);

}  // namespace skywarden::app
