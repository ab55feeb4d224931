#include "statistics/mcd.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/contract.h"
#include "base/random.h"
#include "statistics/distributions.h"
#include "statistics/quantile.h"
#include "statistics/subsets.h"

namespace skywarden::statistics {
namespace {

constexpr int kFirstSteps = 2;
constexpr std::size_t kBest = 10;
constexpr int kStepsMax = 100;        // a step never raises the determinant and there are few distinct ones
constexpr double kHighShare = 0.875;  // the second share with known corrections; the first is 0.5

// Deviations² after standardising. Rows that lie in a plane and spread no wider than this are the plane that
// most rows lie in; wider ones are far rows strung out in a line, whose determinant is large.
constexpr double kPlaneSpreadMax = 1e8;

bool is_plane(const Scatter& scatter) {
  const std::size_t width = scatter.centre.size();
  for (std::size_t j = 0; j < width; ++j)
    if (scatter.covariance[j * width + j] > kPlaneSpreadMax) return false;
  return true;
}

struct Candidate {
  std::vector<std::size_t> rows;  // ascending
  double determinant = std::numeric_limits<double>::infinity();
};

// Columns in their own units make determinants incomparable in size, not in order; medians and deviations of
// about 1 keep them far from the ends of a double.
std::optional<std::vector<double>> standardised(Rows rows) {
  std::vector<double> out(rows.numbers().begin(), rows.numbers().end());
  std::vector<double> column(rows.count());
  for (std::size_t j = 0; j < rows.width(); ++j) {
    for (std::size_t i = 0; i < rows.count(); ++i) column[i] = rows[i][j];
    const double centre = median(column), deviation = median_absolute_deviation(column);
    if (!(deviation > 0.0)) return std::nullopt;
    for (std::size_t i = 0; i < rows.count(); ++i)
      out[i * rows.width() + j] = (column[i] - centre) / deviation;
  }
  return out;
}

// The h rows nearest to a centre; of equally near ones the first.
std::vector<std::size_t> nearest(Rows rows, const Mahalanobis& distance, std::size_t h) {
  std::vector<std::pair<double, std::size_t>> order(rows.count());
  for (std::size_t i = 0; i < rows.count(); ++i) order[i] = {distance.squared_distance(rows[i]), i};
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(h);
  std::nth_element(order.begin(), end - 1, order.end());
  std::vector<std::size_t> out;
  for (auto at = order.begin(); at != end; ++at) out.push_back(at->second);
  std::sort(out.begin(), out.end());
  return out;
}

class Search {
 public:
  Search(Rows rows, std::size_t h) : rows_(rows), h_(h) {}

  // False when h rows lie in a plane.
  [[nodiscard]] bool start_from(std::span<const std::size_t> few) {
    auto distance = Mahalanobis::of(scatter_of(rows_, few));
    if (!distance) return true;  // those few lie in a plane, which says nothing about h
    Candidate candidate;
    for (int step = 0; step < kFirstSteps; ++step) {
      candidate.rows = nearest(rows_, *distance, h_);
      const Scatter scatter = scatter_of(rows_, candidate.rows);
      distance = Mahalanobis::of(scatter);
      if (!distance) return !is_plane(scatter);
    }
    candidate.determinant = distance->determinant();
    keep(std::move(candidate));
    return true;
  }

  // The best candidate once its rows stand.
  [[nodiscard]] std::optional<Candidate> finish() const {
    Candidate best;
    for (Candidate candidate : best_) {
      for (int step = 0; step < kStepsMax; ++step) {
        const Scatter scatter = scatter_of(rows_, candidate.rows);
        const auto distance = Mahalanobis::of(scatter);
        if (!distance && is_plane(scatter)) return std::nullopt;
        candidate.determinant = distance ? distance->determinant() : std::numeric_limits<double>::infinity();
        if (!distance) break;
        std::vector<std::size_t> next = nearest(rows_, *distance, h_);
        if (next == candidate.rows) break;
        candidate.rows = std::move(next);
      }
      if (candidate.determinant < best.determinant) best = std::move(candidate);
    }
    if (best.rows.empty()) return std::nullopt;
    return best;
  }

 private:
  void keep(Candidate candidate) {
    for (const Candidate& other : best_)
      if (other.rows == candidate.rows) return;
    const auto place =
        std::upper_bound(best_.begin(), best_.end(), candidate.determinant,
                         [](double value, const Candidate& other) { return value < other.determinant; });
    best_.insert(place, std::move(candidate));
    if (best_.size() > kBest) best_.pop_back();
  }

