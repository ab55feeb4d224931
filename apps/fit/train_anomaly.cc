// skywarden-fit train anomaly: boosted trees that tell faulty readings from sound ones.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/hash.h"
#include "booster.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "fault_examples.h"
#include "formats/read_file.h"
#include "onboard/anomaly_model.h"
#include "record_tables.h"
#include "tree_import.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;
using onboard::kEvidence;

constexpr std::size_t kWarmUp = 200;      // slots of a drawing
constexpr std::size_t kFaultyMin = 1000;  // readings of a field, or it is not judged
constexpr double kFalseRunCost = 0.5;     // faults found
// Readings of short faults count for more, so that each fault counts about as much: spike, stuck, offset,
// drift, noise.
constexpr std::array<float, kFaultKinds> kWeights{8.0F, 1.5F, 1.0F, 0.6F, 1.0F};

struct Arguments {
  std::string schema, out, code = "unknown", leave_out;
  std::vector<std::string> in, fields;
  std::uint64_t seed = 1;
  double until = 0.8;                         // share of the slots that may be used at all
  std::vector<double> judged_on{0.45, 0.72};  // … of them held back from training
  std::size_t draws = 2;
  int rounds = 150;
  double rate = 0.001;
};

Result<inference::TreeEnsemble> train(const FaultExamples& examples, std::optional<std::uint8_t> left_out,
                                      const Arguments& arguments) {
  std::vector<float> rows, targets, weights;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::uint8_t truth = examples.truths[i];
    if (truth == kAftermath || truth == left_out) continue;
    const auto row = examples.rows.begin() + static_cast<std::ptrdiff_t>(i * kEvidence);
    rows.insert(rows.end(), row, row + kEvidence);
    targets.push_back(truth == kSound ? 0.0F : 1.0F);
    weights.push_back(truth == kSound ? 1.0F : kWeights[truth - 1U]);
  }
  const BoosterParameters parameters{{"booster", "gbtree"},     {"objective", "binary:logistic"},
                                     {"tree_method", "hist"},   {"max_bin", "64"},
                                     {"nthread", "1"},          {"seed", fmt::format("{}", arguments.seed)},
                                     {"max_depth", "5"},        {"eta", "0.1"},
                                     {"subsample", "0.7"},      {"colsample_bytree", "0.5"},
                                     {"min_child_weight", "5"}, {"base_score", "0.5"},
                                     {"verbosity", "0"}};
  const auto trained = train_booster({kEvidence, rows, targets, weights}, parameters, arguments.rounds);
  if (!trained) return tl::unexpected(trained.error());
  return import_trees(*trained);
}

// Thresholds come from sound readings alone.
void settle_limits(const FaultExamples& examples, std::span<const float> odds, onboard::FieldJudge& judge) {
  constexpr std::size_t kRun = onboard::evidence("run"), kSurprise = onboard::evidence("run_surprise");
  constexpr std::size_t kLast = onboard::evidence("last");
  std::vector<float> sound, jumps, runs{0.0F};
  std::map<std::pair<std::uint32_t, std::uint32_t>, float> open;  // of drawing and stream: the run's surprise
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const float* row = examples.rows.data() + i * kEvidence;
    float& surprise = open[{examples.runs[i], examples.streams[i]}];
    if (row[kRun] == 0.0F && surprise > 0.0F) runs.push_back(surprise);
    surprise = examples.truths[i] == kSound ? row[kSurprise] : 0.0F;
    if (examples.truths[i] != kSound) continue;
    sound.push_back(odds[i]);
    jumps.push_back(std::isnan(row[kLast]) ? 0.0F : std::abs(row[kLast]));
  }
  const std::size_t readings = sound.size();
  judge.odds = onboard::sound_limits(std::move(sound), readings);
  judge.jumps = onboard::sound_limits(std::move(jumps), readings);
  judge.runs = onboard::sound_limits(std::move(runs), readings);
}

std::vector<std::uint8_t> flags_of(const FaultExamples& examples, const onboard::FieldJudge& judge,
                                   double rate) {
  std::vector<std::uint8_t> out;
  onboard::Evidence evidence;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    std::copy_n(examples.rows.begin() + static_cast<std::ptrdiff_t>(i * kEvidence), kEvidence,
                evidence.begin());
    out.push_back(onboard::judge(judge, evidence, rate) > 1.0F ? 1 : 0);
  }
  return out;
}

std::size_t found_of(const FaultFigures& figures, std::optional<std::uint8_t> left_out) {
  std::size_t out = 0;
  for (std::size_t k = 0; k < kFaultKinds; ++k)
    if (left_out != k + 1) out += figures.found[k];
  return out;
}

