#include "network/bundle_pieces.h"

#include <algorithm>

#include "network/bundle_encode.h"
#include "wire/crc32c.h"

namespace skywarden::network {
namespace {

std::vector<wire::PieceBytes> data_pieces(std::span<const std::byte> bytes, const PieceOf& piece) {
  std::vector<wire::PieceBytes> data;
  const std::size_t length = piece.piece_bytes();
  for (std::size_t i = 0; i < piece.shape.data; ++i) {
    const std::size_t begin = std::min(i * length, bytes.size());
    const auto part = bytes.subspan(begin, std::min(length, bytes.size() - begin));
    data.emplace_back(part.begin(), part.end());
    data.back().resize(length);
  }
  return data;
}

// What every piece is but for its number and payload.
Bundle shell_of(const BundleView& original) {
  Bundle shell;
  const PrimaryView& from = original.primary;
  shell.primary.destination = EndpointId(from.destination);
  shell.primary.source = EndpointId(from.source);
  shell.primary.report_to = EndpointId(from.report_to);
  shell.primary.lifetime_ms = from.lifetime_ms;
  if (original.criticality)
    shell.blocks.push_back(criticality_block(free_block_number(shell), *original.criticality));
  if (original.hops) shell.blocks.push_back(hop_count_block(free_block_number(shell), *original.hops));
  return shell;
}

}  // namespace

Result<std::vector<Bundle>> pieces_of_bundle(const BundleView& original, wire::CodeShape shape,
                                             CreationTimestamp first) {
  if (original.primary.source.is_null())
    return fail(Errc::kConflict, "a bundle of nobody cannot be named by its pieces");
  if (original.primary.created.time_ms == 0 || first.time_ms == 0)
    return fail(Errc::kConflict, "a source without a clock cannot make pieces");
  const auto is_piece = piece_of(original);
  if (!is_piece) return tl::unexpected<Error>(is_piece.error());
  if (*is_piece) return fail(Errc::kConflict, "the bundle is a piece of another");
  const auto bytes = encode_bundle(original);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  PieceOf piece{original.primary.created, bytes->size(), wire::crc32c(*bytes), shape, 0};
  if (!piece.valid())
    return fail(Errc::kOutOfRange, "{} data and {} parity pieces of {} bytes", shape.data, shape.parity,
                bytes->size());
  std::vector<wire::PieceBytes> payloads = data_pieces(*bytes, piece);
  for (wire::PieceBytes& parity : wire::parity_pieces(shape, payloads)) payloads.push_back(std::move(parity));
  const Bundle shell = shell_of(original);
  std::vector<Bundle> pieces;
  for (; piece.index < payloads.size(); ++piece.index) {
    Bundle bundle = shell;
    bundle.primary.created = {first.time_ms, first.sequence + piece.index};
    bundle.blocks.push_back(piece_block(free_block_number(bundle), piece));
    bundle.blocks.push_back(payload_block(payloads[piece.index]));
    pieces.push_back(std::move(bundle));
  }
  return pieces;
}

void PieceCollector::drop_pieces(Set& set) {
  for (const auto& [index, bytes] : set.pieces) bytes_ -= bytes.size();
  set.pieces.clear();
}

Result<std::optional<std::vector<std::byte>>> PieceCollector::add(const BundleView& piece, Instant received) {
  const auto said = piece_of(piece);
  if (!said) return tl::unexpected<Error>(said.error());
  if (!*said) return fail(Errc::kMalformed, "not a piece");
  if (piece.primary.has(bundle_flag::kFragment) || piece.payload().encrypted)
    return fail(Errc::kMalformed, "a piece that is a fragment or encrypted");
  const PieceOf& of = **said;
  const Key key{
      EndpointId(piece.primary.source), of.created, of.bytes, of.crc32c, of.shape.data, of.shape.parity};
  const auto data = piece.payload().data;
  auto found = sets_.find(key);
  if (found != sets_.end()) {
    if (found->second.restored) return std::nullopt;
    if (const auto kept = found->second.pieces.find(of.index); kept != found->second.pieces.end()) {
      if (std::ranges::equal(kept->second, data)) return std::nullopt;
      return fail(Errc::kConflict, "piece {} differs from the one that came before", of.index);
    }
  } else if (sets_.size() >= options_.bundles_max) {
    return fail(Errc::kLimitReached, "pieces of {} bundles are kept already", sets_.size());
  }
  if (data.size() > options_.bytes_max - std::min(bytes_, options_.bytes_max))
    return fail(Errc::kLimitReached, "no room for a piece of {} bytes", data.size());
  if (found == sets_.end()) found = sets_.emplace(key, Set{}).first;
  Set& set = found->second;
  // The longest-lived piece says when the set is given up.
  const Instant expires = expiry(piece, received).value_or(Instant::max());
  set.expires = set.pieces.empty() ? expires : std::max(set.expires, expires);
  set.pieces.emplace(of.index, wire::PieceBytes(data.begin(), data.end()));
  bytes_ += data.size();
  if (set.pieces.size() < of.shape.data) return std::nullopt;

  std::vector<wire::IndexedPiece> kept;
  for (const auto& [index, bytes] : set.pieces) kept.push_back({index, bytes});
  const auto restored = wire::restore_pieces(of.shape, kept);
  if (!restored) return tl::unexpected<Error>(restored.error());
  std::vector<std::byte> original;
  for (const wire::PieceBytes& each : *restored) original.insert(original.end(), each.begin(), each.end());
  original.resize(static_cast<std::size_t>(of.bytes));
  drop_pieces(set);
  if (wire::crc32c(original) != of.crc32c) {
    sets_.erase(found);
    return fail(Errc::kMalformed, "the restored bundle has another checksum than its pieces say");
  }
  set.restored = true;
  return original;
}

std::size_t PieceCollector::expire(Instant now) {
  std::size_t forgotten = 0;
  for (auto each = sets_.begin(); each != sets_.end();) {
    if (each->second.expires > now) {
      ++each;
      continue;
    }
    drop_pieces(each->second);
    each = sets_.erase(each);
    ++forgotten;
  }
  return forgotten;
}

}  // namespace skywarden::network
