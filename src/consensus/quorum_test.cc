#include "consensus/quorum.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "testing/reference_data.h"

namespace skywarden::consensus {
namespace {

Shares equal_shares(std::uint32_t nodes) {
  Shares shares;
  for (std::uint32_t id = 1; id <= nodes; ++id) shares[NodeId(id)] = 1;
  return shares;
}

std::uint64_t held_by(const Shares& shares, unsigned set) {  // bit i: the i-th node is in the set
  std::uint64_t held = 0;
  unsigned bit = 1;
  for (const auto& [node, share] : shares) {
    if ((set & bit) != 0) held += share;
    bit <<= 1;
  }
  return held;
}

// Every way to give `nodes` nodes 0…share_max shares each, at least one of them some.
void for_each_shares(std::uint32_t nodes, std::uint64_t share_max,
                     const std::function<void(const Shares&)>& visit) {
  std::uint64_t ways = 1;
  for (std::uint32_t i = 0; i < nodes; ++i) ways *= share_max + 1;
  for (std::uint64_t way = 1; way < ways; ++way) {
    Shares shares;
    std::uint64_t rest = way;
    for (std::uint32_t id = 1; id <= nodes; ++id, rest /= share_max + 1)
      shares[NodeId(id)] = rest % (share_max + 1);
    visit(shares);
  }
}

TEST_CASE("a quorum is more than half") {
  CHECK(quorum(equal_shares(1)) == 1);
  CHECK(quorum(equal_shares(2)) == 2);
  CHECK(quorum(equal_shares(5)) == 3);
  CHECK(quorum({{NodeId(1), 3}, {NodeId(2), 1}, {NodeId(3), 0}}) == 3);
}

TEST_CASE("shares that cannot decide are refused") {
  CHECK(validate(equal_shares(3)));
  CHECK(!validate(Shares{}));
  CHECK(!validate({{NodeId(1), 0}}));
  CHECK(!validate({{kNobody, 1}, {NodeId(1), 1}}));
  CHECK(validate({{NodeId(1), kShareTotalMax}}));
  CHECK(!validate({{NodeId(1), kShareTotalMax}, {NodeId(2), 1}}));
  CHECK(!validate({{NodeId(1), UINT64_MAX}, {NodeId(2), UINT64_MAX}}));
  CHECK(!validate(equal_shares(kGroupNodesMax + 1)));
}

TEST_CASE("a learner's acknowledgement and vote count for nothing") {
  const Shares shares = {{NodeId(1), 2}, {NodeId(2), 1}, {NodeId(3), 0}};
  CHECK(committed_index(shares, {{NodeId(2), LogIndex(9)}, {NodeId(3), LogIndex(9)}}) == LogIndex(0));
  CHECK(committed_index(shares, {{NodeId(1), LogIndex(9)}}) == LogIndex(9));
  CHECK(vote_result(shares, {{NodeId(2), true}, {NodeId(3), true}}) == VoteResult::kPending);
  CHECK(vote_result(shares, {{NodeId(3), false}, {NodeId(1), true}}) == VoteResult::kWon);
  CHECK(vote_result(shares, {{NodeId(1), false}}) == VoteResult::kLost);
  CHECK(vote_result(shares, {{NodeId(77), true}, {NodeId(2), true}}) == VoteResult::kPending);  // a stranger
}

TEST_CASE("between two configurations both must agree") {
  const JointShares joint{equal_shares(3), {{NodeId(3), 1}, {NodeId(4), 1}, {NodeId(5), 1}}};
  const auto yes = [](std::initializer_list<std::uint32_t> nodes) {
    Votes votes;
    for (const std::uint32_t id : nodes) votes[NodeId(id)] = true;
    return votes;
  };
  CHECK(vote_result(joint, yes({1, 2})) == VoteResult::kPending);
  CHECK(vote_result(joint, yes({1, 3, 4})) == VoteResult::kWon);
  CHECK(vote_result(joint, {{NodeId(4), false}, {NodeId(5), false}, {NodeId(1), true}, {NodeId(2), true}}) ==
        VoteResult::kLost);
  CHECK(committed_index(joint, {{NodeId(1), LogIndex(7)}, {NodeId(2), LogIndex(7)}}) == LogIndex(0));
  CHECK(committed_index(joint,
                        {{NodeId(1), LogIndex(7)}, {NodeId(3), LogIndex(6)}, {NodeId(4), LogIndex(5)}}) ==
        LogIndex(5));
  const JointShares settled{equal_shares(3), {}};
  CHECK(vote_result(settled, yes({1, 2})) == VoteResult::kWon);
  CHECK(committed_index(settled, {{NodeId(1), LogIndex(7)}, {NodeId(2), LogIndex(6)}}) == LogIndex(6));
}

TEST_CASE("reference vectors of weighted quorums") {
  REFERENCE_OR_SKIP(path, "consensus/weighted_quorum/vectors.jsonl");
  std::istringstream lines(testing::read_file(path));
  const auto shares_of = [](const nlohmann::json& object) {
    Shares shares;
    for (const auto& [node, share] : object.items())
      shares[NodeId(static_cast<std::uint32_t>(std::stoul(node)))] = share.get<std::uint64_t>();
    return shares;
  };
  const std::map<std::string, VoteResult> results = {
      {"Won", VoteResult::kWon}, {"Lost", VoteResult::kLost}, {"Pending", VoteResult::kPending}};
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const auto expected = nlohmann::json::parse(line);
    CAPTURE(expected["case"].get<int>());
    const Shares shares = shares_of(expected["weights"]);
    CHECK(quorum(shares) == expected["quorum"].get<std::uint64_t>());
    // With a next configuration the expected commit and vote are those of both together.
    const bool changing = !expected["weights_next"].is_null();
    const JointShares joint =
        changing ? JointShares{shares_of(expected["weights_next"]), shares} : JointShares{shares, {}};
    Acknowledged acknowledged;
    for (const auto& [node, index] : shares_of(expected["acked"])) acknowledged[node] = LogIndex(index);
    CHECK(committed_index(joint, acknowledged) == LogIndex(expected["commit_index"].get<std::uint64_t>()));
    Votes votes;
    for (const auto& [node, vote] : expected["votes"].items())
      if (vote != "_") votes[NodeId(static_cast<std::uint32_t>(std::stoul(node)))] = vote == "y";
    CHECK(vote_result(joint, votes) == results.at(expected["vote_result"]));
    if (!changing) continue;
    CHECK(quorum(joint.incoming) == expected["quorum_next"].get<std::uint64_t>());
    CHECK(direct_switch_allowed(shares, joint.incoming) == expected["direct_switch_allowed"].get<bool>());
  }
  CHECK(cases == 300);
}

// The reference transcripts: "command cfg=(1,2) idx=(5,_)", a line of dashes, output whose last line is the
// result.
struct Dialogue {
  std::string command;
  std::vector<std::string> nodes, values;
  std::string result;
};

std::vector<std::string> list_in(const std::string& line, const std::string& name) {
  std::vector<std::string> items;
  const std::size_t at = line.find(name + "=(");
  if (at == std::string::npos) return items;
  const std::size_t begin = at + name.size() + 2;
  std::istringstream list(line.substr(begin, line.find(')', begin) - begin));
  for (std::string item; std::getline(list, item, ',');) {
    std::erase(item, ' ');
    items.push_back(item);
  }
  return items;
}

std::vector<Dialogue> read_dialogues(const std::string& text, const std::string& value_name) {
  std::vector<Dialogue> dialogues;
  std::istringstream lines(text);
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      in_output = false;
    } else if (line.starts_with("----")) {
      in_output = true;
    } else if (in_output) {
      dialogues.back().result = line;
    } else if (!line.starts_with('#')) {
      dialogues.push_back(
          {line.substr(0, line.find(' ')), list_in(line, "cfg"), list_in(line, value_name), ""});
    }
  }
  return dialogues;
}

