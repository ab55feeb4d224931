#include <algorithm>
#include <vector>

#include "base/contract.h"
#include "base/little_endian.h"
#include "onboard/anomaly_model.h"
#include "wire/crc32c.h"

// A model that is accepted has one encoding. The checksum is made right, because no fuzzer guesses one.
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
  const auto model = onboard::decode_anomaly_model(bytes, schema);
  if (!model) {
    EXPECTS(!model.error().message.empty());
    return 0;
  }
  EXPECTS(std::ranges::equal(onboard::encode_anomaly_model(*model), bytes));
  return 0;
}
