// skywarden cluster record: what clients of a group see, written down.
#pragma once

#include <CLI/CLI.hpp>

namespace skywarden::app {

void add_cluster_record(CLI::App& cluster, int* exit_code);

}  // namespace skywarden::app
