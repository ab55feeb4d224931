#include <algorithm>
#include <cmath>
#include <vector>

#include "base/contract.h"
#include "base/little_endian.h"
#include "onboard/complete_fusion.h"
#include "wire/crc32c.h"

// A fused model that is accepted has one encoding, and flies: its networks run over a record with holes. The
// checksum is made right, because no fuzzer guesses one.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  static const datum::Schema schema = [] {
    datum::Schema out;
    out.name = "f";
    out.fields.resize(1);
    out.fields[0].name = "x";
    return out;
  }();
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(data[i]));
  append_little_endian(bytes, wire::crc32c(bytes), 4);
  const auto model = onboard::decode_fused_model(bytes, schema);
  if (!model) {
    EXPECTS(!model.error().message.empty());
    return 0;
  }
  const auto again = onboard::decode_fused_model(onboard::encode_fused_model(*model, schema), schema);
  EXPECTS(again.has_value());
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
