#include "network/piece_block.h"

#include <array>
#include <limits>

#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kFields = 7;
constexpr std::size_t kDataBytesMax = 1 + kFields * 9;

tl::unexpected<Error> piece_error(const Error& error) {
  return fail(error.code, "piece block: {}", error.message);
}

}  // namespace

bool PieceOf::valid() const {
  return bytes >= 1 && bytes <= kBundleBytesMax && shape.valid() && shape.data <= bytes &&
         index < shape.pieces();
}

Block piece_block(std::uint64_t number, const PieceOf& piece, CrcType crc) {
  EXPECTS(piece.valid());
  wire::CborWriter out;
  out.array(kFields);
  for (const std::uint64_t value :
       std::array<std::uint64_t, kFields>{piece.created.time_ms, piece.created.sequence, piece.bytes,
                                          piece.crc32c, piece.shape.data, piece.shape.parity, piece.index})
    out.unsigned_integer(value);
  return {block_type::kPiece, number, 0, crc, out.take()};
}

Result<PieceOf> read_piece(std::span<const std::byte> data) {
  wire::CborReader in(data, kDataBytesMax);
  const auto fields = in.array();
  if (!fields) return piece_error(fields.error());
  if (*fields != kFields)
    return fail(Errc::kMalformed, "piece block: {} fields, expected {}", *fields, kFields);
  std::array<std::uint64_t, kFields> values{};
  for (std::uint64_t& value : values) {
    const auto number = in.unsigned_integer();
    if (!number) return piece_error(number.error());
    value = *number;
  }
  if (const auto finished = in.finish(); !finished) return piece_error(finished.error());
  const auto [time_ms, sequence, bytes, crc, k, m, index] = values;
  if (crc > std::numeric_limits<std::uint32_t>::max())
    return fail(Errc::kOutOfRange, "piece block: checksum {} has more than 32 bits", crc);
  if (k > wire::kCodePiecesMax || m > wire::kCodePiecesMax)
    return fail(Errc::kOutOfRange, "piece block: {} data and {} parity pieces", k, m);
  const PieceOf piece{{time_ms, sequence},
                      bytes,
                      static_cast<std::uint32_t>(crc),
                      {static_cast<std::size_t>(k), static_cast<std::size_t>(m)},
                      static_cast<std::size_t>(index)};
  if (!piece.valid())
    return fail(Errc::kOutOfRange, "piece block: piece {} of {} + {} of {} bytes", index, k, m, bytes);
  return piece;
}

Result<std::optional<PieceOf>> piece_of(const BundleView& bundle) {
  const BlockView* found = nullptr;
  for (const BlockView& block : bundle.blocks) {
    if (block.type != block_type::kPiece) continue;
    if (found != nullptr) return fail(Errc::kMalformed, "two piece blocks");
    if (block.encrypted) return fail(Errc::kMalformed, "the piece block is encrypted");
    found = &block;
  }
  if (found == nullptr) return std::nullopt;
  const auto piece = read_piece(found->data);
  if (!piece) return tl::unexpected<Error>(piece.error());
  const bool fragment = bundle.primary.has(bundle_flag::kFragment);
  if (fragment || bundle.payload().encrypted) return *piece;  // its length is not known yet
  if (bundle.payload().data.size() != piece->piece_bytes())
    return fail(Errc::kMalformed, "piece block: payload of {} bytes, expected {}",
                bundle.payload().data.size(), piece->piece_bytes());
  return *piece;
}

}  // namespace skywarden::network
