// One request to a group and its answer, waited for: for programs that ask now and then. Members are tried in
// turn, and the one they call leader next, until somebody answers or time is up.
#pragma once

#include "shell/group_session.h"

namespace skywarden::shell {

// Of the leader, but for a status: that is `only`'s. kUnavailable: nobody could in time, and nothing was
// proposed; kConflict: refused by all, and why. A proposal that was handed to a member and not answered is
// never repeated, because both could be applied; the answer then has the outcome kUnknown.
[[nodiscard]] Result<Answer> call_group(const GroupAddresses& group, const Request& request,
                                        Duration time_max);
[[nodiscard]] Result<Answer> call_member(const GroupAddresses& group, NodeId only, const Request& request,
                                         Duration time_max);

}  // namespace skywarden::shell
