#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "games/evolutionary_stability.h"
#include "games/replicator.h"
#include "lab_json.h"

namespace skywarden::app {
namespace {

using games::Rational;
using nlohmann::json;

constexpr std::size_t kEarningsMax = 500'000'000;
constexpr double kTolerance = 1e-9;  // of shares; references are integrated numerically too

games::Matrix matrix_in(const json& entry) {
  const json& rows = field(entry, "A");
  if (!rows.is_array()) throw Malformed{"A: expected a list of rows"};
  games::Matrix a;
  for (const json& row : rows) {
    a.push_back(fractions(row, "A"));
    if (a.back().size() != rows.size()) throw Malformed{"A: expected as many columns as rows"};
  }
  return a;
}

bool close(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) {
           return std::fabs(x - y) <= kTolerance;
         });
}

std::vector<double> as_doubles(const std::vector<Rational>& values) {
  std::vector<double> numbers;
  for (const Rational& value : values) numbers.push_back(games::to_double(value));
  return numbers;
}

std::vector<std::vector<double>> lists(const json& list, const char* name) {
  if (!list.is_array()) throw Malformed{fmt::format("{}: expected a list", name)};
  std::vector<std::vector<double>> all;
  for (const json& one : list) all.push_back(numbers(one, name));
  return all;
}

std::string course_differs(const json& entry, const games::Matrix& a, std::string& found) {
  games::PayoffMatrix payoffs;
  for (const auto& row : a) payoffs.push_back(as_doubles(row));
  const auto times = numbers(field(entry, "t"), "t");
  games::ReplicatorOptions options;  // so that no file keeps us for minutes
  options.steps_max =
      std::min(options.steps_max, kEarningsMax / std::max<std::size_t>(a.size() * a.size(), 1));
  const auto course = games::replicate(payoffs, numbers(field(entry, "x0"), "x0"), times, options);
  if (!course) throw Malformed{course.error().message};
  for (const double share : course->back())
    found += fmt::format("{}{:.9g}", found.empty() ? "ends at " : " ", share);
  if (!entry.contains("x")) return "";
  const auto expected = lists(entry["x"], "x");
  if (expected.size() != course->size())
    return fmt::format("x: expected {} times, found {}", expected.size(), course->size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!close(expected[i], (*course)[i]))
      return fmt::format("x at t = {}: expected {:.12g}, found {:.12g}", times[i],
                         fmt::join(expected[i], " "), fmt::join((*course)[i], " "));
  return "";
}

std::string rest_point_differs(const json& entry, const games::Matrix& a) {
  if (!entry.contains("interior_rest_point")) return "";
  const auto rest = games::interior_rest_point(a);
  const json& expected = entry["interior_rest_point"];
  if (expected.is_null()) return rest ? "interior_rest_point: expected none, found " + words(*rest) : "";
  if (!rest) return "interior_rest_point: found none, or more than one";
  return close(numbers(expected, "interior_rest_point"), as_doubles(*rest))
             ? ""
             : "interior_rest_point: found " + words(*rest);
}

std::string stable_differ(const json& entry, const games::Matrix& a, std::string& found) {
  const auto stable = games::evolutionarily_stable_strategies(a);
  if (!stable) {
    if (entry.contains("ess")) throw Malformed{stable.error().message};
    return "";
  }
  found += stable->empty() ? "; no ESS" : "; ESS";
  for (const auto& one : *stable) found += " (" + words(one) + ")";
  if (!entry.contains("ess")) return "";
  auto expected = lists(entry["ess"], "ess");
  if (expected.size() != stable->size())
    return fmt::format("ess: expected {}, found {}", expected.size(), stable->size());
  for (const auto& one : *stable) {
    const auto same = std::find_if(expected.begin(), expected.end(),
                                   [&](const auto& listed) { return close(listed, as_doubles(one)); });
    if (same == expected.end()) return "ess: (" + words(one) + ") is not listed";
    expected.erase(same);
  }
  return "";
}

std::string judge(const json& entry, std::string& found) {
  const games::Matrix a = matrix_in(entry);
  std::string difference = course_differs(entry, a, found);
  if (difference.empty()) difference = rest_point_differs(entry, a);
  if (difference.empty()) difference = stable_differ(entry, a, found);
  return difference;
}

}  // namespace

std::vector<LabCase> check_replicator(std::string_view text) {
  return judge_entries(text, judge);
}

}  // namespace skywarden::app
