// skywarden cluster observe and alerts: what one says to a group that agrees on fires, and asks of it.
#pragma once

#include "command_line/command_line.h"

namespace skywarden::app {

void add_cluster_fires(command_line::Command cluster, int* exit_code);

}  // namespace skywarden::app
