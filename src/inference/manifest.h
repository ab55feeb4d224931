// A model without its numbers as deterministic CBOR: part of the model file (model_file.h), which says where
// the numbers stand. docs/formats.md lists the fields.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "inference/model.h"

namespace skywarden::inference {

inline constexpr std::size_t kManifestBytesMax = std::size_t{4} << 20;
inline constexpr std::size_t kAboutMax = 64;             // entries
inline constexpr std::size_t kAboutBytesMax = 64 << 10;  // of one entry

[[nodiscard]] std::vector<std::byte> encode_manifest(const Model& model);

// The graph, and tensors with type and shape but no numbers. Counts are limited here, sense is left to
// check_model.
[[nodiscard]] Result<Model> decode_manifest(std::span<const std::byte> bytes);

}  // namespace skywarden::inference