Shares shares_of(const Dialogue& dialogue) {
  Shares shares;
  for (const auto& node : dialogue.nodes) shares[NodeId(static_cast<std::uint32_t>(std::stoul(node)))] = 1;
  return shares;
}

TEST_CASE("transcripts of an unweighted majority: commits") {
  REFERENCE_OR_SKIP(path, "consensus/etcd-raft/quorum/majority_commit.txt");
  int cases = 0;
  for (const auto& dialogue : read_dialogues(testing::read_file(path), "idx")) {
    REQUIRE(dialogue.command == "committed");
    Acknowledged acknowledged;
    for (std::size_t i = 0; i < dialogue.values.size(); ++i)
      if (dialogue.values[i] != "_")
        acknowledged[NodeId(static_cast<std::uint32_t>(std::stoul(dialogue.nodes[i])))] =
            LogIndex(std::stoull(dialogue.values[i]));
    const LogIndex index = committed_index(shares_of(dialogue), acknowledged);
    const bool unbounded = dialogue.result.ends_with("∞");
    CHECK(index == LogIndex(unbounded ? UINT64_MAX : std::stoull(dialogue.result)));
    ++cases;
  }
  CHECK(cases == 16);
}

TEST_CASE("transcripts of an unweighted majority: votes") {
  REFERENCE_OR_SKIP(path, "consensus/etcd-raft/quorum/majority_vote.txt");
  const std::map<std::string, VoteResult> results = {
      {"VoteWon", VoteResult::kWon}, {"VoteLost", VoteResult::kLost}, {"VotePending", VoteResult::kPending}};
  int cases = 0;
  for (const auto& dialogue : read_dialogues(testing::read_file(path), "votes")) {
    REQUIRE(dialogue.command == "vote");
    Votes votes;
    for (std::size_t i = 0; i < dialogue.values.size(); ++i)
      if (dialogue.values[i] != "_")
        votes[NodeId(static_cast<std::uint32_t>(std::stoul(dialogue.nodes[i])))] = dialogue.values[i] == "y";
    CHECK(vote_result(shares_of(dialogue), votes) == results.at(dialogue.result));
    ++cases;
  }
  CHECK(cases == 22);
}

