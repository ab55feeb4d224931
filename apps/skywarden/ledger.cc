// skywarden ledger: what a group agreed on, from the database beside a node's log or in a replay's folder.
// Nothing is changed, and the node may be running.
#include <charconv>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "key_values.h"
#include "ledger/against_log.h"
#include "ledger_words.h"
#include "shell/disk_folder.h"
#include "storage/log_reader.h"

namespace skywarden::app {
namespace {

namespace fs = std::filesystem;

struct LedgerArguments {
  std::string ledger, log, sql, since, until, box, status, severity, event, name;
  std::vector<std::string> kinds;
  bool latest = false, json = false;
  std::uint64_t index = 0, from = 0, limit = 100;
};

// A file, or the folder it lies in.
Result<ledger::LedgerReader> open(const std::string& path) {
  std::error_code error;
  return ledger::LedgerReader::open(
      fs::is_directory(path, error) ? (fs::path(path) / ledger::kLedgerName).string() : path);
}

int report(const Error& error) {
  fmt::print(stderr, "skywarden ledger: {}\n", error.message);
  return 1;
}

std::string dumped(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// ---- list

Result<std::optional<Instant>> time_of(const std::string& text, const char* option) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_utc(text);
  if (!time) return fail(time.error().code, "{}: {}", option, time.error().message);
  return *time;
}

Result<EventId> event_of(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Errc::kMalformed, "--event: expected up to 16 hexadecimal digits, found '{}'",
                printable(text));
  return EventId(value);
}

Result<void> read_words(const LedgerArguments& arguments, ledger::Question& question) {
  for (const std::string& word : arguments.kinds) {
    const auto kind = ledger::kind_named(word);
    if (!kind) return fail(Errc::kMalformed, "--kind: '{}' is none", printable(word));
    question.kinds.push_back(*kind);
  }
  if (!arguments.severity.empty()) {
    for (int i = 0; i <= static_cast<int>(wildfire::Severity::kExtreme); ++i)
      if (wildfire::cap_word(static_cast<wildfire::Severity>(i)) == arguments.severity)
        question.severity_min = static_cast<wildfire::Severity>(i);
    if (!question.severity_min)
      return fail(Errc::kMalformed, "--severity: expected Minor, Moderate, Severe or Extreme, found '{}'",
                  printable(arguments.severity));
  }
  if (!arguments.status.empty()) question.status = arguments.status;
  if (!arguments.name.empty()) question.name = arguments.name;
  return {};
}

Result<ledger::Question> question_of(const LedgerArguments& arguments) {
  ledger::Question question;
  const auto since = time_of(arguments.since, "--since"), until = time_of(arguments.until, "--until");
  if (!since) return tl::unexpected<Error>(since.error());
  if (!until) return tl::unexpected<Error>(until.error());
  question.since = *since;
  question.until = *until;
  if (!arguments.box.empty()) {
    const auto box = ledger::parse_box(arguments.box);
    if (!box) return tl::unexpected<Error>(box.error());
    question.box = *box;
  }
  if (!arguments.event.empty()) {
    const auto event = event_of(arguments.event);
    if (!event) return tl::unexpected<Error>(event.error());
    question.event = *event;
  }
  if (const auto words = read_words(arguments, question); !words) return tl::unexpected<Error>(words.error());
  question.latest = arguments.latest;
  question.from = LogIndex(arguments.from);
  question.limit = arguments.limit;
  return question;
}

void say_more(const ledger::Answer& answer) {
  if (answer.more)
    fmt::print(stderr, "skywarden ledger: there are more than {} rows; see --limit\n", answer.rows.size());
}

int list(const LedgerArguments& arguments) {
  const auto question = question_of(arguments);
  if (!question) return report(question.error());
  auto reader = open(arguments.ledger);
  if (!reader) return report(reader.error());
  const auto answer = reader->ask(*question);
  if (!answer) return report(answer.error());
  for (std::size_t i = 0; i < answer->rows.size(); ++i)
    fmt::print("{}\n", arguments.json ? dumped(json_of(*answer, i)) : line_of(*answer, i));
  say_more(*answer);
  return 0;
}

// ---- show, query

int show(const LedgerArguments& arguments) {
  auto reader = open(arguments.ledger);
  if (!reader) return report(reader.error());
  const auto rows = reader->rows(LogIndex(arguments.index));
  if (!rows) return report(rows.error());
  if (rows->empty())
    return report(
        {Errc::kNotFound, fmt::format("{}: there is no entry {} in it", reader->path(), arguments.index)});
  fmt::print("{}", arguments.json ? dumped(json_of(*rows)) + "\n" : lines_of(*rows));
  return 0;
}

int query(const LedgerArguments& arguments) {
  auto reader = open(arguments.ledger);
  if (!reader) return report(reader.error());
  const auto answer = reader->ask(arguments.sql, arguments.limit);
  if (!answer) return report(answer.error());
  if (!arguments.json) fmt::print("{}", table_of(*answer));
  for (std::size_t i = 0; arguments.json && i < answer->rows.size(); ++i)
    fmt::print("{}\n", dumped(json_of(*answer, i)));
  say_more(*answer);
  return 0;
}

// ---- verify

int print(const ledger::Comparison& found, bool with_log) {
  for (const std::string& line : found.lines) fmt::print("{}\n", line);
  if (found.differences > found.lines.size())
    fmt::print("and {} more\n", found.differences - found.lines.size());
  for (const ledger::Gap& gap : found.gaps)
    fmt::print("entries {} to {} were compacted before the ledger had them\n", gap.first.value(),
               gap.last.value());
  fmt::print("{} entries up to {} follow from each other by hash; {} alerts from gaps", found.chained,
             found.applied.value(), found.carried);
  if (with_log)
    fmt::print("; {} entries are the log's, which ends at {}", found.in_log, found.log_last.value());
  fmt::print("; {} differences\n", found.differences);
  return found.differences > 0 ? 1 : found.gaps.empty() ? 0 : 2;
}

int verify(const LedgerArguments& arguments) {
  auto reader = open(arguments.ledger);
  if (!reader) return report(reader.error());
  std::optional<storage::LogContents> log;
  if (!arguments.log.empty()) {
    const auto disk = shell::DiskFolder::look_at(arguments.log);
    if (!disk) return report(disk.error());
    auto contents = storage::read_log(**disk);
    if (!contents) return report({contents.error().code, arguments.log + ": " + contents.error().message});
    log.emplace(std::move(*contents));
  }
  const ledger::ReadValue read_value = reader->agrees_on() == ledger::AgreesOn::kValues
                                           ? ledger::ReadValue(agreed_value)
                                           : ledger::ReadValue();
  const auto found = compare(*reader, log ? &*log : nullptr, read_value);
  return found ? print(*found, log.has_value()) : report(found.error());
}

// ---- the command line

constexpr const char* kLedgerHelp = "ledger.sqlite, or the folder of a node or a replay";

command_line::Command add(command_line::Command ledger, const std::shared_ptr<LedgerArguments>& arguments,
                          int* exit_code, const char* name, const char* what,
                          int (*run)(const LedgerArguments&)) {
  command_line::Command command = ledger.add_subcommand(name, what);
  command.add_option("ledger", arguments->ledger, kLedgerHelp).required();
  command.callback([arguments, exit_code, run] { *exit_code = run(*arguments); });
  return command;
}

void add_list(command_line::Command ledger, const std::shared_ptr<LedgerArguments>& arguments,
              int* exit_code) {
  command_line::Command command =
      add(ledger, arguments, exit_code, "list", "Print what was agreed, a line an entry", list);
  command.add_option("--since", arguments->since, "alerts of findings from this time on (UTC)");
  command.add_option("--until", arguments->until, "and before this time");
  command.add_option("--bbox", arguments->box, "SOUTH,WEST,NORTH,EAST: alerts whose area's box meets it");
  command
      .add_option("--kind", arguments->kinds,
                  "alert, update, cancel, untold, value, withheld, epoch, term, unread; several with commas")
      .delimiter(',');
  command.add_option("--status", arguments->status, "of alerts: Exercise");
  command.add_option("--severity", arguments->severity,
                     "of alerts: Minor, Moderate, Severe, Extreme, or worse");
  command.add_option("--event", arguments->event, "messages of this fire (hexadecimal)");
  command.add_option("--name", arguments->name, "values of this name");
  command.add_flag("--latest", arguments->latest, "of every fire its newest message");
  command.add_option("--from", arguments->from, "entries from this index on");
  command.add_option("--limit", arguments->limit, "at most so many")
      .capture_default_str()
      .check(command_line::range(std::uint64_t{1}, ledger::kLinesMax));
  command.add_flag("--json", arguments->json, "an object a line");
  command.footer(
      "Example:\n  skywarden ledger list node-1 --kind alert,update --bbox 38,-123,39,-122 --limit 20");
}

}  // namespace

