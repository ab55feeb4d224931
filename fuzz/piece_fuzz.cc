#include <algorithm>

#include "base/contract.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/bundle_pieces.h"

// A piece block that is accepted has no other encoding; whatever bundle may be split comes back byte for byte
// from its last pieces; and a collector of anything stays within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::network;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto piece = read_piece(bytes)) {
    const auto block = piece_block(2, *piece);
    EXPECTS(std::equal(block.data.begin(), block.data.end(), bytes.begin(), bytes.end()));
  }
  const auto view = decode_bundle(bytes);
  if (!view) return 0;
  constexpr std::size_t kBytesMax = 1000;
  PieceCollector any({.bytes_max = kBytesMax, .bundles_max = 1});
  (void)any.add(*view, skywarden::Instant{});
  EXPECTS(any.bytes() <= kBytesMax && any.bundles() <= 1);

  constexpr skywarden::wire::CodeShape kShape{3, 2};
  const auto pieces = pieces_of_bundle(*view, kShape, {1, 0});
  if (!pieces) return 0;
  PieceCollector collector;
  for (std::size_t i = kShape.parity; i < pieces->size(); ++i) {
    const auto encoded = encode_bundle((*pieces)[i]);
    EXPECTS(encoded.has_value());
    const auto piece = decode_bundle(*encoded);
    EXPECTS(piece.has_value());
    const auto restored = collector.add(*piece, skywarden::Instant{});
    EXPECTS(restored.has_value() && restored->has_value() == (i + 1 == pieces->size()));
    if (*restored) EXPECTS(std::equal((*restored)->begin(), (*restored)->end(), bytes.begin(), bytes.end()));
  }
  return 0;
}