// The part of the rate that is best spent on this field: another fault found is worth two false runs.
void settle_part(const FaultExamples& examples, std::optional<std::uint8_t> left_out, double rate,
                 onboard::FieldJudge& judge) {
  double best = -1e9;
  float chosen = 1.0F;
  for (const float part : {0.05F, 0.1F, 0.2F, 0.3F, 0.5F, 0.7F, 1.0F, 1.4F, 2.0F}) {
    judge.part = part;
    const FaultFigures figures = judge_flags(examples, flags_of(examples, judge, rate));
    const double worth = static_cast<double>(found_of(figures, left_out)) -
                         kFalseRunCost * static_cast<double>(figures.false_runs);
    if (worth <= best) continue;
    best = worth;
    chosen = part;
  }
  judge.part = chosen;
}

double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? std::round(1e4 * static_cast<double>(part) / static_cast<double>(whole)) / 1e4 : 0.0;
}

ordered_json to_json(const FaultFigures& figures) {
  ordered_json out;
  std::size_t found = 0, all = 0;
  for (std::size_t k = 0; k < kFaultKinds; ++k) {
    found += figures.found[k];
    all += figures.all[k];
    out[fmt::format("found_{}", to_string(static_cast<FaultKind>(k)))] =
        share(figures.found[k], figures.all[k]);
  }
  out["events"] = all;
  out["events_found"] = share(found, all);
  out["false_positives_pct"] = figures.sound > 0
                                   ? std::round(1e5 * static_cast<double>(figures.false_readings) /
                                                static_cast<double>(figures.sound)) /
                                         1e3
                                   : 0.0;
  out["event_precision"] = share(figures.right_runs, figures.right_runs + figures.false_runs);
  out["false_runs_per_1000_sensor_days"] =
      figures.sound > 0
          ? std::round(2.4e5 * static_cast<double>(figures.false_runs) / static_cast<double>(figures.sound)) /
                10.0
          : 0.0;
  return out;
}

std::optional<std::uint8_t> kind_named(const std::string& name) {
  for (std::size_t k = 0; k < kFaultKinds; ++k)
    if (name == to_string(static_cast<FaultKind>(k))) return static_cast<std::uint8_t>(k + 1);
  return std::nullopt;
}

ordered_json record_of(const Arguments& arguments) {
  ordered_json data = ordered_json::array();
  for (const std::string& path : arguments.in) {
    const auto bytes = formats::read_file(path);
    Fnv1a hash;
    if (bytes) hash.add(std::string_view(*bytes));
    data.push_back({{"file", std::filesystem::path(path).filename().string()},
                    {"fnv1a64", fmt::format("{:016x}", hash.value())}});
  }
  return {{"model", std::filesystem::path(arguments.out).filename().string()},
          {"schema", std::filesystem::path(arguments.schema).filename().string()},
          {"code", arguments.code},
          {"data", std::move(data)},
          {"seed", arguments.seed},
          {"rows_used_until", arguments.until},
          {"rows_held_back", arguments.judged_on},
          {"drawings", arguments.draws},
          {"rounds", arguments.rounds},
          {"rate", arguments.rate},
          {"left_out", arguments.leave_out}};
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) return fail(Errc::kInputOutput, "{}: cannot be written", path);
  return {};
}

struct Examples {
  std::vector<FaultExamples> training, judging;  // of fields
};

Result<Examples> collect(const Arguments& arguments, const onboard::Panel& panel,
                         const datum::Schema& schema) {
  const auto slot = [&](double share_of) {
    return static_cast<std::size_t>(share_of * static_cast<double>(panel.slots()));
  };
  const SlotRange held_back{slot(arguments.judged_on[0]), slot(arguments.judged_on[1])};
  std::vector<SlotRange> rest;
  for (const SlotRange& range :
       {SlotRange{0, held_back.first}, SlotRange{held_back.last, slot(arguments.until)}})
    if (range.first + 2 * kWarmUp < range.last) rest.push_back(range);
  const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  FaultOptions options;
  auto training = collect_fault_examples(panel, schema, rest, arguments.draws, kWarmUp, options,
                                         arguments.seed, progress);
  if (!training) return tl::unexpected(training.error());
  options.varied = false;
  auto judging = collect_fault_examples(panel, schema, {held_back}, 1, kWarmUp, options,
                                        arguments.seed + 1000, progress);
  if (!judging) return tl::unexpected(judging.error());
  return Examples{std::move(*training), std::move(*judging)};
}

