// skywarden schema infer: proposes a schema for a table that nobody has described.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "datum/delimited.h"
#include "formats/read_blocks.h"
#include "formats/read_file.h"
#include "onboard/ingest.h"
#include "onboard/schema_inference.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;

struct Arguments {
  std::string file, name, out;
  bool json = false;
};

// Feeds a file to a sketch, block by block.
class TableReader {
 public:
  explicit TableReader(const std::string& file) : file_(file) {}

  Result<bool> add_block(std::string_view block) {
    if (first_) {
      first_ = false;
      if (block.starts_with("\xFF\xFE") || block.starts_with("\xFE\xFF"))
        return fail(Errc::kUnsupported, "{}: expected UTF-8 text, found UTF-16; save the file as UTF-8",
                    file_);
      if (block.substr(0, 4096).find('\0') != std::string_view::npos)
        return fail(Errc::kMalformed, "{}: expected text, found binary data", file_);
      if (block.starts_with("\xEF\xBB\xBF")) block.remove_prefix(3);
      json_ = onboard::looks_like_json_lines(block);
    }
    return json_ ? add_lines(block) : add_rows(block);
  }

  [[nodiscard]] const onboard::SchemaSketch& sketch() const { return sketch_; }
  // Rows and lines left out; those beyond the first are counted here.
  std::size_t finish() const {
    if (problems_ > kProblemLinesMax)
      fmt::print(stderr, "{}: {} more problems\n", file_, problems_ - kProblemLinesMax);
    return problems_;
  }

 private:
  void report(const datum::RowProblem& problem) {
    if (++problems_ <= kProblemLinesMax) fmt::print(stderr, "{}\n", to_line(file_, problem));
  }

  Result<bool> add_rows(std::string_view block) {
    std::string with_header = header_;
    with_header += block;
    const bool header = header_.empty();
    auto table = datum::parse_delimited(with_header, {.delimiter = delimiter_, .detect_delimiter = header});
    if (!table) return fail(table.error().code, "{}: {}", file_, table.error().message);
    if (header) {
      delimiter_ = table->delimiter;
      datum::append_row(header_, table->header, delimiter_);
      for (const std::string& name : table->header)
        if (auto column = sketch_.add_column(name); !column)
          return fail(column.error().code, "{}: {}", file_, column.error().message);
    }
    for (datum::RowProblem& problem : table->problems) {
      problem.row += rows_before_;
      report(problem);
    }
    for (const std::vector<std::string>& row : table->rows) sketch_.add_row(row);
    rows_before_ += table->rows.size() + table->problems.size();
    return true;
  }

  Result<bool> add_lines(std::string_view block) {
    while (!block.empty()) {
      ++rows_before_;
      const std::string_view line = trim(take_line(block));
      if (line.empty()) continue;
      auto cells = onboard::json_line_cells(line, {});
      if (!cells) {
        report({rows_before_, "", cells.error().message});
        continue;
      }
      std::vector<std::string> row(sketch_.columns());
      for (onboard::JsonCell& cell : *cells) {
        if (cell.nested) continue;  // lists and objects are no fields
        const auto [at, fresh] = keys_.try_emplace(cell.key, sketch_.columns());
        if (fresh) {
          if (auto column = sketch_.add_column(cell.key); !column)
            return fail(column.error().code, "{}:{}: {}", file_, rows_before_, column.error().message);
          row.resize(sketch_.columns());
        }
        row[at->second] = std::move(cell.text);
      }
      sketch_.add_row(row);
    }
    return true;
  }

  const std::string& file_;
  onboard::SchemaSketch sketch_;
  bool first_ = true, json_ = false;
  char delimiter_ = ',';
  std::string header_;
  std::map<std::string, std::size_t, std::less<>> keys_;
  std::size_t rows_before_ = 0, problems_ = 0;
};

