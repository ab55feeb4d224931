#include "fusion/scene_patch.h"

#include <doctest/doctest.h>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::fusion;

namespace {

datum::FieldSpec field_of(std::size_t bands, std::uint32_t rows, std::uint32_t columns) {
  datum::FieldSpec spec;
  spec.name = "scene";
  spec.kind = datum::FieldKind::kImage;
  for (std::size_t b = 0; b < bands; ++b) spec.bands.push_back("b" + std::to_string(b));
  spec.band_scales.assign(bands, 0.01);
  spec.rows = rows;
  spec.columns = columns;
  return spec;
}

}  // namespace

TEST_CASE("a known patch has the text that RFC 4648 gives it") {
  const ScenePatch patch{1, 1, 2, {0x6F66, 0x626F}};  // "foob", little-endian
  CHECK(encode_patch(patch) == "swp1:Zm9vYg==");
  CHECK(decode_patch(field_of(1, 1, 2), " swp1:Zm9vYg== ").value() == patch);
}

TEST_CASE("patches of all sizes come back as they were") {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    const auto spec = field_of(1 + random.below(5), static_cast<std::uint32_t>(1 + random.below(9)),
                               static_cast<std::uint32_t>(1 + random.below(9)));
    ScenePatch patch{static_cast<std::uint32_t>(spec.bands.size()), spec.rows, spec.columns, {}};
    for (std::size_t i = 0; i < std::size_t{patch.bands} * patch.rows * patch.columns; ++i)
      patch.counts.push_back(static_cast<std::uint16_t>(random.below(65'536)));
    const std::string text = encode_patch(patch);
    CHECK(decode_patch(spec, text).value() == patch);
    // Every other spelling is refused or says something else, never the same twice.
    std::string changed = text;
    changed[5 + random.below(changed.size() - 5)] = "A=+z"[random.below(4)];
    if (changed == text) continue;
    if (const auto other = decode_patch(spec, changed)) CHECK_FALSE(*other == patch);
  }
}

TEST_CASE("what is no patch is refused in one line") {
  const auto spec = field_of(2, 2, 2);
  for (const char* cell : {"", "swp1:", "swp2:AAAAAAAAAAAAAAAAAAAAAA==", "swp1:AAAAAAAAAAAAAAAAAAAA====",
                           "swp1:AAAAAAAAAAAAAAAAAAAAA!==", "swp1:AAAAAAAAAAAAAAAAAAAAAB==",
                           "swp1:AAAAAAAAAAAAAAAAAAAAAA==AAAA", "a/b.tif"}) {
    INFO(cell);
    const auto patch = decode_patch(spec, cell);
    REQUIRE_FALSE(patch.has_value());
    CHECK(patch.error().code == Errc::kMalformed);
    CHECK(patch.error().message.find('\n') == std::string::npos);
  }
  datum::FieldSpec reference;
  reference.kind = datum::FieldKind::kImage;
  CHECK(decode_patch(reference, "swp1:AAAA").error().code == Errc::kUnsupported);
}
