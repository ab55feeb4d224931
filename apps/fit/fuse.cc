// skywarden-fit fuse: puts trees and networks into one model that flies, with gates settled on rows that
// trained none of them, and says what each is worth.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line/command_line.h"
#include "commands.h"
#include "examples.h"
#include "formats/read_file.h"
#include "fusion_choices.h"
#include "inference/model_file.h"
#include "onboard/complete_fusion.h"
#include "record_examples.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;
using onboard::FusedModel;
using onboard::Network;
using Gates = std::array<onboard::Gate, onboard::GapSituation::kClasses>;
using Allowed = std::array<bool, onboard::kOpinionsMax>;

const std::vector<LossKind> kJudgedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                      LossKind::kRecords,   LossKind::kSelective, LossKind::kMixed};

struct Arguments {
  std::string schema, out, trees, code = "unknown";
  std::vector<std::string> in, networks;
  std::uint64_t seed = 3000;
  std::vector<double> judged_on{0.45, 0.72};
  bool offline = false;
  std::size_t every = 1;
};

struct JudgedRun {
  LossKind kind = LossKind::kScattered;
  bool first_half = true;                            // of the rows
  std::vector<std::vector<FusionExample>> of_field;  // of the schema
};

// Asks every model about every hidden number, and keeps what the trees by themselves would have chosen.
class OpinionCollector final : public onboard::NumberReviewer {
 public:
  OpinionCollector(const datum::Schema& schema, const onboard::CompletionModel& trees, bool causal)
      : schema_(schema), trees_(trees, schema, causal), examples_(schema.fields.size()) {
    for (const datum::FieldSpec& spec : schema.fields) scales_.emplace_back(spec);
  }
  void begin(const MaskedRun& run, std::vector<Network> networks, double keep) {
    run_ = &run;
    networks_ = std::move(networks);
    keep_ = keep;
    random_ = Random(1).fork(run.number);
  }
  [[nodiscard]] std::vector<JudgedRun> take() { return std::move(runs_); }
  void end() {
    runs_.push_back({run_->kind, 2 * run_->part < run_->parts, std::move(examples_)});
    examples_.assign(schema_.fields.size(), {});
  }

  bool wants(std::size_t field) const override {
    return schema_.fields[field].kind == datum::FieldKind::kNumber;
  }
  bool wants_records() const override { return true; }
  void prepare(std::span<const onboard::RecordNumbers> records) override {
    for (Network& network : networks_) network.prepare(records);
  }
  bool review(const onboard::MissingNumber& missing, onboard::NumberEstimate& estimate) override {
    if (run_->hidden[missing.cell] == 0 || !random_.chance(keep_)) return false;
    const double truth = run_->truth.value(missing.cell);
    const onboard::WorkingScale& scale = scales_[missing.field];
    FusionExample example;
    example.truth = static_cast<float>(scale.forward(truth));
    example.tolerance = tolerance_at(schema_.fields[missing.field], scale, truth);
    example.estimate = static_cast<float>(estimate.value);
    example.gap = static_cast<std::uint8_t>(onboard::gap_class(missing.before, missing.after));
    example.opinions[0] = trees_.opinion(missing);
    for (std::size_t i = 0; i < networks_.size(); ++i)
      example.opinions[1 + i] = networks_[i].opinion(missing.cell);
    onboard::NumberEstimate reviewed = estimate;
    if (example.opinions[0]) trees_.review(missing, *example.opinions[0], reviewed);
    example.chosen_by_trees = static_cast<float>(reviewed.value);
    example.below = static_cast<float>(std::max(0.0, reviewed.value - reviewed.low));
    example.above = static_cast<float>(std::max(0.0, reviewed.high - reviewed.value));
    examples_[missing.field].push_back(example);
    return false;
  }

 private:
  const datum::Schema& schema_;
  onboard::Trees trees_;
  std::vector<onboard::WorkingScale> scales_;
  std::vector<std::vector<FusionExample>> examples_;  // of fields
  std::vector<JudgedRun> runs_;
  std::vector<Network> networks_;
  const MaskedRun* run_ = nullptr;
  Random random_{1};
  double keep_ = 1.0;
};

Result<std::vector<Network>> make_networks(const std::vector<std::vector<std::byte>>& files,
                                           const datum::Schema& schema) {
  std::vector<Network> out;
  for (const std::vector<std::byte>& bytes : files) {
    auto file = inference::read_model(bytes, "a network");
    if (!file) return tl::unexpected(file.error());
    auto network = Network::make(std::move(file->model), schema);
    if (!network) return tl::unexpected(network.error());
    out.push_back(std::move(*network));
  }
  return out;
}

using Runs = std::vector<JudgedRun>;

