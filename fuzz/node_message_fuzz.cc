#include "base/contract.h"
#include "node/messages.h"

// A message that is understood has one encoding.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto message = skywarden::node::decode(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  const auto again = skywarden::node::decode(skywarden::node::encode(*message));
  EXPECTS(again.has_value());
  return 0;
}
