// skywarden cluster observe and alerts: what one says to a group that agrees on fires, and asks of it.
#pragma once

#include <CLI/CLI.hpp>

namespace skywarden::app {

void add_cluster_fires(CLI::App& cluster, int* exit_code);

}  // namespace skywarden::app
