// skywarden complete: fills the holes of record tables, with an interval or a probability beside each.
#include "onboard/complete.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>

#include "commands.h"
#include "completed_lines.h"
#include "completed_quality.h"
#include "formats/read_file.h"
#include "onboard/complete_grid.h"
#include "onboard/complete_model.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, out;
  std::vector<std::string> in;
  std::string model = "baseline";
  bool causal = false;
  bool stream = false;
  std::uint32_t deadline_us = 0;  // 0: none
  std::string as_of;              // empty: the latest time in the tables
  bool json = false;
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
  cells.emplace_back("estimated");
  if (number) {
    cells.push_back(format_end(completion.lows[cell], decimals));
    cells.push_back(format_end(completion.highs[cell], decimals));
  } else {
    cells.push_back(fmt::format("{:.3f}", completion.probabilities[cell]));
  }
}

void fill_row(const RecordTables& tables, const RecordTable& table, const datum::Schema& schema,
              const onboard::Completion& completion, std::size_t row, std::vector<std::string>& cells) {
  const std::size_t record = table.records[row];
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const datum::FieldSpec& spec = schema.fields[f];
    const std::size_t extra = spec.kind == datum::FieldKind::kNumber     ? 2
                              : spec.kind == datum::FieldKind::kCategory ? 1
                                                                         : 0;
    if (record == kNoRecordOfRow) {  // the row travels along as it is
      cells.emplace_back("missing:malformed");
      cells.insert(cells.end(), extra, "");
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
  }
}

void print_quality(const Arguments& arguments, const RecordTables& tables, const datum::Schema& schema,
                   const onboard::Completion& completion, Instant as_of) {
  const std::vector<TableQuality> qualities = qualities_of(tables, schema, completion);
  fmt::print("{}",
             arguments.json ? quality_json(qualities, schema, as_of) + "\n" : quality_text(qualities, as_of));
}

// Null for the baseline alone.
Result<std::unique_ptr<onboard::NumberReviewer>> read_model(const Arguments& arguments,
                                                            const datum::Schema& schema) {
  if (arguments.model == "baseline") return nullptr;
  const auto bytes = formats::read_file(arguments.model);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto model = onboard::decode_model(std::as_bytes(std::span(*bytes)), schema);
  if (!model) return fail(model.error().code, "{}: {}", arguments.model, model.error().message);
  return onboard::make_reviewer(*model, schema, arguments.causal || arguments.stream);
}

Result<bool> run(const Arguments& arguments) {
  std::optional<Instant> as_of;
  if (!arguments.as_of.empty()) {
    const auto time = parse_utc(arguments.as_of);
    if (!time) return fail(time.error().code, "--as-of: {}", time.error().message);
    as_of = *time;
  }
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  auto reviewer = read_model(arguments, *schema);
  if (!reviewer) return tl::unexpected(reviewer.error());
  if (arguments.stream) {
    std::optional<std::chrono::microseconds> deadline;
    if (arguments.deadline_us > 0) deadline = std::chrono::microseconds(arguments.deadline_us);
    return complete_lines(std::cin, stdout, *schema, std::move(*reviewer), deadline);
  }
  if (arguments.in.empty() || arguments.out.empty())
    return fail(Errc::kMalformed, "expected --in and --out, or --stream");
  onboard::PanelOptions options;
  options.arrival_order = arguments.causal;
  const auto tables = read_record_tables(arguments.in, *schema, options);
  if (!tables) return tl::unexpected(tables.error());
  const onboard::Completion completion =
      onboard::complete(tables->panel, *schema, {.causal = arguments.causal, .reviewer = reviewer->get()});
  const std::vector<std::string> added = added_columns(*schema);
  for (const RecordTable& table : tables->tables) {
    const auto written = write_record_table(table, arguments.out, added, [&](std::size_t row, auto& cells) {
      fill_row(*tables, table, *schema, completion, row, cells);
    });
    if (!written) return tl::unexpected(written.error());
  }
  if (!as_of) as_of = latest_time(*tables);
  print_quality(arguments, *tables, *schema, completion, as_of.value_or(Instant{}));
  return tables->sound();
}

}  // namespace

void add_complete(CLI::App& app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("complete", "Fill the holes of record tables, stating how surely");
  command->add_option("--schema", arguments->schema, "schema of the records (TOML)")->required();
  command->add_option("--in", arguments->in,
                      "tables; several are several streams of one system (.csv, .csv.gz)");
  command->add_option("--out", arguments->out, "folder for the results; each table keeps its name");
  command->add_flag("--stream", arguments->stream,
                    "read rows from stdin and answer each at once with a line of JSON; causal");
  command->add_option(
      "--deadline-us", arguments->deadline_us,
      "of a row of --stream, in microseconds: a plainer method is taken rather than more time");
  command->add_flag("--causal", arguments->causal, "use only what had arrived when the row came");
  command
      ->add_option("--model", arguments->model,
                   "baseline: learnt from the tables themselves; or a model file")
      ->capture_default_str();
  command->add_option(
      "--as-of", arguments->as_of,
      "when freshness is judged (UTC, 2022-02-26T10:00:00Z); else at the latest time there is");
  command->add_flag("--json", arguments->json, "print the quality of the tables as a JSON object");
  command->footer(
      "Each table comes out with its rows and columns, holes filled, and beside them FIELD.state, FIELD.low "
      "and\n"
      "FIELD.high (90 % interval of a number) or FIELD.p (probability of the chosen level).\n"
      "Printed is the quality of each table: completeness, consistency, freshness, provenance, a score of "
      "them in\n0…1, and what costs most.\n\n"
      "Examples:\n  skywarden complete --schema schemas/prsa.toml --in PRSA_*.csv.gz --out out/completed "
      "--causal\n"
      "  zcat PRSA_Dongsi.csv.gz | skywarden complete --schema schemas/prsa.toml --model models/prsa.trees "
      "--stream");
  command->callback([arguments, exit_code] {
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden complete: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
