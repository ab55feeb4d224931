// Options of subcommands that ask a group which runs.
#pragma once

#include <string>

#include "command_line/command_line.h"

namespace skywarden::app {

void add_config_option(command_line::Command command, std::string& config);
void add_patience_option(command_line::Command command, double& seconds);

}  // namespace skywarden::app
