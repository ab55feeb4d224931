// The subcommands, a file each; `train` holds one for each kind of model. Each function adds its options to
// the command line and sets *exit_code when it has run: 0 done, 1 failed.
#pragma once

#include <CLI/App.hpp>

namespace skywarden::fit {

void add_train_anomaly(CLI::App& train, int* exit_code);
void add_train_scene(CLI::App& train, int* exit_code);
void add_train_trees(CLI::App& train, int* exit_code);
void add_fuse(CLI::App& app, int* exit_code);

// Of programs built with LibTorch (SKYWARDEN_TORCH).
void add_train_encoder(CLI::App& train, int* exit_code);
void add_train_recurrent(CLI::App& train, int* exit_code);
void add_distill(CLI::App& app, int* exit_code);

}  // namespace skywarden::fit
