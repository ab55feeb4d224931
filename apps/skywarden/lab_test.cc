#include <doctest/doctest.h>

#include <map>

#include "formats/tar.h"
#include "lab_cases.h"
#include "lab_linearizable.h"
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

TEST_CASE("reference coalitions, populations and bargains pass") {
  for (const char* name : {"shapley_tu_games", "weighted_voting_power"}) {
    REFERENCE_OR_SKIP(path, std::string("consensus/coop/") + name + ".json");
    const auto cases = check_coop(testing::read_file(path));
    CHECK(cases.size() >= 2);
    CHECK(failures(cases) == 0);
  }
  REFERENCE_OR_SKIP(populations, "consensus/evolution/replicator_reference.json");
  CHECK(check_replicator(testing::read_file(populations)).size() == 3);
  CHECK(failures(check_replicator(testing::read_file(populations))) == 0);
  REFERENCE_OR_SKIP(domains, "consensus/negotiation/bargaining_reference.json");
  const std::string folder = domains.substr(0, domains.rfind('/') + 1);
  const auto bargains = check_bargain(testing::read_file(domains), [&](const std::string& name) {
    return testing::read_file(folder + name);
  });
  CHECK(bargains.size() == 4);
  CHECK(failures(bargains) == 0);
  REFERENCE_OR_SKIP(offers, "consensus/negotiation/alternating_offers.csv");
  const auto rows = check_bargain(testing::read_file(offers), {});
  CHECK(rows.size() >= 100);
  CHECK(failures(rows) == 0);
}

TEST_CASE("a wrong value of a coalition, a vote, a population or a bargain fails") {
  const auto coop = [](const std::string& entry) { return check_coop("[" + entry + "]").at(0); };
  const std::string glove = R"("values_by_bitmask":["0",0,0,1,0,1,0,"1.0"])";
  CHECK(coop("{" + glove + R"(,"shapley":["2/3","1/6","1/6"]})").difference.empty());
  CHECK(coop("{" + glove + R"(,"shapley":["2/3","1/6","1/5"]})").difference ==
        "shapley: expected 2/3 1/6 1/5, found 2/3 1/6 1/6");
  CHECK(!coop("{" + glove + R"(,"shapley_float":[0.6666666,0.1666666,0.1666666]})").difference.empty());
  CHECK(!coop("{" + glove + R"(,"banzhaf_raw":[1,2]})").difference.empty());
  const std::string vote = R"("quota":51,"weights":[50,49,1])";
  CHECK(coop("{" + vote + R"(,"banzhaf_swings":[3,1,1],"banzhaf_normalized_float":[0.6,0.2,0.2]})")
            .difference.empty());
  CHECK(!coop("{" + vote + R"(,"banzhaf_swings":[3,1,2]})").difference.empty());
  CHECK(!coop("{" + vote + R"(,"shapley_shubik":["1/3","1/3","1/3"]})").difference.empty());
  // Too large to count: sampled, and judged by what the samples promise.
  const std::string large = R"("quota":3000000000,"weights":[2000000000,2000000000,2000000000])";
  CHECK(coop("{" + large + R"(,"shapley_shubik_float":[0.33333,0.33333,0.33333]})").difference.empty());
  CHECK(!coop("{" + large + R"(,"shapley_shubik_float":[0.5,0.25,0.25]})").difference.empty());

  const auto population = [](const std::string& rest) {
    return check_replicator(R"([{"A":[[-0.5,2],[0,1]],"x0":[0.1,0.9],"t":[0,4])" + rest + "}]").at(0);
  };
  CHECK(population(R"(,"ess":[[0.66666666666667,0.33333333333333]])").difference.empty());
  CHECK(population(R"(,"ess":[])").difference == "ess: expected 0, found 1");
  CHECK(!population(R"(,"ess":[[0.6,0.4]])").difference.empty());
  CHECK(!population(R"(,"interior_rest_point":null)").difference.empty());
  CHECK(!population(R"(,"x":[[0.1,0.9],[0.5,0.5]])").difference.empty());
  CHECK(!population(R"(,"x":[[0.1,0.9]])").difference.empty());

  const char* kOffers =
      "delta1,delta2,horizon_rounds,rubinstein_spe_share_player1,finite_horizon_spe_share_player1\n";
  CHECK(
      only_difference(check_bargain(kOffers + std::string("0.5,0.5,2,0.66666666666666,0.5\n"), {})).empty());
  CHECK(
      !only_difference(check_bargain(kOffers + std::string("0.5,0.5,2,0.66666666666666,0.6\n"), {})).empty());
  CHECK(check_bargain(kOffers + std::string("0.5,1.5,2,0.6,0.6\n"), {}).at(0).malformed);
  CHECK(check_bargain(kOffers + std::string("0.5\n"), {}).at(0).malformed);

  const auto price = [](const std::string& rest) {
    return check_bargain(
               R"([{"name":"d","profiles":["a.xml","b.xml"])" + rest + "}]",
               [](const std::string& name) {
                 return std::string(
                            R"(<utility_space><objective><issue name="price"><item value="low" evaluation=")") +
                        (name == "d/a.xml" ? "4" : "3") + R"("/><item value="high" evaluation=")" +
                        (name == "d/a.xml" ? "1" : "4") + R"("/></issue></objective></utility_space>)";
               })
        .at(0);
  };
  CHECK(price(R"(,"nash":{"u":[1,0.75],"outcome":["low"],"product":0.75},"pareto":[[0.25,1],[1,0.75]])")
            .difference.empty());
  CHECK(!price(R"(,"nash":{"u":[0.25,1],"outcome":["low"],"product":0.75})").difference.empty());
  CHECK(!price(R"(,"nash":{"u":[1,0.75],"outcome":["high"],"product":0.75})").difference.empty());
  CHECK(!price(R"(,"nash":{"product":0.7})").difference.empty());
  CHECK(!price(R"(,"pareto":[[0.25,1],[0.25,1]])").difference.empty());
  CHECK(!price(R"(,"kalai_smorodinsky_discrete":{"min_ratio":0.5})").difference.empty());
  CHECK(!price(R"(,"egalitarian_min_gain":0.25)").difference.empty());
  CHECK(!price(R"(,"u_min":[0.25,0.5])").difference.empty());
  CHECK(check_bargain(R"([{"name":"..","profiles":["a.xml"]}])", {}).at(0).malformed);
  CHECK(check_bargain(R"([{"name":"d","profiles":["/a.xml"]}])", {}).at(0).malformed);
}

TEST_CASE("what is no game of coalitions or population is malformed") {
  for (const char* text :
       {"x", "{}", "[1]", "[{}]", R"([{"values_by_bitmask":[1,2,3]}])", R"([{"values_by_bitmask":["x"]}])",
        R"([{"values_by_bitmask":[1,2],"n":2}])", R"([{"quota":0,"weights":[1]}])",
        R"([{"quota":1,"weights":[-1]}])", R"([{"quota":1,"weights":1}])"}) {
    CAPTURE(text);
    CHECK(check_coop(text).at(0).malformed);
  }
  for (const char* text : {"[{}]", R"([{"A":[[1,2]],"x0":[1],"t":[0]}])",
                           R"([{"A":[[1]],"x0":[0.5],"t":[0]}])", R"([{"A":[[1]],"x0":[1],"t":[]}])",
                           R"([{"A":[[1]],"x0":[1],"t":["0"]}])", R"([{"A":[["y"]],"x0":[1],"t":[0]}])"})
    CHECK(check_replicator(text).at(0).malformed);
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
