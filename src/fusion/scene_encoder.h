// A small convolutional network that looks at a scene patch: two convolutions of 3 × 3 with pooling, then
// four classes. It runs on the on-board engine; `skywarden-fit train scene` trains it, on SYNTHETIC patches
// so far.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fusion/synthetic_scene.h"
#include "inference/model.h"
#include "inference/program.h"
#include "inference/session.h"

namespace skywarden::fusion {

// What training and flight agree on.
inline constexpr std::uint32_t kSceneFilters1 = 8, kSceneFilters2 = 16, kSceneWindow = 3;
inline constexpr std::uint32_t kSceneFlat = kSceneFilters2 * (kSceneSide / 4) * (kSceneSide / 4);

// Weights in rows of outputs: windows as y, x, channel.
struct SceneWeights {
  std::vector<float> first, first_bias, second, second_bias, last, last_bias;
};
// `about` goes into the file: what it was trained on.
[[nodiscard]] inference::Model scene_model(const SceneWeights& weights, std::string_view about);

// Numbers as the network sees them, a row a pixel: reflectances as they are, temperatures by their difference
// from what is usual, MIR − TIR beside them through the first convolution. Pixels without data are 0.
[[nodiscard]] std::vector<float> scene_numbers(const ScenePatch& patch);

class SceneEncoder {
 public:
  // `name` begins messages. Refuses a model of other shapes.
  [[nodiscard]] static Result<SceneEncoder> load(std::span<const std::byte> file, std::string_view name);
  [[nodiscard]] static Result<SceneEncoder> make(inference::Model model, std::string_view name);

  // Probabilities of kSceneKinds. kUnsupported for a patch of another size, or one without any data.
  [[nodiscard]] Result<std::array<double, kSceneKinds.size()>> look(const ScenePatch& patch);
  [[nodiscard]] std::string_view about() const { return about_; }

 private:
  SceneEncoder() = default;
  std::unique_ptr<inference::Program> program_;  // where the session looks for it
  std::unique_ptr<inference::Session> session_;
  std::string about_;
};

}  // namespace skywarden::fusion
