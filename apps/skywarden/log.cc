// skywarden log: what a node's log on disk says, and whether all of it is sound. Nothing is changed, and the
// node may be running.
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "shell/disk_folder.h"
#include "storage/log_reader.h"

namespace skywarden::app {
namespace {

using storage::LogContents;

constexpr std::size_t kPayloadShown = 32;  // bytes

struct LogArguments {
  std::string folder;
  std::uint64_t from = 1;
  std::uint64_t count = 100;
};

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string_view word_for(consensus::EntryKind kind) {
  switch (kind) {
    case consensus::EntryKind::kProposal:
      return "proposal";
    case consensus::EntryKind::kConfiguration:
      return "configuration";
    case consensus::EntryKind::kWithheld:
      return "withheld";
  }
  return "unknown";
}

Result<LogContents> read(const std::string& folder) {
  const auto disk = shell::DiskFolder::look_at(folder);
  if (!disk) return tl::unexpected<Error>(disk.error());
  auto contents = storage::read_log(**disk);
  if (contents) return contents;
  return fail(contents.error().code, "{}: {}{}", folder, contents.error().message,
              contents.error().code == Errc::kMalformed
                  ? "; this log is lost: the node must come back under a new id"
                  : "");
}

void print_summary(const LogContents& log) {
  const auto& persisted = log.persisted;
  const std::uint64_t base = persisted.snapshot ? persisted.snapshot->last.index.value() : 0;
  fmt::print("cluster {}, node {}\n", log.identity.cluster, log.identity.node.value());
  fmt::print("term {}, vote for {}\n", persisted.state.term.value(), persisted.state.voted_for.value());
  if (persisted.snapshot)
    fmt::print("snapshot up to entry {} of term {}, {} bytes{}\n", base,
               persisted.snapshot->last.term.value(), persisted.snapshot->data.size(),
               persisted.snapshot->withheld ? ", withheld" : "");
  fmt::print("entries {}…{} ({})\n", base + 1, base + persisted.log.size(), persisted.log.size());
  fmt::print("segments {}…{}, next batch {}, {} of {} blocks of the last used\n", log.first_segment,
             log.last_segment, log.next_batch, log.last_end, log.last_blocks);
  fmt::print("head of the chain {}\n", hexadecimal(log.chain.head()));
}

int report(const Error& error) {
  fmt::print(stderr, "skywarden log: {}\n", error.message);
  return 1;
}

int verify(const LogArguments& arguments) {
  const auto log = read(arguments.folder);
  if (!log) return report(log.error());
  print_summary(*log);
  if (!log->torn) {
    fmt::print("sound\n");
    return 0;
  }
  fmt::print("sound up to batch {}; the one after it was not finished, so the node promised nothing of it\n",
             log->next_batch - 1);
  return 2;
}

int show(const LogArguments& arguments) {
  const auto log = read(arguments.folder);
  if (!log) return report(log.error());
  print_summary(*log);
  std::uint64_t left = arguments.count;
  for (const consensus::Entry& entry : log->persisted.log) {
    if (entry.index.value() < arguments.from) continue;
    if (left-- == 0) break;
    const auto shown = std::span(entry.payload).first(std::min(entry.payload.size(), kPayloadShown));
    fmt::print("{} term {} {} {} bytes {}{}\n", entry.index.value(), entry.term.value(), word_for(entry.kind),
               entry.payload.size(), hexadecimal(shown), shown.size() < entry.payload.size() ? "…" : "");
  }
  return 0;
}

}  // namespace

void add_log(command_line::Command app, int* exit_code) {
  command_line::Command log =
      app.add_subcommand("log", "What a consensus node's log on disk says, and whether it is sound");
  log.require_subcommand(1);
  auto arguments = std::make_shared<LogArguments>();
  command_line::Command check =
      log.add_subcommand("verify", "Read all of it: checksums, order, the chain of hashes");
  check.add_option("folder", arguments->folder, "the node's data folder").required();
  check.footer(
      "Exit code 0 when it is sound, 2 when the last write was not finished (nothing acknowledged is "
      "missing),\n"
      "1 when it is damaged, of a later version, or not there.\n\nExample:\n  skywarden log verify "
      "node-1/log");
  check.callback([arguments, exit_code] { *exit_code = verify(*arguments); });
  command_line::Command print = log.add_subcommand("show", "Print its entries");
  print.add_option("folder", arguments->folder, "the node's data folder").required();
  print.add_option("--from", arguments->from, "first index").capture_default_str();
  print.add_option("--count", arguments->count, "at most so many").capture_default_str();
  print.footer(
      "A witness's entries are withheld: 8 bytes, the fingerprint of what the other members keep.\n\n"
      "Example:\n  skywarden log show node-1/log --from 100 --count 5");
  print.callback([arguments, exit_code] { *exit_code = show(*arguments); });
}

}  // namespace skywarden::app