std::string_view word(datum::FieldKind kind) {
  switch (kind) {
    case datum::FieldKind::kNumber:
      return "number";
    case datum::FieldKind::kCategory:
      return "category";
    case datum::FieldKind::kText:
      return "text";
    case datum::FieldKind::kImage:
      break;
  }
  return "image";
}

std::string to_json(const onboard::ProposedSchema& proposal, const std::string& toml) {
  const auto or_null = [](const std::optional<double>& v) {
    return v ? nlohmann::json(*v) : nlohmann::json();
  };
  nlohmann::ordered_json fields = nlohmann::ordered_json::array();
  for (const onboard::ProposedField& field : proposal.fields) {
    const datum::FieldSpec& spec = field.spec;
    fields.push_back({{"name", spec.name},
                      {"kind", word(spec.kind)},
                      {"unit", spec.unit},
                      {"min", or_null(spec.min)},
                      {"max", or_null(spec.max)},
                      {"resolution", or_null(spec.resolution)},
                      {"tolerance_abs", spec.tolerance_abs},
                      {"levels", spec.levels},
                      {"circular", spec.circular},
                      {"reasons", field.reasons}});
  }
  const nlohmann::ordered_json out = {{"name", proposal.schema.name},
                                      {"rows", proposal.rows},
                                      {"time_columns", proposal.schema.time_columns},
                                      {"time_reasons", proposal.time_reasons},
                                      {"stream_columns", proposal.schema.stream_columns},
                                      {"stream_reasons", proposal.stream_reasons},
                                      {"missing_marks", proposal.schema.missing_marks},
                                      {"mark_reasons", proposal.mark_reasons},
                                      {"left_out", proposal.left_out},
                                      {"warnings", proposal.warnings},
                                      {"fields", fields},
                                      {"toml", toml}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// True when every row could be read.
Result<bool> infer(const Arguments& arguments) {
  TableReader reader(arguments.file);
  const auto read = formats::for_each_block(arguments.file, {},
                                            [&](std::string_view block) { return reader.add_block(block); });
  if (!read) return tl::unexpected(read.error());
  std::string stem = std::filesystem::path(arguments.file).filename().string();
  stem.resize(std::min(stem.size(), stem.find('.')));
  const auto proposal = reader.sketch().propose(arguments.name.empty() ? stem : arguments.name);
  const bool sound = reader.finish() == 0;
  if (!proposal) return fail(proposal.error().code, "{}: {}", arguments.file, proposal.error().message);
  const std::string toml =
      onboard::to_toml(*proposal, std::filesystem::path(arguments.file).filename().string());
  if (!arguments.out.empty()) {
    if (const auto written = formats::write_file(arguments.out, toml); !written)
      return tl::unexpected(written.error());
  }
  if (arguments.json)
    fmt::print("{}\n", to_json(*proposal, toml));
  else if (arguments.out.empty())
    fmt::print("{}", toml);
  return sound;
}

}  // namespace

void add_schema(command_line::Command app, int* exit_code) {
  command_line::Command schema = app.add_subcommand("schema", "work with schemas of records");
  schema.require_subcommand(1);
  command_line::Command command =
      schema.add_subcommand("infer", "propose a schema for a table that nobody has described");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("FILE", arguments->file, "table (.csv, .jsonl, either also .gz)").required();
  command.add_option("--name", arguments->name, "the schema's name; else the file's");
  command.add_option("--out", arguments->out, "where to write the schema; else it is printed");
  command.add_flag("--json", arguments->json, "print the decisions and the schema as a JSON object");
  command.footer(
      "Each decision stands in a comment above what was decided. Criticality and tolerances are yours to "
      "set.\n"
      "The file is read once, in bounded memory. Exit 0 fine, 2 rows were left out, 1 failed.\n\n"
      "Example:\n  skywarden schema infer weather.csv.gz --out weather.toml\n"
      "  skywarden complete --schema weather.toml --in weather.csv.gz --out out/completed");
  command.callback([arguments, exit_code] {
    const auto sound = infer(*arguments);
    if (!sound) fmt::print(stderr, "skywarden schema infer: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
