#include "games/rational.h"

#include <algorithm>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::games {
namespace {

Integer power_of_ten(int exponent) {
  return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A decimal without a sign of division. Takes what it reads off `text`.
Result<Rational> take_decimal(std::string_view& text, std::string_view whole) {
  const auto malformed = [&] {
    return fail(Errc::kMalformed, "expected a number, found '{}'", printable(whole));
  };
  const auto too_long = [&] {
    return fail(Errc::kOutOfRange, "expected a number of at most {} digits and exponents to {}, found '{}'",
                kNumberDigitsMax, kNumberExponentMax, printable(whole));
  };
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Integer digits = 0;
  std::size_t count = 0;
  int decimals = 0;
  bool after_point = false;
  for (; !text.empty() && (is_digit(text[0]) || (text[0] == '.' && !after_point)); text.remove_prefix(1)) {
    if (text[0] == '.') {
      after_point = true;
      continue;
    }
    if (++count > kNumberDigitsMax) return too_long();
    digits = digits * 10 + (text[0] - '0');
    if (after_point) ++decimals;
  }
  if (count == 0) return malformed();
  int exponent = 0;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool down = text.starts_with('-');
    if (down || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || !is_digit(text[0])) return malformed();
    for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1))
      exponent = std::min(exponent * 10 + (text[0] - '0'), kNumberExponentMax + 1);
    if (exponent > kNumberExponentMax) return too_long();
    if (down) exponent = -exponent;
  }
  if (negative) digits = -digits;
  const int shift = exponent - decimals;
  return shift >= 0 ? Rational(digits * power_of_ten(shift)) : Rational(digits, power_of_ten(-shift));
}

}  // namespace

Result<Rational> parse_rational(std::string_view text) {
  const std::string_view whole = trim(text);
  text = whole;
  auto numerator = take_decimal(text, whole);
  if (!numerator || text.empty()) return numerator;
  if (text[0] != '/') return fail(Errc::kMalformed, "expected a number, found '{}'", printable(whole));
  text.remove_prefix(1);
  auto denominator = take_decimal(text, whole);
  if (!denominator) return denominator;
  if (!text.empty()) return fail(Errc::kMalformed, "expected a number, found '{}'", printable(whole));
  if (denominator->is_zero())
    return fail(Errc::kOutOfRange, "expected a denominator other than zero, found '{}'", printable(whole));
  return Rational(*numerator / *denominator);
}

Rational decimal_of(double value) {
  const auto exact = parse_rational(fmt::format("{}", value));
  EXPECTS(exact.has_value());
  return *exact;
}

std::string to_text(const Rational& value) {
  return value.str();
}

double to_double(const Rational& value) {
  // Numerator and denominator alone may be past the range of a double where their ratio is not.
  const Integer above = numerator(value);
  const Integer below = denominator(value);
  if (above.is_zero()) return 0;
  const int excess = static_cast<int>(std::max(msb(abs(above)), msb(below))) - 900;
  if (excess <= 0) return above.convert_to<double>() / below.convert_to<double>();
  const Integer scale = Integer(1) << excess;
  const double small = Integer(below / scale).convert_to<double>();
  return small > 0 ? Integer(above / scale).convert_to<double>() / small : value.convert_to<double>();
}

Integer common_denominator(const std::vector<Rational>& values) {
  Integer common = 1;
  for (const Rational& value : values) common = lcm(common, denominator(value));
  return common;
}

}  // namespace skywarden::games
