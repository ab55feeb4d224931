#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "consensus/quorum.h"
#include "lab_cases.h"

namespace skywarden::app {
namespace {

using consensus::JointShares;
using consensus::Shares;

struct Change {
  char what;  // v: gets a vote, l: a learner, r: leaves, u: nothing
  NodeId node;
};

Result<std::vector<Change>> read_changes(const std::vector<std::string>& input) {
  std::vector<Change> changes;
  for (const std::string& line : input) {
    std::string_view rest = trim(line);
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest = trim(rest.substr(word.size()));
      const auto id = parse_number(word.substr(1));
      const bool known = std::string_view("vlru").find(word.front()) != std::string_view::npos;
      if (!known || !id || *id < 0 || *id > UINT32_MAX || *id != static_cast<std::uint32_t>(*id))
        return fail(Errc::kMalformed, "expected v, l, r or u and a node, found '{}'", printable(word));
      if (changes.size() >= consensus::kGroupNodesMax) return fail(Errc::kLimitReached, "too many changes");
      changes.push_back({word.front(), NodeId(static_cast<std::uint32_t>(*id))});
    }
  }
  return changes;
}

// One vote a head, as those transcripts know it: a learner is a member without a share, and one that still
// votes in the outgoing half becomes a learner only when that is left.
class Group {
 public:
  Result<void> simple(const std::vector<Change>& changes) {
    if (!shares_.outgoing.empty()) return fail(Errc::kConflict, "no simple change in a joint epoch");
    Group next = *this;
    if (auto applied = next.apply(changes); !applied) return applied;
    std::size_t changed = 0;  // stricter than direct_switch_allowed, which lets two voters become four
    for (const NodeId node : members(JointShares{shares_.incoming, next.shares_.incoming}))
      changed +=
          consensus::share_of(shares_.incoming, node) != consensus::share_of(next.shares_.incoming, node) ? 1
                                                                                                          : 0;
    if (changed > 1) return fail(Errc::kConflict, "more than one voter changes without a joint epoch");
    *this = std::move(next);
    return {};
  }
  Result<void> enter_joint(const std::vector<Change>& changes, bool leave_by_itself) {
    if (!shares_.outgoing.empty()) return fail(Errc::kConflict, "already joint");
    if (voters().empty()) return fail(Errc::kConflict, "nobody votes yet");
    Group next = *this;
    next.shares_.outgoing = voters();
    if (auto applied = next.apply(changes); !applied) return applied;
    next.leaves_by_itself_ = leave_by_itself;
    *this = std::move(next);
    return {};
  }
  Result<void> leave_joint() {
    if (shares_.outgoing.empty()) return fail(Errc::kConflict, "not joint");
    shares_.outgoing.clear();
    leaves_by_itself_ = false;
    std::erase_if(next_, [&](const auto& known) { return !shares_.incoming.contains(known.first); });
    return {};
  }
  void case_ends() { ++last_index_; }

  [[nodiscard]] std::vector<std::string> description() const {
    std::string voting =
        "voters=" + list([&](NodeId n) { return consensus::share_of(shares_.incoming, n) > 0; });
    if (!shares_.outgoing.empty())
      voting += "&&" + list([&](NodeId n) { return shares_.outgoing.contains(n); });
    const auto no_share = [&](NodeId n) {
      return shares_.incoming.contains(n) && consensus::share_of(shares_.incoming, n) == 0;
    };
    const auto learns = [&](NodeId n) { return no_share(n) && !shares_.outgoing.contains(n); };
    const auto will_learn = [&](NodeId n) { return no_share(n) && shares_.outgoing.contains(n); };
    if (const std::string now = list(learns); now != "()") voting += " learners=" + now;
    if (const std::string later = list(will_learn); later != "()") voting += " learners_next=" + later;
    if (leaves_by_itself_) voting += " autoleave";
    std::vector<std::string> lines{std::move(voting)};
    for (const auto& [node, next] : next_)
      lines.push_back(fmt::format("{}: StateProbe match=0 next={}{}", node.value(), next,
                                  learns(node) ? " learner" : ""));
    return lines;
  }