TEST_CASE("exhaustively for up to four nodes: quorums meet, votes and commits say what counting says") {
  for (std::uint32_t nodes = 1; nodes <= 4; ++nodes) {
    for_each_shares(nodes, 3, [&](const Shares& shares) {
      const unsigned sets = 1U << nodes;
      const std::uint64_t needed = quorum(shares);
      for (unsigned a = 0; a < sets; ++a) {
        const bool a_decides = held_by(shares, a) >= needed;
        const bool rest_decides = held_by(shares, ~a & (sets - 1)) >= needed;
        REQUIRE(!(a_decides && rest_decides));  // no two disjoint sets decide, so any two quorums meet
        Acknowledged acknowledged;
        for (std::uint32_t i = 0; i < nodes; ++i)
          if ((a >> i & 1U) != 0) acknowledged[NodeId(i + 1)] = LogIndex(5);
        REQUIRE((committed_index(shares, acknowledged) == LogIndex(5)) == a_decides);
        for (unsigned no = 0; no < sets; ++no) {
          if ((a & no) != 0) continue;
          Votes votes;
          for (std::uint32_t i = 0; i < nodes; ++i)
            if ((a >> i & 1U) != 0 || (no >> i & 1U) != 0) votes[NodeId(i + 1)] = (a >> i & 1U) != 0;
          const bool can_still = held_by(shares, ~no & (sets - 1)) >= needed;
          const VoteResult expected =
              a_decides ? VoteResult::kWon : (can_still ? VoteResult::kPending : VoteResult::kLost);
          REQUIRE(vote_result(shares, votes) == expected);
        }
      }
    });
  }
}

// The counts are those of an independent enumeration (0…4 shares for two and three nodes, 0…3 for four).
TEST_CASE("a direct switch is never allowed where an old and a new quorum could miss each other") {
  const struct {
    std::uint32_t nodes;
    std::uint64_t share_max;
    int pairs, unsafe, allowed;
  } cases[] = {{2, 4, 576, 200, 158}, {3, 4, 15376, 8400, 1414}, {4, 3, 65025, 47952, 4003}};
  for (const auto& expected : cases) {
    int pairs = 0;
    int unsafe = 0;
    int allowed = 0;
    int allowed_but_unsafe = 0;
    for_each_shares(expected.nodes, expected.share_max, [&](const Shares& from) {
      for_each_shares(expected.nodes, expected.share_max, [&](const Shares& to) {
        const unsigned everybody = (1U << expected.nodes) - 1;
        bool disjoint = false;
        for (unsigned set = 0; set <= everybody; ++set)
          disjoint |= held_by(from, set) >= quorum(from) && held_by(to, ~set & everybody) >= quorum(to);
        const bool direct = direct_switch_allowed(from, to);
        ++pairs;
        unsafe += disjoint;
        allowed += direct;
        allowed_but_unsafe += direct && disjoint;
      });
    });
    CHECK(pairs == expected.pairs);
    CHECK(unsafe == expected.unsafe);
    CHECK(allowed == expected.allowed);
    CHECK(allowed_but_unsafe == 0);
  }
}

}  // namespace
}  // namespace skywarden::consensus
