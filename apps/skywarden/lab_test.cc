#include <doctest/doctest.h>

#include "lab_cases.h"
#include "testing/reference_data.h"

namespace skywarden::app {
namespace {

std::size_t failures(const std::vector<LabCase>& cases) {
  std::size_t count = 0;
  for (const LabCase& one : cases) {
    if (one.difference.empty()) continue;
    ++count;
    MESSAGE(one.line, ": ", one.command, ": ", one.difference);
  }
  return count;
}

std::string only_difference(const std::vector<LabCase>& cases) {
  REQUIRE(cases.size() == 1);
  return cases[0].difference;
}

TEST_CASE("reference transcripts and vectors pass") {
  for (const char* name : {"majority_commit", "majority_vote"}) {
    REFERENCE_OR_SKIP(path, std::string("consensus/etcd-raft/quorum/") + name + ".txt");
    const auto cases = check_quorum(testing::read_file(path));
    CHECK(cases.size() > 15);
    CHECK(failures(cases) == 0);
  }
  for (const char* name : {"joint_idempotency", "simple_idempotency", "simple_promote_demote", "zero"}) {
    REFERENCE_OR_SKIP(path, std::string("consensus/etcd-raft/confchange/") + name + ".txt");
    const auto cases = check_confchange(testing::read_file(path));
    CHECK(!cases.empty());
    CHECK(failures(cases) == 0);
  }
  REFERENCE_OR_SKIP(path, "consensus/weighted_quorum/vectors.jsonl");
  const auto cases = check_shares(testing::read_file(path));
  CHECK(cases.size() == 300);
  CHECK(failures(cases) == 0);
}

TEST_CASE("reference games pass") {
  REFERENCE_OR_SKIP(reference, "consensus/games/nash_reference.json");
  const std::string list = testing::read_file(reference);
  for (const char* name :
       {"2x2", "2x2const", "2x2x2_nfg_from_local_max_cut_2_pure_1_mixed_eq", "const_sum_game", "coord2",
        "coord3", "fig2", "mixdom", "oneill", "pd", "sec3", "sww1", "yamamoto"}) {
    CAPTURE(name);
    REFERENCE_OR_SKIP(path, std::string("consensus/games/") + name + ".nfg");
    const auto cases = check_game(testing::read_file(path), std::string(name) + ".nfg", list);
    CHECK(cases.back().command == "reference");
    CHECK(failures(cases) == 0);
  }
}

TEST_CASE("a wrong reference of a game fails, and one that cannot be read is malformed") {
  const std::string game = R"(NFG 1 R "" { "" "" } { 2 2 } 3 2 0 0 0 0 2 3)";  // battle of the sexes
  const auto last = [&](const std::string& entry) {
    return check_game(game, "g", R"([{"file":"g",)" + entry + "}]").back();
  };
  CHECK(check_game(game, "g", "").size() == 4);  // agreement and three equilibria
  CHECK(check_game(game, "other", R"([{"file":"g"}])").size() == 4);
  CHECK(last(R"("pure_equilibria":[[0,0],[1,1]])").difference.empty());
  CHECK(last(R"("pure_equilibria":[[0,0]])").difference == "pure_equilibria: expected 1, found 2");
  CHECK(last(R"("strategies":[2,3])").difference == "strategies: not those of the game");
  CHECK(last(R"("equal_support_equilibria":[{"p1":["1","0"],"p2":[1,0]}])").difference ==
        "0 1; 0 1 is not listed");
  CHECK(last(R"("equal_support_equilibria":[{"p1":["1","0"],"p2":[0.5,0.5]}])").difference ==
        "1 0; 1/2 1/2 is no equilibrium");
  CHECK(last(R"("degenerate_detected":true,"equal_support_equilibria":[])").difference ==
        "degenerate_detected: the game is not degenerate");
  CHECK(last(R"("equal_support_equilibria":[{"p1":["1","x"],"p2":[1,0]}])").malformed);
  CHECK(last(R"("equal_support_equilibria":7)").malformed);
  CHECK(check_game(game, "g", "{}").back().malformed);
  CHECK(check_game("NFG 2", "g", "").at(0).malformed);
}

TEST_CASE("joint and weighted quorums") {
  CHECK(failures(check_quorum("committed cfg=(1,2,3) cfgj=(3,4,5) idx=(9,8,7,6,5)\n----\n6\n\n"
                              "committed cfg=(1,2) cfgj=zero idx=(3,4)\n----\n3\n\n"
                              "vote cfg=(1,2,3) cfgj=(3,4,5) votes=(y,y,_,n,n)\n----\nVoteLost\n\n"
                              "vote cfg=(1:3,2,3) votes=(y,_,_)\n----\nVoteWon\n\n"
                              "committed cfg=(1:2,2:2,3:1) idx=(5,_,9)\n----\n5\n")) == 0);
  CHECK(only_difference(check_quorum("vote cfg=(1) votes=(y)\n----\nVoteLost\n")) ==
        "expected VoteLost, found VoteWon");
}

TEST_CASE("what is no case is named and fails nothing else") {
  for (const char* text :
       {"vote cfg=(1) votes=(x)\n----\nVoteWon\n", "vote cfg=(1,2) votes=(y)\n----\nVoteWon\n",
        "vote cfg=(0) votes=(y)\n----\nVoteWon\n", "vote cfg=(1 votes=(y)\n----\nVoteWon\n",
        "vote cfg=(1) foo=(y)\n----\nVoteWon\n", "jump\n----\n1\n", "vote cfg=(1) votes=(y)\n",
        "committed cfg=(1) idx=(99999999999999999999)\n----\n1\n", "committed\n----\n"}) {
    CAPTURE(text);
    const auto cases = check_quorum(text);
    REQUIRE(cases.size() == 1);
    CHECK(cases[0].malformed);
  }
  for (const char* text : {"simple\nx1\n----\nvoters=(1)\n", "simple\nv\n----\nvoters=(1)\n",
                           "leave-joint\nv1\n----\nvoters=(1)\n", "simple now\nv1\n----\nvoters=(1)\n"})
    CHECK(check_confchange(text).at(0).malformed);
  for (const char* text : {"x", "[]", "{}", R"({"weights":{"a":1},"acked":{},"votes":{}})",
                           R"({"weights":{"1":-1},"acked":{},"votes":{}})", R"({"weights":{"1":0}})"})
    CHECK(check_shares(text).at(0).malformed);
  CHECK(check_quorum("# nothing\n\n").empty());
}

TEST_CASE("changes that are refused") {
  CHECK(failures(check_confchange("leave-joint\n----\nrefused\n\n"
                                  "enter-joint\nv1\n----\nrefused\n\n"
                                  "simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=2\n\n"
                                  "simple\nv2 v3\n----\nrefused\n\n"
                                  "simple\nr1\n----\nrefused\n\n"
                                  "enter-joint autoleave=true\nv2 u1 v3\n----\n"
                                  "voters=(1 2 3)&&(1) autoleave\n1: StateProbe match=0 next=2\n"
                                  "2: StateProbe match=0 next=5\n3: StateProbe match=0 next=5\n\n"
                                  "simple\nv4\n----\nrefused\n\n"
                                  "enter-joint\nv4\n----\nrefused\n")) == 0);
  CHECK(only_difference(check_confchange("simple\nv1\n----\nrefused\n")) ==
        "expected 'refused', found 'voters=(1)'");
  CHECK(only_difference(check_confchange("simple\nr1\n----\nvoters=(1)\n")) ==
        "expected 'voters=(1)', found a refusal: nobody is left to vote");
}

}  // namespace
}  // namespace skywarden::app
