// The subcommands, a file each; `train` holds one for each kind of model. Each function adds its options to
// the command line and sets *exit_code when it has run: 0 done, 1 failed.
#pragma once

#include <CLI/App.hpp>

namespace skywarden::fit {

void add_train_scene(CLI::App& train, int* exit_code);
void add_train_trees(CLI::App& train, int* exit_code);

}  // namespace skywarden::fit
