// Which kind of hole a missing cell stands in. A kind other than "random" is named where chance alone, at the
// rate at which this stream's field starts to go missing, would make such a hole in less than one of a
// hundred cases. Causal: the answer for a record rests on records that had arrived; a hole is as long as it
// is so far.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "onboard/panel.h"

namespace skywarden::onboard {

enum class MissingPattern : std::uint8_t {
  kNone,        // not missing
  kRandom,      // here and there
  kTemporal,    // a stretch of one stream's field
  kStructured,  // a stream's field out for long
  kSpatial,     // a whole record, or a field of everything that shares its time: the link, the image
};
inline constexpr std::size_t kMissingPatterns = 5;

// "", "random", "temporal", "structured", "spatial"
[[nodiscard]] std::string_view to_string(MissingPattern pattern);

struct MissingPatternOptions {
  double chance_max = 0.01;        // of such a hole among independent losses
  std::size_t long_records = 120;  // of a stream: a field out for at least so many is "structured"
  double memory = 500;             // records over which the rate is learnt
  std::size_t streams_max = 256;   // beyond, streams are not looked at together
};

// Of the panel's cells; cells without a record are kNone. A category, number or text alike.
[[nodiscard]] std::vector<MissingPattern> missing_patterns(const Panel& panel, bool causal,
                                                           const MissingPatternOptions& options = {});

}  // namespace skywarden::onboard
