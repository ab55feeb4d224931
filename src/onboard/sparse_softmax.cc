#include "onboard/sparse_softmax.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {

SparseSoftmax::SparseSoftmax(std::size_t places, std::size_t levels, double learning_rate)
    : levels_(levels),
      learning_rate_(static_cast<float>(learning_rate)),
      weights_(places * levels, 0.0F),
      squares_(places * levels, 0.0F) {
  EXPECTS(levels > 0);
}

void SparseSoftmax::probabilities(const std::vector<TextFeature>& features, std::vector<double>& out) const {
  out.assign(levels_, 0.0);
  for (const TextFeature& feature : features) {
    const float* row = weights_.data() + feature.place * levels_;
    for (std::size_t l = 0; l < levels_; ++l) out[l] += double{feature.weight} * row[l];
  }
  const double best = *std::max_element(out.begin(), out.end());
  double total = 0.0;
  for (double& p : out) total += p = std::exp(p - best);
  for (double& p : out) p /= total;
}

void SparseSoftmax::train(const std::vector<TextFeature>& features, std::size_t truth) {
  EXPECTS(truth < levels_);
  probabilities(features, scratch_);
  for (const TextFeature& feature : features) {
    const std::size_t row = feature.place * levels_;
    for (std::size_t l = 0; l < levels_; ++l) {
      const double error = (l == truth ? 1.0 : 0.0) - scratch_[l];
      const auto gradient = static_cast<float>(error * feature.weight);
      squares_[row + l] += gradient * gradient;
      weights_[row + l] += learning_rate_ * gradient / std::sqrt(squares_[row + l] + 1.0F);
    }
  }
}

}  // namespace skywarden::onboard
