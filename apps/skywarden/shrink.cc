// skywarden shrink: station records as one packed batch that fits a contact, less critical fields dropped
// first.
#include "onboard/shrink.h"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "onboard/ingest.h"
#include "packed_records.h"
#include "record_tables.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string schema, bytes, out, rest;
  std::vector<std::string> in;
  bool thin = false, json = false;
};

// "20000", or "50%" of what all of it takes.
Result<std::size_t> budget_of(const std::string& text, std::size_t whole) {
  const std::string_view plain = trim(text);
  const bool share = plain.ends_with('%');
  const auto number = parse_number(trim(share ? plain.substr(0, plain.size() - 1) : plain));
  if (!number || *number < 0.0 || *number > (share ? 100.0 : 1e12) ||
      (!share && *number != std::floor(*number)))
    return fail(Errc::kOutOfRange, "--bytes: expected a number of bytes, or a share such as 50%, found '{}'",
                printable(text));
  return static_cast<std::size_t>(share ? std::floor(*number / 100.0 * static_cast<double>(whole)) : *number);
}

void print(const Arguments& arguments, const onboard::Shrunk& shrunk, std::size_t records,
           std::size_t whole) {
  if (arguments.json) {
    const nlohmann::ordered_json json{
        {"bytes", shrunk.batch.size()}, {"bytes_of_all", whole},
        {"records", records},           {"records_sent", shrunk.records_sent},
        {"values", shrunk.values},      {"values_sent", shrunk.values_sent},
        {"critical", shrunk.critical},  {"critical_sent", shrunk.critical_sent}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} of {} bytes; {} of {} records; {} of {} values, critical {} of {}\n", shrunk.batch.size(),
             whole, shrunk.records_sent, records, shrunk.values_sent, shrunk.values, shrunk.critical_sent,
             shrunk.critical);
}

Result<bool> run(const Arguments& arguments) {
  const auto schema = read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto read = read_records(arguments.in, *schema);
  if (!read) return tl::unexpected(read.error());
  const std::vector<datum::Record>& records = read->records;
  const auto packer = onboard::BatchPacker::make(*schema, records);
  if (!packer) return tl::unexpected(packer.error());
  const std::size_t whole = packer->pack_all().size();
  const auto budget = budget_of(arguments.bytes, whole);
  if (!budget) return tl::unexpected(budget.error());
  const onboard::Shrunk shrunk = onboard::pack_in_order(
      *packer, *schema,
      onboard::critical_first(*packer, *schema, records,
                              arguments.thin ? onboard::Overflow::kThin : onboard::Overflow::kNewest),
      *budget);
  if (shrunk.batch.empty())
    return fail(Errc::kOutOfRange, "--bytes: {} bytes hold nothing, not even an empty batch", *budget);
  const std::string_view bytes(reinterpret_cast<const char*>(shrunk.batch.data()), shrunk.batch.size());
  if (const auto written = formats::write_file(arguments.out, bytes); !written)
    return tl::unexpected(written.error());
  if (!arguments.rest.empty())
    if (const auto written = write_streams(*schema, onboard::unsent(records, shrunk), arguments.rest);
        !written)
      return tl::unexpected(written.error());
  print(arguments, shrunk, records.size(), whole);
  return read->sound;
}

}  // namespace

void add_shrink(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command = app.add_subcommand(
      "shrink", "Pack station records into few bytes, dropping less critical fields to fit");
  command.add_option("--schema", arguments->schema, "schema of the records (TOML)").required();
  command.add_option("--in", arguments->in, "tables of the records that wait (.csv, .csv.gz)").required();
  command
      .add_option("--bytes", arguments->bytes,
                  "what the contact can carry: a number of bytes, or a share of what all takes such as 50%")
      .required();
  command.add_option("--out", arguments->out, "the packed batch; never larger than that").required();
  command.add_option("--rest", arguments->rest,
                     "folder for tables of what was not sent, for a later contact");
  command.add_flag("--thin", arguments->thin,
                   "when not even the critical fields fit: some of all records instead of all of the newest");
  command.add_flag("--json", arguments->json, "say what was sent as a JSON object");
  command.footer(
      "Critical fields of all records go first, then normal ones, then low ones; of one criticality those "
      "that\n"
      "their neighbours in time do not give away. When not even the critical fields fit, the newest records "
      "go.\n"
      "Only the schema's fields travel. `skywarden expand` gives the tables back with empty cells for what "
      "was\n"
      "dropped, and `skywarden complete` fills those.\n\n"
      "Example:\n"
      "  skywarden shrink --schema schemas/prsa.toml --in PRSA_*.csv.gz --bytes 50% --out contact.records\n"
      "  skywarden expand --schema schemas/prsa.toml --in contact.records --out out/arrived\n"
      "  skywarden complete --schema schemas/prsa.toml --in out/arrived/*.csv --out out/completed");
  command.callback([arguments, exit_code] {
    const auto sound = run(*arguments);
    if (!sound) fmt::print(stderr, "skywarden shrink: {}\n", sound.error().message);
    *exit_code = !sound ? 1 : *sound ? 0 : 2;
  });
}

}  // namespace skywarden::app
