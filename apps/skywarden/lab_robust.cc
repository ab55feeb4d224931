#include "lab_robust.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <span>

#include "base/text.h"
#include "datum/delimited.h"
#include "lab_robust_regression.h"
#include "statistics/fences.h"
#include "statistics/location.h"
#include "statistics/quantile.h"
#include "statistics/scale.h"

namespace skywarden::app {
namespace {

namespace st = statistics;

struct Sample {
  std::vector<double> values;
  std::vector<st::Weighted<double>> weighted;
};
using Samples = std::map<std::string, Sample>;

double deviation(std::span<const double> x) {
  double sum = 0.0, squares = 0.0;
  for (const double value : x) sum += value;
  const double mean = sum / static_cast<double>(x.size());
  for (const double value : x) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(x.size() - 1));
}

// A name is `before`, a number where `numbered`, and `after`; the function gets that number.
struct Statistic {
  std::string_view before, after;
  bool numbered = false;
  double (*compute)(const Sample& sample, double number);
};

constexpr std::array kStatistics = {
    Statistic{"n", "", false, [](const Sample& s, double) { return static_cast<double>(s.values.size()); }},
    Statistic{"mean", "", false, [](const Sample& s, double) { return st::trimmed_mean(s.values, 0.0); }},
    Statistic{"sd", "", false, [](const Sample& s, double) { return deviation(s.values); }},
    Statistic{"median", "", false, [](const Sample& s, double) { return st::median(s.values); }},
    Statistic{
        "mad_", "", true,
        [](const Sample& s, double factor) { return factor * st::median_absolute_deviation(s.values); }},
    Statistic{"trim", "", true,
              [](const Sample& s, double percent) {
                return st::trimmed_mean(s.values, std::clamp(percent / 100.0, 0.0, 0.5));
              }},
    Statistic{"q1_type7", "", false, [](const Sample& s, double) { return st::quantile(s.values, 0.25); }},
    Statistic{"q3_type7", "", false, [](const Sample& s, double) { return st::quantile(s.values, 0.75); }},
    Statistic{
        "q1_type6", "", false,
        [](const Sample& s, double) { return st::quantile(s.values, 0.25, st::QuantileType::kWeibull); }},
    Statistic{
        "q3_type6", "", false,
        [](const Sample& s, double) { return st::quantile(s.values, 0.75, st::QuantileType::kWeibull); }},
    Statistic{"iqr_type7", "", false,
              [](const Sample& s, double) { return st::interquartile_range(s.values); }},
    Statistic{"n_out_tukey_type7", "", false,
              [](const Sample& s, double) {
                return static_cast<double>(st::count_outside(s.values, st::tukey_fences(s.values)));
              }},
    Statistic{"hinge_lo", "", false, [](const Sample& s, double) { return st::hinges(s.values).low; }},
    Statistic{"hinge_hi", "", false, [](const Sample& s, double) { return st::hinges(s.values).high; }},
    Statistic{"whisk_lo", "", false, [](const Sample& s, double) { return st::box(s.values).whisker_low; }},
    Statistic{"whisk_hi", "", false, [](const Sample& s, double) { return st::box(s.values).whisker_high; }},
    Statistic{"n_out_boxplot", "", false,
              [](const Sample& s, double) {
                return static_cast<double>(st::count_outside(s.values, st::box(s.values).fences));
              }},
    Statistic{"huber_mu_k", "_MASS", true,
              [](const Sample& s, double k) { return st::huber(s.values, {.k = k}).location; }},
    Statistic{"huber_s_MASS", "", false, [](const Sample& s, double) { return st::huber(s.values).scale; }},
    Statistic{"hubers_mu_k", "_MASS", true,
              [](const Sample& s, double k) { return st::huber_proposal_2(s.values, {.k = k}).location; }},
    Statistic{"hubers_s_MASS", "", false,
              [](const Sample& s, double) { return st::huber_proposal_2(s.values).scale; }},
    Statistic{"huberM_mu_k", "_robustbase", true,
              [](const Sample& s, double k) { return st::huber(s.values, {.k = k}).location; }},
    Statistic{"Sn", "", false, [](const Sample& s, double) { return st::scale_sn(s.values); }},
    Statistic{"Qn", "", false, [](const Sample& s, double) { return st::scale_qn(s.values); }},
    Statistic{"tau_loc", "", false,
              [](const Sample& s, double) { return st::tau_location_scale(s.values).location; }},
    Statistic{"tau_scale", "", false,
              [](const Sample& s, double) { return st::tau_location_scale(s.values).scale; }},
    Statistic{"mc_medcouple", "", false, [](const Sample& s, double) { return st::medcouple(s.values); }},
    Statistic{"adjbox_lo", "", false,
              [](const Sample& s, double) { return st::adjusted_fences(s.values).low; }},
    Statistic{"adjbox_hi", "", false,
              [](const Sample& s, double) { return st::adjusted_fences(s.values).high; }},
    Statistic{"hodges_lehmann", "", false,
              [](const Sample& s, double) { return st::hodges_lehmann(s.weighted); }},
    Statistic{"weighted_mean", "", false,
              [](const Sample& s, double) { return st::weighted_mean(s.weighted); }},
    Statistic{"weighted_median", "", false,
              [](const Sample& s, double) { return st::weighted_median(s.weighted); }},
    Statistic{"weighted_median_low", "", false,
              [](const Sample& s, double) { return st::lower_weighted_median(s.weighted); }},
    Statistic{"weighted_median_high", "", false,
              [](const Sample& s, double) { return st::upper_weighted_median(s.weighted); }},
};

std::optional<double> computed(std::string_view name, const Sample& sample) {
  for (const Statistic& one : kStatistics) {
    if (!one.numbered) {
      if (name == one.before) return one.compute(sample, 0.0);
      continue;
    }
    if (name.size() <= one.before.size() + one.after.size()) continue;
    if (!name.starts_with(one.before) || !name.ends_with(one.after)) continue;
    const auto number =
        parse_number(name.substr(one.before.size(), name.size() - one.before.size() - one.after.size()));
    if (number && *number > 0.0) return one.compute(sample, *number);
  }
  return std::nullopt;
}

Result<Samples> read_samples(const datum::Table& table, const std::string& name) {
  const std::size_t set = table.column("dataset"), x = table.column("x"), w = table.column("w");
  if (set == datum::Table::npos || x == datum::Table::npos)
    return fail(Errc::kMalformed, "{}:1: expected the columns dataset and x", name);
  Samples samples;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const auto value = parse_number(trim(row[x]));
    if (!value || std::fabs(*value) > kRobustSizeMax)
      return fail(Errc::kMalformed, "{}:{}: x: expected a number within ±1e100, found '{}'", name,
                  table.row_numbers[i], printable(row[x]));
    std::uint64_t weight = 1;
    if (w != datum::Table::npos) {
      const auto whole = parse_integer(trim(row[w]));
      if (!whole || *whole < 1 || *whole > 1'000'000)
        return fail(Errc::kMalformed, "{}:{}: w: expected a whole number in 1…1000000, found '{}'", name,
                    table.row_numbers[i], printable(row[w]));
      weight = static_cast<std::uint64_t>(*whole);
    }
    Sample& sample = samples[row[set]];
    sample.values.push_back(*value);
    sample.weighted.push_back({*value, weight});
    if (sample.values.size() > kRobustSampleMax)
      return fail(Errc::kLimitReached, "{}:{}: more than {} values of one dataset", name,
                  table.row_numbers[i], kRobustSampleMax);
  }
  return samples;
}

