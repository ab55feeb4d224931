#include "onboard/anomaly_beside.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "onboard/cholesky.h"

namespace skywarden::onboard {
namespace {

constexpr float kClip = 4.0F;         // usual sizes
constexpr double kMemory = 20'000.0;  // records
constexpr double kRidge = 0.05;       // of a field's own variance
constexpr double kRecordsMin = 200.0;
constexpr std::size_t kSolveEvery = 100;  // calls of learn

float clipped(float value) {
  return std::isnan(value) ? 0.0F : std::clamp(value, -kClip, kClip);
}

}  // namespace

RecordBonds::RecordBonds(std::size_t fields)
    : fields_(fields <= kFieldsMax ? fields : 0),
      products_(fields_ * fields_, 0.0),
      weights_(fields_ * fields_, 0.0) {}

float RecordBonds::expected(std::span<const float> record, std::size_t field) const {
  double sum = 0.0;
  for (std::size_t g = 0; g < fields_; ++g) sum += weights_[field * fields_ + g] * clipped(record[g]);
  return static_cast<float>(sum);
}

void RecordBonds::arrive(std::span<const float> record) {
  if (fields_ == 0) return;
  EXPECTS(record.size() == fields_);
  for (const float value : record) arrived_.push_back(clipped(value));
}

void RecordBonds::learn() {
  if (fields_ == 0) return;
  for (std::size_t at = 0; at < arrived_.size(); at += fields_) {
    count_ = std::min(count_ + 1.0, kMemory);
    for (std::size_t f = 0; f < fields_; ++f) {
      for (std::size_t g = 0; g < fields_; ++g) {
        double& mean = products_[f * fields_ + g];
        mean += (static_cast<double>(arrived_[at + f]) * arrived_[at + g] - mean) / count_;
      }
    }
  }
  arrived_.clear();
  if (since_++ % kSolveEvery == 0 && count_ >= kRecordsMin) solve();
}

void RecordBonds::solve() {
  std::vector<double> a(fields_ * fields_), b(fields_);
  for (std::size_t f = 0; f < fields_; ++f) {
    // The field itself takes no part: its row and column are those of an unknown that is 0.
    for (std::size_t g = 0; g < fields_; ++g) {
      for (std::size_t h = 0; h < fields_; ++h)
        a[g * fields_ + h] = g == f || h == f ? 0.0 : products_[g * fields_ + h];
      a[g * fields_ + g] = g == f ? 1.0 : products_[g * fields_ + g] * (1.0 + kRidge) + 1e-6;
      b[g] = g == f ? 0.0 : products_[f * fields_ + g];
    }
    if (solve_cholesky(a, b, Dependent::kGetsZero))
      std::copy(b.begin(), b.end(), weights_.begin() + static_cast<std::ptrdiff_t>(f * fields_));
  }
}

}  // namespace skywarden::onboard