Result<void> run(const Arguments& arguments) {
  const std::vector<double>& judged = arguments.judged_on;
  if (!(0.0 < judged[0] && judged[0] < judged[1] && judged[1] <= arguments.until && arguments.until <= 1.0))
    return fail(Errc::kOutOfRange, "--hold-back {} {}: expected 0 < first < last <= --until {}", judged[0],
                judged[1], arguments.until);
  if (!(arguments.rate > 0.0 && arguments.rate < 0.2))
    return fail(Errc::kOutOfRange, "--rate {}: expected more than 0 and less than 0.2", arguments.rate);
  const std::optional<std::uint8_t> left_out = kind_named(arguments.leave_out);
  if (!arguments.leave_out.empty() && !left_out)
    return fail(Errc::kOutOfRange, "--leave-out {}: expected spike, stuck, offset, drift or noise",
                arguments.leave_out);
  const auto schema = app::read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  onboard::PanelOptions options;
  options.arrival_order = true;
  const auto tables = app::read_record_tables(arguments.in, *schema, options);
  if (!tables) return tl::unexpected(tables.error());
  const auto examples = collect(arguments, tables->panel, *schema);
  if (!examples) return tl::unexpected(examples.error());
  ordered_json record = record_of(arguments);
  onboard::AnomalyModel model{schema->name, arguments.rate, {}};
  FaultFigures all;
  for (std::size_t f = 0; f < schema->fields.size(); ++f) {
    const datum::FieldSpec& spec = schema->fields[f];
    const FaultExamples& training = examples->training[f];
    const auto faulty = std::count_if(training.truths.begin(), training.truths.end(),
                                      [](std::uint8_t t) { return t != kSound && t != kAftermath; });
    const bool asked = arguments.fields.empty() || std::find(arguments.fields.begin(), arguments.fields.end(),
                                                             spec.name) != arguments.fields.end();
    if (!asked || static_cast<std::size_t>(faulty) < kFaultyMin || examples->judging[f].size() == 0) continue;
    onboard::FieldJudge judge;
    judge.field = spec.name;
    auto trees = train(training, left_out, arguments);
    if (!trees) return tl::unexpected(trees.error());
    judge.trees = std::move(*trees);
    std::vector<float> odds(examples->judging[f].size());
    judge.trees.evaluate_batch(examples->judging[f].rows, odds);
    settle_limits(examples->judging[f], odds, judge);
    settle_part(examples->judging[f], left_out, arguments.rate, judge);
    const FaultFigures figures =
        judge_flags(examples->judging[f], flags_of(examples->judging[f], judge, arguments.rate));
    all.add(figures);
    record["held_back_figures"][spec.name] = to_json(figures);
    record["parts"][spec.name] = judge.part;
    fmt::print("{}: {}\n", spec.name, to_json(figures).dump());
    std::fflush(stdout);
    model.fields.push_back(std::move(judge));
  }
  record["held_back_figures"]["all"] = to_json(all);
  fmt::print("all: {}\n", to_json(all).dump());
  const std::vector<std::byte> bytes = onboard::encode_anomaly_model(model);
  record["bytes"] = bytes.size();
  if (const auto written = write_file(arguments.out, bytes); !written) return written;
  const std::string text = record.dump(1) + "\n";
  return write_file(arguments.out + ".json", std::as_bytes(std::span(text)));
}

}  // namespace

void add_train_anomaly(command_line::Command train, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      train.add_subcommand("anomaly", "Boosted trees that tell faulty readings from sound ones");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables; several are several streams of one system").required();
  command.add_option("--out", arguments->out, "the model; its run record goes to OUT.json").required();
  command.add_option("--seed", arguments->seed, "of faults and of training").capture_default_str();
  command.add_option("--until", arguments->until, "share of the time that may be used at all")
      .capture_default_str();
  command
      .add_option("--hold-back", arguments->judged_on,
                  "share of the time, from and to, on which nothing is trained but thresholds are settled")
      .expected(2)
      .capture_default_str();
  command.add_option("--draws", arguments->draws, "drawings of faults over the rows trained on")
      .check(command_line::range(1, 20))
      .capture_default_str();
  command.add_option("--rounds", arguments->rounds, "trees of a field")
      .check(command_line::range(1, 2000))
      .capture_default_str();
  command.add_option("--rate", arguments->rate, "share of sound readings that the model flags by default")
      .capture_default_str();
  command.add_option("--fields", arguments->fields, "only these; otherwise all numbers");
  command.add_option("--leave-out", arguments->leave_out,
                     "a kind of fault that training does not see: spike, stuck, offset, drift, noise");
  command.add_option("--code", arguments->code, "version of the code, for the record").capture_default_str();
  command.footer(
      "Faults are put into the readings, the detector's own evidence is collected, and the trees learn to "
      "tell\n"
      "faulty from sound. Thresholds come from sound rows that were held back.\n\n"
      "Example:\n  skywarden-fit train anomaly --schema schemas/prsa.toml --in PRSA_*.csv.gz --out "
      "models/prsa.anomaly \\\n    --code $(git rev-parse --short HEAD)");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit train anomaly: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
