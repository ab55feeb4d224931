// The subcommands, a file each. Each function adds its options to the command line and sets *exit_code when
// it has run: 0 complete, 2 bad rows were skipped, 1 failed.
#pragma once

#include "command_line/command_line.h"

namespace skywarden::app {

// (declarations in alphabetical order)
void add_anomaly(command_line::Command app, int* exit_code);
void add_bundle(command_line::Command app, int* exit_code);
void add_cluster(command_line::Command app, int* exit_code);
void add_complete(command_line::Command app, int* exit_code);
void add_contacts(command_line::Command app, int* exit_code);
void add_czml(command_line::Command app, int* exit_code);
void add_detect(command_line::Command app, int* exit_code);
void add_doctor(command_line::Command app, int* exit_code);
void add_emulate(command_line::Command app, int* exit_code);
void add_expand(command_line::Command app, int* exit_code);
void add_fuse(command_line::Command app, int* exit_code);
void add_fwi(command_line::Command app, int* exit_code);
void add_config(command_line::Command app, int* exit_code);
void add_kept(command_line::Command app, int* exit_code);
void add_lab(command_line::Command app, int* exit_code);
void add_ledger(command_line::Command app, int* exit_code);
void add_log(command_line::Command app, int* exit_code);
void add_models(command_line::Command app, int* exit_code);
void add_node(command_line::Command app, int* exit_code);
void add_passes(command_line::Command app, int* exit_code);
void add_propagate(command_line::Command app, int* exit_code);
void add_replay(command_line::Command app, int* exit_code);
void add_revisit(command_line::Command app, int* exit_code);
void add_route(command_line::Command app, int* exit_code);
void add_schema(command_line::Command app, int* exit_code);
void add_serve(command_line::Command app, int* exit_code);
void add_shrink(command_line::Command app, int* exit_code);
void add_shares(command_line::Command app, int* exit_code);
void add_sim(command_line::Command app, int* exit_code);
void add_topology(command_line::Command app, int* exit_code);

}  // namespace skywarden::app
