// SYNTHETIC scene patches with known truth, for training and testing where no labelled patches can be had:
// pixels of 375 m in five bands. Not images of any place, and no instrument's: a figure measured on them says
// how the method behaves where the rules below hold.
//
// A fire fills a small part of a pixel; the pixel's radiance is the mixture of both by Planck's law, so a few
// square metres at 800 K lift the band at 3.9 µm by tens of kelvins and that at 11 µm hardly (Dozier 1981).
// Smoke spreads downwind as a Gaussian plume, bright in the red, weaker in the near infrared, unseen at 2.2
// and 3.9 µm. Cloud is bright and cold, and reflects some sunlight at 3.9 µm, as bare hot soil also does:
// both look a little like fire.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "datum/schema.h"
#include "fusion/scene_patch.h"

namespace skywarden::fusion {

enum class SceneKind : std::uint8_t { kClear, kCloud, kSmoke, kFire };
inline constexpr std::array<std::string_view, 4> kSceneKinds{"clear", "cloud", "smoke", "fire"};

inline constexpr std::uint32_t kSceneSide = 16;  // pixels
inline constexpr std::uint32_t kSceneBands = 5;  // red, nir, swir: reflectance; mir, tir: K

// The field that such a patch is of: red 0.64, nir 0.86, swir 2.2, mir 3.9, tir 11 µm.
[[nodiscard]] datum::FieldSpec scene_field(std::string_view name);

// One patch. Some are seen at night (no reflectance), some have pixels without data.
[[nodiscard]] ScenePatch draw_scene(SceneKind kind, Random& random);

// Planck's law: spectral radiance of a black body, W m⁻² sr⁻¹ µm⁻¹, and the temperature that has it.
[[nodiscard]] double planck(double wavelength_um, double kelvin);
[[nodiscard]] double brightness_temperature(double wavelength_um, double radiance);

}  // namespace skywarden::fusion
