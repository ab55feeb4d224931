// The subcommands, a file each; `train` holds one for each kind of model. Each function adds its options to
// the command line and sets *exit_code when it has run: 0 done, 1 failed.
#pragma once

#include "command_line/command_line.h"

namespace skywarden::fit {

void add_train_anomaly(command_line::Command train, int* exit_code);
void add_train_scene(command_line::Command train, int* exit_code);
void add_train_trees(command_line::Command train, int* exit_code);
void add_choose(command_line::Command app, int* exit_code);
void add_evaluate(command_line::Command app, int* exit_code);
void add_fuse(command_line::Command app, int* exit_code);

// Of programs built with LibTorch (SKYWARDEN_TORCH).
void add_train_encoder(command_line::Command train, int* exit_code);
void add_train_recurrent(command_line::Command train, int* exit_code);
void add_distill(command_line::Command app, int* exit_code);
void add_export(command_line::Command app, int* exit_code);
void add_prune(command_line::Command app, int* exit_code);
void add_quantize(command_line::Command app, int* exit_code);

}  // namespace skywarden::fit
