#include "network_source.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "network_shape.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;

const std::vector<LossKind> kTrainedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                       LossKind::kOutages,   LossKind::kRecords,   LossKind::kSelective,
                                       LossKind::kMixed};
const std::vector<LossKind> kJudgedOn{LossKind::kScattered, LossKind::kStretches, LossKind::kOutages,
                                      LossKind::kRecords,   LossKind::kSelective, LossKind::kMixed};

// The tables are read when they are first needed: examples that were kept need none.
class Collector {
 public:
  Collector(const NetworkSource& source, const datum::Schema& schema) : source_(source), schema_(schema) {}

  Result<RecordExamples> examples(bool judging) {
    const std::string path = source_.examples + (judging ? ".judging" : ".training");
    const std::string from = to_json(source_).dump();
    if (!source_.examples.empty()) {
      auto kept = read_records(path, from);
      if (kept) fmt::print(stderr, "{}: taken up\n", path);
      if (kept || kept.error().code != Errc::kNotFound) return kept;
    }
    auto out = collect(judging);
    if (out && !source_.examples.empty())
      if (const auto written = write_records(*out, from, path); !written)
        return tl::unexpected(written.error());
    return out;
  }

 private:
  Result<RecordExamples> collect(bool judging) {
    if (!tables_) {
      onboard::PanelOptions panel;
      panel.arrival_order = !source_.offline;
      auto tables = app::read_record_tables(source_.in, schema_, panel);
      if (!tables) return tl::unexpected(tables.error());
      tables_ = std::move(*tables);
    }
    const auto slot = [&](double share) {
      return static_cast<std::size_t>(share * static_cast<double>(tables_->panel.slots()));
    };
    std::vector<SlotRange> ranges{{slot(source_.judged_on[0]), slot(source_.judged_on[1])}};
    if (!judging) ranges = {{0, ranges[0].first}, {ranges[0].last, slot(source_.until)}};
    std::erase_if(ranges, [](const SlotRange& range) { return range.first >= range.last; });
    ExampleOptions options;
    options.causal = !source_.offline;
    options.seed = source_.seed + (judging ? 1000 : 0);
    options.every = source_.every;
    options.kinds = judging ? kJudgedOn : kTrainedOn;
    if (!judging) options.augmentation = source_.augmentation;
    const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
    return collect_records(tables_->panel, schema_, ranges, options, source_.streams, progress);
  }

  const NetworkSource& source_;
  const datum::Schema& schema_;
  std::optional<app::RecordTables> tables_;
};

Result<void> check(const NetworkSource& source) {
  const std::vector<double>& judged = source.judged_on;
  if (!(0.0 < judged[0] && judged[0] < judged[1] && judged[1] <= source.until && source.until <= 1.0))
    return fail(Errc::kOutOfRange, "--hold-back {} {}: expected 0 < first < last <= --until {}", judged[0],
                judged[1], source.until);
  return {};
}

}  // namespace

void add_source_options(command_line::Command command, NetworkSource& source) {
  const auto shown = [](command_line::Option option) { option.capture_default_str(); };
  command.add_option("--schema", source.schema, "schema of the records (TOML)").required();
  command.add_option("--in", source.in, "tables; several are several streams of one system").required();
  shown(command.add_option("--streams", source.streams, "kept of each panel with losses"));
  shown(command.add_option("--every", source.every, "use only every so many panels with losses")
            .check(command_line::positive_number()));
  command.add_option("--examples", source.examples,
                     "keep the examples in files of this name, or take them up from there");
  shown(command.add_option("--seed", source.seed, "of losses and of training"));
  shown(command.add_option("--until", source.until, "share of the time that may be used at all"));
  command
      .add_option("--hold-back", source.judged_on,
                  "share of the time, from and to, on which nothing is trained")
      .expected(2)
      .capture_default_str();
  add_augmentation_options(command, source.augmentation);
  command.add_flag("--offline", source.offline, "for completion that sees later rows, too");
  command.add_flag_callback(
      "--bf16", [&source] { source.products = Products::kBf16; },
      "train with products of 16 bits: many times as fast where the processor has AMX");
  shown(command.add_option("--code", source.code, "version of the code, for the record"));
}

ordered_json to_json(const NetworkSource& source) {
  ordered_json out{{"schema", source.schema},
                   {"data", hashes_of(source.in)},
                   {"seed", source.seed},
                   {"rows_used_until", source.until},
                   {"rows_held_back", source.judged_on},
                   {"streams_of_each_run", source.streams},
                   {"every", source.every},
                   {"causal", !source.offline}};
  note_augmentation(out, source.augmentation);
  return out;
}

Result<NetworkExamples> examples_of(const NetworkSource& source, const datum::Schema& schema) {
  if (const auto sound = check(source); !sound) return tl::unexpected(sound.error());
  Collector collector(source, schema);
  auto training = collector.examples(false);
  if (!training) return tl::unexpected(training.error());
  auto judging = collector.examples(true);
  if (!judging) return tl::unexpected(judging.error());
  return NetworkExamples{std::move(*training), std::move(*judging)};
}

Result<RecordExamples> judging_examples_of(const NetworkSource& source, const datum::Schema& schema) {
  if (const auto sound = check(source); !sound) return tl::unexpected(sound.error());
  return Collector(source, schema).examples(true);
}

ordered_json begun_record(const std::string& out, const onboard::NetworkInputs& inputs,
                          const onboard::NetworkShape& shape, const NetworkSource& source,
                          const NetworkExamples& examples) {
  return {{"model", std::filesystem::path(out).filename().string()},
          {"completion", inputs.fingerprint(shape.kind)},
          {"shape", to_json(shape)},
          {"code", source.code},
          {"source", to_json(source)},
          {"products", to_string(source.products)},
          {"examples", {examples.training.records.size(), examples.judging.records.size()}}};
}

}  // namespace skywarden::fit
