#include "statistics/quantile.h"

#include <doctest/doctest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "testing/reference_data.h"

namespace skywarden::statistics {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream cell_stream(line);
    for (std::string cell; std::getline(cell_stream, cell, ',');) cells.emplace_back(trim(cell));
    rows.push_back(cells);
  }
  return rows;
}

TEST_CASE("quantiles of a small sample") {
  const std::vector<double> sample = {4, 1, 3, 2};
  CHECK(median(sample) == 2.5);
  CHECK(quantile(sample, 0.0) == 1.0);
  CHECK(quantile(sample, 1.0) == 4.0);
  CHECK(quantile(sample, 0.25) == doctest::Approx(1.75));
  CHECK(quantile(sample, 0.25, QuantileType::kWeibull) == doctest::Approx(1.25));
  CHECK(interquartile_range(sample) == doctest::Approx(1.5));
  CHECK(median_absolute_deviation(sample) == 1.0);
}

TEST_CASE("one value is every quantile of itself") {
  const std::vector<double> sample = {7.5};
  for (const double q : {0.0, 0.3, 1.0}) {
    CHECK(quantile(sample, q) == 7.5);
    CHECK(quantile(sample, q, QuantileType::kWeibull) == 7.5);
  }
  CHECK(median_absolute_deviation(sample) == 0.0);
}

TEST_CASE("the median of huge values does not overflow") {
  CHECK(median(std::vector<double>{1.7e308, 1.5e308}) == doctest::Approx(1.6e308));
}

TEST_CASE("R's reference values of median, MAD, quartiles and IQR") {
  REFERENCE_OR_SKIP(data_path, "consensus/robust/univariate_data.csv");
  REFERENCE_OR_SKIP(reference_path, "consensus/robust/univariate_reference.csv");
  std::map<std::string, std::vector<double>> samples;
  for (const auto& row : rows_of(testing::read_file(data_path)))
    if (row.at(0) != "dataset") samples[row[0]].push_back(parse_number(row.at(2)).value());
  int compared = 0;
  for (const auto& row : rows_of(testing::read_file(reference_path))) {
    if (row.at(0) == "dataset") continue;
    const auto& sample = samples.at(row[0]);
    std::optional<double> got;
    if (row[1] == "median") got = median(sample);
    if (row[1] == "mad_1.4826") got = kMadToSigma * median_absolute_deviation(sample);
    if (row[1] == "iqr_type7") got = interquartile_range(sample);
    if (row[1] == "q1_type7") got = quantile(sample, 0.25);
    if (row[1] == "q3_type7") got = quantile(sample, 0.75);
    if (row[1] == "q1_type6") got = quantile(sample, 0.25, QuantileType::kWeibull);
    if (row[1] == "q3_type6") got = quantile(sample, 0.75, QuantileType::kWeibull);
    if (!got) continue;
    ++compared;
    INFO(row[0], " ", row[1]);
    CHECK(std::abs(*got - parse_number(row.at(2)).value()) <= 1e-9);
  }
  CHECK(compared == 28);
}

}  // namespace
}  // namespace skywarden::statistics
