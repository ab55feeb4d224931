// skywarden complete: fills the holes of record tables, with an interval or a probability beside each.
#include "onboard/complete.h"

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command_line/command_line.h"
#include "commands.h"
#include "complete_lines.h"
#include "completed_missing.h"
#include "completed_quality.h"
#include "formats/read_file.h"
#include "onboard/complete_fusion.h"
#include "onboard/complete_grid.h"
#include "onboard/missing_pattern.h"
#include "onboard/missing_report.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, out;
  std::vector<std::string> in;
  std::string model = "baseline";
  bool causal = false, stream = false;
  std::string as_of;  // empty: the latest time in the tables
  bool json = false;
  double abstain_beyond = onboard::CompleteOptions{}.abstain_beyond;
};

std::vector<std::string> added_columns(const datum::Schema& schema) {
  std::vector<std::string> out;
  for (const datum::FieldSpec& spec : schema.fields) {
    out.push_back(spec.name + ".state");
    if (spec.kind == datum::FieldKind::kNumber) {
      out.push_back(spec.name + ".low");
      out.push_back(spec.name + ".high");
    }
    if (spec.kind == datum::FieldKind::kCategory) out.push_back(spec.name + ".p");
    out.push_back(spec.name + ".pattern");
  }
  return out;
}

// One digit more than the field prints: an interval's ends are no readings.
std::string format_end(double value, int decimals) {
  return onboard::format_on_grid(value, std::max(0, decimals + 1));
}

void fill_cell(const datum::FieldSpec& spec, const onboard::Completion& completion, std::size_t cell,
               std::vector<std::string>& cells, std::size_t column) {
  const bool number = spec.kind == datum::FieldKind::kNumber;
  const std::int8_t decimals = completion.decimals[cell];
  if (column != datum::Table::npos) {
    const double value = completion.values[cell];
    cells[column] =
        number ? onboard::format_on_grid(value, decimals) : spec.levels[static_cast<std::size_t>(value)];
  }
  cells.emplace_back(completion.abstained[cell] != 0 ? "abstained" : "estimated");
  if (number) {
    cells.push_back(format_end(completion.lows[cell], decimals));
    cells.push_back(format_end(completion.highs[cell], decimals));
  } else {
    cells.push_back(fmt::format("{:.3f}", completion.probabilities[cell]));
  }
}

void fill_row(const RecordTables& tables, const RecordTable& table, const datum::Schema& schema,
              const onboard::Completion& completion, const std::vector<onboard::MissingPattern>& patterns,
              std::size_t row, std::vector<std::string>& cells) {
  const std::size_t record = table.records[row];
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const datum::FieldSpec& spec = schema.fields[f];
    const std::size_t extra = spec.kind == datum::FieldKind::kNumber     ? 2
                              : spec.kind == datum::FieldKind::kCategory ? 1
                                                                         : 0;
    if (record == kNoRecordOfRow) {  // the row travels along as it is
      cells.emplace_back("missing:malformed");
      cells.insert(cells.end(), extra + 1, "");
      continue;
    }
    const onboard::Panel::Place place = tables.panel.place(record);
    const std::size_t cell = tables.panel.at(place.slot, place.stream, f);
    const onboard::Origin origin = completion.origins[cell];
    if (origin == onboard::Origin::kObserved || origin == onboard::Origin::kNone) {
      cells.push_back(origin == onboard::Origin::kObserved
                          ? "observed"
                          : fmt::format("missing:{}", datum::to_string(tables.panel.reason(cell))));
      cells.insert(cells.end(), extra, "");
    } else {
      fill_cell(spec, completion, cell, cells, table.layout.fields[f]);
    }
    cells.emplace_back(onboard::to_string(patterns[cell]));
  }
}

void print_quality(const Arguments& arguments, const RecordTables& tables, const datum::Schema& schema,
                   const onboard::Completion& completion, const onboard::MissingReport& missing,
                   Instant as_of) {
  const std::vector<TableQuality> qualities = qualities_of(tables, schema, completion);
  if (!arguments.json) fmt::print(stderr, "{}", missing_text(missing, schema));
  fmt::print("{}", arguments.json
                       ? quality_json(qualities, schema, as_of, missing_json(missing, schema)) + "\n"
                       : quality_text(qualities, as_of));
}

// Null for the baseline alone.
Result<std::unique_ptr<onboard::NumberReviewer>> read_model(const std::string& path,
                                                            const datum::Schema& schema, bool causal) {
  if (path == "baseline") return nullptr;
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto model = onboard::decode_fused_model(std::as_bytes(std::span(*bytes)), schema);
  if (!model) return fail(model.error().code, "{}: {}", path, model.error().message);
  return onboard::make_fused_reviewer(*model, schema, causal);
}

