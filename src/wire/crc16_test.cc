#include "wire/crc16.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "testing/reference_data.h"
#include "wire/crc32c.h"

namespace skywarden::wire {
namespace {

std::uint16_t of(std::string_view text) {
  return crc16_x25(std::as_bytes(std::span(text)));
}

TEST_CASE("CRC-16/X.25: the check value of the CRC catalogue, and nothing for nothing") {
  CHECK(of("123456789") == 0x906E);
  CHECK(of("") == 0);
}

TEST_CASE("a checksum of 16 bits can be continued, at any place") {
  const std::string_view text = "Ready to generate a 32-byte payload";
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(crc16_x25(bytes.subspan(cut), crc16_x25(bytes.first(cut))) == of(text));
}

TEST_CASE("both checksums of bundles agree with another program's") {
  REFERENCE_OR_SKIP(path, "space/bpv7/bpv7_crc.json");
  const auto reference = nlohmann::json::parse(testing::read_file(path));
  int compared = 0;
  for (const auto& [text, hex] : reference["crc16_x25"].items()) {
    CHECK(of(text) == std::stoul(hex.get<std::string>(), nullptr, 16));
    ++compared;
  }
  for (const auto& [text, hex] : reference["crc32c"].items()) {
    CHECK(crc32c(std::as_bytes(std::span(std::string_view(text)))) ==
          std::stoul(hex.get<std::string>(), nullptr, 16));
    ++compared;
  }
  CHECK(compared == 6);
}

TEST_CASE("tables and the processor's instruction agree at every length and offset") {
  std::vector<std::byte> bytes;
  for (unsigned i = 0; i < 80; ++i) bytes.push_back(static_cast<std::byte>(i * 37 + 11));
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(begin, size);
      CHECK(crc32c(part, 0x1234U) == crc32c_by_tables(part, 0x1234U));
    }
}

}  // namespace
}  // namespace skywarden::wire
