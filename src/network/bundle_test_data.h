// For the tests of bundles: hexadecimal text and a plain bundle to start from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "network/bundle.h"
#include "network/bundle_encode.h"

namespace skywarden::network {

inline std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return out;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
  std::string out;
  for (const std::byte b : bytes) out += fmt::format("{:02x}", static_cast<unsigned>(b));
  return out;
}

inline std::vector<std::byte> bytes_of_text(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// The bundle of RFC 9173 A.1.1: ipn:2.1 to ipn:1.2, no clock, sequence 40, no checksums.
inline Bundle rfc9173_bundle() {
  Bundle bundle;
  bundle.primary.crc = CrcType::kNone;
  bundle.primary.destination = EndpointId::ipn(1, 2);
  bundle.primary.source = EndpointId::ipn(2, 1);
  bundle.primary.report_to = EndpointId::ipn(2, 1);
  bundle.primary.created = {0, 40};
  bundle.primary.lifetime_ms = 1'000'000;
  bundle.blocks.push_back(
      payload_block(bytes_of_text("Ready to generate a 32-byte payload"), CrcType::kNone));
  return bundle;
}

}  // namespace skywarden::network
