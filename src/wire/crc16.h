// CRC-16/X.25 (polynomial 0x1021, reflected, preset and inverted; ITU-T X.25 §2.2.7.4), the short checksum of
// bundle blocks. Finds accidents, keeps no enemy out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace skywarden::wire {

// Pass an earlier result as `before` to go on.
[[nodiscard]] std::uint16_t crc16_x25(std::span<const std::byte> bytes, std::uint16_t before = 0);

}  // namespace skywarden::wire
