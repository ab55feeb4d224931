// skywarden-fit train encoder | train recurrent | distill: networks that correct the baseline's completion.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "inference/model_file.h"
#include "network_batches.h"
#include "network_trainer.h"
#include "onboard/complete_network.h"
#include "onboard/complete_network_graph.h"
#include "onnx_export.h"
#include "record_examples.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using inference::Precision;
using nlohmann::ordered_json;
using onboard::Network;
using onboard::NetworkInputs;
using onboard::NetworkKind;
using onboard::NetworkShape;

constexpr std::size_t kWarmUpSteps = 100;
constexpr std::size_t kCheckpointEvery = 500;  // steps
constexpr std::size_t kReportEvery = 100;
const std::vector<LossKind> kTrainedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                       LossKind::kOutages,   LossKind::kRecords,   LossKind::kSelective,
                                       LossKind::kMixed};
const std::vector<LossKind> kJudgedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                      LossKind::kRecords,   LossKind::kSelective, LossKind::kMixed};

struct Arguments {
  NetworkKind kind = NetworkKind::kEncoder;
  std::string schema, out, code = "unknown", examples, shape = "student";
  std::string teacher, teacher_shape = "teacher";
  std::vector<std::string> in;
  std::uint64_t seed = 1;
  double until = 0.8;
  std::vector<double> judged_on{0.45, 0.72};
  std::size_t steps = 4000, batch = 0, streams = 3, every = 1;
  double learning_rate = 1e-3;
  bool offline = false;
  Products products = Products::kF32;
};

Result<NetworkShape> shape_named(NetworkKind kind, const std::string& name, bool offline) {
  const bool encoder = kind == NetworkKind::kEncoder;
  NetworkShape out;
  out.kind = kind;
  out.both_directions = offline && !encoder;
  if (name == "teacher" || name == "student") {
    const bool teacher = name == "teacher";
    const inference::EncoderShape& s = teacher ? inference::kTeacher : inference::kStudent;
    if (encoder)
      out.layers = s.layers, out.sets = s.sets, out.width = s.width, out.heads = s.heads,
      out.hidden = s.hidden;
    else
      out.width = teacher ? 256 : 64, out.heads = teacher ? 8 : 4;
  } else if (name == "small") {
    out.layers = out.sets = 2;
    out.width = encoder ? 64 : 48;
    out.heads = 4;
    out.hidden = 192;
  } else {
    return fail(Errc::kOutOfRange, "--shape {}: expected teacher, student or small", name);
  }
  return out;
}

std::string_view to_string(Products products) {
  return products == Products::kF32 ? "f32" : "bf16";
}

ordered_json to_json(const NetworkShape& shape) {
  ordered_json out{{"kind", onboard::to_string(shape.kind)}, {"width", shape.width}, {"heads", shape.heads}};
  if (shape.kind == NetworkKind::kEncoder)
    out.update({{"layers", shape.layers}, {"sets", shape.sets}, {"hidden", shape.hidden}});
  else
    out["both_directions"] = shape.both_directions;
  return out;
}

struct Examples {
  RecordExamples training, judging;
};

// What the examples depend on, so that another training may use them again.
ordered_json source_of(const Arguments& arguments) {
  return {{"schema", arguments.schema},
          {"data", hashes_of(arguments.in)},
          {"seed", arguments.seed},
          {"rows_used_until", arguments.until},
          {"rows_held_back", arguments.judged_on},
          {"streams_of_each_run", arguments.streams},
          {"every", arguments.every},
          {"causal", !arguments.offline}};
}

Result<RecordExamples> read_or_collect(const Arguments& arguments, const datum::Schema& schema,
                                       const onboard::Panel& panel, bool judging) {
  const std::string path = arguments.examples + (judging ? ".judging" : ".training");
  const std::string source = source_of(arguments).dump();
  if (!arguments.examples.empty()) {
    auto kept = read_records(path, source);
    if (kept) fmt::print(stderr, "{}: taken up\n", path);
    if (kept || kept.error().code != Errc::kNotFound) return kept;
  }
  const auto slot = [&](double share) {
    return static_cast<std::size_t>(share * static_cast<double>(panel.slots()));
  };
  std::vector<SlotRange> ranges{{slot(arguments.judged_on[0]), slot(arguments.judged_on[1])}};
  if (!judging) ranges = {{0, ranges[0].first}, {ranges[0].last, slot(arguments.until)}};
  std::erase_if(ranges, [](const SlotRange& range) { return range.first >= range.last; });
  ExampleOptions options;
  options.causal = !arguments.offline;
  options.seed = arguments.seed + (judging ? 1000 : 0);
  options.every = arguments.every;
  options.kinds = judging ? kJudgedOn : kTrainedOn;
  const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  auto out = collect_records(panel, schema, ranges, options, arguments.streams, progress);
  if (out && !arguments.examples.empty())
    if (const auto written = write_records(*out, source, path); !written)
      return tl::unexpected(written.error());
  return out;
}

