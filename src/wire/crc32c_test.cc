#include "wire/crc32c.h"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

namespace skywarden::wire {
namespace {

std::uint32_t of(std::string_view text) {
  return crc32c(std::as_bytes(std::span(text)));
}

TEST_CASE("published values: RFC 3720 B.4 and the check value of the CRC catalogue") {
  CHECK(of("123456789") == 0xE3069283U);
  CHECK(crc32c(std::vector<std::byte>(32, std::byte{0x00})) == 0x8A9136AAU);
  CHECK(crc32c(std::vector<std::byte>(32, std::byte{0xFF})) == 0x62A8AB43U);
  std::vector<std::byte> ramp;
  for (int i = 0; i < 32; ++i) ramp.push_back(static_cast<std::byte>(i));
  CHECK(crc32c(ramp) == 0x46DD794EU);
  CHECK(of("") == 0U);
}

TEST_CASE("a checksum can be continued") {
  const std::string_view text = "123456789";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto bytes = std::as_bytes(std::span(text));
    CHECK(crc32c(bytes.subspan(cut), crc32c(bytes.first(cut))) == 0xE3069283U);
  }
}

TEST_CASE("every single flipped bit is noticed") {
  std::vector<std::byte> bytes(64, std::byte{0x5A});
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    CHECK(crc32c(bytes) != whole);
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

}  // namespace
}  // namespace skywarden::wire
