// skywarden anomaly: marks the readings of record tables that do not fit.
#include "onboard/anomaly.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "commands.h"
#include "onboard/joint_anomaly.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, out;
  std::vector<std::string> in, fit;
  bool joint = false;
  double rate = onboard::AnomalyOptions{}.false_positive_rate;
};

// Whether everything that was called clean lies before everything that is judged.
bool lies_before(const RecordTables& tables, std::size_t first) {
  Instant latest = Instant::min(), earliest = Instant::max();
  for (std::size_t i = 0; i < tables.tables.size(); ++i) {
    if (i < first)
      latest = std::max(latest, tables.tables[i].latest);
    else
      earliest = std::min(earliest, tables.tables[i].earliest);
  }
  return latest < earliest;
}

// The first slot of the tables that are judged.
std::size_t first_slot(const RecordTables& tables, std::size_t first) {
  std::size_t slot = tables.panel.slots();
  for (std::size_t i = first; i < tables.tables.size(); ++i)
    for (const std::size_t record : tables.tables[i].records)
      if (record != kNoRecordOfRow) slot = std::min<std::size_t>(slot, tables.panel.place(record).slot);
  return slot;
}

struct Judged {
  RecordTables tables;
  std::size_t first = 0;  // of the tables that are judged; those before were only learnt from
  std::vector<float> scores;
  std::vector<float> joint;  // of records, when asked for
};

// Clean tables that end before the others begin are the others' past: they warm everything up. Otherwise they
// only give thresholds.
Result<Judged> judge(const Arguments& arguments, const datum::Schema& schema) {
  onboard::AnomalyOptions options;
  options.false_positive_rate = arguments.rate;
  onboard::PanelOptions panel_options;
  panel_options.arrival_order = true;
  std::optional<onboard::Thresholds> thresholds;
  const auto read = [&](const std::vector<std::string>& first, const std::vector<std::string>& second) {
    std::vector<std::string> all = first;
    all.insert(all.end(), second.begin(), second.end());
    return read_record_tables(all, schema, panel_options, first.size());
  };
  auto tables = read(arguments.fit, arguments.in);
  if (!tables) return tl::unexpected(tables.error());
  Judged out{std::move(*tables), arguments.fit.size(), {}, {}};
  const bool past = lies_before(out.tables, out.first);
  if (!arguments.fit.empty() && !past) {
    auto clean = read(arguments.fit, {});
    if (!clean) return tl::unexpected(clean.error());
    const auto completion = onboard::complete_for_anomaly(clean->panel, schema);
    const auto strange = onboard::strangeness(clean->panel, schema, completion, options);
    thresholds = onboard::fit_thresholds(clean->panel, schema, strange, clean->panel.slots(), options);
    auto alone = read({}, arguments.in);
    if (!alone) return tl::unexpected(alone.error());
    out = Judged{std::move(*alone), 0, {}, {}};
  }
  const auto completion = onboard::complete_for_anomaly(out.tables.panel, schema);
  const auto strange = onboard::strangeness(out.tables.panel, schema, completion, options);
  if (!arguments.fit.empty() && past)
    thresholds = onboard::fit_thresholds(out.tables.panel, schema, strange, first_slot(out.tables, out.first),
                                         options);
  out.scores = onboard::anomaly_scores(out.tables.panel, schema, completion, strange,
                                       thresholds ? &*thresholds : nullptr, options);
  if (arguments.joint) out.joint = onboard::joint_anomaly_scores(out.tables.panel, schema, options);
  return out;
}

Result<bool> run(const Arguments& arguments) {
  if (!(arguments.rate > 0.0 && arguments.rate <= 0.2))
    return fail(Errc::kOutOfRange, "--rate {}: expected more than 0 and at most 0.2", arguments.rate);
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto judged = judge(arguments, *schema);
  if (!judged) return tl::unexpected(judged.error());
  std::vector<std::string> added;
  for (const datum::FieldSpec& spec : schema->fields) {
    added.push_back(spec.name + ".anomaly");
    added.push_back(spec.name + ".score");
  }
  if (arguments.joint) added.insert(added.end(), {"joint.anomaly", "joint.score"});
  const onboard::Panel& panel = judged->tables.panel;
  for (std::size_t i = judged->first; i < judged->tables.tables.size(); ++i) {
    const RecordTable& table = judged->tables.tables[i];
    const auto written = write_record_table(table, arguments.out, added, [&](std::size_t row, auto& cells) {
      const std::size_t record = table.records[row];
      for (std::size_t f = 0; f < schema->fields.size(); ++f) {
        float score = 0.0F;
        if (record != kNoRecordOfRow) {
          const onboard::Panel::Place place = panel.place(record);
          score = judged->scores[panel.at(place.slot, place.stream, f)];
        }
        cells.emplace_back(score > 1.0F ? "1" : "0");
        cells.push_back(fmt::format("{:.3f}", score));
      }
      if (!arguments.joint) return;
      const float score = record != kNoRecordOfRow ? judged->joint[record] : 0.0F;
      cells.emplace_back(score > 1.0F ? "1" : "0");
      cells.push_back(fmt::format("{:.3f}", score));
    });
    if (!written) return tl::unexpected(written.error());
  }
  return judged->tables.sound();
}

}  // namespace

void add_anomaly(CLI::App& app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("anomaly", "Mark readings that do not fit");
  command->add_option("--schema", arguments->schema, "schema of the records (TOML)")->required();
  command->add_option("--in", arguments->in, "tables; several are several streams of one system")->required();
  command->add_option("--out", arguments->out, "folder for the results; each table keeps its name")
      ->required();
  command->add_option("--fit", arguments->fit, "clean tables from which the thresholds come");
  command->add_option("--rate", arguments->rate, "share of sound readings that may be flagged")
      ->capture_default_str();
  command->add_flag(
      "--joint", arguments->joint,
      "also mark records whose numbers do not move together as usual (joint.anomaly, joint.score)");
  command->footer(
      "Each table comes out with its rows and columns and beside them FIELD.anomaly (0 or 1) and "
      "FIELD.score;\n"
      "a score above 1 is an anomaly. Rows never depend on later rows.\n\n"
      "Example:\n  skywarden anomaly --schema schemas/prsa.toml --fit clean/*.csv --in new/*.csv --out "
      "out/checked");
  command->callback([arguments, exit_code] {
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden anomaly: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
