// Which satellites hold links to each other: rules, and files that say it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "network/topology.h"
#include "orbit/elements.h"

namespace skywarden::network {

// The grid of Bhattacherjee and Singla (CoNEXT 2019): each satellite to the next of its plane and to its like
// in the next plane, around in both directions. Planes are found in the order of the file: equal blocks whose
// ascending nodes differ by less than a degree. kUnsupported when the file is not made of at least three such
// blocks of three.
[[nodiscard]] Result<std::vector<SatelliteLink>> plus_grid(std::span<const orbit::ElementSet> satellites);

struct SatelliteLinkFile {
  std::vector<SatelliteLink> links;
  std::vector<datum::RowProblem> problems;  // lines left out
};

// Two satellite numbers a line, separated by space or comma; # begins a comment.
[[nodiscard]] SatelliteLinkFile read_satellite_links(std::string_view bytes, std::uint32_t satellites);

}  // namespace skywarden::network
