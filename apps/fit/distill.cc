// skywarden-fit distill: a smaller network that learns from a larger one, in three stages: the teacher's
// answers and states are imitated, then the truth is learnt, then the same with numbers rounded as in INT8.
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

struct Arguments {
  NetworkSource source;
  std::string out, teacher, shape = "student";
  std::size_t teacher_steps = 4000, steps = 2000, rounded_steps = 1000, batch = 0;
  double learning_rate = 1e-3;
};

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.source.schema);
  if (!schema) return tl::unexpected(schema.error());
  const NetworkInputs inputs(*schema);
  const auto teacher = read_checkpoint(arguments.teacher, inputs);
  if (!teacher) return tl::unexpected(teacher.error());
  const auto shape = shape_named(teacher->shape.kind, arguments.shape, teacher->shape.both_directions);
  if (!shape) return tl::unexpected(shape.error());
  const auto examples = examples_of(arguments.source, *schema);
  if (!examples) return tl::unexpected(examples.error());
  const NetworkBatches batches(examples->training, inputs, shape->kind);
  if (batches.size() == 0) return fail(Errc::kNotFound, "nothing to train on in these tables");
  NetworkTrainer trainer(*shape, inputs, arguments.source.seed);
  if (trainer.layers() > teacher->trainer->layers())
    return fail(Errc::kUnsupported, "a student of {} layers and a teacher of {}", trainer.layers(),
                teacher->trainer->layers());
  teacher->trainer->use_products(arguments.source.products);
  trainer.match(teacher->trainer->state_width(), arguments.source.seed);
  ordered_json record = begun_record(arguments.out, inputs, *shape, arguments.source, *examples);
  record.update({{"teacher", hashes_of({arguments.teacher})[0]},
                 {"steps", {arguments.teacher_steps, arguments.steps, arguments.rounded_steps}},
                 {"learning_rate", arguments.learning_rate}});
  const Training training{
      .stages = {{.name = "teacher",
                  .steps = arguments.teacher_steps,
                  .learning_rate = arguments.learning_rate,
                  .taught = true},
                 {.name = "task", .steps = arguments.steps, .learning_rate = 0.5 * arguments.learning_rate},
                 {.name = "INT8",
                  .steps = arguments.rounded_steps,
                  .learning_rate = 0.2 * arguments.learning_rate,
                  .bits = 8}},
      .batch = arguments.batch,
      .products = arguments.source.products,
      .seed = arguments.source.seed,
      .checkpoint = arguments.out + ".checkpoint",
      .teacher = teacher->trainer.get(),
      .record = record};
  if (const auto trained = train(training, batches, trainer); !trained) return trained;
  const auto exported = export_network(arguments.out, *schema, *shape, trainer, &examples->judging, record);
  return exported ? write_json(arguments.out + ".json", record) : exported;
}

}  // namespace

void add_distill(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("distill", "A smaller network that learns from a larger one");
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  add_source_options(command, arguments->source);
  command.add_option("--teacher", arguments->teacher, "checkpoint of the network to learn from").required();
  command
      .add_option(
          "--out", arguments->out,
          "the network (.swm, INT8); beside it OUT.f32, OUT.onnx, the run record OUT.json and OUT.checkpoint")
      .required();
  shown(command.add_option("--shape", arguments->shape, "student or small"));
  shown(command.add_option("--teacher-steps", arguments->teacher_steps,
                           "of imitating the teacher's answers and states"));
  shown(command.add_option("--steps", arguments->steps, "of learning the truth, at half the rate"));
  shown(command.add_option("--rounded-steps", arguments->rounded_steps,
                           "of the same with numbers rounded as in INT8, at a fifth of the rate"));
  command.add_option("--batch", arguments->batch, "sequences a step; else 128 records or 32 stretches");
  shown(command.add_option("--learning-rate", arguments->learning_rate,
                           "of the first stage, after its warm-up"));
  command.footer(
      "The teacher's kind is the student's. An interrupted run goes on from its last checkpoint.\n\n"
      "Example:\n  skywarden-fit distill --teacher teacher.swm.checkpoint --schema schemas/prsa.toml --in "
      "PRSA_*.csv.gz --out student.swm");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit distill: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
