#include "games/preference_file.h"

#include <doctest/doctest.h>

namespace skywarden::games {
namespace {

std::string space(const std::string& inside, const std::string& after = "") {
  return "<utility_space><objective>" + inside + "</objective>" + after + "</utility_space>";
}

const std::string kColour =
    R"(<issue index="1" name="colour" type="discrete"><item value="red" evaluation="2"/><item value="blue" evaluation="4" cost="0.0"/></issue>)";

std::string why(const std::string& xml) {
  const auto read = parse_preferences(xml);
  return read ? "read" : read.error().message;
}

TEST_CASE("evaluations count relative to the best of their issue; what is absent has its default") {
  const auto read = parse_preferences(space(kColour + R"(<weight index="1" value="0.5"/>)",
                                            R"(<reservation value="0.2"/><discount_factor value="0.9"/>)"));
  REQUIRE(read);
  CHECK(read->issues == std::vector<Issue>{{"colour", {"red", "blue"}}});
  CHECK(read->preferences.evaluations[0] == std::vector<double>{0.5, 1});
  CHECK(read->preferences.weights[0] == 0.5);
  CHECK(read->preferences.reservation == 0.2);
  CHECK(read->preferences.discount == 0.9);
  const auto bare = parse_preferences(space(kColour));
  REQUIRE(bare);
  CHECK(bare->preferences.weights[0] == 1);
  CHECK(bare->preferences.reservation == 0);
  CHECK(bare->preferences.discount == 1);
}

TEST_CASE("what is wrong is named") {
  CHECK(why("<a>").starts_with("expected well-formed XML, found at byte"));
  CHECK(why("<a/>") == "expected <utility_space> with an <objective>");
  CHECK(why(space("")) == "expected 1 to 64 issues, found 0");
  CHECK(why(space(R"(<issue name="x"/>)")) == "issue 'x': expected an item");
  CHECK(why(space(R"(<issue name="x" type="integer"/>)")) ==
        "issue 'x': expected the type discrete, found 'integer'");
  CHECK(why(space(R"(<issue name="x"><item value="a" evaluation="-1"/></issue>)")) ==
        "<item evaluation>: expected a number from 0, found '-1'");
  CHECK(why(space(R"(<issue name="x"><item value="a" evaluation="1" cost="3"/></issue>)")) ==
        "issue 'x': expected a cost of 0");
  CHECK(why(space(
            R"(<issue name="x"><item value="a" evaluation="1"/><item value="a" evaluation="1"/></issue>)")) ==
        "issue 'x': expected each value once");
  CHECK(why(space(kColour + kColour)) == "issue 'colour': expected once");
  CHECK(why(space(kColour + R"(<weight index="1" value="x"/>)")) ==
        "<weight value>: expected a number from 0, found 'x'");
  CHECK(why(space(kColour + R"(<weight index="1" value="2e6"/>)")) ==
        "expected a weight of 0 to 1000000 and an evaluation of 0 to 1 for each value");
  CHECK(why(space(kColour, R"(<discount_factor value="2"/>)")) ==
        "expected a finite reservation and a discount from 0 to 1");
  std::string many;
  for (int i = 0; i < 21; ++i)
    many += "<issue name=\"" + std::to_string(i) +
            "\"><item value=\"a\" evaluation=\"1\"/><item value=\"b\" evaluation=\"1\"/></issue>";
  CHECK(why(space(many)) == "expected at most 1000000 outcomes");
}

TEST_CASE("parties are joined by the names of issues and values, in any order") {
  const auto first = parse_preferences(space(kColour)).value();
  const auto second = parse_preferences(space(
      R"(<issue index="1" name="colour"><item value="blue" evaluation="1"/><item value="red" evaluation="5"/></issue>)"));
  REQUIRE(second);
  const auto domain = join({first, *second});
  REQUIRE(domain);
  CHECK(domain->parties[1].evaluations[0] == std::vector<double>{1, 0.2});
  const auto other = parse_preferences(space(
      R"(<issue name="colour"><item value="green" evaluation="1"/><item value="red" evaluation="5"/></issue>)"));
  CHECK(join({first, *other}).error().code == Errc::kConflict);
  CHECK(join({}).error().code == Errc::kOutOfRange);
}

}  // namespace
}  // namespace skywarden::games
