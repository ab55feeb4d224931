#include <algorithm>
#include <span>

#include "agents/cluster_ledger.h"
#include "base/contract.h"

// Entries and saved ledgers: whatever is accepted has no other bytes, and the ledger that comes of it goes
// on.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  using namespace skywarden::agents;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto same = [&](const std::vector<std::byte>& again) {
    return std::equal(again.begin(), again.end(), bytes.begin(), bytes.end());
  };
  if (const auto entry = decode_area_entry(bytes)) EXPECTS(same(encode(*entry)));
  if (const auto entry = decode_cluster_entry(bytes)) {
    EXPECTS(same(encode(*entry)));
    ClusterLedger ledger;
    ledger.apply(*entry);
    EXPECTS(ClusterLedger::restore(ledger.save()) == ledger);
  }
  if (auto ledger = AreaLedger::restore(bytes)) {
    EXPECTS(same(ledger->save()));
    (void)ledger->decide(Ruling{MatterId(1), NodeId(1)});
    (void)ledger->after(0, kHandedMax);
  }
  if (const auto ledger = ClusterLedger::restore(bytes)) EXPECTS(same(ledger->save()));
  return 0;
}