Result<Runs> collect(const Arguments& arguments, const datum::Schema& schema, const onboard::Panel& panel,
                     const FusedModel& model) {
  const auto slot = [&](double share) {
    return static_cast<std::size_t>(share * static_cast<double>(panel.slots()));
  };
  ExampleOptions options;
  options.causal = !arguments.offline;
  options.seed = arguments.seed;
  options.kinds = kJudgedOn;
  options.every = arguments.every;
  const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  OpinionCollector collector(schema, model.trees, options.causal);
  Result<void> failed;
  const auto& networks = (options.causal ? model.causal : model.offline).networks;
  const auto collected =
      for_masked_runs(panel, schema, {{slot(arguments.judged_on[0]), slot(arguments.judged_on[1])}}, options,
                      progress, [&](const MaskedRun& run) {
                        auto fresh = make_networks(networks, schema);
                        if (!fresh) {
                          failed = tl::unexpected(fresh.error());
                          return;
                        }
                        collector.begin(run, std::move(*fresh), 0.25);
                        show_completion(run, schema, options.causal, collector);
                        collector.end();
                      });
  if (!collected) return tl::unexpected(collected.error());
  if (!failed) return tl::unexpected(failed.error());
  return collector.take();
}

// Examples of a field from the runs that `take` says.
std::vector<FusionExample> examples_of(const Runs& runs, std::size_t field,
                                       const std::function<bool(const JudgedRun& run)>& take) {
  std::vector<FusionExample> out;
  for (const JudgedRun& run : runs)
    if (take(run)) out.insert(out.end(), run.of_field[field].begin(), run.of_field[field].end());
  return out;
}

ordered_json to_json(const FusionScore& score) {
  const auto rounded = [](double x) { return std::round(1e4 * x) / 1e4; };
  return {{"within", rounded(score.within)}, {"within_half", rounded(score.within_half)}};
}

ordered_json to_json(const Gates& gates, std::size_t opinions) {
  ordered_json out = ordered_json::array();
  for (const onboard::Gate& gate : gates) {
    ordered_json weights = ordered_json::array();
    for (std::size_t i = 0; i < opinions; ++i) weights.push_back(gate.weights[i]);
    out.push_back({{"weights", weights}, {"by_confidence", gate.by_confidence}, {"width", gate.width}});
  }
  return out;
}

struct Variant {
  std::string name;
  Allowed allowed{};
};

std::vector<Variant> variants_of(const std::vector<std::string>& names) {
  std::vector<Variant> out;
  Variant all{"all", {}};
  for (std::size_t i = 0; i < names.size(); ++i) all.allowed[i] = true;
  out.push_back(all);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Variant one{"only " + names[i], {}}, without = all;
    one.allowed[i] = true;
    out.push_back(one);
    if (names.size() < 3) continue;
    without.name = "without " + names[i];
    without.allowed[i] = false;
    out.push_back(without);
  }
  return out;
}

// Gates settled on one half of the runs and scored on the other half, and the other way round: chosen and
// judged on the same rows, everything would look better than it is.
ordered_json ablation(const Runs& runs, const datum::Schema& schema, const std::vector<std::string>& names) {
  std::map<std::string, std::map<std::string, FusionScore>> sums;  // variant, kind of loss
  std::map<std::string, double> counts;                            // kind of loss
  std::vector<std::string> order{"baseline", "trees' own choice"};
  for (const Variant& variant : variants_of(names)) order.push_back(variant.name);
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    for (const bool first : {true, false}) {
      const auto settled_on =
          examples_of(runs, f, [&](const JudgedRun& run) { return run.first_half == first; });
      std::map<std::string, Gates> gates;
      gates["trees' own choice"] = Gates{};
      for (const Variant& variant : variants_of(names))
        gates[variant.name] = choose_gates(settled_on, names.size(), variant.allowed);
      for (const JudgedRun& run : runs) {
        const std::vector<FusionExample>& examples = run.of_field[f];
        if (run.first_half == first || examples.empty()) continue;
        const std::string kind(to_string(run.kind));
        const auto count = static_cast<double>(examples.size());
        std::vector<FusionExample> plain = examples;
        for (FusionExample& example : plain) example.chosen_by_trees = example.estimate;
        for (const std::string& name : order) {
          const FusionScore one =
              name == "baseline" ? score(plain, Gates{}) : score(examples, gates.at(name));
          for (const std::string& into : {kind, std::string("all")}) {
            sums[name][into].within += one.within * count;
            sums[name][into].within_half += one.within_half * count;
          }
        }
        for (const std::string& into : {kind, std::string("all")}) counts[into] += count;
      }
    }
  }
  ordered_json out;
  for (const std::string& name : order) {
    for (const auto& [kind, sum] : sums[name])
      out[name][kind] = to_json(FusionScore{sum.within / counts[kind], sum.within_half / counts[kind]});
    fmt::print("{}: {}\n", name, out[name]["all"].dump());
  }
  return out;
}

