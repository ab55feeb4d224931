#include <algorithm>

#include "base/contract.h"
#include "wildfire/proposal_codec.h"

// A proposal, or an alert, that is accepted is encoded to the same bytes again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto proposal = skywarden::wildfire::decode_proposal(bytes);
  if (proposal) EXPECTS(std::ranges::equal(skywarden::wildfire::encode(*proposal), bytes));
  const auto alert = skywarden::wildfire::decode_alert(bytes);
  if (alert) EXPECTS(std::ranges::equal(skywarden::wildfire::encode(*alert), bytes));
  return 0;
}