Result<Examples> examples_of(const Arguments& arguments, const datum::Schema& schema) {
  onboard::PanelOptions options;
  options.arrival_order = !arguments.offline;
  const auto tables = app::read_record_tables(arguments.in, schema, options);
  if (!tables) return tl::unexpected(tables.error());
  auto training = read_or_collect(arguments, schema, tables->panel, false);
  if (!training) return tl::unexpected(training.error());
  auto judging = read_or_collect(arguments, schema, tables->panel, true);
  if (!judging) return tl::unexpected(judging.error());
  return Examples{std::move(*training), std::move(*judging)};
}

// Warm-up, then half a cosine down to nothing.
double rate_at(const Arguments& arguments, std::size_t step) {
  if (step < kWarmUpSteps)
    return arguments.learning_rate * static_cast<double>(step + 1) / static_cast<double>(kWarmUpSteps);
  const double part = static_cast<double>(step) / static_cast<double>(arguments.steps);
  return 0.5 * arguments.learning_rate * (1.0 + std::cos(std::numbers::pi * std::min(1.0, part)));
}

// The step to go on with: 0, or where an interrupted training of the same record stopped.
std::size_t take_up(const std::string& path, const ordered_json& record, NetworkTrainer& trainer) {
  const auto note = formats::read_file(path + ".json");
  if (!note) return 0;
  const ordered_json left = ordered_json::parse(*note, nullptr, false);
  if (left.is_discarded() || left.value("run", ordered_json()) != record || !trainer.load(path)) return 0;
  const auto step = left.value("step", std::size_t{0});
  fmt::print(stderr, "{}: taken up at step {}\n", path, step);
  return step;
}

Result<void> train(const Arguments& arguments, const ordered_json& record, const NetworkBatches& batches,
                   const NetworkTrainer* teacher, NetworkTrainer& trainer) {
  const std::string checkpoint = arguments.out + ".checkpoint";
  const std::size_t size = arguments.batch > 0                       ? arguments.batch
                           : arguments.kind == NetworkKind::kEncoder ? 128
                                                                     : 32;
  double loss = 0.0;
  for (std::size_t step = take_up(checkpoint, record, trainer); step < arguments.steps;) {
    NetworkBatch batch = batches.draw(arguments.seed, step, size);
    if (teacher != nullptr) batch.teacher = teacher->answers(batch);
    const double now = trainer.step(batch, rate_at(arguments, step));
    if (!std::isfinite(now)) return fail(Errc::kOutOfRange, "step {}: the loss is no number", step);
    loss = loss == 0.0 ? now : 0.99 * loss + 0.01 * now;
    ++step;
    if (step % kReportEvery == 0)
      fmt::print(stderr, "step {} of {}: loss {:.4f}\n", step, arguments.steps, loss);
    if (step % kCheckpointEvery == 0 || step == arguments.steps) {
      if (const auto saved = trainer.save(checkpoint); !saved) return saved;
      if (const auto noted = write_json(checkpoint + ".json", {{"run", record}, {"step", step}}); !noted)
        return noted;
    }
  }
  return {};
}

// Of one field: shares of the held-back examples within the tolerance and half of it.
struct Tally {
  std::size_t count = 0, within = 0, within_half = 0;
  void add(double error, double tolerance) {
    ++count;
    within += error <= tolerance ? 1 : 0;
    within_half += error <= 0.5 * tolerance ? 1 : 0;
  }
  [[nodiscard]] ordered_json json() const {
    const double all = std::max<double>(1.0, static_cast<double>(count));
    const auto share = [&](std::size_t n) { return std::round(1e4 * static_cast<double>(n) / all) / 1e4; };
    return {{"within", share(within)}, {"within_half", share(within_half)}};
  }
};

