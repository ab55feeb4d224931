#include <algorithm>
#include <vector>

#include "base/contract.h"
#include "onboard/anomaly_model.h"
#include "one_field_model.h"

// A model that is accepted has one encoding.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const datum::Schema& schema = fuzz::one_field_schema();
  const std::vector<std::byte> bytes = fuzz::with_checksum(data, size);
  const auto model = onboard::decode_anomaly_model(bytes, schema);
  if (!model) {
    EXPECTS(!model.error().message.empty());
    return 0;
  }
  EXPECTS(std::ranges::equal(onboard::encode_anomaly_model(*model), bytes));
  return 0;
}
