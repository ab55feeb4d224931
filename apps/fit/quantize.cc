// skywarden-fit quantize: a network learns to live with INT8. What enters its maps is recorded, then it is
// trained on with weights and activations rounded as the engine rounds them: to 32 (not at all), 16, 8 bits.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "activation_ranges.h"
#include "commands.h"
#include "network_files.h"
#include "network_shape.h"
#include "network_source.h"
#include "network_training.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using inference::Precision;
using nlohmann::ordered_json;
using onboard::NetworkInputs;

struct Arguments {
  NetworkSource source;
  std::string from, out;
  std::size_t steps = 500, batch = 0, calibration_batches = 20;
  double percentile = 99.9, learning_rate = 3e-4;
};

ordered_json calibrate(const Arguments& arguments, const NetworkBatches& batches, NetworkTrainer& trainer) {
  constexpr std::uint64_t kApart = 7919;  // other batches than those trained on
  ActivationRanges ranges(arguments.percentile, arguments.source.seed);
  trainer.watch(&ranges);
  for (std::size_t i = 0; i < arguments.calibration_batches; ++i)
    static_cast<void>(trainer.answers(batches.draw(arguments.source.seed + kApart, i, 32)));
  trainer.watch(nullptr);
  fmt::print(
      "rounding of what enters each map, relative: one range by extremes, by percentiles, "
      "asymmetric; a range a token\n");
  for (const auto& [name, f] : ranges.figures())
    fmt::print("  {:<20} {:.5f} {:.5f} {:.5f} {:.5f}\n", name, f.error_extremes, f.error_symmetric,
               f.error_asymmetric, f.error_by_token);
  return ranges.json();
}

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.source.schema);
  if (!schema) return tl::unexpected(schema.error());
  const NetworkInputs inputs(*schema);
  const auto from = read_checkpoint(arguments.from, inputs);
  if (!from) return tl::unexpected(from.error());
  const auto examples = examples_of(arguments.source, *schema);
  if (!examples) return tl::unexpected(examples.error());
  const NetworkBatches batches(examples->training, inputs, from->shape.kind);
  if (batches.size() == 0) return fail(Errc::kNotFound, "nothing to train on in these tables");
  ordered_json record = begun_record(arguments.out, inputs, from->shape, arguments.source, *examples);
  record.update({{"from", hashes_of({arguments.from})[0]},
                 {"steps_of_a_stage", arguments.steps},
                 {"learning_rate", arguments.learning_rate}});
  Training training{.stages = {},
                    .batch = arguments.batch,
                    .products = arguments.source.products,
                    .seed = arguments.source.seed,
                    .checkpoint = arguments.out + ".checkpoint",
                    .teacher = nullptr,
                    .record = record};
  for (const int bits : {32, 16, 8})
    training.stages.push_back({fmt::format("{} bits", bits), arguments.steps, arguments.learning_rate, bits});
  record["calibration"] = calibrate(arguments, batches, *from->trainer);
  const auto note = [&](const char* name, Precision precision) -> Result<void> {
    const auto verdict = judged_by_engine(*schema, from->shape, *from->trainer, precision, examples->judging);
    if (!verdict) return tl::unexpected(verdict.error());
    record[name] = to_json(*verdict, *schema)["all"]["network"];
    return {};
  };
  if (const auto done = note("fp32_before", Precision::kF32); !done) return done;
  if (const auto done = note("int8_after_training_only", Precision::kI8); !done) return done;
  if (const auto trained = train(training, batches, *from->trainer); !trained) return trained;
  auto exported =
      export_network(arguments.out, *schema, from->shape, *from->trainer, &examples->judging, record);
  if (!exported) return exported;
  fmt::print(
      "FP32 before                {}\nINT8 after training only   {}\nINT8 after fine-tuning     {}\n"
      "FP32 after fine-tuning     {}\n",
      record["fp32_before"].dump(), record["int8_after_training_only"].dump(),
      record["int8"]["held_back"]["all"]["network"].dump(),
      record["fp32"]["held_back"]["all"]["network"].dump());
  return write_json(arguments.out + ".json", record);
}

}  // namespace

void add_quantize(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("quantize", "Fine-tune a network with numbers rounded as in INT8");
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  add_source_options(command, arguments->source);
  command.add_option("--from", arguments->from, "checkpoint of the network to begin with").required();
  command
      .add_option(
          "--out", arguments->out,
          "the network (.swm, INT8); beside it OUT.f32, OUT.onnx, the run record OUT.json and OUT.checkpoint")
      .required();
  shown(command.add_option("--steps", arguments->steps, "of each stage: 32, 16 and 8 bits"));
  command.add_option("--batch", arguments->batch, "sequences a step; else 128 records or 32 stretches");
  shown(command.add_option("--learning-rate", arguments->learning_rate, "of each stage, after its warm-up"));
  shown(command.add_option("--calibration-batches", arguments->calibration_batches,
                           "of 32 sequences, to record what enters each map"));
  shown(command.add_option("--percentile", arguments->percentile, "of the recorded numbers, kept in a range")
            .check(command_line::range(50.0, 100.0)));
  command.footer(
      "The engine rounds each token by its own largest number; ranges are recorded to show what a fixed one "
      "would cost.\nFigures come from the engine, on rows held back. An interrupted run goes on from its "
      "last "
      "checkpoint.\n\n"
      "Example:\n  skywarden-fit quantize --from student.swm.checkpoint --schema schemas/prsa.toml --in "
      "PRSA_*.csv.gz --out quantized.swm");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit quantize: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