struct Verdict {
  std::vector<Tally> baseline, network;  // of number fields, and of all together at the end
};

// As in flight: the engine, record by record.
Verdict judge(const RecordExamples& examples, Network& network) {
  Verdict out{std::vector<Tally>(examples.numbers + 1), std::vector<Tally>(examples.numbers + 1)};
  for (std::size_t s = 0; s < examples.begins.size(); ++s) {
    network.forget();
    for (std::size_t r = examples.begins[s]; r < examples.end_of(s); ++r) {
      network.prepare(std::span(&examples.records[r], 1));
      for (std::size_t n = 0; n < examples.numbers; ++n) {
        if (!examples.asked(r, n)) continue;
        const std::size_t at = r * examples.numbers + n;
        const onboard::RecordNumber& number = examples.records[r].numbers[n];
        const double wanted = static_cast<double>(examples.truths[at]) - number.estimate;
        const auto opinion = network.opinion(number.cell);
        const double left = wanted - (opinion ? opinion->correction : 0.0F);
        for (const std::size_t to : {n, examples.numbers}) {
          out.baseline[to].add(std::abs(wanted), examples.tolerances[at]);
          out.network[to].add(std::abs(left), examples.tolerances[at]);
        }
      }
    }
  }
  return out;
}

Result<ordered_json> export_one(const Arguments& arguments, const datum::Schema& schema,
                                const NetworkShape& shape, const NetworkTrainer& trainer, Precision precision,
                                const RecordExamples& judging) {
  const inference::Model model = network_graph(shape, NetworkInputs(schema), precision, trainer.parameters());
  const std::vector<std::byte> bytes = inference::write_model(model);
  const std::string path = precision == Precision::kI8 ? arguments.out : arguments.out + ".f32";
  if (const auto written = write_file(path, bytes); !written) return tl::unexpected(written.error());
  if (precision == Precision::kF32) {
    const auto onnx = to_onnx(model);
    if (!onnx) return tl::unexpected(onnx.error());
    if (const auto written = write_file(arguments.out + ".onnx", std::as_bytes(std::span(*onnx))); !written)
      return tl::unexpected(written.error());
  }
  auto network = Network::make(model, schema);
  if (!network) return tl::unexpected(network.error());
  const Verdict verdict = judge(judging, *network);
  ordered_json out{{"bytes", bytes.size()}};
  std::size_t n = 0;
  const auto note = [&](const std::string& name, std::size_t at) {
    out["held_back"][name] = {{"examples", verdict.baseline[at].count},
                              {"baseline", verdict.baseline[at].json()},
                              {"network", verdict.network[at].json()}};
    fmt::print("  {} {}: {} -> {}\n", precision == Precision::kI8 ? "INT8" : "FP32", name,
               verdict.baseline[at].json().dump(), verdict.network[at].json().dump());
  };
  for (const datum::FieldSpec& spec : schema.fields)
    if (spec.kind == datum::FieldKind::kNumber) note(spec.name, n++);
  note("all", n);
  return out;
}

Result<void> run(const Arguments& arguments) {
  const std::vector<double>& judged = arguments.judged_on;
  if (!(0.0 < judged[0] && judged[0] < judged[1] && judged[1] <= arguments.until && arguments.until <= 1.0))
    return fail(Errc::kOutOfRange, "--hold-back {} {}: expected 0 < first < last <= --until {}", judged[0],
                judged[1], arguments.until);
  const auto shape = shape_named(arguments.kind, arguments.shape, arguments.offline);
  if (!shape) return tl::unexpected(shape.error());
  const auto schema = app::read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto examples = examples_of(arguments, *schema);
  if (!examples) return tl::unexpected(examples.error());
  const NetworkInputs inputs(*schema);
  const NetworkBatches batches(examples->training, inputs, arguments.kind);
  if (batches.size() == 0) return fail(Errc::kNotFound, "nothing to train on in these tables");
  NetworkTrainer trainer(*shape, inputs, arguments.seed, arguments.products);
  std::unique_ptr<NetworkTrainer> teacher;
  if (!arguments.teacher.empty()) {
    const auto larger = shape_named(arguments.kind, arguments.teacher_shape, arguments.offline);
    if (!larger) return tl::unexpected(larger.error());
    teacher = std::make_unique<NetworkTrainer>(*larger, inputs, arguments.seed, arguments.products);
    if (const auto loaded = teacher->load(arguments.teacher); !loaded) return loaded;
  }
  ordered_json record{{"model", std::filesystem::path(arguments.out).filename().string()},
                      {"shape", to_json(*shape)},
                      {"parameters", trainer.parameter_count()},
                      {"code", arguments.code},
                      {"source", source_of(arguments)},
                      {"examples", {examples->training.records.size(), examples->judging.records.size()}},
                      {"steps", arguments.steps},
                      {"learning_rate", arguments.learning_rate},
                      {"products", to_string(arguments.products)},
                      {"teacher", std::filesystem::path(arguments.teacher).filename().string()}};
  if (const auto trained = train(arguments, record, batches, teacher.get(), trainer); !trained)
    return trained;
  for (const Precision precision : {Precision::kF32, Precision::kI8}) {
    const auto figures = export_one(arguments, *schema, *shape, trainer, precision, examples->judging);
    if (!figures) return tl::unexpected(figures.error());
    record[precision == Precision::kI8 ? "int8" : "fp32"] = *figures;
  }
  return write_json(arguments.out + ".json", record);
}

