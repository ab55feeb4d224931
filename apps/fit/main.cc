#include <CLI/CLI.hpp>

#include "commands.h"

int main(int argc, char** argv) {
  CLI::App app{"skywarden-fit: trains, on the ground, the models that Skywarden flies"};
  app.require_subcommand(1);
  int exit_code = 0;
  CLI::App* train = app.add_subcommand("train", "Train a model from record tables");
  train->require_subcommand(1);
  skywarden::fit::add_train_scene(*train, &exit_code);
  skywarden::fit::add_train_trees(*train, &exit_code);
  skywarden::fit::add_train_anomaly(*train, &exit_code);
#ifdef SKYWARDEN_TORCH
  skywarden::fit::add_train_encoder(*train, &exit_code);
  skywarden::fit::add_train_recurrent(*train, &exit_code);
  skywarden::fit::add_distill(app, &exit_code);
#endif
  skywarden::fit::add_fuse(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  return exit_code;
}
