
#include "command_line/command_line.h"
#include "commands.h"

int main(int argc, char** argv) {
  skywarden::command_line::Program app{"Skywarden: edge intelligence for satellites that watch forests"};
  app.require_subcommand(1);
  int exit_code = 0;
  // (one add_… call per subcommand, in alphabetical order)
  skywarden::app::add_anomaly(app, &exit_code);
  skywarden::app::add_bundle(app, &exit_code);
  skywarden::app::add_cluster(app, &exit_code);
  skywarden::app::add_complete(app, &exit_code);
  skywarden::app::add_config(app, &exit_code);
  skywarden::app::add_contacts(app, &exit_code);
  skywarden::app::add_czml(app, &exit_code);
  skywarden::app::add_detect(app, &exit_code);
  skywarden::app::add_doctor(app, &exit_code);
  skywarden::app::add_emulate(app, &exit_code);
  skywarden::app::add_expand(app, &exit_code);
  skywarden::app::add_fuse(app, &exit_code);
  skywarden::app::add_fwi(app, &exit_code);
  skywarden::app::add_kept(app, &exit_code);
  skywarden::app::add_lab(app, &exit_code);
  skywarden::app::add_ledger(app, &exit_code);
  skywarden::app::add_log(app, &exit_code);
  skywarden::app::add_models(app, &exit_code);
  skywarden::app::add_node(app, &exit_code);
  skywarden::app::add_passes(app, &exit_code);
  skywarden::app::add_propagate(app, &exit_code);
  skywarden::app::add_replay(app, &exit_code);
  skywarden::app::add_revisit(app, &exit_code);
  skywarden::app::add_route(app, &exit_code);
  skywarden::app::add_schema(app, &exit_code);
  skywarden::app::add_serve(app, &exit_code);
  skywarden::app::add_shrink(app, &exit_code);
  skywarden::app::add_shares(app, &exit_code);
  skywarden::app::add_sim(app, &exit_code);
  skywarden::app::add_topology(app, &exit_code);
  if (const auto ended = app.parse(argc, argv)) return *ended;
  return exit_code;
}
