#include <doctest/doctest.h>

#include <map>

#include "lab_cases.h"
#include "lab_robust.h"
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

// Files that stand beside a reference.
Beside files(std::map<std::string, std::string> texts) {
  return [texts = std::move(texts)](const std::string& name) -> Result<std::string> {
    const auto found = texts.find(name);
    if (found == texts.end()) return fail(Errc::kNotFound, "{}: no such file", name);
    return found->second;
  };
}

TEST_CASE("R's statistics and regressions pass") {
  for (const auto& [name, count] :
       {std::pair{"univariate_reference.csv", 128}, std::pair{"regression_stackloss.csv", 33}}) {
    REFERENCE_OR_SKIP(path, std::string("consensus/robust/") + name);
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    const auto cases = check_robust(testing::read_file(path), name, [&](const std::string& beside) {
      return Result<std::string>(testing::read_file(folder + beside));
    });
    REQUIRE(cases);
    CHECK(cases->size() == count);
    CHECK(failures(*cases) == 0);
  }
}

TEST_CASE("weights repeat a value, and a wrong reference fails") {
  const Beside data = files({{"my_data.csv", "dataset,i,x,w\na,1,1,1\na,2,5,3\na,3,9,1\na,4,7,1\n"}});
  const auto cases = check_robust(
      "dataset,statistic,value\na,weighted_median,5\na,weighted_mean,5.3333333333\na,hodges_lehmann,5\n"
      "a,median,6\na,trim25,6\na,mean,5.5001\na,n,4\n",
      "my_reference.csv", data);
  REQUIRE(cases);
  REQUIRE(cases->size() == 7);
  CHECK(failures(*cases) == 1);
  CHECK((*cases)[5].difference.starts_with("expected 5.5"));
  CHECK((*cases)[5].line == 7);
}

TEST_CASE("a regression names what explains; the column left over is explained") {
  const Beside data = files({{"d.csv", "y,t\n1,0\n3,1\n5,2\n7.5,3\n9,4\n"}});
  const std::string header = "dataset,method,param,value\n";
  const auto cases = check_robust(header +
                                      "d,ols,(Intercept),1\nd,ols,t,2.05\nd,lad_rq0.5,t,2\n"
                                      "d,lad_rq0.5,(Intercept),1.1\nd,ridge,t,2\n",
                                  "r.csv", data);
  REQUIRE(cases);
  REQUIRE(cases->size() == 5);
  for (const LabCase& one : *cases) {
    CAPTURE(one.line);
    CHECK(one.malformed == (one.line == 6));
    CHECK(one.difference.empty() == (one.line <= 4));
  }
  // A parameter that stands twice makes the columns depend on one another.
  const auto twice = check_robust(header + "d,ols,t,2\nd,ols,t,2\n", "r.csv", data);
  CHECK((*twice)[0].difference == "the data determine no fit");
}

TEST_CASE("a reference that cannot be judged says why in one line") {
  const std::string header = "dataset,statistic,value\n";
  const Beside nothing = files({});
  const auto why = [](const Result<std::vector<LabCase>>& found) {
    return found ? (found->empty() ? "no case" : (*found)[0].difference) : found.error().message;
  };
  CHECK(why(check_robust("a,b\n1,2\n", "f.csv", nothing)) ==
        "f.csv:1: expected the columns dataset,statistic,value or dataset,method,param,value");
  CHECK(why(check_robust(header + "a,mean,1\n", "reference.csv", nothing)) == "data.csv: no such file");
  CHECK(why(check_robust(header + "a,mean,1\n", "facts.csv", nothing))
            .starts_with("facts.csv: expected a name"));
  const auto with = [&](const std::string& rows, const std::string& line) {
    return why(check_robust(header + line, "reference.csv", files({{"data.csv", "dataset,i,x\n" + rows}})));
  };
  CHECK(with("a,1,x\n", "a,mean,1\n") == "data.csv:2: x: expected a number within ±1e100, found 'x'");
  CHECK(with("a,1,1e300\n", "a,mean,1\n").starts_with("data.csv:2: x: expected"));
  CHECK(with("a,1\n", "a,mean,1\n").starts_with("data.csv:2:"));
  CHECK(with("a,1,1\n", "b,mean,1\n") == "data.csv holds no such dataset");
  CHECK(with("a,1,1\n", "a,mode,1\n") == "no such statistic is known");
  CHECK(with("a,1,1\n", "a,trim,1\n") == "no such statistic is known");
  CHECK(with("a,1,1\n", "a,mean,one\n") == "value: expected a number, found 'one'");
  CHECK(with("a,1,1\n", "a,sd,0\n").starts_with("expected 0, found "));  // one value has no deviation
  const auto fit = [&](const std::string& text, const std::string& rows) {
    return why(check_robust("dataset,method,param,value\n" + rows, "r.csv", files({{"d.csv", text}})));
  };
  CHECK(fit("y,t\n1,2\n", "e,ols,t,1\n") == "e.csv: no such file");
  CHECK(fit("y,t\n1,2\n", "d,ols,u,1\n") == "d.csv: no column u");
  CHECK(fit("y,t,u\n1,2,3\n", "d,ols,t,1\n") ==
        "d.csv: expected one column that no parameter names, found 2");
  CHECK(fit("y,t\n1,z\n", "d,ols,t,1\n") == "d.csv:2:t: expected a number within ±1e100, found 'z'");
  CHECK(fit("y,t\n", "d,ols,t,1\n") == "the data determine no fit");
  CHECK(fit("y,t\n1,2\n", "d,ols,scale,1\n") == "expected a parameter beside the scale");
  CHECK(fit("y,t\n1,2\n3,4\n", "d,lad_rq2,t,1\n") == "the data determine no fit");
}

}  // namespace
}  // namespace skywarden::app
