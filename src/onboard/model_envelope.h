// What model files of this folder share: a list in deterministic CBOR that begins with the name of its kind,
// and the CRC-32C of it behind (4 bytes, little-endian). Reading assumes an enemy; a checksum keeps none out.
#pragma once

#include <cstddef>
#include <span>
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

// Whether the bytes name themselves this kind, sound or not.
[[nodiscard]] bool is_model_of(std::span<const std::byte> bytes, const ModelKind& kind);

// A reader behind the name. kMalformed: no such model, or damaged; kLimitReached.
[[nodiscard]] Result<wire::CborReader> open_model(std::span<const std::byte> bytes, const ModelKind& kind);

}  // namespace skywarden::onboard