void add_command(command_line::Command parent, const std::string& name, const std::string& title,
                 NetworkKind kind, bool distils, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  arguments->kind = kind;
  command_line::Command command = parent.add_subcommand(name, title);
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables; several are several streams of one system").required();
  command
      .add_option(
          "--out", arguments->out,
          "the network (.swm, INT8); beside it OUT.f32, OUT.onnx, the run record OUT.json and OUT.checkpoint")
      .required();
  shown(command.add_option("--shape", arguments->shape, "teacher, student or small"));
  shown(command.add_option("--steps", arguments->steps, "of training"));
  command.add_option("--batch", arguments->batch, "sequences a step; else 128 records or 32 stretches");
  shown(command.add_option("--learning-rate", arguments->learning_rate, "after the warm-up"));
  shown(command.add_option("--streams", arguments->streams, "kept of each panel with losses"));
  shown(command.add_option("--every", arguments->every, "use only every so many panels with losses")
            .check(command_line::positive_number()));
  command.add_option("--examples", arguments->examples,
                     "keep the examples in files of this name, or take them up from there");
  shown(command.add_option("--seed", arguments->seed, "of losses and of training"));
  shown(command.add_option("--until", arguments->until, "share of the time that may be used at all"));
  command
      .add_option("--hold-back", arguments->judged_on,
                  "share of the time, from and to, on which nothing is trained")
      .expected(2)
      .capture_default_str();
  command.add_flag("--offline", arguments->offline, "for completion that sees later rows, too");
  command.add_flag_callback(
      "--bf16", [arguments] { arguments->products = Products::kBf16; },
      "linear maps in 16 bits: many times as fast where the processor has AMX");
  shown(command.add_option("--code", arguments->code, "version of the code, for the record"));
  if (distils) {
    command.add_option("--teacher", arguments->teacher, "checkpoint of the network to learn from").required();
    shown(command.add_option("--teacher-shape", arguments->teacher_shape, "its shape"));
    command.add_flag_callback(
        "--recurrent", [arguments] { arguments->kind = NetworkKind::kRecurrent; },
        "both are recurrent networks; else encoders");
  }
  command.footer(fmt::format(
      "Values are hidden by many loss processes and the completion runs as in flight. An interrupted "
      "training "
      "goes on\nfrom its last checkpoint. Figures come from the engine that flies, on rows held back.\n\n"
      "Example:\n  skywarden-fit {} --schema schemas/prsa.toml --in PRSA_*.csv.gz --out {}.swm{}",
      distils ? "distill" : "train " + name, name, distils ? " --teacher teacher.swm.checkpoint" : ""));
  command.callback([arguments, name, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit {}: {}\n", name, done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace

void add_train_encoder(command_line::Command train, int* exit_code) {
  add_command(train, "encoder", "A Transformer over the numbers of a record", NetworkKind::kEncoder, false,
              exit_code);
}

void add_train_recurrent(command_line::Command train, int* exit_code) {
  add_command(train, "recurrent", "An LSTM over a stream's recent records", NetworkKind::kRecurrent, false,
              exit_code);
}

void add_distill(command_line::Command app, int* exit_code) {
  add_command(app, "distill", "A smaller network that learns from a larger one, too", NetworkKind::kEncoder,
              true, exit_code);
}

}  // namespace skywarden::fit
