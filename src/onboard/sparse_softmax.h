// Multinomial logistic regression over sparse features, one example at a time: AdaGrad (Duchi, Hazan, Singer
// 2011). Starts at no opinion; equal examples in equal order give equal weights.
#pragma once

#include <cstddef>
#include <vector>

#include "onboard/text_features.h"

namespace skywarden::onboard {

class SparseSoftmax {
 public:
  SparseSoftmax(std::size_t places, std::size_t levels, double learning_rate);

  // Of all levels; together 1. Places must be below `places`.
  void probabilities(const std::vector<TextFeature>& features, std::vector<double>& out) const;
  void train(const std::vector<TextFeature>& features, std::size_t truth);
  [[nodiscard]] std::size_t weights() const { return weights_.size(); }

 private:
  std::size_t levels_;
  float learning_rate_;
  std::vector<float> weights_, squares_;  // place × level
  std::vector<double> scratch_;
};

}  // namespace skywarden::onboard
