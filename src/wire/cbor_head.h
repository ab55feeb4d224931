// The head every CBOR item begins with (RFC 8949 §3): a major type and an argument in its shortest form.
// Shared by the Reader and Writer of cbor.h and by formats that fix their own shape, such as bundles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skywarden::wire {

enum class CborMajor : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

enum CborInfo : unsigned {  // what the low five bits of a head mean beyond small arguments
  kCborOneByte = 24,
  kCborTwoBytes = 25,
  kCborFourBytes = 26,
  kCborEightBytes = 27,
  kCborIndefinite = 31,
};

inline constexpr std::byte kCborBreak{0xFF};
inline constexpr std::byte kCborIndefiniteArray{0x9F};

[[nodiscard]] constexpr unsigned cbor_shortest_info(std::uint64_t argument) {
  if (argument < kCborOneByte) return static_cast<unsigned>(argument);
  if (argument <= 0xFFU) return kCborOneByte;
  if (argument <= 0xFFFFU) return kCborTwoBytes;
  if (argument <= 0xFFFFFFFFU) return kCborFourBytes;
  return kCborEightBytes;
}

// Bytes that follow the first one.
[[nodiscard]] constexpr std::size_t cbor_argument_bytes(unsigned info) {
  return info < kCborOneByte ? 0 : std::size_t{1} << (info - kCborOneByte);
}

enum class CborHeadFault : std::uint8_t { kNone, kEnd, kIndefiniteOrReserved, kCut, kNotShortest };

struct CborHead {
  CborMajor major = CborMajor::kUnsigned;
  unsigned info = 0;
  std::uint64_t argument = 0;  // of a float: its bits
  std::size_t size = 0;        // of the head
  CborHeadFault fault = CborHeadFault::kNone;
};

// The head at the beginning of `input`. After a fault only major, info and, for kNotShortest, argument are
// set.
[[nodiscard]] inline CborHead parse_cbor_head(std::span<const std::byte> input) {
  if (input.empty()) return {.fault = CborHeadFault::kEnd};
  const auto first = static_cast<unsigned>(input[0]);
  CborHead head{static_cast<CborMajor>(first >> 5), first & 0x1FU, first & 0x1FU, 1, CborHeadFault::kNone};
  if (head.info < kCborOneByte) return head;
  if (head.info > kCborEightBytes) {
    head.fault = CborHeadFault::kIndefiniteOrReserved;
    return head;
  }
  const std::size_t extra = cbor_argument_bytes(head.info);
  if (input.size() < 1 + extra) {
    head.fault = CborHeadFault::kCut;
    return head;
  }
  head.argument = 0;
  for (std::size_t i = 1; i <= extra; ++i)
    head.argument = (head.argument << 8) | static_cast<std::uint64_t>(input[i]);
  head.size = 1 + extra;
  const bool is_float = head.major == CborMajor::kSimple && head.info >= kCborTwoBytes;
  if (!is_float && cbor_shortest_info(head.argument) != head.info) head.fault = CborHeadFault::kNotShortest;
  return head;
}

inline void append_cbor_head(std::vector<std::byte>& out, CborMajor major, std::uint64_t argument) {
  const unsigned info = cbor_shortest_info(argument);
  out.push_back(static_cast<std::byte>((static_cast<unsigned>(major) << 5) | info));
  for (std::size_t left = cbor_argument_bytes(info); left > 0; --left)
    out.push_back(static_cast<std::byte>((argument >> (8 * (left - 1))) & 0xFFU));
}

}  // namespace skywarden::wire
