#include <doctest/doctest.h>

#include "formats/tar.h"
#include "lab_cases.h"
#include "lab_linearizable.h"
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

TEST_CASE("recorded histories of a register and of texts by key get the verdicts they are published with") {
  using Outcome = JudgedHistory::Outcome;
  REFERENCE_OR_SKIP(archive, "consensus/porcupine/etcd_jepsen_register_histories.tar.gz");
  REFERENCE_OR_SKIP(table, "consensus/porcupine/etcd_jepsen_verdicts.csv");
  const std::string bytes = testing::read_file(archive);
  const auto members = formats::read_tar(bytes).value();
  const auto verdicts = read_history_verdicts(testing::read_file(table)).value();
  CHECK(members.size() == 35);
  CHECK(verdicts.size() == members.size());
  std::size_t linearizable = 0;
  for (const auto& member : members) {
    CAPTURE(member.name);
    const auto judged = judge_history(member.bytes, verdicts.at(member.name));
    CHECK_MESSAGE(judged.outcome == Outcome::kPass, judged.says);
    linearizable += judge_history(member.bytes, std::nullopt).outcome == Outcome::kPass ? 1 : 0;
    CHECK(judge_history(member.bytes, !verdicts.at(member.name)).outcome == Outcome::kFail);
  }
  CHECK(linearizable == 7);
  REFERENCE_OR_SKIP(good, "consensus/porcupine/c01-ok.txt");
  REFERENCE_OR_SKIP(bad, "consensus/porcupine/c01-bad.txt");
  CHECK(judge_history(testing::read_file(good), true).outcome == Outcome::kPass);
  CHECK(judge_history(testing::read_file(bad), false).outcome == Outcome::kPass);
}

TEST_CASE("a history is judged with or without a verdict, and a table that is none is refused") {
  using Outcome = JudgedHistory::Outcome;
  const char* stale =
      "x - 0 :invoke :write 1\nx - 0 :ok :write 1\nx - 1 :invoke :read nil\nx - 1 :ok :read nil\n";
  const auto judged = judge_history(stale, std::nullopt);
  CHECK(judged.outcome == Outcome::kFail);
  CHECK(judged.says ==
        "not linearizable: line 4: the read of nil asked in line 3 fits no order; before it 1 fit, the last "
        "being "
        "the write of 1 of line 1, which leaves 1");
  CHECK(judge_history(stale, false).outcome == Outcome::kPass);
  CHECK(judge_history(stale, true)
            .says.starts_with("fail: expected linearizable, found not linearizable: line 4"));
  CHECK(judge_history("hello", true).outcome == Outcome::kUnreadable);
  CHECK(read_history_verdicts("file,linearizable\na,b.log,1\n").value().at("a,b.log"));
  CHECK(read_history_verdicts("other\nx,y\n").value().empty());
  CHECK(read_history_verdicts("file,linearizable\n\na.log,2\n").error().message ==
        "line 3: expected FILE,0 or FILE,1, found 'a.log,2'");
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
