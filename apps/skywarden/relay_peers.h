// Where the neighbours of a relaying node listen: NAME=HOST:PORT, by name in the plan; [ADDRESS] for IPv6.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/plan_file.h"

namespace skywarden::app {

struct PeerAddress {
  std::string host;
  std::uint16_t port = 0;
};
using Peers = std::map<network::Vertex, PeerAddress>;

// `texts` of the command line, and lines of `file` (empty: none; # begins a comment). The first that cannot
// be used is an error with its place.
[[nodiscard]] Result<Peers> read_peers(const std::vector<std::string>& texts, const std::string& file,
                                       const network::PlanFile& plan, network::Vertex self);

}  // namespace skywarden::app
