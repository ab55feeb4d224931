// bench-completion: records a second that a node completes as a stream, one by one and in backlogs, with
// every record holed; how long one record takes; memory; how long a cold start takes. One JSON line a figure.
// Times are of the processor, of one thread, so that other programs on the machine count little.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "base/random.h"
#include "cpu_time.h"
#include "datum/delimited.h"
#include "formats/read_file.h"
#include "onboard/complete_model.h"
#include "onboard/complete_stream.h"
#include "onboard/decode.h"

namespace {

using namespace skywarden;
using namespace skywarden::onboard;

struct Arguments {
  std::string schema, model;
  std::vector<std::string> in;
  double first = 0.45, last = 0.72, holes = 0.5;
  std::size_t hours = 24;  // of a backlog
};

Result<std::vector<datum::Record>> read_records(const Arguments& arguments, const datum::Schema& schema) {
  std::vector<datum::Record> out;
  Random random(20'261'127);
  for (const std::string& path : arguments.in) {
    const auto bytes = formats::read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto table = datum::parse_delimited(*bytes);
    if (!table) return tl::unexpected(table.error());
    const auto layout = lay_out(schema, *table);
    if (!layout) return tl::unexpected(layout.error());
    const auto rows = static_cast<double>(table->rows.size());
    for (auto r = static_cast<std::size_t>(arguments.first * rows);
         r < static_cast<std::size_t>(arguments.last * rows); ++r) {
      const auto time = decode_row_time(schema, *layout, table->rows[r]);
      if (!time) continue;
      datum::Record record{path, *time, {}};
      for (std::size_t f = 0; f < schema.fields.size(); ++f) {
        const bool hole = random.chance(arguments.holes);
        const std::size_t column = layout->fields[f];
        if (hole || column == datum::Table::npos)
          record.fields.emplace_back(datum::Missing{datum::MissingReason::kLinkLoss});
        else
          record.fields.push_back(decode_field(schema.fields[f], schema, table->rows[r][column]));
      }
      out.push_back(std::move(record));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  return out;
}

double rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double quantile(std::vector<double>& values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

std::unique_ptr<NumberReviewer> reviewer_of(const std::string& bytes, const datum::Schema& schema) {
  if (bytes.empty()) return nullptr;
  const auto model = decode_model(std::as_bytes(std::span(bytes)), schema);
  return model ? make_reviewer(*model, schema, true) : nullptr;
}

int run(const Arguments& arguments) {
  const auto text = formats::read_file(arguments.schema);
  const auto schema = text ? datum::parse_schema(*text, arguments.schema) : tl::unexpected(text.error());
  const auto bytes = arguments.model.empty() ? Result<std::string>("") : formats::read_file(arguments.model);
  if (!schema || !bytes) {
    fmt::print(stderr, "bench-completion: {}\n", !schema ? schema.error().message : bytes.error().message);
    return 2;
  }
  const double before_start = cpu_seconds();
  auto one = std::make_unique<StreamCompleter>(*schema, reviewer_of(*bytes, *schema));
  const double started = cpu_seconds();
  fmt::print("{{\"figure\":\"cold start\",\"model\":\"{}\",\"ms\":{:.1f}}}\n", arguments.model,
             1e3 * (started - before_start));
  const auto records = read_records(arguments, *schema);
  if (!records || records->empty()) {
    fmt::print(stderr, "bench-completion: {}\n", !records ? records.error().message : "no records");
    return 2;
  }
  const double before_memory = rss_mb();
  std::vector<double> took;
  took.reserve(records->size());
  const double begin = cpu_seconds();
  for (const datum::Record& record : *records) {
    const double from = cpu_seconds();
    if (!one->complete(record)) return 1;
    took.push_back(cpu_seconds() - from);
  }
  const double all = cpu_seconds() - begin;
  const auto count = static_cast<double>(records->size());
  fmt::print(
      "{{\"figure\":\"one by "
      "one\",\"records\":{},\"records_per_s\":{:.0f},\"p50_ms\":{:.3f},\"p95_ms\":{:.3f},"
      "\"p999_ms\":{:.3f},\"longest_ms\":{:.1f}}}\n",
      records->size(), count / all, 1e3 * quantile(took, 0.5), 1e3 * quantile(took, 0.95),
      1e3 * quantile(took, 0.999), 1e3 * quantile(took, 1.0));
  fmt::print("{{\"figure\":\"memory\",\"streams\":{},\"added_mb\":{:.0f},\"process_mb\":{:.0f}}}\n",
             one->streams(), rss_mb() - before_memory, rss_mb());
  one.reset();
  StreamCompleter batched(*schema, reviewer_of(*bytes, *schema));
  const std::size_t piece = arguments.hours * arguments.in.size();
  const double from = cpu_seconds();
  for (std::size_t first = 0; first < records->size(); first += piece)
    for (const auto& said :
         batched.complete_all(std::span(*records).subspan(first, std::min(piece, records->size() - first))))
      if (!said) return 1;
  fmt::print("{{\"figure\":\"backlog\",\"records\":{},\"at_once\":{},\"records_per_s\":{:.0f}}}\n",
             records->size(), piece, count / (cpu_seconds() - from));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"How fast a node completes records as they arrive"};
  Arguments arguments;
  app.add_option("--schema", arguments.schema)->required();
  app.add_option("--in", arguments.in, "tables, one a station")->required();
  app.add_option("--model", arguments.model, "model file; without one the baseline");
  app.add_option("--first", arguments.first, "share of the rows before")->capture_default_str();
  app.add_option("--last", arguments.last)->capture_default_str();
  app.add_option("--holes", arguments.holes, "share of cells that are hidden")->capture_default_str();
  app.add_option("--hours", arguments.hours, "of a backlog")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.footer(
      "Example:\n  bench-completion --schema schemas/prsa.toml --model models/prsa.trees --in PRSA_*.csv.gz");
  CLI11_PARSE(app, argc, argv);
  return run(arguments);
}