// "univariate_reference.csv" speaks of "univariate_data.csv".
Result<std::string> data_name(const std::string& name) {
  const std::size_t at = name.rfind("reference");
  if (at == std::string::npos)
    return fail(Errc::kNotFound,
                "{}: expected a name with 'reference', which says where the data are: "
                "instead of it 'data'",
                name);
  return name.substr(0, at) + "data" + name.substr(at + std::string_view("reference").size());
}

Result<std::vector<LabCase>> check_statistics(const datum::Table& table, const std::string& name,
                                              const Beside& beside) {
  const auto file = data_name(name);
  if (!file) return tl::unexpected(file.error());
  const auto text = beside(*file);
  if (!text) return tl::unexpected(text.error());
  const auto data = datum::parse_delimited(*text, {.detect_delimiter = true, .columns_max = 64});
  if (!data) return fail(Errc::kMalformed, "{}: {}", *file, data.error().message);
  if (!data->problems.empty())
    return fail(Errc::kMalformed, "{}", datum::to_line(*file, data->problems.front()));
  const auto samples = read_samples(*data, *file);
  if (!samples) return tl::unexpected(samples.error());
  const std::size_t set = table.column("dataset"), statistic = table.column("statistic"),
                    value = table.column("value");
  std::vector<LabCase> cases;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const std::string what = row[set] + " " + row[statistic];
    const auto sample = samples->find(row[set]);
    if (sample == samples->end()) {
      cases.push_back({table.row_numbers[i], what, fmt::format("{} holds no such dataset", *file), true});
      continue;
    }
    const auto found = computed(row[statistic], sample->second);
    cases.push_back(compared(table.row_numbers[i], what, row[value], found, "no such statistic is known"));
  }
  return cases;
}

}  // namespace

LabCase compared(std::size_t line, const std::string& what, const std::string& value,
                 const std::optional<double>& found, const char* unknown) {
  LabCase out{line, what, "", false};
  const auto expected = parse_number(trim(value));
  if (!expected || !found) {
    out.malformed = true;
    out.difference = found ? fmt::format("value: expected a number, found '{}'", printable(value)) : unknown;
  } else if (!(std::fabs(*found - *expected) <= kRobustTolerance * std::max(1.0, std::fabs(*expected)))) {
    out.difference = fmt::format("expected {:.17g}, found {:.17g}", *expected, *found);
  }
  return out;
}

Result<std::vector<LabCase>> check_robust(std::string_view text, const std::string& name,
                                          const Beside& beside) {
  const auto table = datum::parse_delimited(text, {.detect_delimiter = true, .columns_max = 64});
  if (!table) return fail(Errc::kMalformed, "{}: {}", name, table.error().message);
  const auto has = [&](const char* column) { return table->column(column) != datum::Table::npos; };
  std::vector<LabCase> cases;
  if (has("dataset") && has("statistic") && has("value")) {
    auto checked = check_statistics(*table, name, beside);
    if (!checked) return checked;
    cases = std::move(*checked);
  } else if (has("dataset") && has("method") && has("param") && has("value")) {
    cases = check_regressions(*table, beside);
  } else {
    return fail(Errc::kMalformed,
                "{}:1: expected the columns dataset,statistic,value or dataset,method,param,value", name);
  }
  for (const datum::RowProblem& problem : table->problems)
    cases.push_back({problem.row, "", "expected " + problem.expected, true});
  return cases;
}

}  // namespace skywarden::app
