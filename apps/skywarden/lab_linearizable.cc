#include "lab_linearizable.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "consensus/client_history.h"
#include "formats/read_file.h"
#include "formats/tar.h"
#include "lab_cases.h"

namespace skywarden::app {
namespace {

using consensus::KeyValueModel;
using consensus::KeyValueOperation;
using consensus::line_of;
using consensus::Linearizable;
using consensus::RegisterModel;
using consensus::RegisterOperation;
using consensus::RegisterValue;
using Outcome = JudgedHistory::Outcome;

constexpr std::size_t kVerdictBytesMax = std::size_t{16} << 20;

std::string shown(const RegisterValue& value) {
  return value ? fmt::format("{}", *value) : "nil";
}
std::string shown(const std::string& value) {
  return '"' + printable(value) + '"';
}

std::string shown(const RegisterOperation& one) {
  switch (one.kind) {
    case RegisterOperation::Kind::kRead:
      return "read of " + shown(one.value);
    case RegisterOperation::Kind::kWrite:
      return "write of " + shown(one.value);
    case RegisterOperation::Kind::kCompareAndSet:
      break;
  }
  return fmt::format("{} of {} for {}", one.swapped ? "exchange" : "refused exchange", shown(one.expected),
                     shown(one.value));
}
std::string shown(const KeyValueOperation& one) {
  const char* what = one.kind == KeyValueOperation::Kind::kGet   ? "get"
                     : one.kind == KeyValueOperation::Kind::kPut ? "put"
                                                                 : "append";
  return fmt::format("{} of {} at key {}", what, shown(one.value), shown(one.key));
}

template <typename Model>
JudgedHistory judge(const consensus::ClientHistory<typename Model::Operation>& history) {
  const auto verdict = consensus::check_linearizable<Model>(history);
  if (verdict.linearizable == Linearizable::kUnknown)
    return {Outcome::kUnknown, fmt::format("not known: the search would remember more than {} MiB",
                                           consensus::kLinearizabilityBytesMax >> 20)};
  if (verdict.linearizable == Linearizable::kYes)
    return {Outcome::kPass, fmt::format("linearizable, {} operations", history.size())};
  typename Model::State state = Model::initial();
  std::string last = "nothing was placed yet";
  for (const std::size_t place : verdict.order) {
    state = *Model::after(state, history[place].what, false);
    last = fmt::format("{} fit, the last being the {} of line {}, which leaves {}", verdict.order.size(),
                       shown(history[place].what), line_of(history[place].asked), shown(state));
  }
  const auto& one = history[*verdict.impossible];
  return {Outcome::kFail,
          fmt::format("not linearizable: line {}: the {} asked in line {} fits no order; before it {}",
                      line_of(*one.answered), shown(one.what), line_of(one.asked), last)};
}

// The tables beside a file, all together.
HistoryVerdicts verdicts_beside(const std::filesystem::path& file, bool& unread) {
  HistoryVerdicts all;
  std::error_code ignored;  // a folder that cannot be listed holds no tables
  std::vector<std::filesystem::path> tables;
  for (const auto& entry : std::filesystem::directory_iterator(
           file.has_parent_path() ? file.parent_path() : std::filesystem::path("."), ignored))
    if (entry.path().filename().string().ends_with("verdicts.csv")) tables.push_back(entry.path());
  std::sort(tables.begin(), tables.end());
  for (const auto& table : tables) {
    const auto text = formats::read_file(table.string(), kVerdictBytesMax);
    const auto verdicts =
        text ? read_history_verdicts(*text) : Result<HistoryVerdicts>(tl::unexpected(text.error()));
    if (verdicts) {
      all.insert(verdicts->begin(), verdicts->end());
    } else {
      fmt::print(stderr, "skywarden lab: {}: {}\n", table.string(), verdicts.error().message);
      unread = true;
    }
  }
  return all;
}

std::optional<bool> expected_of(const HistoryVerdicts& verdicts, std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (!verdicts.contains(name) && name.ends_with(".gz")) name.remove_suffix(3);
  const auto found = verdicts.find(name);
  return found == verdicts.end() ? std::nullopt : std::optional(found->second);
}

struct Tally {
  std::size_t passed = 0, failed = 0, unreadable = 0, unknown = 0;
};

void report(const std::string& name, const JudgedHistory& judged, Tally& tally) {
  switch (judged.outcome) {
    case Outcome::kPass:
      ++tally.passed;
      break;
    case Outcome::kFail:
      ++tally.failed;
      break;
    case Outcome::kUnreadable:
      ++tally.unreadable;
      break;
    case Outcome::kUnknown:
      ++tally.unknown;
      break;
  }
  fmt::print(judged.outcome == Outcome::kUnreadable ? stderr : stdout, "{}: {}\n", name, judged.says);
}

}  // namespace

Result<HistoryVerdicts> read_history_verdicts(std::string_view csv) {
  HistoryVerdicts verdicts;
  if (trim(take_line(csv)) != "file,linearizable") return verdicts;
  for (std::size_t number = 2; !csv.empty(); ++number) {
    const std::string_view line = trim(take_line(csv));
    if (line.empty()) continue;
    const std::size_t comma = std::min(line.rfind(','), line.size());
    const std::string_view verdict = line.substr(std::min(comma + 1, line.size()));
    if (comma == 0 || (verdict != "0" && verdict != "1"))
      return fail(Errc::kMalformed, "line {}: expected FILE,0 or FILE,1, found '{}'", number,
                  printable(line));
    verdicts.emplace(line.substr(0, comma), verdict == "1");
  }
  return verdicts;
}

JudgedHistory judge_history(std::string_view text, std::optional<bool> expected) {
  const auto history = consensus::read_client_history(text);
  if (!history) return {Outcome::kUnreadable, history.error().message};
  const auto* registers = std::get_if<consensus::ClientHistory<RegisterOperation>>(&*history);
  JudgedHistory judged =
      registers != nullptr
          ? judge<RegisterModel>(*registers)
          : judge<KeyValueModel>(std::get<consensus::ClientHistory<KeyValueOperation>>(*history));
  if (!expected || judged.outcome == Outcome::kUnknown) return judged;
  const bool agrees = *expected == (judged.outcome == Outcome::kPass);
  judged.outcome = agrees ? Outcome::kPass : Outcome::kFail;
  judged.says =
      agrees ? "pass: " + judged.says
             : fmt::format("fail: expected {}linearizable, found {}", *expected ? "" : "not ", judged.says);
  return judged;
}

int run_linearizable(const std::vector<std::string>& files) {
  Tally tally;
  bool unread = false;
  std::map<std::filesystem::path, HistoryVerdicts> tables;  // by folder
  for (const std::string& file : files) {
    const auto text = formats::read_file(file, kLabFileBytesMax);
    if (!text) {
      fmt::print(stderr, "skywarden lab: {}\n", text.error().message);
      unread = true;
      continue;
    }
    const auto [beside, is_first] = tables.try_emplace(std::filesystem::path(file).parent_path());
    if (is_first) beside->second = verdicts_beside(file, unread);
    if (!formats::is_tar(*text)) {
      report(file, judge_history(*text, expected_of(beside->second, file)), tally);
      continue;
    }
    const auto members = formats::read_tar(*text);
    if (!members) {
      report(file, {Outcome::kUnreadable, members.error().message}, tally);
      continue;
    }
    for (const auto& member : *members)
      report(file + ":" + printable(member.name),
             judge_history(member.bytes, expected_of(beside->second, member.name)), tally);
  }
  fmt::print("{} pass, {} fail, {} not known, {} cannot be read\n", tally.passed, tally.failed, tally.unknown,
             tally.unreadable);
  return unread || tally.failed > 0 ? 1 : tally.unknown + tally.unreadable > 0 ? 2 : 0;
}

}  // namespace skywarden::app
