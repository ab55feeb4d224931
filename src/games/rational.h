// Exact numbers: integers and fractions of any size, from Boost.Multiprecision
// (docs/adr/0011-exact-fractions.md). This header alone includes it. Text is read with limits, because a
// short text ("1e999999999") can name a number that fills the memory.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::games {

using Integer =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using Rational =
    boost::multiprecision::number<boost::multiprecision::cpp_rational_backend, boost::multiprecision::et_off>;

inline constexpr std::size_t kNumberDigitsMax = 100;  // of numerator, denominator or decimal, each
inline constexpr int kNumberExponentMax = 300;

// "-3", "4.50", ".5", "1e-3", "2/3", "-1.5/2". kMalformed when it is no number, kOutOfRange past the limits
// or when divided by zero.
[[nodiscard]] Result<Rational> parse_rational(std::string_view text);

// The shortest decimal that reads as this double, exactly: 0.1 is one tenth. The double is finite.
[[nodiscard]] Rational decimal_of(double value);

[[nodiscard]] std::string to_text(const Rational& value);  // "2/3", "-4"
[[nodiscard]] double to_double(const Rational& value);     // the nearest but for the last digit

// A factor > 0 that makes whole numbers of them all: the least common multiple of the denominators.
[[nodiscard]] Integer common_denominator(const std::vector<Rational>& values);

}  // namespace skywarden::games
