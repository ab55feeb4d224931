// A party's preferences as the XML of the Automated Negotiating Agents Competition (GENIUS and NegMAS read it
// too):
//   <utility_space><objective>
//     <issue index="1" name="Size" type="discrete"><item index="1" value="small" evaluation="3"/> ...
//     </issue> <weight index="1" value="0.4"/> ...
//   </objective><discount_factor value="1.0"/><reservation value="0.0"/></utility_space>
// An evaluation counts relative to the largest one of its issue. A missing weight, reservation or discount is
// 1, 0 and 1. Costs, and issues that are no lists of values, are not supported. K. Hindriks et al., "GENIUS:
// an integrated environment for supporting the design of generic automated negotiators" (2014).
#pragma once

#include <string_view>

#include "games/bargaining.h"

namespace skywarden::games {

inline constexpr std::size_t kPreferenceBytesMax = std::size_t{4} << 20;

struct PreferenceFile {
  std::vector<Issue> issues;
  Preferences preferences;
};

[[nodiscard]] Result<PreferenceFile> parse_preferences(std::string_view xml);

// The parties' common domain, with the first one's order of issues and values. kConflict when they do not
// speak of the same issues and values.
[[nodiscard]] Result<Domain> join(const std::vector<PreferenceFile>& parties);

}  // namespace skywarden::games
