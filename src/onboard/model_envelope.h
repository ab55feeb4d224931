// What model files of this folder share: a list in deterministic CBOR that begins with the name of its kind,
// and the CRC-32C of it behind (4 bytes, little-endian). Behind that may stand a signature of all before it
// (64 bytes, Ed25519) and the mark "SWSIGNED". Reading assumes an enemy; a checksum keeps none out, a
// signature does, and whoever knows the signers judges it (split_signature).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/cbor.h"

namespace skywarden::onboard {

struct ModelKind {
  std::string_view name;   // the list's first item
  std::size_t items = 0;   // of the list
  std::string_view words;  // as a complaint calls it: "completion model"
  std::size_t bytes_max = 0;
};

// The bytes of a list that has been written whole.
[[nodiscard]] std::vector<std::byte> seal_model(wire::CborWriter& list);

inline constexpr std::size_t kModelSignatureBytes = 64;

struct SealedModel {
  std::span<const std::byte> sealed;     // what is signed
  std::span<const std::byte> signature;  // empty: there is none
};
[[nodiscard]] SealedModel split_signature(std::span<const std::byte> bytes);
// `sealed` with this signature in place of any that it carries.
[[nodiscard]] std::vector<std::byte> with_signature(
    std::span<const std::byte> sealed, std::span<const std::byte, kModelSignatureBytes> signature);

// Whether the bytes name themselves this kind, sound or not.
[[nodiscard]] bool is_model_of(std::span<const std::byte> bytes, const ModelKind& kind);

// A reader behind the name; a signature is passed over. kMalformed: no such model, or damaged; kLimitReached.
[[nodiscard]] Result<wire::CborReader> open_model(std::span<const std::byte> bytes, const ModelKind& kind);

// Of a model for one schema, whose next items are its version and that schema's name: the name. kUnsupported:
// another version.
[[nodiscard]] Result<std::string> read_model_schema(wire::CborReader& in, std::uint64_t version);

}  // namespace skywarden::onboard
