// A reflected cyclic redundancy check by tables, eight bytes a step ("slicing-by-8", Kounavis and Berry
// 2008). The register is neither preset nor inverted here: that belongs to each named checksum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skywarden::wire {

template <typename Register, Register kReflectedPolynomial>
class SlicedCrc {
 public:
  [[nodiscard]] static constexpr Register update(Register crc, std::span<const std::byte> bytes) {
    while (bytes.size() >= kSlices) {
      Register next = 0;
      for (std::size_t i = 0; i < kSlices; ++i) {
        auto index = static_cast<std::uint8_t>(bytes[i]);
        if (i < sizeof(Register)) index ^= static_cast<std::uint8_t>(crc >> (8 * i));
        next ^= kTables[kSlices - 1 - i][index];
      }
      crc = next;
      bytes = bytes.subspan(kSlices);
    }
    for (const std::byte byte : bytes)
      crc = static_cast<Register>((crc >> 8) ^ kTables[0][(crc ^ static_cast<Register>(byte)) & 0xFFU]);
    return crc;
  }

 private:
  static constexpr std::size_t kSlices = 8;
  using Tables = std::array<std::array<Register, 256>, kSlices>;

  static constexpr Tables make_tables() {
    Tables tables{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      auto crc = static_cast<Register>(byte);
      for (int bit = 0; bit < 8; ++bit)
        crc = static_cast<Register>((crc >> 1) ^ ((crc & 1U) != 0 ? kReflectedPolynomial : Register{0}));
      tables[0][byte] = crc;
    }
    for (std::size_t slice = 1; slice < kSlices; ++slice)
      for (unsigned byte = 0; byte < 256; ++byte) {
        const Register before = tables[slice - 1][byte];
        tables[slice][byte] = static_cast<Register>((before >> 8) ^ tables[0][before & 0xFFU]);
      }
    return tables;
  }

  static constexpr Tables kTables = make_tables();
};

}  // namespace skywarden::wire
