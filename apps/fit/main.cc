
#include "command_line/command_line.h"
#include "commands.h"

int main(int argc, char** argv) {
  skywarden::command_line::Program app{
      "skywarden-fit: trains, on the ground, the models that Skywarden flies"};
  app.require_subcommand(1);
  int exit_code = 0;
  skywarden::command_line::Command train = app.add_subcommand("train", "Train a model from record tables");
  train.require_subcommand(1);
  skywarden::fit::add_train_scene(train, &exit_code);
  skywarden::fit::add_train_trees(train, &exit_code);
  skywarden::fit::add_train_anomaly(train, &exit_code);
#ifdef SKYWARDEN_TORCH
  skywarden::fit::add_train_encoder(train, &exit_code);
  skywarden::fit::add_train_recurrent(train, &exit_code);
  skywarden::fit::add_distill(app, &exit_code);
  skywarden::fit::add_export(app, &exit_code);
  skywarden::fit::add_prune(app, &exit_code);
  skywarden::fit::add_quantize(app, &exit_code);
#endif
  skywarden::fit::add_choose(app, &exit_code);
  skywarden::fit::add_evaluate(app, &exit_code);
  skywarden::fit::add_fuse(app, &exit_code);
  if (const auto ended = app.parse(argc, argv)) return *ended;
  return exit_code;
}
