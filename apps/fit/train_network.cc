// skywarden-fit train encoder | train recurrent: networks that correct the baseline's completion.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "network_files.h"
#include "network_shape.h"
#include "network_source.h"
#include "network_training.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;
using onboard::NetworkInputs;
using onboard::NetworkKind;

struct Arguments {
  NetworkKind kind = NetworkKind::kEncoder;
  NetworkSource source;
  std::string out, shape = "student";
  std::size_t steps = 4000, batch = 0;
  double learning_rate = 1e-3;
};

Result<void> run(const Arguments& arguments) {
  const auto shape = shape_named(arguments.kind, arguments.shape, arguments.source.offline);
  if (!shape) return tl::unexpected(shape.error());
  const auto schema = app::read_schema(arguments.source.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto examples = examples_of(arguments.source, *schema);
  if (!examples) return tl::unexpected(examples.error());
  const NetworkInputs inputs(*schema);
  const NetworkBatches batches(examples->training, inputs, arguments.kind);
  if (batches.size() == 0) return fail(Errc::kNotFound, "nothing to train on in these tables");
  NetworkTrainer trainer(*shape, inputs, arguments.source.seed);
  ordered_json record = begun_record(arguments.out, inputs, *shape, arguments.source, *examples);
  record.update({{"steps", arguments.steps}, {"learning_rate", arguments.learning_rate}});
  const Training training{.stages = {{"training", arguments.steps, arguments.learning_rate}},
                          .batch = arguments.batch,
                          .products = arguments.source.products,
                          .seed = arguments.source.seed,
                          .checkpoint = arguments.out + ".checkpoint",
                          .record = record};
  if (const auto trained = train(training, batches, trainer); !trained) return trained;
  const auto exported = export_network(arguments.out, *schema, *shape, trainer, &examples->judging, record);
  return exported ? write_json(arguments.out + ".json", record) : exported;
}

void add_command(command_line::Command parent, const std::string& name, const std::string& title,
                 NetworkKind kind, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  arguments->kind = kind;
  command_line::Command command = parent.add_subcommand(name, title);
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  add_source_options(command, arguments->source);
  command
      .add_option(
          "--out", arguments->out,
          "the network (.swm, INT8); beside it OUT.f32, OUT.onnx, the run record OUT.json and OUT.checkpoint")
      .required();
  shown(command.add_option("--shape", arguments->shape, "teacher, student or small"));
  shown(command.add_option("--steps", arguments->steps, "of training"));
  command.add_option("--batch", arguments->batch, "sequences a step; else 128 records or 32 stretches");
  shown(command.add_option("--learning-rate", arguments->learning_rate, "after the warm-up"));
  command.footer(fmt::format(
      "Values are hidden by many loss processes and the completion runs as in flight. An interrupted "
      "training goes on\nfrom its last checkpoint. Figures come from the engine that flies, on rows held "
      "back.\n\nExample:\n  skywarden-fit train {} --schema schemas/prsa.toml --in PRSA_*.csv.gz --out "
      "{}.swm",
      name, name));
  command.callback([arguments, name, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit train {}: {}\n", name, done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace

void add_train_encoder(command_line::Command train, int* exit_code) {
  add_command(train, "encoder", "A Transformer over the numbers of a record", NetworkKind::kEncoder,
              exit_code);
}

void add_train_recurrent(command_line::Command train, int* exit_code) {
  add_command(train, "recurrent", "An LSTM over a stream's recent records", NetworkKind::kRecurrent,
              exit_code);
}

}  // namespace skywarden::fit
