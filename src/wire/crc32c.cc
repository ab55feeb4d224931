#include "wire/crc32c.h"

#include <cstring>

#include "wire/sliced_crc.h"

namespace skywarden::wire {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82F63B78U;

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc,
                                                               std::span<const std::byte> bytes) {
  std::uint64_t wide = crc;
  for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    wide = __builtin_ia32_crc32di(wide, eight);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) narrow = __builtin_ia32_crc32qi(narrow, static_cast<std::uint8_t>(byte));
  return narrow;
}

bool has_instruction() {
  return __builtin_cpu_supports("sse4.2") != 0;
}

#else

std::uint32_t by_instruction(std::uint32_t crc, std::span<const std::byte>) {
  return crc;  // never called
}

bool has_instruction() {
  return false;
}

#endif

}  // namespace

std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before) {
  return ~SlicedCrc<std::uint32_t, kReflectedPolynomial>::update(~before, bytes);
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
  return has_instruction() ? ~by_instruction(~before, bytes) : crc32c_by_tables(bytes, before);
}

}  // namespace skywarden::wire
