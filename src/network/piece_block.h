// Says of which bundle a bundle carries a piece (bundle_pieces.h), as an extension block of a private-use
// type (RFC 9171 §9.1 leaves 192 to 255 to such use). Its data is deterministic CBOR (RFC 8949 §4.2): an
// array of seven unsigned integers: creation time in ms and sequence number of the original, whose source is
// the piece's; bytes and CRC-32C of its encoding; k, m, and which of the k + m pieces this is. Not
// replicated: a fragment of a piece becomes the piece again before it is read. Who does not know it passes it
// on.
#pragma once

#include "network/bundle.h"
#include "wire/erasure_code.h"

namespace skywarden::network {

struct PieceOf {
  CreationTimestamp created;
  std::uint64_t bytes = 0;  // 1 … kBundleBytesMax, at least one for each data piece
  std::uint32_t crc32c = 0;
  wire::CodeShape shape;
  std::size_t index = 0;

  // The last data piece is filled up with zeros.
  [[nodiscard]] std::size_t piece_bytes() const {
    return (static_cast<std::size_t>(bytes) + shape.data - 1) / shape.data;
  }
  [[nodiscard]] bool valid() const;
  friend bool operator==(const PieceOf&, const PieceOf&) = default;
};

// Expects a valid piece.
[[nodiscard]] Block piece_block(std::uint64_t number, const PieceOf& piece, CrcType crc = CrcType::kCrc32c);

[[nodiscard]] Result<PieceOf> read_piece(std::span<const std::byte> data);  // kMalformed or kOutOfRange
// Nothing when the bundle is no piece; kMalformed when it has two such blocks, an encrypted one, or a payload
// of another length than it says.
[[nodiscard]] Result<std::optional<PieceOf>> piece_of(const BundleView& bundle);

}  // namespace skywarden::network
