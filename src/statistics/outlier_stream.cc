#include "statistics/outlier_stream.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "statistics/distributions.h"
#include "statistics/mcd.h"
#include "statistics/quantile.h"

namespace skywarden::statistics {

bool OutlierVerdict::flagged() const {
  const auto any = [](const std::vector<bool>& flags) {
    return std::any_of(flags.begin(), flags.end(), [](bool flag) { return flag; });
  };
  return by_distance || any(by_quartiles) || any(by_median);
}

OutlierStream::OutlierStream(std::size_t width, const OutlierStreamOptions& options)
    : width_(width), options_(options), components_(width) {
  EXPECTS(width >= 1 && width <= kOutlierWidthMax);
  EXPECTS(options.distance_kept > 0.0 && options.distance_kept < 1.0);
  EXPECTS(options.window <= kOutlierWindowMax && options.warm_up <= options.window);
  EXPECTS(options.warm_up >= 2 * width + 1 && options.refit_every >= 1);
}

OutlierVerdict OutlierStream::arrive(std::span<const double> reading) {
  EXPECTS(reading.size() == width_);
  EXPECTS(std::all_of(reading.begin(), reading.end(), [](double x) { return std::isfinite(x); }));
  OutlierVerdict verdict;
  if (seen_ >= options_.warm_up) {
    if ((seen_ - options_.warm_up) % options_.refit_every == 0) refit();
    verdict = judge(reading);
  }
  if (seen_ < options_.window) {
    window_.insert(window_.end(), reading.begin(), reading.end());
  } else {
    const std::size_t place = (seen_ % options_.window) * width_;
    std::copy(reading.begin(), reading.end(), window_.begin() + static_cast<std::ptrdiff_t>(place));
  }
  ++seen_;
  return verdict;
}

void OutlierStream::refit() {
  const Rows rows(window_, width_);
  std::vector<double> column(rows.count());
  spread_.clear();
  for (std::size_t j = 0; j < width_; ++j) {
    for (std::size_t i = 0; i < rows.count(); ++i) column[i] = rows[i][j];
    const double centre = median(column);
    const double reach = options_.median_cut * kMadToSigma * median_absolute_deviation(column);
    Component& component = components_[j];
    component.by_quartiles = tukey_fences(column, options_.quartile_reach);
    component.has_quartiles = component.by_quartiles.low < component.by_quartiles.high;
    component.by_median = {centre - reach, centre + reach};
    component.has_median = reach > 0.0;
    if (component.has_median) spread_.push_back(j);
  }
  distance_.reset();
  if (spread_.empty()) return;
  std::vector<double> chosen;
  for (std::size_t i = 0; i < rows.count(); ++i)
    for (const std::size_t j : spread_) chosen.push_back(rows[i][j]);
  const Rows spread(chosen, spread_.size());
  if (const auto fit = fast_mcd(spread, {.starts = options_.starts, .seed = options_.seed}))
    distance_ = Mahalanobis::of(fit->reweighted);
  cut_ = chi_squared_quantile(options_.distance_kept, spread_.size());
}

OutlierVerdict OutlierStream::judge(std::span<const double> reading) const {
  OutlierVerdict verdict;
  verdict.judged = true;
  for (std::size_t j = 0; j < width_; ++j) {
    const Component& component = components_[j];
    verdict.by_quartiles.push_back(component.has_quartiles && !component.by_quartiles.holds(reading[j]));
    verdict.by_median.push_back(component.has_median && !component.by_median.holds(reading[j]));
  }
  if (distance_) {
    std::vector<double> chosen;
    for (const std::size_t j : spread_) chosen.push_back(reading[j]);
    verdict.squared_distance = distance_->squared_distance(chosen);
    verdict.distance_cut = cut_;
    verdict.by_distance = *verdict.squared_distance > cut_;
  }
  return verdict;
}

}  // namespace skywarden::statistics
