// One request to a group and its answer, waited for: for programs that ask now and then. Members are tried in
// turn, and the one they call leader next, until somebody answers or time is up.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "shell/group_links.h"

namespace skywarden::shell {

struct GroupAddresses {
  std::string cluster;
  std::map<NodeId, GroupLinks::Peer> members;
  std::optional<TlsFiles> tls;
};

// Of the leader, but for a status: that is `only`'s. kUnavailable: nobody could in time; what was proposed
// may have been applied all the same. kConflict: refused, and why.
[[nodiscard]] Result<Answer> call_group(const GroupAddresses& group, const Request& request,
                                        Duration time_max);
[[nodiscard]] Result<Answer> call_member(const GroupAddresses& group, NodeId only, const Request& request,
                                         Duration time_max);

}  // namespace skywarden::shell
