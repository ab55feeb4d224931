// What `contacts` and `czml` share: satellites, stations and the windows in which they can talk, from files
// and options of the command line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "command_line/command_line.h"
#include "network/contact_windows.h"
#include "orbit/elements.h"
#include "orbit/stations.h"

namespace skywarden::app {

struct SegmentArguments {
  std::string elements, stations, start, links;
  double hours = 24.0, mask_deg = 10.0, range_km = 5000.0, isl_rate_mbps = 10.0, ground_rate_mbps = 50.0;
  bool strict = false;
};

void add_segment_options(command_line::Command command, SegmentArguments& arguments);

// Nodes are numbered from 1: satellites in the order of their file, then stations.
struct SpaceSegment {
  std::vector<orbit::ElementSet> satellites;
  std::vector<orbit::Station> stations;
  std::vector<network::ContactWindow> windows;
  Instant start{}, end{};
  bool whole = true;  // nothing had to be left out

  [[nodiscard]] NodeId satellite(std::size_t i) const { return NodeId(static_cast<std::uint32_t>(i + 1)); }
  [[nodiscard]] NodeId station(std::size_t i) const {
    return NodeId(static_cast<std::uint32_t>(satellites.size() + i + 1));
  }
};

// Problems go to stderr.
[[nodiscard]] Result<SpaceSegment> load_segment(const SegmentArguments& arguments);

}  // namespace skywarden::app
