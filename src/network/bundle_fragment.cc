#include "network/bundle_fragment.h"

#include <algorithm>
#include <iterator>

#include "network/bundle_encode.h"

namespace skywarden::network {
namespace {

// Bytes of a bundle of these blocks around its payload, whose length takes up to nine bytes itself.
std::size_t overhead(const Bundle& bundle) {
  constexpr std::size_t kArrayAndBreak = 2, kPayloadHeads = 1 + 1 + 1 + 9 + 1 + 9, kCrcHead = 1;
  std::size_t size = kArrayAndBreak + encode_primary(bundle.primary).size();
  for (std::size_t i = 0; i + 1 < bundle.blocks.size(); ++i) size += encode_block(bundle.blocks[i]).size();
  return size + kPayloadHeads + kCrcHead + crc_bytes(bundle.blocks.back().crc);
}

// The pieces' common shape, with the largest offset so that its length is that of the longest piece.
Bundle shape_of(const BundleView& bundle, bool first) {
  Bundle shape = to_bundle(bundle);
  PrimaryBlock& primary = shape.primary;
  if (!primary.has(bundle_flag::kFragment)) {
    primary.flags |= bundle_flag::kFragment;
    primary.fragment_offset = 0;
    primary.total_bytes = bundle.payload().data.size();
  }
  if (!first)
    std::erase_if(shape.blocks, [](const Block& block) {
      return block.type != block_type::kPayload && (block.flags & block_flag::kReplicate) == 0;
    });
  shape.blocks.back().data.clear();
  return shape;
}

std::size_t room_for_payload(const Bundle& shape, std::size_t bytes_max) {
  Bundle farthest = shape;
  farthest.primary.fragment_offset = shape.primary.total_bytes;
  const std::size_t around = overhead(farthest);
  return bytes_max > around ? bytes_max - around : 0;
}

Bundle piece_of(const Bundle& shape, const BundleView& whole, std::size_t begin, std::size_t size) {
  Bundle piece = shape;
  piece.primary.fragment_offset += begin;
  const auto data = whole.payload().data.subspan(begin, size);
  piece.blocks.back().data.assign(data.begin(), data.end());
  return piece;
}

bool same_bundle(const PrimaryBlock& a, const PrimaryView& b) {
  return a.destination.view() == b.destination && a.report_to.view() == b.report_to &&
         a.lifetime_ms == b.lifetime_ms && a.total_bytes == b.total_bytes;
}

}  // namespace

Result<std::vector<Bundle>> fragment_bundle(const BundleView& bundle, std::size_t bytes_max) {
  const auto encoded = encode_bundle(bundle);
  if (!encoded) return tl::unexpected<Error>(encoded.error());
  if (encoded->size() <= bytes_max) return std::vector<Bundle>{to_bundle(bundle)};
  if (bundle.primary.has(bundle_flag::kMustNotFragment))
    return fail(Errc::kConflict, "the bundle must not be fragmented");
  const Bundle first = shape_of(bundle, true), later = shape_of(bundle, false);
  const std::size_t first_room = room_for_payload(first, bytes_max),
                    later_room = room_for_payload(later, bytes_max);
  const std::size_t size = bundle.payload().data.size();
  if (first_room == 0 || later_room == 0)
    return fail(Errc::kOutOfRange, "the blocks alone are larger than {} bytes", bytes_max);
  if (size / later_room >= kFragmentsMax)
    return fail(Errc::kLimitReached, "more than {} fragments", kFragmentsMax);
  std::vector<Bundle> pieces;
  for (std::size_t begin = 0; begin < size;) {
    const bool is_first = begin == 0;
    const std::size_t part = std::min(size - begin, is_first ? first_room : later_room);
    pieces.push_back(piece_of(is_first ? first : later, bundle, begin, part));
    begin += part;
  }
  return pieces;
}

Result<void> Reassembler::begin(const Key& key, const BundleView& fragment, Instant received) {
  const std::uint64_t total = fragment.primary.total_bytes;
  if (partial_.size() >= options_.bundles_max)
    return fail(Errc::kLimitReached, "{} bundles are being reassembled already", partial_.size());
  if (total > options_.bytes_max - std::min(bytes_, options_.bytes_max))
    return fail(Errc::kLimitReached, "no room to reassemble {} bytes", total);
  Partial& partial = partial_[key];
  partial.first = to_bundle(fragment);
  partial.expires = expiry(fragment, received);
  partial.payload.resize(static_cast<std::size_t>(total));
  bytes_ += partial.payload.size();
  return {};
}

Result<void> Reassembler::put(Partial& partial, const BundleView& fragment) {
  const auto data = fragment.payload().data;
  const auto begin = static_cast<std::size_t>(fragment.primary.fragment_offset);
  const std::size_t end = begin + data.size();
  // Where something is already, it must be the same.
  for (const auto& [from, to] : partial.covered) {
    const std::size_t left = std::max(from, begin), right = std::min(to, end);
    if (left >= right) continue;
    const auto kept = std::span(partial.payload).subspan(left, right - left);
    if (!std::equal(kept.begin(), kept.end(), data.begin() + static_cast<std::ptrdiff_t>(left - begin)))
      return fail(Errc::kConflict, "bytes {} to {} differ from those of another fragment", left, right);
  }
  std::copy(data.begin(), data.end(), partial.payload.begin() + static_cast<std::ptrdiff_t>(begin));
  std::size_t merged_begin = begin, merged_end = end;
  for (auto each = partial.covered.begin(); each != partial.covered.end();) {
    if (each->second < merged_begin || each->first > merged_end) {
      ++each;
      continue;
    }
    merged_begin = std::min(merged_begin, each->first);
    merged_end = std::max(merged_end, each->second);
    each = partial.covered.erase(each);
  }
  partial.covered[merged_begin] = merged_end;
  return {};
}

Bundle Reassembler::finish(const Key& key) {
  Partial& partial = partial_.at(key);
  Bundle bundle = std::move(partial.first);
  bundle.primary.flags &= ~bundle_flag::kFragment;
  bundle.primary.fragment_offset = 0;
  bundle.primary.total_bytes = 0;
  bytes_ -= partial.payload.size();
  bundle.blocks.back().data = std::move(partial.payload);
  partial_.erase(key);
  return bundle;
}

Result<std::optional<Bundle>> Reassembler::add(const BundleView& fragment, Instant received) {
  if (!fragment.primary.has(bundle_flag::kFragment)) return fail(Errc::kMalformed, "not a fragment");
  const Key key{EndpointId(fragment.primary.source), fragment.primary.created};
  if (!partial_.contains(key))
    if (const auto begun = begin(key, fragment, received); !begun)
      return tl::unexpected<Error>(begun.error());
  Partial& partial = partial_.at(key);
  if (!same_bundle(partial.first.primary, fragment.primary))
    return fail(Errc::kConflict, "a fragment's primary block differs from that of another");
  if (const auto done = put(partial, fragment); !done) return tl::unexpected<Error>(done.error());
  if (fragment.primary.fragment_offset == 0 && !partial.has_first) {
    partial.first = to_bundle(fragment);
    partial.has_first = true;
  }
  const bool complete = partial.has_first && partial.covered.begin()->second == partial.payload.size();
  return complete ? std::optional(finish(key)) : std::nullopt;
}

std::size_t Reassembler::expire(Instant now) {
  std::size_t forgotten = 0;
  for (auto each = partial_.begin(); each != partial_.end();) {
    if (!each->second.expires || *each->second.expires > now) {
      ++each;
      continue;
    }
    bytes_ -= each->second.payload.size();
    each = partial_.erase(each);
    ++forgotten;
  }
  return forgotten;
}

}  // namespace skywarden::network
