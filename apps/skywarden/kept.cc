// skywarden kept: what `serve --keep` has kept, counted and as tables.
#include <cstdio>
#include <memory>

#include "command_line/command_line.h"
#include "commands.h"
#include "model_files.h"
#include "packed_records.h"
#include "shell/disk_folder.h"
#include "storage/record_store.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string folder, schema, out;
};

Result<bool> run(const Arguments& arguments) {
  const auto schema = named_schema(arguments.schema);
  if (!schema) return tl::unexpected<Error>(schema.error());
  auto disk = shell::DiskFolder::look_at(arguments.folder);
  if (!disk) return tl::unexpected<Error>(disk.error());
  const auto kept = storage::read_kept(**disk, *schema);
  if (!kept) return fail(kept.error().code, "{}: {}", arguments.folder, kept.error().message);
  for (const std::string& line : kept->damage)
    fmt::print(stderr, "skywarden kept: {}: {}\n", arguments.folder, line);
  std::size_t there = 0, dropped = 0, otherwise = 0;
  for (const datum::Record& record : kept->records)
    for (const datum::Field& field : record.fields) {
      const auto* missing = std::get_if<datum::Missing>(&field);
      ++(missing == nullptr                                  ? there
         : missing->reason == datum::MissingReason::kDropped ? dropped
                                                             : otherwise);
    }
  fmt::print("{} records, {} of them not packed yet; {} values, {} left out, {} missing for other reasons\n",
             kept->records.size(), kept->open_records, there, dropped, otherwise);
  fmt::print("{} files: {} bytes of high, {} of normal, {} of low criticality; {} files of other schemas\n",
             kept->files, kept->bytes[2], kept->bytes[1], kept->bytes[0], kept->other_files);
  fmt::print("since the folder was begun {} files were thinned, {} dropped, {} refused\n",
             kept->state.memory.thinned, kept->state.memory.dropped, kept->state.refused);
  if (!arguments.out.empty()) {
    const auto written = write_streams(*schema, kept->records, arguments.out);
    if (!written) return tl::unexpected<Error>(written.error());
    fmt::print("{} tables in {}\n", *written, arguments.out);
  }
  return kept->damage.empty();
}

}  // namespace

void add_kept(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("kept", "What `serve --keep` has kept of a schema's records");
  command.add_option("folder,--in", arguments->folder, "that records are kept in").required();
  command.add_option("--schema", arguments->schema, "of the records: a shipped one by name, or a file (TOML)")
      .required();
  command.add_option("--out", arguments->out, "folder for tables of them, one a stream, named after it");
  command.footer(
      "Changes nothing, also while `serve` writes there. Files are counted in steps of 4,096 bytes.\n"
      "Exit code 0: all could be read; 2: files that are damaged, or went meanwhile, were left out; 1: "
      "nothing\ncould be read.\n\n"
      "Example:\n  skywarden kept /var/lib/skywarden/records --schema prsa --out out/kept");
  command.callback([arguments, exit_code] {
    const auto ran = run(*arguments);
    if (!ran) fmt::print(stderr, "skywarden kept: {}\n", ran.error().message);
    *exit_code = !ran ? 1 : *ran ? 0 : 2;
  });
}

}  // namespace skywarden::app
