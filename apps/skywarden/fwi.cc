// skywarden fwi: daily weather tables through the Canadian Forest Fire Weather Index System.
#include "wildfire/fwi.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "wildfire/fwi_table.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;

struct Arguments {
  std::string in, out = "-";
  std::string init, lat_adjust = "on", columns = "all", names = "upper", gaps = "na", digits = "reference",
                    rows;
  bool single_day = false, compare = false;
};

Result<double> code(std::string_view text) {
  const auto value = parse_number(trim(text));
  if (!value || *value < 0.0 || *value > 1e6)
    return fail(Errc::kOutOfRange, "--init: expected three numbers of 0 or more, such as 85,6,15; found '{}'",
                printable(text));
  return *value;
}

Result<wildfire::MoistureCodes> parse_init(const std::string& text) {
  if (text.empty()) return wildfire::kSpringStart;
  const std::size_t first = text.find(','), second = text.find(',', first + 1);
  if (first == std::string::npos || second == std::string::npos) return tl::unexpected(code("").error());
  const auto ffmc = code(text.substr(0, first)), dmc = code(text.substr(first + 1, second - first - 1)),
             dc = code(text.substr(second + 1));
  for (const auto* each : {&ffmc, &dmc, &dc})
    if (!*each) return tl::unexpected(each->error());
  return wildfire::MoistureCodes{*ffmc, *dmc, *dc};
}

Result<void> parse_rows(const std::string& text, wildfire::FwiTableOptions& options) {
  if (text.empty()) return {};
  const std::size_t dash = text.find('-');
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < 1 || *last < *first)
    return fail(Errc::kOutOfRange, "--rows: expected a row or a range such as 8-13, found '{}'",
                printable(text));
  options.first_row = static_cast<std::size_t>(*first);
  options.last_row = static_cast<std::size_t>(*last);
  return {};
}

std::string in_case(std::string name, const std::string& names) {
  if (names == "keep") return name;
  std::transform(name.begin(), name.end(), name.begin(), [&](char c) {
    const bool letter = names == "upper" ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z');
    return letter ? static_cast<char>(c ^ 0x20) : c;
  });
  return name;
}

std::vector<std::string> header(const datum::Table& table, const Arguments& arguments) {
  std::vector<std::string> cells;
  if (arguments.columns == "all")
    for (const std::string& name : table.header) {
      const std::string given = in_case(std::string(trim(name)), arguments.names);
      // A column that already has an index's name is kept, under another one.
      const bool taken =
          std::any_of(wildfire::fwi_columns().begin(), wildfire::fwi_columns().end(),
                      [&](const char* index) { return lower_ascii(given) == lower_ascii(index); });
      cells.push_back(taken ? given + (arguments.names == "lower" ? "_in" : "_IN") : given);
    }
  for (const char* index : wildfire::fwi_columns())
    cells.push_back(arguments.names == "lower" ? lower_ascii(index) : index);
  return cells;
}

std::string written(std::optional<double> value, const std::string& digits) {
  return digits == "full" && value ? fmt::format("{}", *value) : wildfire::printed(value);
}

// How far our indices are from those the table already has.
void compare(const datum::Table& table, const wildfire::FwiTable& result) {
  for (std::size_t index = 0; index < wildfire::kFwiColumns; ++index) {
    const std::size_t column = table.column(wildfire::fwi_columns()[index]);
    if (column == datum::Table::npos) continue;
    std::vector<double> differences;
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
      const auto theirs = parse_number(trim(table.rows[result.rows[i]][column]));
      const auto ours = wildfire::in_columns(result.days[i])[index];
      if (theirs && ours) differences.push_back(std::abs(*theirs - *ours));
    }
    if (differences.empty()) continue;
    std::sort(differences.begin(), differences.end());
    const auto within = [&](double limit) {
      return std::upper_bound(differences.begin(), differences.end(), limit + 1e-9) - differences.begin();
    };
    fmt::print(
        stderr,
        "{}: {} rows compared; within 0.1: {}, within 1: {}; median difference {:.3f}, largest {:.3f}\n",
        wildfire::fwi_columns()[index], differences.size(), within(0.1), within(1.0),
        differences[differences.size() / 2], differences.back());
  }
}

