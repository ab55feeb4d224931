// A systematic erasure code: k data pieces of equal length get m parity pieces, and any k of the k + m
// restore the data. Reed–Solomon in Cauchy's form over GF(256) (Blömer and others, 1995; polynomial x⁸ + x⁴ +
// x³ + x² + 1): parity piece i is Σⱼ dⱼ ÷ ((k + i) ⊕ j), byte by byte. Every square part of a Cauchy matrix
// can be inverted, which is why any k pieces do. It fills gaps; it finds no errors: a wrong piece gives wrong
// data.
//
// Costs: m · k multiplications a byte of a piece to encode, one for each missing piece and k to restore.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"

namespace skywarden::wire {

inline constexpr std::size_t kCodePiecesMax = 256;  // data and parity together

// Pieces 0 … k − 1 are data, k … k + m − 1 parity.
struct CodeShape {
  std::size_t data = 1;
  std::size_t parity = 0;

  [[nodiscard]] std::size_t pieces() const { return data + parity; }
  [[nodiscard]] bool valid() const {
    return data >= 1 && data <= kCodePiecesMax && parity <= kCodePiecesMax - data;
  }
  friend bool operator==(const CodeShape&, const CodeShape&) = default;
};

using PieceBytes = std::vector<std::byte>;
struct IndexedPiece {
  std::size_t index = 0;
  std::span<const std::byte> bytes;
};

// Expects a valid shape and as many data pieces, all of one length.
[[nodiscard]] std::vector<PieceBytes> parity_pieces(CodeShape shape, std::span<const PieceBytes> data);

// The data pieces. Of more pieces than k the data pieces are taken, then the parity pieces that come first.
// kOutOfRange for a shape or an index that cannot be, kConflict for an index twice or lengths that differ,
// kNotFound for fewer than k.
[[nodiscard]] Result<std::vector<PieceBytes>> restore_pieces(CodeShape shape,
                                                             std::span<const IndexedPiece> pieces);

}  // namespace skywarden::wire
