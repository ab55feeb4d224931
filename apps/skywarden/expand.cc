// skywarden expand: packed batches of records back to tables, a table a stream.
#include <memory>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "onboard/ingest.h"
#include "onboard/record_batch.h"
#include "packed_records.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, out;
  std::vector<std::string> in;
};

Result<void> run(const Arguments& arguments) {
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  std::vector<onboard::Source> sources;
  for (const std::string& path : arguments.in) {
    const auto bytes = formats::read_file(path, onboard::kBatchBytesMax);
    if (!bytes) return tl::unexpected(bytes.error());
    auto records = onboard::unpack_records(*schema, std::as_bytes(std::span(*bytes)));
    if (!records) return fail(records.error().code, "{}: {}", path, records.error().message);
    sources.push_back({&*schema, std::move(*records)});
  }
  const auto merged = onboard::merge(std::move(sources));
  if (!merged) return tl::unexpected(merged.error());
  std::size_t there = 0;
  std::size_t dropped = 0;
  std::size_t otherwise = 0;
  for (const datum::Record& record : merged->records) {
    for (const datum::Field& field : record.fields) {
      const auto* missing = std::get_if<datum::Missing>(&field);
      ++(missing == nullptr                                  ? there
         : missing->reason == datum::MissingReason::kDropped ? dropped
                                                             : otherwise);
    }
  }
  const auto written = write_streams(*schema, merged->records, arguments.out);
  if (!written) return tl::unexpected(written.error());
  fmt::print("{} records of {} streams; {} values, {} dropped to fit, {} missing for other reasons\n",
             merged->records.size(), *written, there, dropped, otherwise);
  if (merged->conflicts > 0)
    fmt::print(stderr, "skywarden expand: {} records contradict an earlier batch, which is kept\n",
               merged->conflicts);
  return {};
}

}  // namespace

void add_expand(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("expand", "Unpack what `shrink` packed: tables with empty cells");
  command
      .add_option("--schema", arguments->schema, "schema of the records, the one they were packed by (TOML)")
      .required();
  command
      .add_option("--in", arguments->in, "packed batches; what a later one adds fills gaps of an earlier one")
      .required();
  command.add_option("--out", arguments->out, "folder for the tables, one a stream, named after it")
      .required();
  command.footer(
      "Every record of a batch has its row; a field that was dropped or missing is an empty cell, which\n"
      "`skywarden complete` fills.\n\n"
      "Example:\n  skywarden expand --schema schemas/prsa.toml --in contact.records --out out/arrived");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden expand: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::app
