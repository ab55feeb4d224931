#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/text.h"
#include "games/alternating_offers.h"
#include "games/preference_file.h"
#include "lab_json.h"

namespace skywarden::app {
namespace {

using games::Domain;
using games::Outcome;
using nlohmann::json;

constexpr double kTolerance = 1e-9;  // sums of the same decimals in another order

bool close(double a, double b) {
  return std::fabs(a - b) <= kTolerance;
}
bool close(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return close(x, y); });
}

// A name that stays in its folder.
std::string plain_name(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.find_first_of("/\\") != std::string::npos)
    throw Malformed{fmt::format("expected a name without a path, found '{}'", printable(name))};
  return name;
}

Domain domain_of(const json& entry, const ReadBeside& read) {
  const std::string folder = plain_name(text_or_empty(entry, "name"));
  const json& profiles = field(entry, "profiles");
  if (!profiles.is_array() || profiles.size() > games::kPartiesMax)
    throw Malformed{fmt::format("profiles: expected a list of at most {} names", games::kPartiesMax)};
  std::vector<games::PreferenceFile> parties;
  for (const json& profile : profiles) {
    const std::string name = folder + "/" + plain_name(profile.is_string() ? profile.get<std::string>() : "");
    const std::string text = read(name);
    if (text.empty()) throw Malformed{fmt::format("{}: cannot be read", printable(name))};
    auto party = games::parse_preferences(text);
    if (!party) throw Malformed{printable(name) + ": " + party.error().message};
    parties.push_back(std::move(*party));
  }
  auto domain = games::join(parties);
  if (!domain) throw Malformed{domain.error().message};
  return std::move(*domain);
}

// Collects the first difference; what the entry does not state is not compared.
class Comparison {
 public:
  explicit Comparison(const json& entry) : entry_(entry) {}

  void number_is(const json& object, const char* name, double found) {
    if (!difference_.empty() || !object.contains(name)) return;
    const double expected = number(object[name], name);
    if (!close(expected, found))
      difference_ = fmt::format("{}: expected {:.12g}, found {:.12g}", name, expected, found);
  }
  void list_is(const json& object, const char* name, const std::vector<double>& found) {
    if (!difference_.empty() || !object.contains(name)) return;
    const auto expected = numbers(object[name], name);
    if (!close(expected, found))
      difference_ = fmt::format("{}: expected {:.12g}, found {:.12g}", name, fmt::join(expected, " "),
                                fmt::join(found, " "));
  }
  // A solution may be another outcome only where it is as good: then `score` of its utilities is the same.
  template <typename Score>
  void solution_is(const char* name, const std::optional<Outcome>& found, const char* score_name,
                   Score score) {
    if (!difference_.empty() || !entry_.contains(name)) return;
    const json& expected = entry_[name];
    if (expected.is_null() || !expected.is_object() || !found) {
      if (!expected.is_null() || found)
        difference_ = fmt::format("{}: expected {}, found {}", name, expected.is_null() ? "none" : "one",
                                  found ? "one" : "none");
      return;
    }
    number_is(expected, score_name, score(found->utilities));
    if (!difference_.empty() || !expected.contains("u")) return;
    const auto utilities = numbers(expected["u"], "u");
    if (utilities.size() != found->utilities.size() ||
        (!close(utilities, found->utilities) && !close(score(utilities), score(found->utilities))))
      difference_ = fmt::format("{}: found {:.12g}", name, fmt::join(found->utilities, " "));
  }
  void check(bool holds, const std::string& what) {
    if (difference_.empty() && !holds) difference_ = what;
  }
  [[nodiscard]] bool states(const char* name) const { return entry_.contains(name); }
  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  const json& entry_;
  std::string difference_;
};

std::string named_outcome_differs(const json& entry, const Domain& domain, const Outcome& nash) {
  if (!entry.contains("nash") || !entry["nash"].is_object() || !entry["nash"].contains("outcome")) return "";
  const json& names = entry["nash"]["outcome"];
  if (!names.is_array() || names.size() != domain.issues.size())
    return "nash: expected a value of each issue";
  Outcome named;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& values = domain.issues[i].values;
    const auto found =
        std::find(values.begin(), values.end(), names[i].is_string() ? names[i].get<std::string>() : "");
    if (found == values.end()) return fmt::format("nash: no such value of issue {}", i + 1);
    named.choice.push_back(static_cast<std::size_t>(found - values.begin()));
  }
  for (const games::Preferences& party : domain.parties) {
    double utility = 0;
    for (std::size_t i = 0; i < named.choice.size(); ++i)
      utility += party.weights[i] * party.evaluations[i][named.choice[i]];
    named.utilities.push_back(utility);
  }
  return close(games::nash_product(named, domain), games::nash_product(nash, domain))
             ? ""
             : fmt::format("nash: the outcome named has the product {:.12g}",
                           games::nash_product(named, domain));
}

bool same_points(const json& expected, const std::vector<Outcome>& front) {
  if (!expected.is_array()) throw Malformed{"pareto: expected a list"};
  std::vector<std::vector<double>> points;
  for (const json& point : expected) points.push_back(numbers(point, "pareto"));
  if (points.size() != front.size()) return false;
  for (const Outcome& outcome : front) {
    const auto same = std::find_if(points.begin(), points.end(),
                                   [&](const auto& point) { return close(point, outcome.utilities); });
    if (same == points.end()) return false;
    points.erase(same);
  }
  return true;
}

