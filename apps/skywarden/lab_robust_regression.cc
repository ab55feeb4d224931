#include "lab_robust_regression.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "statistics/least_squares.h"
#include "statistics/regression.h"
#include "statistics/regression_quantile.h"

namespace skywarden::app {
namespace {

namespace st = statistics;

constexpr std::string_view kIntercept = "(Intercept)";
constexpr std::string_view kScale = "scale";

// What is explained by what: one row a row of the file, one column a parameter in the order of the reference.
struct Problem {
  std::vector<std::string> parameters;
  std::vector<double> x, y;
};

using Fit = std::optional<st::Regression>;

Fit ordinary(st::Rows x, std::span<const double> y, double) {
  auto fit = st::least_squares(x, y);
  if (!fit || x.count() <= x.width()) return std::nullopt;
  double squares = 0.0;
  for (const double r : fit->residuals) squares += r * r;
  const double scale = std::sqrt(squares / static_cast<double>(x.count() - x.width()));
  return st::Regression{std::move(fit->coefficients), scale, std::move(fit->residuals)};
}

struct Method {  // named as a Statistic of lab_robust.cc is
  std::string_view before, after;
  bool numbered = false;
  Fit (*fit)(st::Rows x, std::span<const double> y, double number);
};

constexpr std::array kMethods = {
    Method{"ols", "", false, ordinary},
    Method{"lad_rq", "", true,
           [](st::Rows x, std::span<const double> y, double quantile) -> Fit {
             if (quantile >= 1.0) return std::nullopt;
             return st::quantile_regression(x, y, quantile);
           }},
    Method{"rlm_huber_k", "_MADscale", true,
           [](st::Rows x, std::span<const double> y, double k) {
             return st::m_regression(x, y, {st::LossKind::kHuber, k}, st::ResidualScale::kMedian);
           }},
    Method{"rlm_huber_prop2", "", false,
           [](st::Rows x, std::span<const double> y, double) {
             return st::m_regression(x, y, st::kHuber95, st::ResidualScale::kProposal2);
           }},
    Method{"rlm_bisquare_c", "_init_ls", true,
           [](st::Rows x, std::span<const double> y, double c) {
             return st::m_regression(x, y, {st::LossKind::kBisquare, c}, st::ResidualScale::kMedian);
           }},
    Method{"lmrob_MM", "", false,
           [](st::Rows x, std::span<const double> y, double) { return st::mm_regression(x, y); }},
    Method{"lmrob_KS2014", "", false,
           [](st::Rows x, std::span<const double> y, double) { return st::smdm_regression(x, y); }},
};

std::optional<std::pair<const Method*, double>> method_named(std::string_view name) {
  for (const Method& one : kMethods) {
    if (!one.numbered && name == one.before) return std::pair(&one, 0.0);
    if (!one.numbered || name.size() <= one.before.size() + one.after.size()) continue;
    if (!name.starts_with(one.before) || !name.ends_with(one.after)) continue;
    const auto number =
        parse_number(name.substr(one.before.size(), name.size() - one.before.size() - one.after.size()));
    if (number && *number > 0.0) return std::pair(&one, *number);
  }
  return std::nullopt;
}

Result<double> number_in(const datum::Table& table, std::size_t row, std::size_t column,
                         const std::string& file) {
  const auto value = parse_number(trim(table.rows[row][column]));
  if (!value || std::fabs(*value) > kRobustSizeMax)
    return fail(Errc::kMalformed, "{}:{}:{}: expected a number within ±1e100, found '{}'", file,
                table.row_numbers[row], printable(table.header[column]), printable(table.rows[row][column]));
  return *value;
}

Result<Problem> read_problem(const std::string& dataset, std::vector<std::string> parameters,
                             const Beside& beside) {
  const std::string file = dataset + ".csv";
  const auto text = beside(file);
  if (!text) return tl::unexpected(text.error());
  const auto table = datum::parse_delimited(*text, {.detect_delimiter = true, .columns_max = 64});
  if (!table) return fail(Errc::kMalformed, "{}: {}", file, table.error().message);
  if (!table->problems.empty())
    return fail(Errc::kMalformed, "{}", datum::to_line(file, table->problems.front()));
  if (table->rows.size() > kRobustRowsMax || parameters.size() > kRobustColumnsMax)
    return fail(Errc::kLimitReached, "{}: more than {} rows or {} parameters", file, kRobustRowsMax,
                kRobustColumnsMax);
  Problem out{std::move(parameters), {}, {}};
  std::vector<std::size_t> columns;
  std::set<std::size_t> explaining;
  for (const std::string& parameter : out.parameters) {
    const std::size_t column = parameter == kIntercept ? datum::Table::npos : table->column(parameter);
    if (parameter != kIntercept && column == datum::Table::npos)
      return fail(Errc::kMalformed, "{}: no column {}", file, printable(parameter));
    columns.push_back(column);
    explaining.insert(column);
  }
  std::vector<std::size_t> others;
  for (std::size_t c = 0; c < table->header.size(); ++c)
    if (!explaining.contains(c)) others.push_back(c);
  if (others.size() != 1)
    return fail(Errc::kMalformed, "{}: expected one column that no parameter names, found {}", file,
                others.size());
  for (std::size_t row = 0; row < table->rows.size(); ++row) {
    for (const std::size_t column : columns) {
      const auto value =
          column == datum::Table::npos ? Result<double>(1.0) : number_in(*table, row, column, file);
      if (!value) return tl::unexpected(value.error());
      out.x.push_back(*value);
    }
    const auto value = number_in(*table, row, others[0], file);
    if (!value) return tl::unexpected(value.error());
    out.y.push_back(*value);
  }
  return out;
}

struct Group {  // one method on one dataset
  std::vector<std::size_t> rows;
  std::vector<std::string> parameters;
};

std::vector<LabCase> check_group(const datum::Table& table, const Group& group, const std::string& dataset,
                                 const std::string& method, const Beside& beside) {
  const std::size_t param = table.column("param"), value = table.column("value");
  std::vector<LabCase> cases;
  const auto none = [&](const std::string& why) {
    for (const std::size_t row : group.rows)
      cases.push_back({table.row_numbers[row],
                       fmt::format("{} {} {}", dataset, method, table.rows[row][param]), why, true});
    return cases;
  };
  const auto known = method_named(method);
  if (!known) return none("no such method is known");
  if (group.parameters.empty()) return none("expected a parameter beside the scale");
  const auto problem = read_problem(dataset, group.parameters, beside);
  if (!problem) return none(problem.error().message);
  const Fit fit = problem->y.empty() ? std::nullopt
                                     : known->first->fit(st::Rows(problem->x, group.parameters.size()),
                                                         problem->y, known->second);
  if (!fit) return none("the data determine no fit");
  for (const std::size_t row : group.rows) {
    const std::string& name = table.rows[row][param];
    std::optional<double> found;
    if (name == kScale) found = fit->scale;
    for (std::size_t i = 0; i < group.parameters.size(); ++i)
      if (group.parameters[i] == name) found = fit->coefficients[i];
    cases.push_back(compared(table.row_numbers[row], fmt::format("{} {} {}", dataset, method, name),
                             table.rows[row][value], found, "no such parameter"));
  }
  return cases;
}

}  // namespace

std::vector<LabCase> check_regressions(const datum::Table& table, const Beside& beside) {
  const std::size_t dataset = table.column("dataset"), method = table.column("method"),
                    param = table.column("param");
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const auto [group, added] = groups.try_emplace({row[dataset], row[method]});
    if (added) order.push_back(group->first);
    group->second.rows.push_back(i);
    if (row[param] != kScale) group->second.parameters.push_back(row[param]);
  }
  std::vector<LabCase> cases;
  for (const auto& key : order) {
    const auto checked = check_group(table, groups.at(key), key.first, key.second, beside);
    cases.insert(cases.end(), checked.begin(), checked.end());
  }
  return cases;
}

}  // namespace skywarden::app
