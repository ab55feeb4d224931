// skywarden-fit prune: a network made smaller in rounds, each fine-tuned and judged, the last one undone when
// too much was lost.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "network_files.h"
#include "network_pruning.h"
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
  std::size_t rounds = 4, steps = 500, batch = 0;
  double share = 0.15, may_lose = 0.002, learning_rate = 5e-4;
};

struct Network {
  onboard::NetworkShape shape;
  std::unique_ptr<NetworkTrainer> trainer;
};

class Rounds {
 public:
  Rounds(const Arguments& arguments, const datum::Schema& schema, const NetworkExamples& examples,
         ordered_json record)
      : arguments_(arguments),
        schema_(schema),
        judging_(examples.judging),
        inputs_(schema),
        training_(examples.training),
        record_(std::move(record)) {}

  // Leaves the last good network in `good`.
  Result<ordered_json> play(Network& good) {
    const auto begun = share_within(good);
    if (!begun) return tl::unexpected(begun.error());
    fmt::print("before: {} parameters, {:.4f} within tolerance\n", good.trainer->parameter_count(), *begun);
    std::fflush(stdout);
    ordered_json rounds = ordered_json::array();
    rounds.push_back(told(good, *begun));
    for (std::size_t round = 1; round <= arguments_.rounds; ++round) {
      auto smaller = pruned(good, round);
      if (!smaller) return tl::unexpected(smaller.error());
      if (smaller->shape == good.shape) break;
      const auto now = share_within(*smaller);
      if (!now) return tl::unexpected(now.error());
      const bool kept = *now >= *begun - arguments_.may_lose;
      fmt::print("round {}: {} parameters, {:.4f} within tolerance: {}\n", round,
                 smaller->trainer->parameter_count(), *now, kept ? "kept" : "rolled back");
      std::fflush(stdout);
      rounds.push_back(told(*smaller, *now));
      rounds.back()["kept"] = kept;
      if (!kept) break;
      good = std::move(*smaller);
    }
    return rounds;
  }

 private:
  // INT8, as it flies.
  Result<double> share_within(const Network& network) const {
    const auto verdict = judged_by_engine(schema_, network.shape, *network.trainer, Precision::kI8, judging_);
    if (!verdict) return tl::unexpected(verdict.error());
    return verdict->network.back().share();
  }

  static ordered_json told(const Network& network, double within) {
    return {{"shape", to_json(network.shape)},
            {"parameters", network.trainer->parameter_count()},
            {"within", within}};
  }

  Result<Network> pruned(const Network& good, std::size_t round) const {
    const auto left = prune(good.shape, inputs_, good.trainer->parameters(),
                            {arguments_.share, arguments_.share, arguments_.share});
    if (!left) return tl::unexpected(left.error());
    Network out{left->shape, std::make_unique<NetworkTrainer>(left->shape, inputs_, arguments_.source.seed)};
    out.trainer->take(left->parameters());
    if (left->shape == good.shape) return out;
    const NetworkBatches batches(training_, inputs_, out.shape.kind);
    if (batches.size() == 0) return fail(Errc::kNotFound, "nothing to train on in these tables");
    ordered_json record = record_;
    record["round"] = round;
    record["shape"] = to_json(out.shape);
    const Training training{
        .stages = {{fmt::format("round {}", round), arguments_.steps, arguments_.learning_rate}},
        .batch = arguments_.batch,
        .products = arguments_.source.products,
        .seed = arguments_.source.seed + round,
        .checkpoint = fmt::format("{}.round{}.checkpoint", arguments_.out, round),
        .teacher = nullptr,
        .record = std::move(record)};
    if (const auto trained = train(training, batches, *out.trainer); !trained)
      return tl::unexpected(trained.error());
    return out;
  }

  const Arguments& arguments_;
  const datum::Schema& schema_;
  const RecordExamples& judging_;
  NetworkInputs inputs_;
  const RecordExamples& training_;
  ordered_json record_;
};

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.source.schema);
  if (!schema) return tl::unexpected(schema.error());
  const NetworkInputs inputs(*schema);
  auto from = read_checkpoint(arguments.from, inputs);
  if (!from) return tl::unexpected(from.error());
  const auto examples = examples_of(arguments.source, *schema);
  if (!examples) return tl::unexpected(examples.error());
  ordered_json record = begun_record(arguments.out, inputs, from->shape, arguments.source, *examples);
  record.update({{"from", hashes_of({arguments.from})[0]},
                 {"share_of_a_round", arguments.share},
                 {"may_lose", arguments.may_lose},
                 {"steps_of_a_round", arguments.steps},
                 {"learning_rate", arguments.learning_rate}});
  Network good{from->shape, std::move(from->trainer)};
  const auto rounds = Rounds(arguments, *schema, *examples, record).play(good);
  if (!rounds) return tl::unexpected(rounds.error());
  record["shape"] = to_json(good.shape);
  record["rounds"] = *rounds;
  const std::string checkpoint = arguments.out + ".checkpoint";
  if (const auto saved = good.trainer->save(checkpoint); !saved) return saved;
  if (const auto noted = write_note(checkpoint, record, 0); !noted) return noted;
  const auto exported =
      export_network(arguments.out, *schema, good.shape, *good.trainer, &examples->judging, record);
  return exported ? write_json(arguments.out + ".json", record) : exported;
}

}  // namespace

void add_prune(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("prune", "Take heads, hidden units or cells out of a network, in rounds");
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  add_source_options(command, arguments->source);
  command.add_option("--from", arguments->from, "checkpoint of the network to prune").required();
  command
      .add_option("--out", arguments->out,
                  "the smaller network (.swm, INT8); beside it OUT.f32, OUT.onnx, OUT.json, OUT.checkpoint "
                  "and a checkpoint a round")
      .required();
  shown(command.add_option("--rounds", arguments->rounds, "at most"));
  shown(command.add_option("--share", arguments->share, "of heads and hidden units, or of cells, a round")
            .check(command_line::range(0.0, 0.9)));
  shown(command.add_option("--may-lose", arguments->may_lose,
                           "of the share within tolerance, compared with the network begun with"));
  shown(command.add_option("--steps", arguments->steps, "of fine-tuning, a round"));
  command.add_option("--batch", arguments->batch, "sequences a step; else 128 records or 32 stretches");
  shown(command.add_option("--learning-rate", arguments->learning_rate, "of fine-tuning"));
  command.footer(
      "What has the smallest weights (L1 norm) goes; then the network is fine-tuned and judged in INT8 by "
      "the "
      "engine on\nrows held back. A round that loses more than --may-lose is undone and is the last. An "
      "interrupted run goes on from\nits last checkpoint.\n\n"
      "Example:\n  skywarden-fit prune --from student.swm.checkpoint --schema schemas/prsa.toml --in "
      "PRSA_*.csv.gz --out pruned.swm");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit prune: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
