// What forwarders carry from node to node beside a bundle (Passage, forwarder.h) as an extension block of a
// private-use type (RFC 9171 §9.1 leaves 192 to 255 to such use). Its data is deterministic CBOR (RFC 8949
// §4.2): [destination, failures, [visited...]], all unsigned integers, vertices of the plan both ends share.
// Each node that forwards replaces the block, so it is not replicated in fragments and no BIB should cover
// it; who does not know it passes it on.
#pragma once

#include "network/bundle.h"
#include "network/forwarder.h"

namespace skywarden::network {

inline constexpr std::size_t kVisitedMax = 1024;
inline constexpr std::uint32_t kPassageFailuresMax = 1'000'000;

// Expects a passage within the limits.
[[nodiscard]] Block passage_block(std::uint64_t number, const Passage& passage,
                                  CrcType crc = CrcType::kCrc32c);
// Replaces the bundle's passage block, or adds one before the payload.
void set_passage(Bundle& bundle, const Passage& passage);

// kMalformed, kOutOfRange (a vertex not of the plan) or kLimitReached. `vertices`: how many the plan has.
[[nodiscard]] Result<Passage> read_passage(std::span<const std::byte> data, std::uint32_t vertices);
// Nothing when the bundle has none; kMalformed when it has two, or when it is encrypted.
[[nodiscard]] Result<std::optional<Passage>> passage_of(const BundleView& bundle, std::uint32_t vertices);

}  // namespace skywarden::network
