#include <cmath>

#include "base/contract.h"
#include "base/text.h"
#include "onboard/text_features.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const onboard::TextOptions options{.bits = 8};
  const auto features = onboard::text_features(text, options);
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    EXPECTS(features[i].place < options.places() && std::isfinite(features[i].weight));
    EXPECTS(i == 0 || features[i].place > last);
    last = features[i].place;
  }
  onboard::TextWeights weights(options);
  weights.learn(features);
  for (const auto& each : weights.weigh(features)) EXPECTS(std::abs(each.weight) <= 1.0001F);
  return 0;
}
