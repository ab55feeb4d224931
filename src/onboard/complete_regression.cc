#include "onboard/complete_regression.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/contract.h"
#include "onboard/cholesky.h"

namespace skywarden::onboard {
namespace {
constexpr double kErrorsMin = 50;      // before a stream's own mean error counts
constexpr double kErrorMemory = 2000;  // predictions
// Square of what differences of single precision are off by, and more: what is no larger says nothing, and
// would be given a coefficient of thousands.
constexpr double kRounding = 1e-6;
}  // namespace

RegressionFamily::RegressionFamily(std::size_t size, std::size_t situations, std::vector<std::uint32_t> pools,
                                   RegressionOptions options)
    : size_(size),
      packed_(size * (size + 1) / 2),
      situations_(situations),
      streams_(pools.size()),
      pools_(std::move(pools)),
      options_(options) {
  EXPECTS(size > 0 && size <= kSizeMax);
  for (const std::uint32_t pool : pools_) pool_count_ = std::max(pool_count_, pool + 1);
  sums_.resize(situations_ * streams_);
  moments_.assign(sums_.size() * (packed_ + size_), 0.0);
  batches_.assign(sums_.size() * kBatch * (size_ + 1), 0.0);
  coefficients_.assign(sums_.size() * size_, 0.0);
  start_.assign(situations_ * size_, 0.0);
  first_ = newcomer_ = start_;
  pool_errors_.resize(situations_ * pool_count_);
  pool_examples_.assign(pool_count_, 0.0);
}

void RegressionFamily::set_start(std::size_t situation, std::span<const double> coefficients,
                                 std::span<const double> first) {
  EXPECTS(coefficients.size() == size_ && first.size() == size_);
  const auto put = [&](std::span<const double> from, std::vector<double>& to, std::size_t series) {
    std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(series * size_));
  };
  put(coefficients, start_, situation);
  put(first, first_, situation);
  put(first, newcomer_, situation);
  for (std::size_t s = 0; s < streams_; ++s) put(first, coefficients_, index(s, situation));
}

double RegressionFamily::predict(std::size_t stream, std::size_t situation, const double* x) const {
  const double* coefficients = coefficients_.data() + index(stream, situation) * size_;
  double sum = 0.0;
  for (std::size_t i = 0; i < size_; ++i) sum += coefficients[i] * x[i];
  return sum;
}

double RegressionFamily::mean_error(std::size_t stream, std::size_t situation) const {
  const Sums& own = sums_[index(stream, situation)];
  if (own.error_count >= kErrorsMin) return own.error_sum / own.error_count;
  const Sums& pool = pool_errors_[situation * pool_count_ + pools_[stream]];
  if (pool.error_count > 0.0) return pool.error_sum / pool.error_count;
  return own.error_count > 0.0 ? own.error_sum / own.error_count : 0.0;
}

void RegressionFamily::learn(std::size_t stream, std::size_t situation, const double* x, double y,
                             double error) {
  Sums& own = sums_[index(stream, situation)];
  Sums& pool = pool_errors_[situation * pool_count_ + pools_[stream]];
  const double size_of_error = std::abs(error);
  const double usual = mean_error(stream, situation);
  for (Sums* sums : {&own, &pool}) {
    if (sums->error_count >= kErrorMemory) {
      sums->error_sum *= 0.5;
      sums->error_count *= 0.5;
    }
    sums->error_sum += size_of_error;
    sums->error_count += 1.0;
  }
  const double limit = options_.huber_share * usual;
  const double share = usual > 0.0 && size_of_error > limit ? limit / size_of_error : 1.0;
  const double root = std::sqrt(share);
  const std::size_t series = index(stream, situation);
  double* example = batches_.data() + (series * kBatch + own.waiting) * (size_ + 1);
  for (std::size_t i = 0; i < size_; ++i) example[i] = root * x[i];
  example[size_] = root * y;
  if (++own.waiting == kBatch) add_up(series);
  own.count += share;
  pool_examples_[pools_[stream]] += share;
  own.fresh = true;
}

void RegressionFamily::add_up(std::size_t series) {
  const std::size_t width = size_ + 1;
  double* batch = batches_.data() + series * kBatch * width;
  std::fill(batch + sums_[series].waiting * width, batch + kBatch * width, 0.0);
  sums_[series].waiting = 0;
  double* moments = moments_.data() + series * (packed_ + size_);
  const auto add_row = [&](std::size_t row, std::size_t length) {
    std::array<double, kBatch> c;
    for (std::size_t k = 0; k < kBatch; ++k) c[k] = batch[k * width + row];
    for (std::size_t j = 0; j < length; ++j) {
      double sum = moments[j];
      for (std::size_t k = 0; k < kBatch; ++k) sum += c[k] * batch[k * width + j];
      moments[j] = sum;
    }
    moments += length;
  };
  for (std::size_t i = 0; i < size_; ++i) add_row(i, i + 1);
  add_row(size_, size_);  // Σxy
}

