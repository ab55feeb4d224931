#include <span>

#include "base/contract.h"
#include "node/ledger.h"

// Whatever is accepted has no other bytes, and the ledger that comes of it goes on.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const auto bytes = std::as_bytes(std::span(data, size));
  auto ledger = node::Ledger::restore(bytes, {});
  if (!ledger) return 0;
  const auto again = ledger->save();
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  (void)ledger->apply({Term(1), ledger->applied().next(), {bytes.begin(), bytes.end()}});
  return 0;
}