  Rows rows_;
  std::size_t h_;
  std::vector<Candidate> best_;  // by determinant
};

std::optional<Candidate> search(Rows rows, std::size_t h, const McdOptions& options) {
  Search search(rows, h);
  const std::size_t n = rows.count(), size = rows.width() + 1;
  std::vector<std::size_t> set(size);
  std::iota(set.begin(), set.end(), 0);
  if (few_subsets(n, size, options.exact_max)) {
    do {
      if (!search.start_from(set)) return std::nullopt;
    } while (next_subset(set, n));
    return search.finish();
  }
  Random random(options.seed);
  std::vector<std::size_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t start = 0; start < options.starts; ++start) {
    for (std::size_t i = 0; i < size; ++i) std::swap(all[i], all[i + random.below(n - i)]);
    if (!search.start_from(std::span<const std::size_t>(all).first(size))) return std::nullopt;
  }
  return search.finish();
}

// Pison, van Aelst and Willems: 1 − e^a / n^b, a and b known for one and two columns and, for more, from two
// points at n = 2 p² and 3 p² (their η and κ). By share 0.5 and 0.875.
struct FewRows {
  std::array<std::array<double, 2>, 2> one, two;    // {a, b}
  std::array<std::array<double, 2>, 2> eta, kappa;  // at 2 p², at 3 p²
};
constexpr FewRows kRawFewRows = {
    {{{0.262024211897096, 0.604756680630497}, {-0.351584646688712, 1.01646567502486}}},
    {{{0.673292623522027, 0.691365864961895}, {0.446537815635445, 1.06690782995919}}},
    {{{-1.42764571687802, -1.06141115981725}, {-0.455179464070565, -0.294241208320834}}},
    {{{1.26263336932151, 1.28907991440387}, {1.11192541278794, 1.09649329149811}}}};
constexpr FewRows kReweightedFewRows = {
    {{{1.11098143415027, 1.5182890270453}, {-0.66046776772861, 0.88939595831888}}},
    {{{3.11101712909049, 1.91401056721863}, {0.79473550581058, 1.10081930350091}}},
    {{{-1.02842572724793, -0.26800273450853}, {-0.544482443573914, -0.343791072183285}}},
    {{{1.67659883081926, 1.35968562893582}, {1.25994483222292, 1.25159004257133}}}};

double shortfall(const FewRows& table, std::size_t at, std::size_t width, std::size_t rows) {
  const auto n = static_cast<double>(rows);
  if (width <= 2) {
    const auto& [a, b] = width == 1 ? table.one[at] : table.two[at];
    return 1.0 - std::exp(a) / std::pow(n, b);
  }
  const auto p = static_cast<double>(width);
  const double near = std::log(-table.eta[at][0] / std::pow(p, table.kappa[at][0]));
  const double far = std::log(-table.eta[at][1] / std::pow(p, table.kappa[at][1]));
  const double near_n = std::log(2.0 * p * p), far_n = std::log(3.0 * p * p);
  const double b = (near - far) / (far_n - near_n);
  return 1.0 - std::exp(near + b * near_n) / std::pow(n, b);
}

// Between the two shares in a straight line, and to 1 at the share 1.
double few_rows_correction(const FewRows& table, std::size_t width, std::size_t rows, double share) {
  const double half = shortfall(table, 0, width, rows), most = shortfall(table, 1, width, rows);
  const double at = share <= kHighShare ? half + (most - half) * (share - 0.5) / (kHighShare - 0.5)
                                        : most + (1.0 - most) * (share - kHighShare) / (1.0 - kHighShare);
  return at > 0.0 ? 1.0 / at : 1.0;
}

void scale_covariance(Scatter& scatter, double factor) {
  for (double& entry : scatter.covariance) entry *= factor;
}

}  // namespace

std::size_t mcd_rows(std::size_t rows, std::size_t width, double share) {
  EXPECTS(share >= 0.5 && share <= 1.0);
  const std::size_t smallest = (rows + width + 1) / 2;
  const double h = 2.0 * static_cast<double>(smallest) - static_cast<double>(rows) +
                   2.0 * static_cast<double>(rows - smallest) * share;
  return std::clamp(static_cast<std::size_t>(h), std::min(smallest, rows), rows);
}

double mcd_consistency(std::size_t width, double share) {
  if (share >= 1.0) return 1.0;
  return share / chi_squared_below(chi_squared_quantile(share, width), width + 2);
}

std::optional<Mcd> fast_mcd(Rows rows, const McdOptions& options) {
  const std::size_t n = rows.count(), width = rows.width();
  EXPECTS(width <= kMcdWidthMax && n >= 2 * width && n >= 3);
  const auto standard = standardised(rows);
  if (!standard) return std::nullopt;
  const std::size_t h = mcd_rows(n, width, options.share);
  auto found = search(Rows(*standard, width), h, options);
  if (!found) return std::nullopt;
  Mcd out;
  out.best = std::move(found->rows);
  out.raw = scatter_of(rows, out.best);
  const auto plain = Mahalanobis::of(out.raw);
  if (!plain) return std::nullopt;
  out.determinant = plain->determinant();
  const double share = static_cast<double>(h) / static_cast<double>(n);
  scale_covariance(out.raw,
                   mcd_consistency(width, share) * few_rows_correction(kRawFewRows, width, n, options.share));
  const auto distance = Mahalanobis::of(out.raw);
  if (!distance) return std::nullopt;
  const double cut = chi_squared_quantile(kMcdKept, width);
  for (std::size_t i = 0; i < n; ++i)
    if (distance->squared_distance(rows[i]) <= cut) out.kept.push_back(i);
  if (out.kept.size() <= width) return std::nullopt;
  out.reweighted = scatter_of(rows, out.kept);
  if (out.kept.size() < n)
    scale_covariance(out.reweighted, mcd_consistency(width, kMcdKept) *
                                         few_rows_correction(kReweightedFewRows, width, n, options.share));
  if (!Mahalanobis::of(out.reweighted)) return std::nullopt;
  return out;
}

}  // namespace skywarden::statistics