void RegressionFamily::fade(std::size_t situation, double factor) {
  const std::size_t stride = packed_ + size_;
  for (std::size_t s = 0; s < streams_; ++s) {
    const std::size_t series = index(s, situation);
    if (sums_[series].waiting > 0) add_up(series);
    double* moments = moments_.data() + series * stride;
    for (std::size_t i = 0; i < stride; ++i) moments[i] *= factor;
    sums_[series].count *= factor;
  }
}

void RegressionFamily::move_streams(StreamMoves moves) {
  EXPECTS(pool_count_ <= 1);
  const std::size_t before = streams_;
  onboard::move_streams(sums_, 1, before, situations_, moves, Sums{});
  onboard::move_streams(moments_, 1, before, situations_ * (packed_ + size_), moves, 0.0);
  onboard::move_streams(batches_, 1, before, situations_ * kBatch * (size_ + 1), moves, 0.0);
  onboard::move_streams(coefficients_, 1, before, situations_ * size_, moves, 0.0);
  streams_ = moves.size();
  pools_.assign(streams_, 0);
  pool_count_ = 1;
  pool_errors_.resize(situations_);
  pool_examples_.resize(1, 0.0);
  for (std::size_t s = 0; s < streams_; ++s)
    if (moves[s] == kNewStream)
      std::copy(newcomer_.begin(), newcomer_.end(),
                coefficients_.begin() + static_cast<std::ptrdiff_t>(index(s, 0) * size_));
}

void RegressionFamily::forget_examples() {
  std::fill(moments_.begin(), moments_.end(), 0.0);
  for (Sums& s : sums_) {
    s.count = s.error_sum = s.error_count = 0.0;
    s.waiting = 0;
  }
  for (Sums& s : pool_errors_) s.error_sum = s.error_count = 0.0;
  std::fill(pool_examples_.begin(), pool_examples_.end(), 0.0);
}

void RegressionFamily::refresh() {
  for (std::size_t situation = 0; situation < situations_; ++situation) refresh(situation);
}

void RegressionFamily::refresh(std::size_t situation) {
  const std::size_t stride = packed_ + size_;
  std::vector<double>& pool = pooled_;
  pool.resize(stride);
  for (std::uint32_t p = 0; p < pool_count_; ++p) {
    std::fill(pool.begin(), pool.end(), 0.0);
    double count = 0.0;
    bool fresh = false;
    for (std::size_t s = 0; s < streams_; ++s) {
      if (pools_[s] != p) continue;
      const Sums& sums = sums_[index(s, situation)];
      if (sums.count == 0.0) continue;
      if (sums.waiting > 0) add_up(index(s, situation));
      const double* moments = moments_.data() + index(s, situation) * stride;
      for (std::size_t i = 0; i < stride; ++i) pool[i] += moments[i];
      count += sums.count;
      fresh = fresh || sums.fresh;
    }
    if (!fresh) continue;
    const double believed = trust(count, pool_examples_[p]);
    for (std::size_t s = 0; s < streams_; ++s) {
      if (pools_[s] != p) continue;
      const std::size_t series = index(s, situation);
      solve(moments_.data() + series * stride, sums_[series].count, situation, pool, count, believed,
            coefficients_.data() + series * size_);
      sums_[series].fresh = false;
    }
    if (p > 0) continue;
    nothing_.resize(stride, 0.0);
    solve(nothing_.data(), 0.0, situation, pool, count, believed, newcomer_.data() + situation * size_);
  }
}

// The square: a tenth of enough examples says next to nothing, and the step at enough is none.
double RegressionFamily::trust(double in_situation, double in_all) const {
  const double share =
      std::min(1.0, std::max(in_situation / options_.enough, in_all / options_.enough_of_all));
  return share * share;
}

void RegressionFamily::solve(const double* own, double own_count, std::size_t situation,
                             const std::vector<double>& pool, double pool_count, double trust,
                             double* coefficients) const {
  const std::size_t n = size_;
  const double* start = start_.data() + situation * size_;
  // own + lean · pool/count, then ridge towards the start: (A + λ)(β − β₀) = b − A β₀.
  const double lean = std::min(options_.lean, pool_count) / pool_count;
  const double count = own_count + lean * pool_count;
  std::array<double, kSizeMax * kSizeMax> a;
  std::array<double, kSizeMax> b;
  std::size_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) a[i * n + j] = a[j * n + i] = own[at] + lean * pool[at];
  }
  for (std::size_t i = 0; i < n; ++i) {
    b[i] = own[packed_ + i] + lean * pool[packed_ + i];
    for (std::size_t j = 0; j < n; ++j) b[i] -= a[i * n + j] * start[j];
  }
  for (std::size_t i = 0; i < n; ++i)
    a[i * n + i] += options_.prior / count * a[i * n + i] + kRounding * count + 1e-9;
  constexpr double kPivotMin = 1e-12;
  (void)solve_cholesky(a, std::span(b).first(n), Dependent::kGetsZero, kPivotMin);
  const double* first = first_.data() + situation * size_;
  for (std::size_t i = 0; i < n; ++i) {
    coefficients[i] = start[i] + b[i];
    if (trust < 1.0) coefficients[i] = first[i] + trust * (coefficients[i] - first[i]);
  }
}

}  // namespace skywarden::onboard