Result<FusedModel> read_parts(const Arguments& arguments, const datum::Schema& schema) {
  const auto bytes = formats::read_file(arguments.trees);
  if (!bytes) return tl::unexpected(bytes.error());
  auto model = onboard::decode_fused_model(std::as_bytes(std::span(*bytes)), schema);
  if (!model) return fail(model.error().code, "{}: {}", arguments.trees, model.error().message);
  onboard::FusedMode& mode = arguments.offline ? model->offline : model->causal;
  mode = {};
  for (const std::string& path : arguments.networks) {
    const auto file = formats::read_file(path);
    if (!file) return tl::unexpected(file.error());
    const auto raw = std::as_bytes(std::span(*file));
    mode.networks.emplace_back(raw.begin(), raw.end());
    const auto checked = make_networks({mode.networks.back()}, schema);
    if (!checked) return fail(checked.error().code, "{}: {}", path, checked.error().message);
  }
  return model;
}

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  if (arguments.networks.empty() || arguments.networks.size() > onboard::kNetworksMax)
    return fail(Errc::kOutOfRange, "--networks: expected 1…{}", onboard::kNetworksMax);
  auto model = read_parts(arguments, *schema);
  if (!model) return tl::unexpected(model.error());
  onboard::PanelOptions options;
  options.arrival_order = !arguments.offline;
  const auto tables = app::read_record_tables(arguments.in, *schema, options);
  if (!tables) return tl::unexpected(tables.error());
  const auto runs = collect(arguments, *schema, tables->panel, *model);
  if (!runs) return tl::unexpected(runs.error());
  std::vector<std::string> names{"trees"};
  for (const std::string& path : arguments.networks)
    names.push_back(std::filesystem::path(path).stem().string());
  ordered_json record{{"model", std::filesystem::path(arguments.out).filename().string()},
                      {"schema", arguments.schema},
                      {"code", arguments.code},
                      {"data", hashes_of(arguments.in)},
                      {"parts", hashes_of(arguments.networks)},
                      {"trees", hashes_of({arguments.trees})},
                      {"mode", arguments.offline ? "offline" : "causal"},
                      {"seed", arguments.seed},
                      {"rows_held_back", arguments.judged_on}};
  record["ablation"] = ablation(*runs, *schema, names);
  onboard::FusedMode& mode = arguments.offline ? model->offline : model->causal;
  const Variant all = variants_of(names).front();
  for (std::size_t f = 0; f < schema->fields.size(); ++f) {
    const auto examples = examples_of(*runs, f, [](const JudgedRun&) { return true; });
    if (examples.empty()) continue;
    onboard::FieldGates field{schema->fields[f].name, choose_gates(examples, names.size(), all.allowed)};
    record["fields"][field.field] = {{"trees", to_json(score(examples, Gates{}))},
                                     {"fused", to_json(score(examples, field.gaps))},
                                     {"gates", to_json(field.gaps, names.size())}};
    if (std::any_of(field.gaps.begin(), field.gaps.end(), [](const onboard::Gate& g) { return g.stands(); }))
      mode.fields.push_back(std::move(field));
  }
  const std::vector<std::byte> bytes = encode_fused_model(*model, *schema);
  if (const auto written = write_file(arguments.out, bytes); !written) return written;
  record["bytes"] = bytes.size();
  fmt::print("{}: {} bytes, gates for {} fields\n", arguments.out, bytes.size(), mode.fields.size());
  return write_json(arguments.out + ".json", record);
}

}  // namespace

void add_fuse(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("fuse", "Trees and networks as one model, each believed where it helps");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables; several are several streams of one system").required();
  command.add_option("--trees", arguments->trees, "model of trees, or a fused one whose other mode is kept")
      .required();
  command.add_option("--networks", arguments->networks, "networks (.swm), at most three").required();
  command.add_option("--out", arguments->out, "the model; its run record goes to OUT.json").required();
  command.add_option("--seed", arguments->seed, "of losses").capture_default_str();
  command
      .add_option("--hold-back", arguments->judged_on,
                  "share of the time, from and to, that trained neither trees nor networks")
      .expected(2)
      .capture_default_str();
  command.add_option("--every", arguments->every, "use only every so many panels with losses")
      .check(command_line::positive_number())
      .capture_default_str();
  command.add_flag("--offline", arguments->offline, "for completion that sees later rows, too");
  command.add_option("--code", arguments->code, "version of the code, for the record").capture_default_str();
  command.footer(
      "Values are hidden by many loss processes and every model says what it thinks of each. Printed are "
      "shares\n"
      "within the tolerance and half of it for each model alone, left out, and all together; gates settled "
      "on one\n"
      "half of the rows are scored on the other.\n\n"
      "Example:\n  skywarden-fit fuse --schema schemas/prsa.toml --in PRSA_*.csv.gz --trees "
      "models/prsa.trees "
      "\\\n    --networks encoder.swm recurrent.swm --out models/prsa.fused");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit fuse: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
