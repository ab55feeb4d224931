// The scene network of fusion/scene_encoder.h while it learns: forward and backward by plain loops, Adam
// (Kingma and Ba 2015). Small enough that nothing larger is needed: some 2,500 weights.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "fusion/scene_encoder.h"

namespace skywarden::fit {

class SceneNet {
 public:
  explicit SceneNet(std::uint64_t seed);

  using Kinds = std::array<double, fusion::kSceneKinds.size()>;
  // `numbers` as fusion::scene_numbers gives them.
  [[nodiscard]] Kinds probabilities(const std::vector<float>& numbers);
  // Adds the gradient of this example's cross entropy; returns the loss.
  double learn(const std::vector<float>& numbers, std::size_t truth);
  // Takes a step by the mean of the gradients added since the last one.
  void step(double learning_rate);
  [[nodiscard]] const fusion::SceneWeights& weights() const { return weights_; }

 private:
  void forward(const std::vector<float>& numbers);

  fusion::SceneWeights weights_, gradients_, first_moments_, second_moments_;
  std::size_t examples_ = 0, steps_ = 0;
  // Of the example at hand: after ReLU, after pooling, and which of four pixels was the largest.
  std::vector<float> input_, map1_, pooled1_, map2_, pooled2_, slope1_, slope_pooled1_, slope2_,
      slope_pooled2_;
  std::vector<std::uint32_t> from1_, from2_;
  Kinds kinds_{};
};

}  // namespace skywarden::fit