// True when every row was read whole.
Result<bool> run(const Arguments& arguments) {
  wildfire::FwiTableOptions options;
  const auto start = parse_init(arguments.init);
  if (!start) return tl::unexpected(start.error());
  options.start = *start;
  if (auto parsed = parse_rows(arguments.rows, options); !parsed) return tl::unexpected(parsed.error());
  options.day_length =
      arguments.lat_adjust == "on" ? wildfire::DayLength::kByLatitude : wildfire::DayLength::kStandard;
  options.from_start_each_day = arguments.single_day;
  options.carry_gaps = arguments.gaps == "carry";
  const auto bytes = formats::read_file(arguments.in);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto table = datum::parse_delimited(*bytes, {.detect_delimiter = true});
  if (!table) return fail(table.error().code, "{}: {}", arguments.in, table.error().message);
  const auto result = wildfire::fire_weather_table(*table, options);
  if (!result) return fail(result.error().code, "{}:1: {}", arguments.in, result.error().message);

  std::vector<datum::RowProblem> problems = table->problems;
  problems.insert(problems.end(), result->problems.begin(), result->problems.end());
  for (std::size_t i = 0; i < std::min(problems.size(), kProblemLinesMax); ++i)
    fmt::print(stderr, "{}\n", datum::to_line(arguments.in, problems[i]));
  if (problems.size() > kProblemLinesMax)
    fmt::print(stderr, "{}: {} more problems\n", arguments.in, problems.size() - kProblemLinesMax);
  for (const std::string& note : result->notes) fmt::print(stderr, "{}: {}\n", arguments.in, note);
  if (result->incomplete > 0)
    fmt::print(stderr, "{}: {} of {} rows lack an input, or follow one that does: NA{}\n", arguments.in,
               result->incomplete, result->days.size(),
               options.carry_gaps ? "" : "; --gaps carry goes on from the last code known");

  std::string text;
  datum::append_row(text, header(*table, arguments));
  for (std::size_t i = 0; i < result->rows.size(); ++i) {
    std::vector<std::string> cells;
    if (arguments.columns == "all") cells = table->rows[result->rows[i]];
    for (const auto& value : wildfire::in_columns(result->days[i]))
      cells.push_back(written(value, arguments.digits));
    datum::append_row(text, cells);
  }
  if (arguments.compare) compare(*table, *result);
  if (arguments.out == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else if (const auto done = formats::write_file(arguments.out, text); !done) {
    return tl::unexpected(done.error());
  }
  return problems.empty();
}

}  // namespace

void add_fwi(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("fwi", "Fire weather indices (FFMC … DSR) of daily weather tables");
  command
      .add_option("--in", arguments->in, "table of noon weather, a row a day (.csv, .csv.gz; , ; tab or |)")
      .required();
  command.add_option("--out", arguments->out, "CSV; - is standard output").capture_default_str();
  command.add_option("--init", arguments->init, "FFMC,DMC,DC of the day before the first row (85,6,15)");
  command.add_option("--lat-adjust", arguments->lat_adjust, "day length by latitude")
      .check(command_line::one_of({"on", "off"}))
      .capture_default_str();
  command.add_option("--columns", arguments->columns, "all: the table's columns too; indices: ours alone")
      .check(command_line::one_of({"all", "indices"}))
      .capture_default_str();
  command.add_option("--rows", arguments->rows, "a data row or a range of them, such as 8-13, from 1");
  command.add_flag("--single-day", arguments->single_day, "every row is a first day, beginning from --init");
  command.add_option("--gaps", arguments->gaps, "after a missing input: NA to the end, or go on")
      .check(command_line::one_of({"na", "carry"}))
      .capture_default_str();
  command.add_option("--names", arguments->names, "column names of the result")
      .check(command_line::one_of({"upper", "lower", "keep"}))
      .capture_default_str();
  command.add_option("--digits", arguments->digits, "reference: 4 significant, 2 decimals at least; full")
      .check(command_line::one_of({"reference", "full"}))
      .capture_default_str();
  command.add_flag("--compare", arguments->compare, "say how far indices already in the table are from ours");
  command.footer(
      "Needs temperature (°C), relative humidity (%), wind (km/h) and rain (mm, 24 h) at noon, local "
      "standard\n"
      "time; uses latitude, month, date and id when there. Rows of one id follow each other from day to "
      "day.\n\n"
      "Example:\n  skywarden fwi --in weather.csv --out indices.csv --init 85,6,15");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden fwi: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
