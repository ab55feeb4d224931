// The subcommands, a file each. Each function adds its options to the command line and sets *exit_code when
// it has run: 0 complete, 2 bad rows were skipped, 1 failed.
#pragma once

#include <CLI/App.hpp>

namespace skywarden::app {

// (declarations in alphabetical order)
void add_anomaly(CLI::App& app, int* exit_code);
void add_bundle(CLI::App& app, int* exit_code);
void add_cluster(CLI::App& app, int* exit_code);
void add_complete(CLI::App& app, int* exit_code);
void add_contacts(CLI::App& app, int* exit_code);
void add_czml(CLI::App& app, int* exit_code);
void add_detect(CLI::App& app, int* exit_code);
void add_doctor(CLI::App& app, int* exit_code);
void add_emulate(CLI::App& app, int* exit_code);
void add_expand(CLI::App& app, int* exit_code);
void add_fuse(CLI::App& app, int* exit_code);
void add_fwi(CLI::App& app, int* exit_code);
void add_config(CLI::App& app, int* exit_code);
void add_lab(CLI::App& app, int* exit_code);
void add_ledger(CLI::App& app, int* exit_code);
void add_log(CLI::App& app, int* exit_code);
void add_models(CLI::App& app, int* exit_code);
void add_node(CLI::App& app, int* exit_code);
void add_passes(CLI::App& app, int* exit_code);
void add_propagate(CLI::App& app, int* exit_code);
void add_replay(CLI::App& app, int* exit_code);
void add_revisit(CLI::App& app, int* exit_code);
void add_route(CLI::App& app, int* exit_code);
void add_schema(CLI::App& app, int* exit_code);
void add_serve(CLI::App& app, int* exit_code);
void add_shrink(CLI::App& app, int* exit_code);
void add_shares(CLI::App& app, int* exit_code);
void add_sim(CLI::App& app, int* exit_code);
void add_topology(CLI::App& app, int* exit_code);

}  // namespace skywarden::app
