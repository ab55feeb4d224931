#include "group_options.h"

namespace skywarden::app {

void add_config_option(command_line::Command command, std::string& config) {
  command.add_option("--config", config, "of any of its nodes").capture_default_str();
}

void add_patience_option(command_line::Command command, double& seconds) {
  command.add_option("--patience-s", seconds, "wait at most so long")
      .check(command_line::range(0.1, 3600.0))
      .capture_default_str();
}

}  // namespace skywarden::app
