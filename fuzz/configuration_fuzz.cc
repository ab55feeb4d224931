#include <algorithm>
#include <span>

#include "base/contract.h"
#include "consensus/configuration.h"

// Whatever is accepted has no other bytes.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto configuration = skywarden::consensus::decode_configuration(bytes);
  if (!configuration) return 0;
  const auto again = skywarden::consensus::encode(*configuration);
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  return 0;
}
