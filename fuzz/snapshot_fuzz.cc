#include <algorithm>
#include <span>

#include "base/contract.h"
#include "consensus/snapshot.h"

// Whatever is accepted has no other bytes, and comes through in chunks; anything else is refused there too.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::consensus;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto snapshot = decode_snapshot(bytes);
  if (snapshot) {
    const auto again = encode(*snapshot);
    EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  if (bytes.empty()) return 0;
  SnapshotAssembly assembly;
  const LogPosition last =
      snapshot ? snapshot->last : LogPosition{skywarden::LogIndex(1), skywarden::Term(1)};
  const std::size_t first = bytes.size() / 2;
  assembly.add(last, size, 0, bytes.first(first));
  assembly.add(last, size, first, bytes.subspan(first));
  EXPECTS(assembly.complete() && assembly.take() == (snapshot ? std::optional(*snapshot) : std::nullopt));
  return 0;
}