 private:
  Result<void> apply(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (change.node == kNobody || change.what == 'u') continue;
      if (change.what == 'r') {
        shares_.incoming.erase(change.node);
        if (!shares_.outgoing.contains(change.node)) next_.erase(change.node);
        continue;
      }
      shares_.incoming[change.node] = change.what == 'v' ? 1 : 0;
      next_.try_emplace(change.node, std::max<std::size_t>(last_index_, 1));
    }
    if (voters().empty()) return fail(Errc::kConflict, "nobody is left to vote");
    return {};
  }
  [[nodiscard]] Shares voters() const {
    Shares voting;
    for (const auto& [node, share] : shares_.incoming)
      if (share > 0) voting.emplace(node, share);
    return voting;
  }
  template <typename Belongs>
  [[nodiscard]] std::string list(Belongs belongs) const {
    std::string text;
    for (const NodeId node : members(shares_))
      if (belongs(node)) text += fmt::format("{}{}", text.empty() ? "" : " ", node.value());
    return "(" + text + ")";
  }

  JointShares shares_;
  std::map<NodeId, std::size_t> next_;  // of each member, the first entry to be tried
  std::size_t last_index_ = 0;          // each case stands for an entry
  bool leaves_by_itself_ = false;
};

// Nothing: not a case.
Result<std::optional<Error>> play(Group& group, const TranscriptCase& one) {
  const std::string_view command = one.command;
  const std::string_view word = command.substr(0, command.find(' '));
  const std::string_view argument = trim(command.substr(word.size()));
  const auto changes = read_changes(one.input);
  if (!changes) return tl::unexpected(changes.error());
  const bool joining = word == "enter-joint";
  if (!argument.empty() && !(joining && (argument == "autoleave=true" || argument == "autoleave=false")))
    return fail(Errc::kMalformed, "unexpected argument '{}'", printable(argument));
  Result<void> done;
  if (word == "simple")
    done = group.simple(*changes);
  else if (joining)
    done = group.enter_joint(*changes, argument == "autoleave=true");
  else if (word != "leave-joint")
    return fail(Errc::kMalformed, "expected simple, enter-joint or leave-joint, found '{}'", printable(word));
  else if (changes->empty())
    done = group.leave_joint();
  else
    return fail(Errc::kMalformed, "leave-joint takes no changes");
  if (!done) return std::optional(done.error());
  return std::optional<Error>();
}

std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& found) {
  for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    const std::string& wanted = i < expected.size() ? expected[i] : "nothing more";
    const std::string& got = i < found.size() ? found[i] : "nothing more";
    if (wanted != got) return fmt::format("expected '{}', found '{}'", printable(wanted), got);
  }
  return "";
}

}  // namespace

std::vector<LabCase> check_confchange(std::string_view text) {
  std::vector<LabCase> verdicts;
  std::size_t cut_off = 0;
  Group group;
  for (const TranscriptCase& one : read_transcript(text, &cut_off)) {
    LabCase verdict{one.line, one.command, "", false, ""};
    const auto refusal = play(group, one);
    const bool expects_refusal = one.expected.empty() || !one.expected.front().starts_with("voters=");
    if (!refusal || one.expected.empty()) {
      verdict.malformed = true;
      verdict.difference = refusal ? "nothing is expected" : refusal.error().message;
    } else if (*refusal) {
      if (!expects_refusal)
        verdict.difference = fmt::format("expected '{}', found a refusal: {}",
                                         printable(one.expected.front()), (*refusal)->message);
    } else {
      verdict.difference = difference(one.expected, group.description());
    }
    group.case_ends();
    verdicts.push_back(std::move(verdict));
  }
  if (cut_off > 0) verdicts.push_back({cut_off, "", "no line of dashes follows", true, ""});
  return verdicts;
}

}  // namespace skywarden::app
