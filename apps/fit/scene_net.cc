#include "scene_net.h"

#include <algorithm>
#include <cmath>

namespace skywarden::fit {
namespace {

using fusion::kSceneBands;
using fusion::kSceneFilters1;
using fusion::kSceneFilters2;
using fusion::kSceneFlat;
using fusion::kSceneSide;
using fusion::kSceneWindow;

constexpr std::size_t kHalf = kSceneSide / 2;
constexpr std::size_t kTaps = kSceneWindow * kSceneWindow;

std::vector<std::vector<float>*> parts(fusion::SceneWeights& w) {
  return {&w.first, &w.first_bias, &w.second, &w.second_bias, &w.last, &w.last_bias};
}

// Calls visit(output pixel, tap, input pixel) for all that lie inside; 3 × 3, zeros around.
template <typename Visit>
void for_windows(std::size_t side, Visit visit) {
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x)
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const std::size_t iy = y + tap / kSceneWindow,
                          ix = x + tap % kSceneWindow;  // one further than the pixel
        if (iy >= 1 && ix >= 1 && iy <= side && ix <= side)
          visit(y * side + x, tap, (iy - 1) * side + ix - 1);
      }
}

void convolve(const std::vector<float>& in, std::size_t channels, std::size_t side,
              const std::vector<float>& weights, const std::vector<float>& bias, std::vector<float>& out) {
  const std::size_t filters = bias.size();
  out.resize(side * side * filters);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = bias[i % filters];
  for_windows(side, [&](std::size_t to, std::size_t tap, std::size_t from) {
    const float* x = in.data() + from * channels;
    for (std::size_t o = 0; o < filters; ++o) {
      const float* w = weights.data() + (o * kTaps + tap) * channels;
      float sum = 0.0F;
      for (std::size_t c = 0; c < channels; ++c) sum += x[c] * w[c];
      out[to * filters + o] += sum;
    }
  });
  for (float& v : out) v = std::max(v, 0.0F);
}

// Slopes of weights, bias and, when asked for, of the input. `slope` is that of the map after ReLU.
void convolve_back(const std::vector<float>& in, std::size_t channels, std::size_t side,
                   const std::vector<float>& map, std::vector<float>& slope,
                   const std::vector<float>& weights, std::vector<float>& to_weights,
                   std::vector<float>& to_bias, std::vector<float>* to_input) {
  const std::size_t filters = to_bias.size();
  for (std::size_t i = 0; i < slope.size(); ++i) {
    if (map[i] <= 0.0F) slope[i] = 0.0F;
    to_bias[i % filters] += slope[i];
  }
  if (to_input != nullptr) to_input->assign(in.size(), 0.0F);
  for_windows(side, [&](std::size_t to, std::size_t tap, std::size_t from) {
    for (std::size_t o = 0; o < filters; ++o) {
      const float s = slope[to * filters + o];
      if (s == 0.0F) continue;
      const std::size_t row = (o * kTaps + tap) * channels;
      for (std::size_t c = 0; c < channels; ++c) to_weights[row + c] += s * in[from * channels + c];
      if (to_input == nullptr) continue;
      for (std::size_t c = 0; c < channels; ++c) (*to_input)[from * channels + c] += s * weights[row + c];
    }
  });
}

void pool(const std::vector<float>& in, std::size_t channels, std::size_t side, std::vector<float>& out,
          std::vector<std::uint32_t>& from) {
  const std::size_t half = side / 2;
  out.resize(half * half * channels);
  from.resize(out.size());
  for (std::size_t y = 0; y < half; ++y)
    for (std::size_t x = 0; x < half; ++x)
      for (std::size_t c = 0; c < channels; ++c) {
        std::size_t best = (2 * y * side + 2 * x) * channels + c;
        for (std::size_t k = 1; k < 4; ++k) {
          const std::size_t at = ((2 * y + k / 2) * side + 2 * x + k % 2) * channels + c;
          if (in[at] > in[best]) best = at;
        }
        const std::size_t to = (y * half + x) * channels + c;
        out[to] = in[best];
        from[to] = static_cast<std::uint32_t>(best);
      }
}

void pool_back(const std::vector<float>& slope, const std::vector<std::uint32_t>& from, std::size_t size,
               std::vector<float>& out) {
  out.assign(size, 0.0F);
  for (std::size_t i = 0; i < slope.size(); ++i) out[from[i]] += slope[i];
}

}  // namespace

