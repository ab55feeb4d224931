#include "orbit/tle.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "base/text.h"

namespace skywarden::orbit {
namespace {

constexpr std::size_t kNameColumnsMax = 24;
constexpr std::size_t kColumns = 69;
constexpr std::size_t kFieldsEnd = 63;  // the last column an orbit needs, on either line

struct Line {
  std::string_view text;
  std::size_t number = 0;
};

// Columns as the format's description counts them, from 1, both ends included.
std::string_view columns(std::string_view line, std::size_t first, std::size_t last) {
  if (line.size() < first) return {};
  return line.substr(first - 1, last - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "-13525-3" is −0.13525e−3; blanks count as zeros.
std::optional<double> parse_implied_decimal(std::string_view text) {
  if (trim(text).empty()) return 0.0;
  if (text.size() != 8) return std::nullopt;
  std::string number(1, text[0] == '-' ? '-' : '+');
  if (text[0] != '-' && text[0] != '+' && text[0] != ' ') return std::nullopt;
  number += "0.";
  for (const char c : text.substr(1, 5)) number += c == ' ' ? '0' : c;
  number += 'e';
  number += text[6] == '-' ? '-' : '+';
  if (text[6] != '-' && text[6] != '+' && text[6] != ' ') return std::nullopt;
  if (!is_digit(text[7])) return std::nullopt;
  number += text[7];
  return parse_number(number);
}

// "26127.76405751": year of the century and day of the year, January 1 being day 1.
std::optional<JulianDate> parse_epoch(std::string_view text) {
  const auto year = parse_integer(trim(text.substr(0, std::min<std::size_t>(2, text.size()))));
  if (text.size() < 5 || !year || *year < 0) return std::nullopt;
  const std::string_view day_text = trim(text.substr(2));
  const std::size_t point = std::min(day_text.find('.'), day_text.size());
  const auto day = parse_integer(day_text.substr(0, point));
  std::string fraction_text = "0";
  fraction_text += day_text.substr(point);
  if (fraction_text == "0.") fraction_text = "0";
  const auto fraction = parse_number(fraction_text);
  if (!day || *day < 1 || *day > 366 || !fraction || *fraction < 0.0 || *fraction >= 1.0) return std::nullopt;
  // Two digits until 2056, as the first satellite flew in 1957.
  const int full_year = static_cast<int>(*year < 57 ? 2000 + *year : 1900 + *year);
  const std::int64_t days = days_from_civil(full_year, 1, 1) + *day - 1;
  return JulianDate{2440587.5 + static_cast<double>(days), *fraction};
}

std::uint32_t counter(std::string_view text) {  // of no consequence for the orbit
  const auto value = parse_integer(trim(text));
  return value && *value >= 0 ? static_cast<std::uint32_t>(std::min<std::int64_t>(*value, 999'999'999)) : 0;
}

// Reads fields until the first that is wrong.
class FieldReader {
 public:
  explicit FieldReader(Line line) : line_(line) {}

  double number(std::size_t first, std::size_t last, const char* name) {
    return take(parse_number(trim(columns(line_.text, first, last))), first, last, name);
  }
  double implied(std::size_t first, std::size_t last, const char* name) {
    return take(parse_implied_decimal(columns(line_.text, first, last)), first, last, name);
  }
  double fraction(std::size_t first, std::size_t last, const char* name) {  // "0002512" is 0.0002512
    std::string digits = "0.";
    for (const char c : columns(line_.text, first, last)) digits += c == ' ' ? '0' : c;
    const bool plain = std::all_of(digits.begin() + 2, digits.end(), is_digit);
    return take(plain ? parse_number(digits) : std::nullopt, first, last, name);
  }
  double degrees(std::size_t first, std::size_t last, const char* name) {
    return number(first, last, name) * (std::numbers::pi / 180.0);
  }
  JulianDate epoch(std::size_t first, std::size_t last) {
    return take(parse_epoch(columns(line_.text, first, last)), first, last, "epoch");
  }
  std::uint32_t catalogue_number() {
    return take(parse_catalogue_number(columns(line_.text, 3, 7)), 3, 7, "catalogue number");
  }
  [[nodiscard]] const std::optional<datum::RowProblem>& problem() const { return problem_; }

 private:
  template <typename T>
  T take(std::optional<T> value, std::size_t first, std::size_t last, const char* name) {
    if (!value && !problem_)
      problem_ = {line_.number, fmt::format("{}", first),
                  fmt::format("expected the {} in columns {} to {}, found '{}'", name, first, last,
                              printable(columns(line_.text, first, last)))};
    return value.value_or(T{});
  }

  Line line_;
  std::optional<datum::RowProblem> problem_;
};

Result<ElementSet> parse_pair(Line first, Line second, datum::RowProblem& problem) {
  const auto refuse = [&](datum::RowProblem found) {
    problem = std::move(found);
    return fail(Errc::kMalformed, "{}", problem.expected);
  };
  for (const Line& line : {first, second})
    if (line.text.size() < kFieldsEnd)
      return refuse(
          {line.number, "", fmt::format("expected {} columns, found {}", kColumns, line.text.size())});
  ElementSet set;
  FieldReader one(first);
  set.norad = one.catalogue_number();
  set.classification = first.text[7] == ' ' ? 'U' : first.text[7];
  set.designator = printable(trim(columns(first.text, 10, 17)));
  const JulianDate epoch = one.epoch(19, 32);
  set.mean_motion_dot = one.number(34, 43, "derivative of the mean motion");
  set.mean_motion_ddot = one.implied(45, 52, "second derivative of the mean motion");
  set.bstar = one.implied(54, 61, "drag term");
  set.ephemeris = static_cast<std::uint8_t>(std::min(counter(columns(first.text, 63, 63)), 9U));
  set.number = counter(columns(first.text, 65, 68));
  if (one.problem()) return refuse(*one.problem());

  FieldReader two(second);
  const std::uint32_t norad_again = two.catalogue_number();
  set.inclination = two.degrees(9, 16, "inclination");
  set.node = two.degrees(18, 25, "right ascension of the node");
  set.eccentricity = two.fraction(27, 33, "eccentricity");
  set.perigee_argument = two.degrees(35, 42, "argument of perigee");
  set.mean_anomaly = two.degrees(44, 51, "mean anomaly");
  set.mean_motion = mean_motion_from_revs_per_day(two.number(53, 63, "mean motion"));
  set.revolution = counter(columns(second.text, 64, 68));
  if (two.problem()) return refuse(*two.problem());
  if (norad_again != set.norad)
    return refuse({second.number, "3",
                   fmt::format("expected catalogue number {} as on the line before, found {}", set.norad,
                               norad_again)});
  if (const std::string odd = implausible(set); !odd.empty()) return refuse({second.number, "", odd});
  set_epoch(set, epoch);
  return set;
}

std::optional<datum::RowProblem> checksum_problem(Line line) {
  if (line.text.size() < kColumns || !is_digit(line.text[kColumns - 1]))
    return datum::RowProblem{line.number, "69", "expected a checksum, found none"};
  const int stated = line.text[kColumns - 1] - '0';
  const int computed = tle_checksum(line.text);
  if (stated == computed) return std::nullopt;
  return datum::RowProblem{line.number, "69",
                           fmt::format("expected checksum {}, found {}", computed, stated)};
}

enum class LineKind { kNothing, kName, kFirst, kSecond };

LineKind kind_of(std::string_view line) {
  if (trim(line).empty() || line.front() == '#') return LineKind::kNothing;
  if (line.size() > kNameColumnsMax && line.starts_with("1 ")) return LineKind::kFirst;
  if (line.size() > kNameColumnsMax && line.starts_with("2 ")) return LineKind::kSecond;
  return LineKind::kName;
}

class TleParser {
 public:
  explicit TleParser(const ElementFileOptions& options) : options_(options) {}

  Result<ElementFile> parse(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    std::size_t number = 0;
    while (!bytes.empty()) {
      std::string_view text = take_line(bytes);
      text = text.substr(0, text.find_last_not_of(" \t\r") + 1);
      take({text, ++number});
      if (out_.sets.size() > options_.sets_max)
        return fail(Errc::kLimitReached, "expected at most {} element sets", options_.sets_max);
    }
    close_first();
    return std::move(out_);
  }

 private:
  void take(Line line) {
    switch (kind_of(line.text)) {
      case LineKind::kNothing:
        return;
      case LineKind::kName:
        close_first();
        name_ = line.text;
        return;
      case LineKind::kFirst:
        close_first();
        first_ = line;
        return;
      case LineKind::kSecond:
        if (first_ && follows_its_second() && number_of(line) != number_of(*first_)) close_first();
        if (!first_) {
          out_.problems.push_back({line.number, "", "expected line 1 of the set before its line 2"});
          second_alone_ = line;
          name_ = {};
          return;
        }
        take_pair(*std::exchange(first_, std::nullopt), line);
        name_ = {};
    }
  }

  static std::string_view number_of(Line line) { return columns(line.text, 3, 7); }
  [[nodiscard]] bool follows_its_second() const {
    return second_alone_ && second_alone_->number + 1 == first_->number &&
           number_of(*second_alone_) == number_of(*first_);
  }

  // A first line that was never followed by its second. When that stood before it, one problem names both.
  void close_first() {
    if (!first_) return;
    if (follows_its_second())
      out_.problems.back().expected = "expected line 1 of the set before its line 2, found them swapped";
    else
      out_.problems.push_back({first_->number, "", "expected line 2 of the set to follow its line 1"});
    second_alone_.reset();
    first_.reset();
    name_ = {};
  }

  void take_pair(Line first, Line second) {
    datum::RowProblem problem;
    auto set = parse_pair(first, second, problem);
    if (!set) {
      out_.problems.push_back(std::move(problem));
      return;
    }
    for (const Line& line : {first, second}) {
      const auto wrong = checksum_problem(line);
      if (!wrong) continue;
      (options_.checksum_strict ? out_.problems : out_.warnings).push_back(*wrong);
      if (options_.checksum_strict) return;
    }
    std::string_view name = trim(name_);
    if (name.starts_with("0 ")) name = trim(name.substr(2));
    set->name = printable(name);
    out_.sets.push_back(*std::move(set));
  }

  ElementFileOptions options_;
  ElementFile out_;
  std::string_view name_;
  std::optional<Line> first_;
  std::optional<Line> second_alone_;  // the last second line without a first
};

}  // namespace

int tle_checksum(std::string_view line) {
  int sum = 0;
  for (const char c : line.substr(0, kColumns - 1)) sum += is_digit(c) ? c - '0' : (c == '-' ? 1 : 0);
  return sum % 10;
}

std::optional<std::uint32_t> parse_catalogue_number(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.size() > 9) return std::nullopt;
  std::uint32_t value = 0;
  if (text.size() == 5 && text[0] >= 'A' && text[0] <= 'Z') {
    const char letter = text[0];
    if (letter == 'I' || letter == 'O') return std::nullopt;
    value = static_cast<std::uint32_t>(10 + (letter - 'A') - (letter > 'I' ? 1 : 0) - (letter > 'O' ? 1 : 0));
    text.remove_prefix(1);
  }
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

Result<ElementFile> parse_tle(std::string_view bytes, const ElementFileOptions& options) {
  return TleParser(options).parse(bytes);
}

}  // namespace skywarden::orbit
