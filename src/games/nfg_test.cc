#include "games/nfg.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace skywarden::games {
namespace {

std::string why(std::string_view text) {
  const auto game = parse_nfg(text);
  return game ? "read" : game.error().message;
}

TEST_CASE("payoffs and outcomes, strategies by number and by name") {
  const auto by_payoffs = parse_nfg(
      "NFG 1 R \"a \\\"game\\\"\" { \"one\" \"two\" } { 2 3 }\n\"a comment {\"\n"
      "1 2/4, 3 4 5.5 -6 7 8 9 10 1e1 12");
  REQUIRE(by_payoffs);
  CHECK(by_payoffs->title == "a \"game\"");
  CHECK(by_payoffs->players == std::vector<std::string>{"one", "two"});
  CHECK(by_payoffs->strategies == std::vector<std::size_t>{2, 3});
  CHECK(by_payoffs->payoff({0, 0}, 1) == Rational(1, 2));
  CHECK(by_payoffs->payoff({1, 0}, 0) == 3);
  CHECK(by_payoffs->payoff({0, 1}, 0) == Rational(11, 2));
  CHECK(by_payoffs->payoff({1, 2}, 1) == 12);

  const auto by_outcomes = parse_nfg(
      "NFG 1 D \"\" { \"\" \"\" } { { \"a\" \"b\" } { \"c\" } }\n"
      "{ { \"won\" 1, 2 } { \"\" 3 -4 } } 2 0");
  REQUIRE(by_outcomes);
  CHECK(by_outcomes->payoffs == std::vector<Rational>{3, -4, 0, 0});
}

TEST_CASE("what is wrong is said with its line") {
  CHECK(why("") == "line 1: expected NFG");
  CHECK(why("EFG 2 R") == "line 1: expected NFG");
  CHECK(why("NFG 2 R \"\" { \"a\" } { 1 } 1") == "line 1: expected version 1");
  CHECK(why("NFG 1 X") == "line 1: expected R or D after the version");
  CHECK(why("NFG 1 R \"x") == "line 1: expected a closing \", found the end");
  CHECK(why("NFG 1 R \"\" { } { } ") == "line 1: expected a player");
  CHECK(why("NFG 1 R \"\" { \"a\" } { 0 } 1") == "line 1: expected 1 to 1000000, found 0");
  CHECK(why("NFG 1 R \"\" { \"a\" } { { } } 1") == "line 1: expected a strategy");
  CHECK(why("NFG 1 R \"\" { \"a\" \"b\" } { 1000 1000 } 1") == "line 1: expected at most 1000000 payoffs");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 2 }\n1") == "line 3: expected 2 payoffs, found the end after 1");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 1 }\n1\n2") == "line 4: expected the end, found '2'");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 1 }\nx") == "line 3: expected a number, found 'x'");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 1 }\n1/0") ==
        "line 3: expected a denominator other than zero, found '1/0'");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 1 }\n{ { \"\" 1 } } 2") == "line 3: expected 0 to 1, found 2");
  CHECK(why("NFG 1 R \"\" { \"a\" }\n{ 1 }\n{ { \"\" 1 2 } } 1") == "line 3: expected '}', found '2 } } 1'");
  std::string crowd = "NFG 1 R \"\" {";
  for (std::size_t i = 0; i <= kGamePlayersMax; ++i) crowd += " \"p\"";
  CHECK(why(crowd + " } { 1 }") == "line 1: expected at most 16 players");
}

TEST_CASE("a game survives being written") {
  CHECK(rc::check([] {
    StrategicGame game;
    game.title = *rc::gen::element<std::string>("", "quoted \" and \\", "plain");
    const auto players = *rc::gen::inRange<std::size_t>(1, 4);
    for (std::size_t p = 0; p < players; ++p) {
      game.players.push_back(fmt::format("player {}", p));
      game.strategies.push_back(*rc::gen::inRange<std::size_t>(1, 4));
    }
    for (std::size_t i = 0; i < game.profiles() * players; ++i)
      game.payoffs.emplace_back(*rc::gen::inRange(-50, 50), *rc::gen::inRange(1, 9));
    const auto again = parse_nfg(to_nfg(game));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->title == game.title);
    RC_ASSERT(again->players == game.players);
    RC_ASSERT(again->strategies == game.strategies);
    RC_ASSERT(again->payoffs == game.payoffs);
  }));
}

}  // namespace
}  // namespace skywarden::games