Result<bool> run_stream(const Arguments& arguments) {
  if (!arguments.in.empty() || !arguments.out.empty() || !arguments.as_of.empty() || arguments.json)
    return fail(Errc::kOutOfRange, "--stream: expected none of --in, --out, --as-of, --json");
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  auto reviewer = read_model(arguments.model, *schema, true);
  if (!reviewer) return tl::unexpected(reviewer.error());
  serving::LadderOptions options;
  options.system.abstain_beyond = arguments.abstain_beyond;
  const CompletedLines lines = complete_lines(
      std::cin, *schema, std::move(*reviewer), options,
      [](std::string_view line) {
        fmt::print("{}\n", line);
        std::fflush(stdout);
      },
      [](std::string_view line) { fmt::print(stderr, "{}\n", line); });
  if (!lines.sound())
    fmt::print(stderr, "{} records completed; {} lines were no records, {} cells could not be read\n",
               lines.records, lines.refused, lines.problems);
  return lines.sound();
}

Result<bool> run(const Arguments& arguments) {
  if (arguments.stream) return run_stream(arguments);
  if (arguments.in.empty() || arguments.out.empty())
    return fail(Errc::kOutOfRange, "expected --in and --out, or --stream");
  std::optional<Instant> as_of;
  if (!arguments.as_of.empty()) {
    const auto time = parse_utc(arguments.as_of);
    if (!time) return fail(time.error().code, "--as-of: {}", time.error().message);
    as_of = *time;
  }
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto reviewer = read_model(arguments.model, *schema, arguments.causal);
  if (!reviewer) return tl::unexpected(reviewer.error());
  onboard::PanelOptions options;
  options.arrival_order = arguments.causal;
  const auto tables = read_record_tables(arguments.in, *schema, options);
  if (!tables) return tl::unexpected(tables.error());
  onboard::CompleteOptions completing;
  completing.causal = arguments.causal;
  // A file that never goes back in time is taken for a log of what arrived.
  completing.rows_as_arrived = tables->panel.records_in_order();
  completing.abstain_beyond = arguments.abstain_beyond;
  completing.reviewer = reviewer->get();
  const onboard::Completion completion = onboard::complete(tables->panel, *schema, completing);
  const std::vector<onboard::MissingPattern> patterns =
      onboard::missing_patterns(tables->panel, arguments.causal);
  const std::vector<std::string> added = added_columns(*schema);
  for (const RecordTable& table : tables->tables) {
    const auto written = write_record_table(table, arguments.out, added, [&](std::size_t row, auto& cells) {
      fill_row(*tables, table, *schema, completion, patterns, row, cells);
    });
    if (!written) return tl::unexpected(written.error());
  }
  if (!as_of) as_of = latest_time(*tables);
  const onboard::MissingReport missing =
      onboard::report_missing(tables->panel, *schema, completion, patterns);
  print_quality(arguments, *tables, *schema, completion, missing, as_of.value_or(Instant{}));
  return tables->sound();
}

}  // namespace

void add_complete(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("complete", "Fill the holes of record tables, stating how surely");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in,
                     "tables; several are several streams of one system (.csv, .csv.gz)");
  command.add_option("--out", arguments->out, "folder for the results; each table keeps its name");
  command.add_flag("--causal", arguments->causal, "use only what had arrived when the row came");
  command.add_flag("--stream", arguments->stream,
                   "instead of tables, records from standard input as they arrive, a JSON line each; each is "
                   "answered on standard output at once, by what came before");
  command
      .add_option("--model", arguments->model,
                  "baseline: learnt from the tables themselves; or a file of trees, or of trees and networks")
      .capture_default_str();
  command
      .add_option(
          "--abstain-beyond", arguments->abstain_beyond,
          "tolerances of the schema that half an interval may span before its estimate is marked as too "
          "uncertain to act on; 0: never")
      .check(command_line::range(0.0, 1e6))
      .capture_default_str();
  command.add_option(
      "--as-of", arguments->as_of,
      "when freshness is judged (UTC, 2022-02-26T10:00:00Z); else at the latest time there is");
  command.add_flag("--json", arguments->json, "print quality and losses of the tables as a JSON object");
  command.footer(
      "Each table comes out with its rows and columns, holes filled, and beside them FIELD.state (observed, "
      "estimated,\nabstained: filled but too uncertain to act on, or missing:WHY), FIELD.low and FIELD.high "
      "(90 % "
      "interval of a\nnumber) or FIELD.p (probability of the chosen level), and FIELD.pattern of a hole: "
      "random, "
      "temporal,\nstructured, spatial. How the losses look, field by field, goes to stderr.\n"
      "Printed is the quality of each table: completeness, consistency, freshness, provenance, a score of "
      "them in\n0…1, and what costs most.\n\n"
      "Lines of --stream are answered as POST /v1/complete answers a record: state, value, low, high or p of "
      "each field.\n\n"
      "Example:\n  skywarden complete --schema schemas/prsa.toml --in PRSA_*.csv.gz --out out/completed "
      "--causal\n  tail -f records.jsonl | skywarden complete --schema schemas/prsa.toml --model "
      "models/prsa.fused --stream");
  command.callback([arguments, exit_code] {
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden complete: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
