#include "fusion/scene_encoder.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/executor.h"
#include "inference/model_builder.h"
#include "inference/model_file.h"

namespace skywarden::fusion {
namespace {

// Usual values and spreads of the five bands; fixed, because a model must mean the same wherever it flies.
constexpr std::array<float, kSceneBands> kMiddle{0.12F, 0.3F, 0.15F, 300.0F, 297.0F};
constexpr std::array<float, kSceneBands> kSpread{0.15F, 0.12F, 0.1F, 12.0F, 12.0F};
constexpr float kFarthest = 8.0F;  // spreads; a saturated pixel is no more than that

}  // namespace

std::vector<float> scene_numbers(const ScenePatch& patch) {
  EXPECTS(patch.bands == kSceneBands && patch.rows == kSceneSide && patch.columns == kSceneSide);
  static const datum::FieldSpec kField = scene_field("scene");
  std::vector<float> out(patch.counts.size(), 0.0F);
  for (std::size_t b = 0; b < kSceneBands; ++b) {
    for (std::size_t i = 0; i < kSceneSide * kSceneSide; ++i) {
      const std::uint16_t count = patch.counts[b * kSceneSide * kSceneSide + i];
      if (count == 0) continue;
      const auto value = static_cast<float>(count * kField.band_scales[b]);
      out[i * kSceneBands + b] = std::clamp((value - kMiddle[b]) / kSpread[b], -kFarthest, kFarthest);
    }
  }
  return out;
}

inference::Model scene_model(const SceneWeights& weights, std::string_view about) {
  using inference::Activation;
  inference::ModelBuilder b;
  const auto dense = [&](const char* name, const std::vector<float>& matrix, const std::vector<float>& bias) {
    return inference::Dense{
        b.matrix(name, matrix, bias.size(), matrix.size() / bias.size(), inference::Precision::kF32),
        b.vector(std::string(name) + ".bias", bias)};
  };
  const inference::Dense first = dense("first", weights.first, weights.first_bias);
  const inference::Dense second = dense("second", weights.second, weights.second_bias);
  const inference::Dense last = dense("last", weights.last, weights.last_bias);
  inference::ValueId x =
      b.input("scene", {inference::Rows::kPerSequence, kSceneBands, kSceneSide, kSceneSide});
  x = b.pool2d(b.conv2d(x, first, kSceneWindow, 1, 1, Activation::kRelu), 2, 2, true);
  x = b.pool2d(b.conv2d(x, second, kSceneWindow, 1, 1, Activation::kRelu), 2, 2, true);
  b.output("kinds", b.softmax(b.linear(x, last)));
  b.about("task", "scene");
  b.about("kinds", "clear cloud smoke fire");
  b.about("trained", std::string(about));
  return b.take();
}

Result<SceneEncoder> SceneEncoder::make(inference::Model model, std::string_view name) {
  const bool fits = model.inputs.size() == 1 && model.outputs.size() == 1 && !model.inputs[0].indices &&
                    model.inputs[0].shape ==
                        inference::Shape{inference::Rows::kPerSequence, kSceneBands, kSceneSide, kSceneSide};
  if (!fits)
    return fail(Errc::kUnsupported, "{}: expected a model of {} × {} × {} scene patches", name, kSceneBands,
                kSceneSide, kSceneSide);
  SceneEncoder out;
  if (const auto at = model.about.find("trained"); at != model.about.end()) out.about_ = at->second;
  auto program = inference::make_program(std::move(model), {.tokens_at_once = 1});
  if (!program) return fail(program.error().code, "{}: {}", name, program.error().message);
  out.program_ = std::make_unique<inference::Program>(std::move(*program));
  const inference::ValueId value = out.program_->model.outputs[0].value;
  const inference::Shape& shape = out.program_->shapes[value];
  if (shape.rows != inference::Rows::kPerSequence || shape.width() != kSceneKinds.size())
    return fail(Errc::kUnsupported, "{}: expected {} kinds of scene, found {}", name, kSceneKinds.size(),
                shape.width());
  out.session_ = std::make_unique<inference::Session>(*out.program_);
  return out;
}

Result<SceneEncoder> SceneEncoder::load(std::span<const std::byte> file, std::string_view name) {
  auto read = inference::read_model(file, name);
  if (!read) return tl::unexpected(read.error());
  return make(std::move(read->model), name);
}

Result<std::array<double, kSceneKinds.size()>> SceneEncoder::look(const ScenePatch& patch) {
  if (patch.bands != kSceneBands || patch.rows != kSceneSide || patch.columns != kSceneSide)
    return fail(Errc::kUnsupported, "expected a patch of {} × {} × {}", kSceneBands, kSceneSide, kSceneSide);
  if (patch.pixels_known() == 0) return fail(Errc::kUnsupported, "expected a patch with data, found none");
  const std::vector<float> numbers = scene_numbers(patch);
  const std::array<std::uint32_t, 1> lengths{1};
  const std::array<inference::InputRows, 1> inputs{inference::InputRows{numbers, {}}};
  std::array<float, kSceneKinds.size()> kinds{};
  const std::array<std::span<float>, 1> outputs{std::span<float>(kinds)};
  SerialExecutor executor;
  if (const auto ran = session_->run({lengths, inputs}, outputs, executor); !ran)
    return tl::unexpected(ran.error());
  std::array<double, kSceneKinds.size()> out{};
  std::copy(kinds.begin(), kinds.end(), out.begin());
  return out;
}

}  // namespace skywarden::fusion
