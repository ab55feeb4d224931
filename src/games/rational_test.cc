#include "games/rational.h"

#include <doctest/doctest.h>

#include "games/linear_system.h"

namespace skywarden::games {
namespace {

TEST_CASE("numbers of all forms are read exactly") {
  for (const auto& [text, expected] : std::vector<std::pair<const char*, Rational>>{
           {"0", 0},
           {"-3", -3},
           {"+4.50", Rational(9, 2)},
           {".5", Rational(1, 2)},
           {"5.", 5},
           {"1e-3", Rational(1, 1000)},
           {"-2.5E+2", -250},
           {"2/6", Rational(1, 3)},
           {"-1.5/2", Rational(-3, 4)},
           {" 7 ", 7},
       }) {
    CAPTURE(text);
    const auto value = parse_rational(text);
    REQUIRE(value);
    CHECK(*value == expected);
  }
}

TEST_CASE("what is no number, or too long a one, is refused") {
  for (const char* text :
       {"", "-", ".", "e5", "1e", "1e+", "1//2", "1/2/3", "0x10", "nan", "1 2", "1.2.3", "2/"})
    CHECK(parse_rational(text).error().code == Errc::kMalformed);
  CHECK(parse_rational("1/0").error().code == Errc::kOutOfRange);
  CHECK(parse_rational("1e301").error().code == Errc::kOutOfRange);
  CHECK(parse_rational("1e99999999999999999999").error().code == Errc::kOutOfRange);
  CHECK(parse_rational(std::string(101, '1')).error().code == Errc::kOutOfRange);
}

TEST_CASE("fractions become doubles and decimals become fractions") {
  CHECK(to_double(Rational(1, 3)) == doctest::Approx(1.0 / 3).epsilon(1e-15));
  CHECK(to_double(parse_rational("1e300/1e299").value()) == 10);
  CHECK(to_double(parse_rational("-1e-300").value()) == doctest::Approx(-1e-300));
  const Rational huge = Rational(Integer(1) << 4000) / Rational((Integer(1) << 3999) + 1);
  CHECK(to_double(huge) == doctest::Approx(2));
  CHECK(decimal_of(0.1) == Rational(1, 10));
  CHECK(decimal_of(-1e-20) == -Rational(1) / parse_rational("1e20").value());
  CHECK(common_denominator({Rational(1, 4), Rational(5, 6), 3}) == 12);
}

TEST_CASE("a system has one solution or none is given") {
  const auto x = solve({{0, 2}, {3, 1}}, {1, 2});
  REQUIRE(x);
  CHECK(*x == std::vector<Rational>{Rational(1, 2), Rational(1, 2)});
  CHECK(!solve({{1, 2}, {2, 4}}, {1, 2}));
  CHECK(determinant({{0, 2}, {3, 1}}) == -6);
  CHECK(determinant({{1, 2}, {2, 4}}) == 0);
}

}  // namespace
}  // namespace skywarden::games
