// Bundles to bytes (RFC 9171 §4): the one canonical encoding, checksums computed. decode_bundle accepts what
// comes out, and encoding a decoded view gives the same bytes.
#pragma once

#include <vector>

#include "network/bundle.h"

namespace skywarden::network {

// kMalformed when the bundle breaks a rule that decode_bundle checks.
[[nodiscard]] Result<std::vector<std::byte>> encode_bundle(const Bundle& bundle);
[[nodiscard]] Result<std::vector<std::byte>> encode_bundle(const BundleView& bundle);

// One block as it stands in a bundle, without checking it against rules.
[[nodiscard]] std::vector<std::byte> encode_primary(const PrimaryView& primary);
[[nodiscard]] std::vector<std::byte> encode_primary(const PrimaryBlock& primary);
[[nodiscard]] std::vector<std::byte> encode_block(const Block& block);

}  // namespace skywarden::network