void add_ledger(command_line::Command app, int* exit_code) {
  command_line::Command ledger =
      app.add_subcommand("ledger", "What a group agreed on: list it, ask it, hold it against the log");
  ledger.require_subcommand(1);
  auto arguments = std::make_shared<LedgerArguments>();
  add_list(ledger, arguments, exit_code);
  command_line::Command command = add(ledger, arguments, exit_code, "show", "Print all of one entry", show);
  command.add_option("index", arguments->index, "of the entry").required();
  command.add_flag("--json", arguments->json, "as an object");
  command.footer("Example:\n  skywarden ledger show node-1 17 --json");
  command =
      add(ledger, arguments, exit_code, "query", "Ask by SQL: one SELECT, read-only, at most 5 s", query);
  command.add_option("sql", arguments->sql, "over the tables of docs/formats.md").required();
  command.add_option("--limit", arguments->limit, "at most so many rows")
      .capture_default_str()
      .check(command_line::range(std::uint64_t{1}, ledger::kLinesMax));
  command.add_flag("--json", arguments->json, "an object a line");
  command.footer(
      "Example:\n  skywarden ledger query node-1 \"SELECT severity, count(*) FROM alert GROUP BY severity\"");
  command = add(ledger, arguments, exit_code, "verify", "Hold it against its own hashes, and against a log",
                verify);
  command.add_option("log", arguments->log, "the node's data folder");
  command.footer(
      "Every entry's rows must follow from its payload, every hash from the one before, and both from the "
      "log.\n"
      "Exit code 0 when all of it does, 2 when it does and entries are missing that were compacted early,\n"
      "1 when something differs (a line each) or a file cannot be read.\n\n"
      "Example:\n  skywarden ledger verify node-1 node-1");
}

}  // namespace skywarden::app
