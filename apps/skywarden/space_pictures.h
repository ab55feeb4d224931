// Pictures of the space segment, each an SVG file that stands alone: when who can talk, the way of a message
// through time, how often places are seen. They show what the tables beside them say and decide nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/geodesy.h"
#include "base/result.h"
#include "base/time.h"

namespace skywarden::app {

struct TalkingNode {
  std::string name;
  struct Window {
    Instant start{}, end{};
  };
  std::vector<Window> windows;  // with whomever; those of several at once are drawn over each other, darker
};
// A lane a node, kLanesMax at most: of more the first are drawn and the picture says so.
[[nodiscard]] std::string contacts_picture(std::string_view title, const std::vector<TalkingNode>& nodes,
                                           Instant start, Instant end);

struct WayHop {
  std::string from, to;
  Instant held{};  // at `from` since
  Instant contact_start{}, contact_end{};
  Instant sent{}, arrived{};
  std::string why;  // may be empty
};
// A lane a node from the sender on, time to the right. Expects hops, each from where the last one led.
[[nodiscard]] std::string way_picture(std::string_view title, const std::vector<WayHop>& hops);

struct SeenCell {
  GeoPoint middle;
  double unseen_max_h = 0.0;
};
// Squares of `step_deg` where west is left; on an equirectangular map. Expects cells.
[[nodiscard]] std::string revisit_picture(std::string_view title, const std::vector<SeenCell>& cells,
                                          double step_deg);

[[nodiscard]] Result<bool> write_picture(const std::string& svg, const std::string& path);

}  // namespace skywarden::app
