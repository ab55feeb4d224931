#include <algorithm>
#include <cmath>
#include <vector>

#include "base/contract.h"
#include "onboard/complete_fusion.h"
#include "one_field_model.h"

// A fused model that is accepted is written as one that reads back as the same, and flies: its networks run
// over a record with holes. (Trees alone are accepted, too, and written as a fused model.)
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const datum::Schema& schema = fuzz::one_field_schema();
  const std::vector<std::byte> bytes = fuzz::with_checksum(data, size);
  const auto model = onboard::decode_fused_model(bytes, schema);
  if (!model) {
    EXPECTS(!model.error().message.empty());
    return 0;
  }
  const std::vector<std::byte> written = onboard::encode_fused_model(*model, schema);
  const auto again = onboard::decode_fused_model(written, schema);
  EXPECTS(again.has_value());
  EXPECTS(onboard::encode_fused_model(*again, schema) == written);
  for (const bool causal : {true, false}) {
    const auto reviewer = onboard::make_fused_reviewer(*model, schema, causal);
    EXPECTS(reviewer.has_value());
    onboard::RecordNumbers record;
    record.numbers.push_back({.field = 0, .cell = 0, .known = false, .estimated = true, .mean_error = 1.0F});
    (*reviewer)->prepare(std::span(&record, 1));
    if (!(*reviewer)->wants(0)) continue;
    const std::vector<float> features(onboard::feature_names(schema, 0).size(), 0.5F);
    onboard::NumberEstimate estimate{1.0, 0.0, 2.0, 1.0};
    static_cast<void>((*reviewer)->review({0, 0, 1, 0, features}, estimate));
    EXPECTS(std::isfinite(estimate.value) && !std::isnan(estimate.low) && !std::isnan(estimate.high));
  }
  return 0;
}
