// What a service's snapshot carries beside the state of its machine: the head of the chain of entries that
// are contained, so that the chain goes on behind it. Deterministic CBOR: [version, head, state].
#pragma once

#include "base/result.h"
#include "storage/entry_chain.h"

namespace skywarden::shell {

struct UnpackedSnapshot {
  storage::ChainHead head{};
  std::span<const std::byte> data;  // of the input
};

inline constexpr std::uint64_t kServiceSnapshotVersion = 1;

[[nodiscard]] std::vector<std::byte> pack_snapshot(const storage::ChainHead& head,
                                                   std::span<const std::byte> data);
[[nodiscard]] Result<UnpackedSnapshot> unpack_snapshot(std::span<const std::byte> bytes);

}  // namespace skywarden::shell
