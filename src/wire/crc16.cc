#include "wire/crc16.h"

#include "wire/sliced_crc.h"

namespace skywarden::wire {

std::uint16_t crc16_x25(std::span<const std::byte> bytes, std::uint16_t before) {
  constexpr std::uint16_t kReflectedPolynomial = 0x8408U;
  const auto preset = static_cast<std::uint16_t>(~before);
  return static_cast<std::uint16_t>(~SlicedCrc<std::uint16_t, kReflectedPolynomial>::update(preset, bytes));
}

}  // namespace skywarden::wire
