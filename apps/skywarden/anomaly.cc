// skywarden anomaly: marks the readings of record tables that do not fit.
#include "onboard/anomaly.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "onboard/anomaly_model.h"
#include "onboard/joint_anomaly.h"
#include "onboard/novelty.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, out, model;
  std::vector<std::string> in, fit;
  bool joint = false, novelty = false;
  double rate = 0.0;  // 0: the model's own, or without one that of the options
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
  std::vector<float> joint;    // of records, when asked for
  std::vector<float> novelty;  // of cells, when asked for
};

// Each series by itself: of its neighbours and of the rest of the record nothing is known to it.
std::vector<float> novelty_scores(const onboard::Panel& panel, const datum::Schema& schema) {
  std::vector<float> out(panel.cells(), 0.0F);
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (schema.fields[f].kind != datum::FieldKind::kNumber) continue;
      onboard::Novelty novelty;
      for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
        const std::size_t cell = panel.at(slot, s, f);
        if (panel.observed(cell))
          out[cell] = static_cast<float>(novelty.arrive(panel.time(slot), panel.value(cell)));
      }
    }
  }
  return out;
}

// By a trained model. Clean tables, when given, only warm up what is usual: they have to lie before.
Result<Judged> judge_by_model(const Arguments& arguments, const datum::Schema& schema) {
  const auto bytes = formats::read_file(arguments.model);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto model = onboard::decode_anomaly_model(std::as_bytes(std::span(*bytes)), schema);
  if (!model) return fail(model.error().code, "{}: {}", arguments.model, model.error().message);
  std::vector<std::string> all = arguments.fit;
  all.insert(all.end(), arguments.in.begin(), arguments.in.end());
  onboard::PanelOptions options;
  options.arrival_order = true;
  auto tables = read_record_tables(all, schema, options, arguments.fit.size());
  if (!tables) return tl::unexpected(tables.error());
  Judged out{std::move(*tables), arguments.fit.size(), {}, {}, {}};
  if (!arguments.fit.empty() && !lies_before(out.tables, out.first))
    return fail(Errc::kOutOfRange, "--fit: with a model, expected only rows that lie before those of --in");
  const auto completion = onboard::complete_for_anomaly(out.tables.panel, schema);
  out.scores = onboard::anomaly_scores(*model, out.tables.panel, schema, completion, arguments.rate,
                                       onboard::AnomalyOptions{}.warm_up);
  return out;
}

// Clean tables that end before the others begin are the others' past: they warm everything up. Otherwise they
// only give thresholds.
Result<Judged> judge(const Arguments& arguments, const datum::Schema& schema) {
  onboard::AnomalyOptions options;
  if (arguments.rate > 0.0) options.false_positive_rate = arguments.rate;
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
  Judged out{std::move(*tables), arguments.fit.size(), {}, {}, {}};
  const bool past = lies_before(out.tables, out.first);
  if (!arguments.fit.empty() && !past) {
    auto clean = read(arguments.fit, {});
    if (!clean) return tl::unexpected(clean.error());
    const auto completion = onboard::complete_for_anomaly(clean->panel, schema);
    const auto strange = onboard::strangeness(clean->panel, schema, completion, options);
    thresholds = onboard::fit_thresholds(clean->panel, schema, strange, clean->panel.slots(), options);
    auto alone = read({}, arguments.in);
    if (!alone) return tl::unexpected(alone.error());
    out = Judged{std::move(*alone), 0, {}, {}, {}};
  }
  const auto completion = onboard::complete_for_anomaly(out.tables.panel, schema);
  const auto strange = onboard::strangeness(out.tables.panel, schema, completion, options);
  if (!arguments.fit.empty() && past)
    thresholds = onboard::fit_thresholds(out.tables.panel, schema, strange, first_slot(out.tables, out.first),
                                         options);
  out.scores = onboard::anomaly_scores(out.tables.panel, schema, completion, strange,
                                       thresholds ? &*thresholds : nullptr, options);
  return out;
}

Result<bool> run(const Arguments& arguments) {
  if (!(arguments.rate >= 0.0 && arguments.rate <= 0.2))
    return fail(Errc::kOutOfRange, "--rate {}: expected more than 0 and at most 0.2", arguments.rate);
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  auto judged = arguments.model.empty() ? judge(arguments, *schema) : judge_by_model(arguments, *schema);
  if (!judged) return tl::unexpected(judged.error());
  if (arguments.joint)
    judged->joint = onboard::joint_anomaly_scores(judged->tables.panel, *schema, onboard::AnomalyOptions{});
  if (arguments.novelty) judged->novelty = novelty_scores(judged->tables.panel, *schema);
  std::vector<std::string> added;
  for (const datum::FieldSpec& spec : schema->fields) {
    added.push_back(spec.name + ".anomaly");
    added.push_back(spec.name + ".score");
    if (arguments.novelty) added.push_back(spec.name + ".novelty");
  }
  if (arguments.joint) added.insert(added.end(), {"joint.anomaly", "joint.score"});
  const onboard::Panel& panel = judged->tables.panel;
  for (std::size_t i = judged->first; i < judged->tables.tables.size(); ++i) {
    const RecordTable& table = judged->tables.tables[i];
    const auto written = write_record_table(table, arguments.out, added, [&](std::size_t row, auto& cells) {
      const std::size_t record = table.records[row];
      for (std::size_t f = 0; f < schema->fields.size(); ++f) {
        float score = 0.0F, novelty = 0.0F;
        if (record != kNoRecordOfRow) {
          const onboard::Panel::Place place = panel.place(record);
          const std::size_t cell = panel.at(place.slot, place.stream, f);
          score = judged->scores[cell];
          if (arguments.novelty) novelty = judged->novelty[cell];
        }
        cells.emplace_back(score > 1.0F ? "1" : "0");
        cells.push_back(fmt::format("{:.3f}", score));
        if (arguments.novelty) cells.push_back(fmt::format("{:.5f}", novelty));
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

void add_anomaly(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command = app.add_subcommand("anomaly", "Mark readings that do not fit");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables; several are several streams of one system").required();
  command.add_option("--out", arguments->out, "folder for the results; each table keeps its name").required();
  command.add_option("--fit", arguments->fit,
                     "clean tables from which the thresholds come; with a model, what went before");
  command.add_option("--model", arguments->model, "a model trained on faults (models/*.anomaly)");
  command.add_option(
      "--rate", arguments->rate,
      "share of sound readings that may be flagged (default: the model's own; without one 0.01)");
  command.add_flag(
      "--joint", arguments->joint,
      "also mark records whose numbers do not move together as usual (joint.anomaly, joint.score)");
  command.add_flag(
      "--novelty", arguments->novelty,
      "also say how far each number lies beyond all that its own series has shown (FIELD.novelty)");
  command.footer(
      "Each table comes out with its rows and columns and beside them FIELD.anomaly (0 or 1) and "
      "FIELD.score;\n"
      "a score above 1 is an anomaly. Rows never depend on later rows.\n\n"
      "Examples:\n  skywarden anomaly --schema schemas/prsa.toml --fit clean/*.csv --in new/*.csv --out "
      "out/checked\n"
      "  skywarden anomaly --schema schemas/prsa.toml --model models/prsa.anomaly --rate 0.0005 --in "
      "new/*.csv "
      "--out out/checked");
  command.callback([arguments, exit_code] {
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden anomaly: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
