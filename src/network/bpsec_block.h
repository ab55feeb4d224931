// The abstract security block (RFC 9172 §3.6), which is the data of a BIB or BCB: which blocks it secures, by
// which context, with which parameters and results. Values are kept as the CBOR they are; what they mean
// belongs to the security context (bpsec.h).
#pragma once

#include <span>
#include <vector>

#include "network/bundle.h"

namespace skywarden::network {

inline constexpr std::size_t kSecurityValuesMax = 16;  // parameters, and results of one target

enum SecurityContext : std::int64_t {  // RFC 9173 §5.2
  kBibHmacSha2 = 1,
  kBcbAesGcm = 2,
};

struct SecurityValueView {
  std::uint64_t id = 0;
  std::span<const std::byte> encoded;  // one CBOR item
  std::size_t offset = 0;              // of that item in the bundle
};

struct SecurityBlockView {
  struct ResultOfTarget {
    std::size_t target = 0;  // index into targets
    SecurityValueView value;
  };
  InlineVector<std::uint64_t, 8> targets;  // block numbers, at least one, none twice
  std::int64_t context = 0;
  EndpointView source;
  InlineVector<SecurityValueView, 8> parameters;
  InlineVector<ResultOfTarget, 8> results;
};

struct SecurityValue {
  std::uint64_t id = 0;
  std::vector<std::byte> encoded;
};

struct SecurityBlock {
  std::vector<std::uint64_t> targets;
  std::int64_t context = 0;
  EndpointId source;
  std::vector<SecurityValue> parameters;
  std::vector<std::vector<SecurityValue>> results;  // one list for each target
};

// kMalformed or kLimitReached, with the byte of the bundle.
[[nodiscard]] Result<SecurityBlockView> read_security_block(const BlockView& block);
[[nodiscard]] std::vector<std::byte> write_security_block(const SecurityBlock& block);

// Values as CBOR.
[[nodiscard]] SecurityValue unsigned_value(std::uint64_t id, std::uint64_t value);
[[nodiscard]] SecurityValue bytes_value(std::uint64_t id, std::span<const std::byte> value);

[[nodiscard]] inline bool is_security_type(std::uint64_t type) {
  return type == block_type::kIntegrity || type == block_type::kConfidentiality;
}

}  // namespace skywarden::network
