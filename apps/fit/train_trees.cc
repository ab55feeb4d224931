// skywarden-fit train trees: boosted trees that correct the baseline's completion of numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "booster.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "examples.h"
#include "formats/read_file.h"
#include "onboard/complete_model.h"
#include "record_tables.h"
#include "run_record.h"
#include "tree_choices.h"
#include "tree_import.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;
using onboard::Panel;

constexpr int kCorrectionRounds = 300, kSpreadRounds = 80;
constexpr std::size_t kExamplesMin = 2000;  // of a field, or it is left to the baseline
constexpr double kGainMin = 0.002;  // shares within tolerance and half of it, together: less adds nothing
constexpr double kBeyond = 0.005;   // share of the estimates at either end whose levels trees do not speak of
constexpr float kErrorFloor = 0.02F;  // of the tolerance: an error of nothing has no logarithm
// Outages come thrice: a few long gaps say less than many short ones.
const std::vector<LossKind> kTrainedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                       LossKind::kOutages,   LossKind::kOutages,   LossKind::kRecords,
                                       LossKind::kSelective, LossKind::kMixed,     LossKind::kMixed};
const std::vector<LossKind> kJudgedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                      LossKind::kRecords,   LossKind::kSelective, LossKind::kMixed};

std::vector<LossKind> kinds_without(std::optional<LossKind> left_out, std::vector<LossKind> kinds) {
  if (left_out) kinds.erase(std::remove(kinds.begin(), kinds.end(), *left_out), kinds.end());
  return kinds;
}

struct Arguments {
  std::string schema, out, code = "unknown";
  std::vector<std::string> in;
  std::uint64_t seed = 1;
  std::string without_loss;                   // a kind that is drawn neither to train nor to judge
  double until = 0.8;                         // share of the slots that may be used at all
  std::vector<double> judged_on{0.45, 0.72};  // … of them held back from training
  Augmentation augmentation;
};

BoosterParameters parameters_of(std::uint64_t seed, int depth, double rate) {
  return {{"booster", "gbtree"},
          {"tree_method", "hist"},
          {"max_bin", "64"},
          {"nthread", "1"},
          {"seed", fmt::format("{}", seed)},
          {"max_depth", fmt::format("{}", depth)},
          {"eta", fmt::format("{}", rate)},
          {"subsample", "0.7"},
          {"colsample_bytree", "0.5"},
          {"base_score", "0"},
          {"verbosity", "0"}};
}

float median(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Result<inference::TreeEnsemble> train(const FieldExamples& examples, const std::vector<float>& targets,
                                      const BoosterParameters& parameters, int rounds) {
  const auto trained = train_booster({examples.features, examples.rows, targets}, parameters, rounds);
  if (!trained) return tl::unexpected(trained.error());
  return import_trees(*trained);
}

onboard::TrainedLevels levels_of(std::vector<float> estimates) {
  std::sort(estimates.begin(), estimates.end());
  const auto beyond = static_cast<std::size_t>(kBeyond * static_cast<double>(estimates.size()));
  return {estimates[beyond], estimates[estimates.size() - 1 - beyond]};
}

std::vector<float> say(const inference::TreeEnsemble& trees, const FieldExamples& examples) {
  std::vector<float> out(examples.size());
  trees.evaluate_batch(examples.rows, out);
  return out;
}

// Errors count linearly from the usual one on (pseudo-Huber): what counts is how many estimates are close.
Result<inference::TreeEnsemble> train_correction(const FieldExamples& examples, const datum::FieldSpec& spec,
                                                 std::uint64_t seed) {
  std::vector<float> wanted, sizes;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    wanted.push_back(examples.truths[i] - examples.estimates[i]);
    sizes.push_back(std::abs(wanted.back()));
  }
  const double slope = std::max<double>(median(sizes), 0.02 * std::max(spec.tolerance_abs, 1e-3));
  BoosterParameters parameters = parameters_of(seed, 6, 0.08);
  parameters.emplace_back("objective", "reg:pseudohubererror");
  parameters.emplace_back("huber_slope", fmt::format("{}", slope));
  parameters.emplace_back("min_child_weight", "5");
  return train(examples, wanted, parameters, kCorrectionRounds);
}

Result<inference::TreeEnsemble> train_spread(const FieldExamples& examples, const datum::FieldSpec& spec,
                                             const inference::TreeEnsemble& correction, std::uint64_t seed) {
  const std::vector<float> corrections = say(correction, examples);
  const float floor = kErrorFloor * static_cast<float>(std::max(spec.tolerance_abs, 1e-3));
  std::vector<float> wanted;
  for (std::size_t i = 0; i < examples.size(); ++i)
    wanted.push_back(std::log(floor + std::abs(examples.truths[i] - examples.estimates[i] - corrections[i])));
  BoosterParameters parameters = parameters_of(seed, 4, 0.1);
  parameters.emplace_back("objective", "reg:squarederror");
  parameters.emplace_back("min_child_weight", "50");
  return train(examples, wanted, parameters, kSpreadRounds);
}

