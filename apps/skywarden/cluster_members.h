// skywarden cluster admit and remove: members that come and go while the group runs.
#pragma once

#include <CLI/CLI.hpp>

namespace skywarden::app {

void add_cluster_members(CLI::App& cluster, int* exit_code);

}  // namespace skywarden::app
