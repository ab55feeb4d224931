// skywarden cluster record: what clients of a group see, written down.
#pragma once

#include "command_line/command_line.h"

namespace skywarden::app {

void add_cluster_record(command_line::Command cluster, int* exit_code);

}  // namespace skywarden::app