ordered_json to_json(const Judgement& judgement) {
  const auto rounded = [](double v) { return std::round(v * 1e4) / 1e4; };
  return {{"within_tolerance", rounded(judgement.within)},
          {"within_half", rounded(judgement.within_half)},
          {"interval90_holds", rounded(judgement.interval_holds)}};
}

struct Trained {
  std::vector<onboard::FieldTrees> fields;
  ordered_json figures;
};

Result<void> train_field(const datum::FieldSpec& spec, const FieldExamples& training,
                         const FieldExamples& judging, std::uint64_t seed, Trained& out) {
  onboard::FieldTrees trees;
  trees.field = spec.name;
  auto correction = train_correction(training, spec, seed);
  if (!correction) return tl::unexpected(correction.error());
  trees.correction = std::move(*correction);
  auto spread = train_spread(training, spec, trees.correction, seed + 1);
  if (!spread) return tl::unexpected(spread.error());
  trees.spread = std::move(*spread);
  trees.levels = levels_of(training.estimates);
  std::vector<float> corrections = say(trees.correction, judging);
  for (std::size_t i = 0; i < corrections.size(); ++i)
    if (!trees.levels.hold(judging.estimates[i])) corrections[i] = 0.0F;
  const TreeChoices choices = choose(judging, spec, corrections, say(trees.spread, judging));
  trees.gaps = choices.gaps;
  const bool useful = choices.trees.within + choices.trees.within_half >
                      choices.baseline.within + choices.baseline.within_half + kGainMin;
  std::vector<float> shares;
  for (const onboard::GapChoice& gap : trees.gaps) shares.push_back(gap.share);
  out.figures[spec.name] = {{"trained_on", training.size()},
                            {"judged_on", judging.size()},
                            {"baseline", to_json(choices.baseline)},
                            {"trees", to_json(choices.trees)},
                            {"share_by_gap", shares},
                            {"levels", {trees.levels.low, trees.levels.high}},
                            {"nodes", trees.correction.nodes() + trees.spread.nodes()}};
  out.figures[spec.name]["kept"] = useful;
  fmt::print("  {}: within tolerance {:.4f} -> {:.4f}, within half {:.4f} -> {:.4f}, {} nodes{}\n", spec.name,
             choices.baseline.within, choices.trees.within, choices.baseline.within_half,
             choices.trees.within_half, trees.correction.nodes() + trees.spread.nodes(),
             useful ? "" : ": left out");
  std::fflush(stdout);
  if (useful) out.fields.push_back(std::move(trees));
  return {};
}

Result<Trained> train_mode(const Arguments& arguments, const Panel& panel, const datum::Schema& schema,
                           bool causal) {
  const auto slot = [&](double share) {
    return static_cast<std::size_t>(share * static_cast<double>(panel.slots()));
  };
  const SlotRange held_back{slot(arguments.judged_on[0]), slot(arguments.judged_on[1])};
  std::vector<SlotRange> rest;
  for (const SlotRange& range :
       {SlotRange{0, held_back.first}, SlotRange{held_back.last, slot(arguments.until)}})
    if (range.first < range.last) rest.push_back(range);
  const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  ExampleOptions options;
  options.causal = causal;
  options.seed = arguments.seed;
  options.left_out = loss_kind_of(arguments.without_loss);
  options.kinds = kinds_without(options.left_out, kTrainedOn);
  options.augmentation = arguments.augmentation;
  const auto training = collect_examples(panel, schema, rest, options, progress);
  if (!training) return tl::unexpected(training.error());
  options.augmentation = {};
  options.seed = arguments.seed + 1000;
  options.examples_target /= 2;
  options.kinds = kinds_without(options.left_out, kJudgedOn);
  const auto judging = collect_examples(panel, schema, {held_back}, options, progress);
  if (!judging) return tl::unexpected(judging.error());
  Trained out;
  fmt::print("{}\n", causal ? "causal" : "offline");
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    // On a circle a difference of numbers is no error, and completion has no other yet.
    if (schema.fields[f].circular) continue;
    if ((*training)[f].size() < kExamplesMin || (*judging)[f].size() < kExamplesMin) continue;
    const auto trained =
        train_field(schema.fields[f], (*training)[f], (*judging)[f], arguments.seed + 10 * f, out);
    if (!trained) return tl::unexpected(trained.error());
  }
  return out;
}

// What a run depends on; a half that an interrupted run left is taken up only when this is the same.
ordered_json record_of(const Arguments& arguments) {
  ordered_json record{{"model", std::filesystem::path(arguments.out).filename().string()},
                      {"schema", arguments.schema},
                      {"code", arguments.code},
                      {"data", hashes_of(arguments.in)},
                      {"seed", arguments.seed},
                      {"rows_used_until", arguments.until},
                      {"rows_held_back", arguments.judged_on},
                      {"rounds", {kCorrectionRounds, kSpreadRounds}}};
  if (!arguments.without_loss.empty()) record["without_loss"] = arguments.without_loss;
  note_augmentation(record, arguments.augmentation);
  return record;
}

