#include "base/contract.h"
#include "fusion/scene_patch.h"

// A cell that is accepted is the one spelling of its patch.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  if (size < 3) return 0;
  datum::FieldSpec spec;
  spec.name = "scene";
  spec.kind = datum::FieldKind::kImage;
  spec.bands.assign(1 + data[0] % 3, "b");
  spec.band_scales.assign(spec.bands.size(), 0.01);
  spec.rows = 1 + data[1] % 4;
  spec.columns = 1 + data[2] % 4;
  const std::string cell =
      std::string(fusion::kPatchMark) + std::string(reinterpret_cast<const char*>(data) + 3, size - 3);
  const auto patch = fusion::decode_patch(spec, cell);
  if (!patch) {
    EXPECTS(!patch.error().message.empty());
    return 0;
  }
  EXPECTS(patch->counts.size() == spec.bands.size() * spec.rows * spec.columns);
  EXPECTS(fusion::decode_patch(spec, fusion::encode_patch(*patch)).value() == *patch);
  return 0;
}
