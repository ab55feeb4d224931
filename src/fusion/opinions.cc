#include "fusion/opinions.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/random.h"
#include "onboard/sparse_softmax.h"

namespace skywarden::fusion {
namespace {

using Features = std::vector<onboard::TextFeature>;

constexpr int kPasses = 8;
constexpr double kLearningRate = 0.3;
constexpr double kEdge = 3.0;       // deviations; further out all is alike
constexpr std::size_t kKnots = 13;  // of hat functions between them
constexpr double kKindMin = 1e-4;

double logit(double p) {
  return std::log(p / (1.0 - p));
}

struct Moments {
  double mean = 0.0, deviation = 0.0;
};

Moments moments_of(const std::vector<std::optional<double>>& column) {
  double count = 0.0, mean = 0.0, m2 = 0.0;
  for (const auto& value : column) {
    if (!value) continue;
    count += 1.0;
    const double delta = *value - mean;
    mean += delta / count;
    m2 += delta * (*value - mean);
  }
  return {mean, count > 1.0 ? std::sqrt(m2 / count) : 0.0};
}

void add_hats(double value, const Moments& moments, std::size_t first, Features& out) {
  const double z =
      moments.deviation > 0.0 ? std::clamp((value - moments.mean) / moments.deviation, -kEdge, kEdge) : 0.0;
  const double at = (z + kEdge) / (2.0 * kEdge) * static_cast<double>(kKnots - 1);
  const auto knot = std::min(static_cast<std::size_t>(at), kKnots - 2);
  const double part = at - static_cast<double>(knot);
  const auto place = static_cast<std::uint32_t>(first + knot);
  out.push_back({place, static_cast<float>(1.0 - part)});
  out.push_back({place + 1, static_cast<float>(part)});
}

}  // namespace

std::size_t fold_of(std::size_t record) {
  std::uint64_t state = record;
  return splitmix64(state) % kFolds;
}

Source text_source(std::string name, const std::vector<std::optional<std::string>>& texts) {
  const onboard::TextOptions options;
  Source out{std::move(name), {}, options.places() + std::size_t{1}};
  onboard::TextWeights rarity(options);
  std::vector<Features> raw;
  for (const auto& text : texts) {
    raw.push_back(text ? onboard::text_features(*text, options) : Features{});
    rarity.learn(raw.back());
  }
  for (Features& features : raw) {
    Features weighed = rarity.weigh(std::move(features));
    if (weighed.empty()) {
      out.features.emplace_back(std::nullopt);  // a text without a word says nothing
      continue;
    }
    weighed.push_back({options.places(), 1.0F});
    out.features.emplace_back(std::move(weighed));
  }
  return out;
}

Source number_source(std::string name, const std::vector<std::vector<std::optional<double>>>& columns) {
  EXPECTS(!columns.empty());
  Source out{std::move(name), {}, columns.size() * kKnots + 1};
  std::vector<Moments> moments;
  for (const auto& column : columns) {
    EXPECTS(column.size() == columns[0].size());
    moments.push_back(moments_of(column));
  }
  for (std::size_t r = 0; r < columns[0].size(); ++r) {
    Features features;
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (columns[c][r]) add_hats(*columns[c][r], moments[c], c * kKnots, features);
    if (features.empty()) {
      out.features.emplace_back(std::nullopt);
      continue;
    }
    features.push_back({static_cast<std::uint32_t>(columns.size() * kKnots), 1.0F});
    out.features.emplace_back(std::move(features));
  }
  return out;
}

Source scene_source(std::string name, const std::vector<std::optional<KindProbabilities>>& scenes) {
  Source out{std::move(name), {}, kSceneKinds.size() + 1};
  for (const auto& scene : scenes) {
    if (!scene) {
      out.features.emplace_back(std::nullopt);
      continue;
    }
    Features features;
    for (std::size_t k = 0; k < scene->size(); ++k)
      features.push_back({static_cast<std::uint32_t>(k),
                          static_cast<float>(std::log(std::max((*scene)[k], kKindMin)) / 3.0)});
    features.push_back({static_cast<std::uint32_t>(scene->size()), 1.0F});
    out.features.emplace_back(std::move(features));
  }
  return out;
}

Opinions opinions_of(const Source& source, const Labels& labels) {
  EXPECTS(source.features.size() == labels.size());
  Opinions out(labels.size());
  std::array<onboard::SparseSoftmax, kFolds> models{{{source.places, 2, kLearningRate},
                                                     {source.places, 2, kLearningRate},
                                                     {source.places, 2, kLearningRate},
                                                     {source.places, 2, kLearningRate},
                                                     {source.places, 2, kLearningRate}}};
  std::array<double, kFolds> yes{}, no{};  // of the records that each model learns from
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (!labels[r] || !source.features[r]) continue;
    for (std::size_t fold = 0; fold < kFolds; ++fold)
      if (fold != fold_of(r)) (*labels[r] ? yes : no)[fold] += 1.0;
  }
  if (*std::min_element(yes.begin(), yes.end()) == 0.0 || *std::min_element(no.begin(), no.end()) == 0.0)
    return out;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (std::size_t r = 0; r < labels.size(); ++r) {
      if (!labels[r] || !source.features[r]) continue;
      for (std::size_t fold = 0; fold < kFolds; ++fold)
        if (fold != fold_of(r)) models[fold].train(*source.features[r], *labels[r] ? 1 : 0);
    }
  }
  std::vector<double> p;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (!source.features[r]) continue;
    double sum = 0.0, asked = 0.0;
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      if (labels[r] && fold != fold_of(r)) continue;
      models[fold].probabilities(*source.features[r], p);
      // What was usual among the examples is the prior's matter; the opinion is what the source adds.
      sum += logit(std::clamp(p[1], 1e-6, 1.0 - 1e-6)) - std::log(yes[fold] / no[fold]);
      asked += 1.0;
    }
    out[r] = std::clamp(sum / asked, -kOpinionMax, kOpinionMax);
  }
  return out;
}

}  // namespace skywarden::fusion
