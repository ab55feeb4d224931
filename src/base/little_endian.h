// Integers as bytes, the least significant first, of any width up to eight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skywarden {

inline void put_little_endian(std::span<std::byte> to, std::uint64_t value) {
  for (std::byte& byte : to) {
    byte = static_cast<std::byte>(value);
    value >>= 8;
  }
}

inline void append_little_endian(std::vector<std::byte>& to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

[[nodiscard]] inline std::uint64_t little_endian(std::span<const std::byte> from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size(); ++i) value |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
  return value;
}

}  // namespace skywarden