// One mode's half, from an interrupted run of the same record or trained now and kept until the end.
Result<Trained> train_or_resume(const Arguments& arguments, const ordered_json& record, const Panel& panel,
                                const datum::Schema& schema, bool causal) {
  const std::string half = arguments.out + (causal ? ".causal" : ".offline");
  const auto bytes = formats::read_file(half);
  const auto note = formats::read_file(half + ".json");
  if (bytes && note) {
    const auto model = onboard::decode_model(std::as_bytes(std::span(*bytes)), schema);
    const ordered_json left = ordered_json::parse(*note, nullptr, false);
    if (model && !left.is_discarded() && left.value("run", ordered_json()) == record) {
      fmt::print(stderr, "{}: taken up\n", half);
      return Trained{causal ? model->causal : model->offline, left.at("figures")};
    }
  }
  auto trained = train_mode(arguments, panel, schema, causal);
  if (!trained) return trained;
  onboard::CompletionModel model{schema.name, {}, {}};
  (causal ? model.causal : model.offline) = trained->fields;
  const std::string text = ordered_json{{"run", record}, {"figures", trained->figures}}.dump(1);
  if (const auto kept = write_file(half, onboard::encode_model(model, schema)); !kept)
    return tl::unexpected(kept.error());
  if (const auto kept = write_file(half + ".json", std::as_bytes(std::span(text))); !kept)
    return tl::unexpected(kept.error());
  return trained;
}

Result<void> run(const Arguments& arguments) {
  const std::vector<double>& judged = arguments.judged_on;
  if (!(0.0 < judged[0] && judged[0] < judged[1] && judged[1] <= arguments.until && arguments.until <= 1.0))
    return fail(Errc::kOutOfRange, "--hold-back {} {}: expected 0 < first < last <= --until {}", judged[0],
                judged[1], arguments.until);
  if (!arguments.without_loss.empty() && !loss_kind_of(arguments.without_loss))
    return fail(Errc::kOutOfRange, "--without-loss {}: no such kind of loss", arguments.without_loss);
  const auto schema = app::read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  ordered_json record = record_of(arguments);
  onboard::CompletionModel model{schema->name, {}, {}};
  ordered_json figures;
  for (const bool causal : {true, false}) {
    onboard::PanelOptions options;
    options.arrival_order = causal;
    const auto tables = app::read_record_tables(arguments.in, *schema, options);
    if (!tables) return tl::unexpected(tables.error());
    auto trained = train_or_resume(arguments, record, tables->panel, *schema, causal);
    if (!trained) return tl::unexpected(trained.error());
    (causal ? model.causal : model.offline) = std::move(trained->fields);
    figures[causal ? "causal" : "offline"] = std::move(trained->figures);
  }
  const std::vector<std::byte> bytes = onboard::encode_model(model, *schema);
  if (const auto written = write_file(arguments.out, bytes); !written) return written;
  record["bytes"] = bytes.size();
  record["held_back_figures"] = std::move(figures);
  const std::string text = record.dump(1) + "\n";
  if (const auto written = write_file(arguments.out + ".json", std::as_bytes(std::span(text))); !written)
    return written;
  for (const char* half : {".causal", ".offline", ".causal.json", ".offline.json"})
    std::filesystem::remove(arguments.out + half);
  fmt::print("{}: {} bytes\n", arguments.out, bytes.size());
  return {};
}

}  // namespace

void add_train_trees(command_line::Command train, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      train.add_subcommand("trees", "Boosted trees that correct the baseline's completion");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables; several are several streams of one system").required();
  command.add_option("--out", arguments->out, "the model; its run record goes to OUT.json").required();
  command.add_option("--seed", arguments->seed, "of losses and of training").capture_default_str();
  command.add_option("--until", arguments->until, "share of the time that may be used at all")
      .capture_default_str();
  command
      .add_option("--hold-back", arguments->judged_on,
                  "share of the time, from and to, on which nothing is trained but choices are made")
      .expected(2)
      .capture_default_str();
  command.add_option(
      "--without-loss", arguments->without_loss,
      "kind of loss that is never drawn, to see what knowing it is worth: scattered, stretches, "
      "outages, records, selective or mixed");
  add_augmentation_options(command, arguments->augmentation);
  command.add_option("--code", arguments->code, "version of the code, for the record").capture_default_str();
  command.footer(
      "Values are hidden by many loss processes, the completion runs as in flight, and the trees learn what "
      "its\n"
      "estimates lack. An interrupted run is taken up where its first half was done.\n\n"
      "Example:\n  skywarden-fit train trees --schema schemas/prsa.toml --in PRSA_*.csv.gz --out "
      "models/prsa.trees \\\n    --code $(git rev-parse --short HEAD)");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit train trees: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
