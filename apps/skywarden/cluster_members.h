// skywarden cluster admit and remove: members that come and go while the group runs.
#pragma once

#include "command_line/command_line.h"

namespace skywarden::app {

void add_cluster_members(command_line::Command cluster, int* exit_code);

}  // namespace skywarden::app
