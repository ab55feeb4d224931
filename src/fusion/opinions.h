// What each source alone says about a yes-or-no question ("is there fire?"): a log-likelihood ratio for every
// record that has the source. Learnt from the records whose answer is known; no record is judged by a model
// that has seen its answer (cross-fitting: five parts, each judged by what learnt from the other four;
// records without an answer by the mean of all five).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fusion/synthetic_scene.h"
#include "onboard/text_features.h"

namespace skywarden::fusion {

inline constexpr std::size_t kFolds = 5;
// Which part a record is in: by its number, the same for every source.
[[nodiscard]] std::size_t fold_of(std::size_t record);

// One kind of evidence over all records; nothing where a record lacks it.
struct Source {
  std::string name;
  std::vector<std::optional<std::vector<onboard::TextFeature>>> features;
  std::size_t places = 0;
};

[[nodiscard]] Source text_source(std::string name, const std::vector<std::optional<std::string>>& texts);
// Several numbers side by side are one source, because sensors of one station err together. A record has it
// when it has any of them. `columns` are of equal length.
[[nodiscard]] Source number_source(std::string name,
                                   const std::vector<std::vector<std::optional<double>>>& columns);
using KindProbabilities = std::array<double, kSceneKinds.size()>;
[[nodiscard]] Source scene_source(std::string name,
                                  const std::vector<std::optional<KindProbabilities>>& scenes);

using Labels = std::vector<std::optional<bool>>;
using Opinions = std::vector<std::optional<double>>;  // log-likelihood ratios, of records

// At most kOpinionMax either way. All nothing when the known answers are all the same.
inline constexpr double kOpinionMax = 6.0;
[[nodiscard]] Opinions opinions_of(const Source& source, const Labels& labels);

}  // namespace skywarden::fusion