std::string judge(const json& entry, const ReadBeside& read, std::string& found) {
  const Domain domain = domain_of(entry, read);
  const auto outcomes = games::all_outcomes(domain);
  const auto front = games::pareto_front(outcomes);
  const auto nash = games::nash_solution(outcomes, domain);
  const auto fair = games::kalai_smorodinsky_solution(outcomes, domain);
  const auto egalitarian = games::egalitarian_solution(outcomes, domain);
  const Outcome welfare = games::most_welfare(outcomes);

  std::vector<double> sizes, reservations, discounts, most = outcomes.front().utilities, least = most;
  for (const games::Issue& issue : domain.issues) sizes.push_back(static_cast<double>(issue.values.size()));
  for (const games::Preferences& party : domain.parties) {
    reservations.push_back(party.reservation);
    discounts.push_back(party.discount);
  }
  for (const Outcome& outcome : outcomes)
    for (std::size_t p = 0; p < most.size(); ++p) {
      most[p] = std::max(most[p], outcome.utilities[p]);
      least[p] = std::min(least[p], outcome.utilities[p]);
    }

  Comparison compare(entry);
  compare.list_is(entry, "issues", sizes);
  compare.number_is(entry, "outcomes", static_cast<double>(outcomes.size()));
  compare.list_is(entry, "reservation", reservations);
  compare.list_is(entry, "discount", discounts);
  compare.list_is(entry, "u_max", most);
  compare.list_is(entry, "u_min", least);
  compare.solution_is("nash", nash, "product",
                      [&](const auto& u) { return games::nash_product({{}, u}, domain); });
  if (nash && compare.difference().empty())
    compare.check(named_outcome_differs(entry, domain, *nash).empty(),
                  named_outcome_differs(entry, domain, *nash));
  compare.solution_is("max_welfare", welfare, "sum",
                      [](const auto& u) { return std::accumulate(u.begin(), u.end(), 0.0); });
  compare.solution_is("kalai_smorodinsky_discrete", fair, "min_ratio",
                      [&](const auto& u) { return games::smallest_ratio({{}, u}, outcomes, domain); });
  if (egalitarian)
    compare.number_is(entry, "egalitarian_min_gain", games::smallest_gain(*egalitarian, domain));
  compare.number_is(entry, "pareto_size", static_cast<double>(front.size()));
  if (compare.states("pareto"))
    compare.check(same_points(entry["pareto"], front), "pareto: not the same points");
  found = fmt::format("{} outcomes, {} on the Pareto front", outcomes.size(), front.size());
  if (nash) found += fmt::format(", Nash {:.6g}", fmt::join(nash->utilities, " "));
  return compare.difference();
}

using Columns = std::map<std::string, std::size_t, std::less<>>;

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    cells.push_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

std::string judge_row(const Columns& columns, const std::vector<std::string_view>& cells,
                      std::string& found) {
  const auto value = [&](const char* name) {
    const auto column = columns.find(name);
    const auto read = column == columns.end() || column->second >= cells.size()
                          ? std::nullopt
                          : parse_number(cells[column->second]);
    if (!read) throw Malformed{fmt::format("{}: expected a number", name)};
    return *read;
  };
  const double first = value("delta1");
  const double second = value("delta2");
  if (!(first >= 0 && first <= 1 && second >= 0 && second <= 1 && first * second < 1))
    throw Malformed{"expected discounts of 0 to 1, not both 1"};
  std::string difference;
  const auto compare = [&](const char* name, double share) {
    found += fmt::format("{}{:.12g}", found.empty() ? "" : " ", share);
    if (!columns.contains(name)) return;
    if (const double expected = value(name); difference.empty() && !(std::fabs(expected - share) <= 1e-12))
      difference = fmt::format("{}: expected {}, found {}", name, expected, share);
  };
  compare("rubinstein_spe_share_player1", games::rubinstein_share(first, second));
  if (columns.contains("horizon_rounds")) {
    const double rounds = value("horizon_rounds");
    if (!(rounds >= 1 && rounds <= 1e6 && rounds == std::floor(rounds)))
      throw Malformed{"horizon_rounds: expected 1 to 1000000"};
    compare("finite_horizon_spe_share_player1",
            games::finite_horizon_share(first, second, static_cast<std::size_t>(rounds)));
  }
  return difference;
}

std::vector<LabCase> check_rows(std::string_view text) {
  Columns columns;
  std::vector<LabCase> verdicts;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = trim(take_line(text));
    if (line.empty()) continue;
    const auto cells = cells_of(line);
    if (columns.empty()) {
      for (std::size_t i = 0; i < cells.size(); ++i) columns.emplace(cells[i], i);
      continue;
    }
    LabCase verdict{line_number, "", "", false, ""};
    try {
      verdict.difference = judge_row(columns, cells, verdict.found);
    } catch (const Malformed& malformed) {
      verdict.difference = malformed.why;
      verdict.malformed = true;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace

std::vector<LabCase> check_bargain(std::string_view text, const ReadBeside& read) {
  if (!trim(text).starts_with('[')) return check_rows(text);
  return judge_entries(text,
                       [&](const json& entry, std::string& found) { return judge(entry, read, found); });
}

}  // namespace skywarden::app
