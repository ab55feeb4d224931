// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4): finds accidental damage in
// stored or sent bytes. It keeps no enemy out: whoever changes the bytes can change the checksum. Uses the
// processor's own instruction where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace skywarden::wire {

// Pass an earlier result as `before` to go on: crc32c(b, crc32c(a)) is the checksum of a followed by b.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

// The same without that instruction, for machines that lack it and for comparison.
[[nodiscard]] std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace skywarden::wire
