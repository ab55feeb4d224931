#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "consensus/quorum.h"
#include "lab_cases.h"

namespace skywarden::app {
namespace {

using consensus::JointShares;
using consensus::Shares;
using consensus::VoteResult;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

using Lists = std::map<std::string, std::vector<std::string>, std::less<>>;

// "command name=(a,b) name=(c)"; a name without a list has none, as in cfgj=zero.
Result<Lists> lists_of(std::string_view command) {
  Lists lists;
  command.remove_prefix(std::min(command.find(' '), command.size()));
  for (command = trim(command); !command.empty(); command = trim(command)) {
    const std::size_t equals = command.find('=');
    if (equals == std::string_view::npos)
      return fail(Errc::kMalformed, "expected name=(...), found '{}'", printable(command));
    const std::string name(trim(command.substr(0, equals)));
    command = trim(command.substr(equals + 1));
    if (!command.starts_with('(')) {
      const std::size_t end = std::min(command.find(' '), command.size());
      lists[name].clear();
      command.remove_prefix(end);
      continue;
    }
    const std::size_t close = command.find(')');
    if (close == std::string_view::npos)
      return fail(Errc::kMalformed, "{}: no closing bracket", printable(name));
    std::string_view items = trim(command.substr(1, close - 1));
    while (!items.empty()) {
      const std::size_t end = std::min(items.find(','), items.size());
      lists[name].emplace_back(trim(items.substr(0, end)));
      items.remove_prefix(std::min(end + 1, items.size()));
    }
    command.remove_prefix(close + 1);
  }
  return lists;
}

// Node by node in the order given, into `shares` and, where new, into `order`.
Result<void> read_nodes(const std::vector<std::string>& items, Shares& shares, std::vector<NodeId>& order) {
  if (items.size() > consensus::kGroupNodesMax) return fail(Errc::kLimitReached, "{} nodes", items.size());
  for (const std::string& item : items) {
    const std::size_t colon = std::min(item.find(':'), item.size());
    const auto id = whole_number(std::string_view(item).substr(0, colon));
    const auto share = colon == item.size() ? std::optional<std::uint64_t>(1)
                                            : whole_number(std::string_view(item).substr(colon + 1));
    if (!id || *id == 0 || *id > UINT32_MAX || !share)
      return fail(Errc::kMalformed, "expected a node, found '{}'", printable(item));
    const NodeId node(static_cast<std::uint32_t>(*id));
    shares[node] = *share;
    if (std::find(order.begin(), order.end(), node) == order.end()) order.push_back(node);
  }
  if (!shares.empty())
    if (auto sound = consensus::validate(shares); !sound) return sound;
  return {};
}

struct Question {
  JointShares shares;
  std::vector<NodeId> order;
  Lists lists;
};

Result<Question> read_question(const std::string& command) {
  auto lists = lists_of(command);
  if (!lists) return tl::unexpected(lists.error());
  Question question;
  for (const auto& [name, items] : *lists)
    if (name != "cfg" && name != "cfgj" && name != "idx" && name != "votes")
      return fail(Errc::kMalformed, "expected cfg, cfgj, idx or votes, found '{}'", printable(name));
  if (auto read = read_nodes((*lists)["cfg"], question.shares.incoming, question.order); !read)
    return tl::unexpected(read.error());
  if (auto read = read_nodes((*lists)["cfgj"], question.shares.outgoing, question.order); !read)
    return tl::unexpected(read.error());
  question.lists = std::move(*lists);
  return question;
}

// The answer in the words of the transcripts.
Result<std::string> answer_committed(Question& question) {
  const auto& values = question.lists["idx"];
  if (values.size() != question.order.size())
    return fail(Errc::kMalformed, "idx: {} values for {} nodes", values.size(), question.order.size());
  consensus::Acknowledged acknowledged;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == "_") continue;
    const auto index = whole_number(values[i]);
    if (!index)
      return fail(Errc::kMalformed, "idx: expected an index or _, found '{}'", printable(values[i]));
    acknowledged[question.order[i]] = LogIndex(*index);
  }
  const LogIndex index = committed_index(question.shares, acknowledged);
  return index == LogIndex(UINT64_MAX) ? std::string("∞") : std::to_string(index.value());
}

Result<std::string> answer_vote(Question& question) {
  const auto& values = question.lists["votes"];
  if (values.size() != question.order.size())
    return fail(Errc::kMalformed, "votes: {} values for {} nodes", values.size(), question.order.size());
  consensus::Votes votes;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != "_" && values[i] != "y" && values[i] != "n")
      return fail(Errc::kMalformed, "votes: expected y, n or _, found '{}'", printable(values[i]));
    if (values[i] != "_") votes[question.order[i]] = values[i] == "y";
  }
  switch (vote_result(question.shares, votes)) {
    case VoteResult::kWon:
      return "VoteWon";
    case VoteResult::kLost:
      return "VoteLost";
    case VoteResult::kPending:
      break;
  }
  return "VotePending";
}

Result<std::string> answer(const std::string& command) {
  const std::string_view word = std::string_view(command).substr(0, command.find(' '));
  auto question = read_question(command);
  if (!question) return tl::unexpected(question.error());
  if (word == "committed") return answer_committed(*question);
  if (word == "vote") return answer_vote(*question);
  return fail(Errc::kMalformed, "expected committed or vote, found '{}'", printable(word));
}

}  // namespace

std::vector<LabCase> check_quorum(std::string_view text) {
  std::vector<LabCase> verdicts;
  std::size_t cut_off = 0;
  for (const TranscriptCase& one : read_transcript(text, &cut_off)) {
    LabCase verdict{one.line, one.command, "", false, ""};
    const auto found = answer(one.command);
    const std::string expected = one.expected.empty() ? "" : one.expected.back();
    if (!found || expected.empty()) {
      verdict.malformed = true;
      verdict.difference = found ? "nothing is expected" : found.error().message;
    } else if (*found != (expected.ends_with("∞") ? "∞" : expected)) {  // the drawing ends on that line
      verdict.difference = fmt::format("expected {}, found {}", printable(expected), *found);
    }
    verdicts.push_back(std::move(verdict));
  }
  if (cut_off > 0) verdicts.push_back({cut_off, "", "no line of dashes follows", true, ""});
  return verdicts;
}

}  // namespace skywarden::app
