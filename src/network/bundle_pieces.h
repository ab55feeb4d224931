// A bundle that must arrive, spread over several routes as pieces of an erasure code (wire/erasure_code.h): k
// data and m parity pieces, each a bundle of its own, and any k of them restore the original's encoding byte
// for byte, its security blocks included. At 1 + m/k times the bytes any m pieces may be lost. Pure values;
// the caller routes pieces apart (piece_placement.h) and decides when to give up.
//
// A piece has the original's source, destination, lifetime, criticality and hop count, its own creation
// timestamp, and no security of its own: pieces of a forger make the original's checksum fail, and the set is
// thrown away. Status reports are asked for by the original only.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "network/piece_block.h"

namespace skywarden::network {

// Pieces numbered first.sequence, first.sequence + 1, … of first.time_ms, timestamps the source uses for
// nothing else. kOutOfRange for a shape that cannot be or has more data pieces than the bundle bytes;
// kConflict for a source that is nobody or has no clock (the age inside the pieces would stand still), and
// for an original that is a piece itself.
[[nodiscard]] Result<std::vector<Bundle>> pieces_of_bundle(const BundleView& original, wire::CodeShape shape,
                                                           CreationTimestamp first);

struct PieceCollectorOptions {
  std::size_t bytes_max = std::size_t{64} << 20;  // of pieces kept
  std::size_t bundles_max = 4096;                 // being collected, or restored and not expired
};

class PieceCollector {
 public:
  explicit PieceCollector(PieceCollectorOptions options = {}) : options_(options) {}

  // Takes a piece; gives the original's encoding when it was the k-th, once. Pieces may come in any order and
  // twice, and after that. kMalformed for a bundle that is no piece, and when the restored bytes have another
  // checksum: then all its pieces are forgotten; kConflict for another piece of that number (the first is
  // kept); kLimitReached when there is no room.
  [[nodiscard]] Result<std::optional<std::vector<std::byte>>> add(const BundleView& piece, Instant received);
  // Forgets bundles whose pieces have expired; how many.
  std::size_t expire(Instant now);

  [[nodiscard]] std::size_t bundles() const { return sets_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Key {
    EndpointId source;
    CreationTimestamp created;
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
    std::size_t data = 0, parity = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Set {
    Instant expires = Instant::max();
    bool restored = false;
    std::map<std::size_t, wire::PieceBytes> pieces;  // by index
  };
  void drop_pieces(Set& set);

  PieceCollectorOptions options_;
  std::map<Key, Set> sets_;
  std::size_t bytes_ = 0;
};

}  // namespace skywarden::network
