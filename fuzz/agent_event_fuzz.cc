#include <span>

#include "agents/registry.h"
#include "base/contract.h"

// Whatever is accepted has no other bytes, and a registry lives through it.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto event = agents::decode_agent_event(bytes);
  if (!event) return 0;
  const auto again = encode(*event);
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  agents::Registry registry;
  (void)registry.apply(*event);
  EXPECTS(agents::Registry::restore(registry.save()).has_value());
  return 0;
}