SceneNet::SceneNet(std::uint64_t seed) {
  Random random(seed);
  const auto draw = [&](std::vector<float>& out, std::size_t outputs, std::size_t inputs) {
    const double deviation = std::sqrt(2.0 / static_cast<double>(inputs));  // He et al. 2015
    for (std::size_t i = 0; i < outputs * inputs; ++i)
      out.push_back(static_cast<float>(random.normal(0.0, deviation)));
  };
  draw(weights_.first, kSceneFilters1, kTaps * kSceneBands);
  draw(weights_.second, kSceneFilters2, kTaps * kSceneFilters1);
  draw(weights_.last, fusion::kSceneKinds.size(), kSceneFlat);
  weights_.first_bias.assign(kSceneFilters1, 0.0F);
  weights_.second_bias.assign(kSceneFilters2, 0.0F);
  weights_.last_bias.assign(fusion::kSceneKinds.size(), 0.0F);
  for (fusion::SceneWeights* each : {&gradients_, &first_moments_, &second_moments_}) {
    *each = weights_;
    for (std::vector<float>* part : parts(*each)) std::fill(part->begin(), part->end(), 0.0F);
  }
}

void SceneNet::forward(const std::vector<float>& numbers) {
  input_ = numbers;
  convolve(input_, kSceneBands, kSceneSide, weights_.first, weights_.first_bias, map1_);
  pool(map1_, kSceneFilters1, kSceneSide, pooled1_, from1_);
  convolve(pooled1_, kSceneFilters1, kHalf, weights_.second, weights_.second_bias, map2_);
  pool(map2_, kSceneFilters2, kHalf, pooled2_, from2_);
  double best = -1e30, total = 0.0;
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    double sum = weights_.last_bias[k];
    for (std::size_t i = 0; i < kSceneFlat; ++i)
      sum += double{weights_.last[k * kSceneFlat + i]} * pooled2_[i];
    kinds_[k] = sum;
    best = std::max(best, sum);
  }
  for (double& p : kinds_) total += p = std::exp(p - best);
  for (double& p : kinds_) p /= total;
}

SceneNet::Kinds SceneNet::probabilities(const std::vector<float>& numbers) {
  forward(numbers);
  return kinds_;
}

double SceneNet::learn(const std::vector<float>& numbers, std::size_t truth) {
  forward(numbers);
  slope_pooled2_.assign(kSceneFlat, 0.0F);
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    const auto slope = static_cast<float>(kinds_[k] - (k == truth ? 1.0 : 0.0));
    gradients_.last_bias[k] += slope;
    for (std::size_t i = 0; i < kSceneFlat; ++i) {
      gradients_.last[k * kSceneFlat + i] += slope * pooled2_[i];
      slope_pooled2_[i] += slope * weights_.last[k * kSceneFlat + i];
    }
  }
  pool_back(slope_pooled2_, from2_, map2_.size(), slope2_);
  convolve_back(pooled1_, kSceneFilters1, kHalf, map2_, slope2_, weights_.second, gradients_.second,
                gradients_.second_bias, &slope_pooled1_);
  pool_back(slope_pooled1_, from1_, map1_.size(), slope1_);
  convolve_back(input_, kSceneBands, kSceneSide, map1_, slope1_, weights_.first, gradients_.first,
                gradients_.first_bias, nullptr);
  ++examples_;
  return -std::log(std::max(kinds_[truth], 1e-12));
}

void SceneNet::step(double learning_rate) {
  constexpr float kKeepFirst = 0.9F, kKeepSecond = 0.999F, kSmall = 1e-8F;
  if (examples_ == 0) return;
  ++steps_;
  const auto rate =
      static_cast<float>(learning_rate * std::sqrt(1.0 - std::pow(0.999, static_cast<double>(steps_))) /
                         (1.0 - std::pow(0.9, static_cast<double>(steps_))));
  const float share = 1.0F / static_cast<float>(examples_);
  const auto weights = parts(weights_), gradients = parts(gradients_), first = parts(first_moments_),
             second = parts(second_moments_);
  for (std::size_t p = 0; p < weights.size(); ++p) {
    for (std::size_t i = 0; i < weights[p]->size(); ++i) {
      const float g = (*gradients[p])[i] * share;
      float& m = (*first[p])[i];
      float& v = (*second[p])[i];
      m = kKeepFirst * m + (1.0F - kKeepFirst) * g;
      v = kKeepSecond * v + (1.0F - kKeepSecond) * g * g;
      (*weights[p])[i] -= rate * m / (std::sqrt(v) + kSmall);
      (*gradients[p])[i] = 0.0F;
    }
  }
  examples_ = 0;
}

}  // namespace skywarden::fit
