#include <algorithm>
#include <span>

#include "base/contract.h"
#include "consensus/group_message.h"

// Whatever is accepted is valid and has no other bytes.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto message = skywarden::consensus::decode_group_message(bytes);
  if (!message) return 0;
  const auto again = skywarden::consensus::encode(*message);
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  return 0;
}
