#include "network/bundle_decode.h"

#include <algorithm>
#include <array>

#include "base/contract.h"
#include "network/bpsec_block.h"
#include "network/bundle_cursor.h"
#include "network/bundle_rules.h"
#include "wire/crc16.h"
#include "wire/crc32c.h"

namespace skywarden::network {
namespace {

constexpr std::uint64_t kPrimaryItems = 8;  // without fragment fields and checksum
constexpr std::uint64_t kBlockItems = 5;    // without checksum

// The checksum of a block as if its own field were zero (§4.2.2).
std::uint32_t checksum(CrcType type, std::span<const std::byte> before_value) {
  constexpr std::array<std::byte, 4> kZero{};
  const auto zero = std::span(kZero).first(crc_bytes(type));
  if (type == CrcType::kCrc16) return wire::crc16_x25(zero, wire::crc16_x25(before_value));
  return wire::crc32c(zero, wire::crc32c(before_value));
}

bool read_crc_type(BundleCursor& in, CrcType& type) {
  const std::size_t here = in.position();
  std::uint64_t value = 0;
  if (!in.unsigned_integer(value, "the CRC type")) return false;
  if (value > static_cast<std::uint64_t>(CrcType::kCrc32c))
    return in.stop_at(here, Errc::kMalformed, "CRC type {}, expected 0, 1 or 2", value);
  type = static_cast<CrcType>(value);
  return true;
}

// Reads the checksum field of a block that began at `begin` and compares.
bool read_crc(BundleCursor& in, CrcType type, std::size_t begin) {
  if (type == CrcType::kNone) return true;
  const std::size_t here = in.position();
  std::span<const std::byte> value;
  if (!in.bytes(value, "the CRC")) return false;
  if (value.size() != crc_bytes(type))
    return in.stop_at(here, Errc::kMalformed, "a CRC of {} bytes, expected {}", value.size(),
                      crc_bytes(type));
  std::uint32_t stored = 0;
  for (const std::byte byte : value) stored = (stored << 8) | static_cast<std::uint32_t>(byte);
  const std::uint32_t computed = checksum(type, in.between(begin, in.position() - value.size()));
  if (stored != computed)
    return in.stop_at(here, Errc::kMalformed, "CRC of the block at byte {} is {:0{}x}, computed {:0{}x}",
                      begin, stored, 2 * value.size(), computed, 2 * value.size());
  return true;
}

bool check_primary_items(BundleCursor& in, std::size_t begin, std::uint64_t items,
                         const PrimaryView& primary) {
  const std::uint64_t expected =
      kPrimaryItems + (primary.has(bundle_flag::kFragment) ? 2 : 0) + (primary.crc == CrcType::kNone ? 0 : 1);
  if (items == expected) return true;
  return in.stop_at(begin, Errc::kMalformed,
                    "the primary block has {} items, its flags and CRC type ask for {}", items, expected);
}

bool read_primary_fields(BundleCursor& in, std::size_t begin, std::uint64_t items, PrimaryView& primary) {
  if (!in.unsigned_integer(primary.flags, "the bundle flags") || !read_crc_type(in, primary.crc) ||
      !check_primary_items(in, begin, items, primary))
    return false;
  const bool addressed =
      in.endpoint(primary.destination, "the destination") && in.endpoint(primary.source, "the source") &&
      in.endpoint(primary.report_to, "the report-to endpoint") && in.array_of(2, "the creation timestamp") &&
      in.unsigned_integer(primary.created.time_ms, "the creation time") &&
      in.unsigned_integer(primary.created.sequence, "the sequence number") &&
      in.unsigned_integer(primary.lifetime_ms, "the lifetime");
  if (!addressed) return false;
  if (!primary.has(bundle_flag::kFragment)) return true;
  return in.unsigned_integer(primary.fragment_offset, "the fragment offset") &&
         in.unsigned_integer(primary.total_bytes, "the total length");
}

bool read_primary(BundleCursor& in, BundleView& bundle) {
  const std::size_t begin = in.position();
  std::uint64_t items = 0;
  if (!in.array(items, "the primary block")) return false;
  const std::size_t version_at = in.position();
  std::uint64_t version = 0;
  if (!in.unsigned_integer(version, "the version")) return false;
  if (version != kBundleVersion)
    return in.stop_at(version_at, Errc::kUnsupported, "version {}, expected 7", version);
  if (!read_primary_fields(in, begin, items, bundle.primary) || !read_crc(in, bundle.primary.crc, begin))
    return false;
  if (const char* problem = problem_of(bundle.primary))
    return in.stop_at(begin, Errc::kMalformed, "{}", problem);
  bundle.primary_bytes = in.between(begin, in.position());
  return true;
}

bool read_block(BundleCursor& in, bool silent, BlockView& block) {
  block.offset = in.position();
  std::uint64_t items = 0;
  if (!in.array(items, "a block")) return false;
  if (items != kBlockItems && items != kBlockItems + 1)
    return in.stop_at(block.offset, Errc::kMalformed, "a block of {} items, expected 5 or 6", items);
  if (!in.unsigned_integer(block.type, "the block type") ||
      !in.unsigned_integer(block.number, "the block number") ||
      !in.unsigned_integer(block.flags, "the block flags") || !read_crc_type(in, block.crc))
    return false;
  const std::uint64_t expected = kBlockItems + (block.crc == CrcType::kNone ? 0 : 1);
  if (items != expected)
    return in.stop_at(block.offset, Errc::kMalformed, "a block of {} items, its CRC type asks for {}", items,
                      expected);
  if (!in.bytes(block.data, "the block data")) return false;
  block.data_offset = in.position() - block.data.size();
  if (!read_crc(in, block.crc, block.offset)) return false;
  if (const char* problem = problem_of_block(block.type, block.number, block.flags, silent))
    return in.stop_at(block.offset, Errc::kMalformed, "{}", problem);
  return true;
}

bool check_against_others(BundleCursor& in, const BundleView& bundle, const BlockView& block) {
  for (const BlockView& other : bundle.blocks) {
    if (other.number == block.number)
      return in.stop_at(block.offset, Errc::kMalformed,
                        "block number {} is already that of the block at byte {}", block.number,
                        other.offset);
    if (other.type == block.type && is_single(block.type))
      return in.stop_at(block.offset, Errc::kMalformed, "a second {} block", block_type_name(block.type));
  }
  return true;
}

bool read_blocks(BundleCursor& in, const DecodeOptions& options, BundleView& bundle) {
  const bool silent = is_silent(bundle.primary);
  bool payload_seen = false;
  while (!in.next_is(wire::kCborBreak)) {
    if (payload_seen)
      return in.stop_at(in.position(), Errc::kMalformed,
                        "expected the break that ends a bundle after its payload");
    if (bundle.blocks.size() >= options.blocks_max)
      return in.stop_at(in.position(), Errc::kLimitReached, "more than {} blocks", options.blocks_max);
    BlockView block;
    if (!read_block(in, silent, block) || !check_against_others(in, bundle, block)) return false;
    payload_seen = block.type == block_type::kPayload;
    bundle.blocks.push_back(block);
  }
  if (!payload_seen)
    return in.stop_at(in.position(), Errc::kMalformed, "the bundle ends without a payload block");
  in.skip_byte();
  return in.end("after the bundle");
}

bool check_fragment(BundleCursor& in, const BundleView& bundle) {
  const PrimaryView& primary = bundle.primary;
  if (!primary.has(bundle_flag::kFragment)) return true;
  const std::uint64_t room = primary.total_bytes - primary.fragment_offset;  // offset ≤ total: problem_of
  if (bundle.payload().data.size() <= room) return true;
  return in.stop_at(bundle.payload().offset, Errc::kMalformed,
                    "a fragment of {} bytes at {} reaches beyond its total of {}",
                    bundle.payload().data.size(), primary.fragment_offset, primary.total_bytes);
}

// Which blocks are encrypted must be known before their data is read.
bool mark_encrypted(BundleCursor& in, BundleView& bundle) {
  for (const BlockView& block : bundle.blocks) {
    if (block.type != block_type::kConfidentiality) continue;
    const auto security = read_security_block(block);
    if (!security) return in.stop(security.error());
    for (const std::uint64_t target : security->targets)
      for (BlockView& other : bundle.blocks)
        if (other.number == target) other.encrypted = true;
  }
  return true;
}

bool read_hop_count(BundleCursor& data, std::optional<HopCount>& hops) {
  const std::size_t here = data.position();
  HopCount found;
  if (!data.array_of(2, "the hop count") || !data.unsigned_integer(found.limit, "the hop limit") ||
      !data.unsigned_integer(found.count, "the hop count"))
    return false;
  if (found.limit < 1 || found.limit > 255)
    return data.stop_at(here, Errc::kOutOfRange, "hop limit {}, expected 1 to 255", found.limit);
  hops = found;
  return true;
}

bool read_criticality(BundleCursor& data, std::optional<BundleCriticality>& criticality) {
  const std::size_t here = data.position();
  std::uint64_t value = 0;
  if (!data.unsigned_integer(value, "the criticality")) return false;
  if (value > static_cast<std::uint64_t>(BundleCriticality::kCritical))
    return data.stop_at(here, Errc::kOutOfRange, "criticality {}, expected 0 to 3", value);
  criticality = static_cast<BundleCriticality>(value);
  return true;
}

bool read_known(BundleCursor& data, std::uint64_t type, BundleView& bundle) {
  switch (type) {
    case block_type::kPreviousNode:
      return data.endpoint(bundle.previous_node.emplace(), "the previous node") &&
             data.end("the previous node");
    case block_type::kBundleAge:
      return data.unsigned_integer(bundle.age_ms.emplace(), "the bundle age") && data.end("the bundle age");
    case block_type::kHopCount:
      return read_hop_count(data, bundle.hops) && data.end("the hop count");
    case block_type::kCriticality:
      return read_criticality(data, bundle.criticality) && data.end("the criticality");
    default:
      return true;
  }
}

// RFC 9171 §4.3.1: a checksum, or a BIB over the primary block; §4.4.2: no clock, then an age block.
bool check_whole_rfc(BundleCursor& in, const BundleView& bundle) {
  const auto covers_primary = [](const BlockView& block) {
    if (block.type != block_type::kIntegrity) return false;
    if (block.encrypted) return true;  // cannot be told
    const auto security = read_security_block(block);
    return security &&
           std::find(security->targets.begin(), security->targets.end(), 0U) != security->targets.end();
  };
  if (bundle.primary.crc == CrcType::kNone &&
      std::none_of(bundle.blocks.begin(), bundle.blocks.end(), covers_primary))
    return in.stop_at(1, Errc::kMalformed, "the primary block has neither CRC nor an integrity block");
  const auto is_age = [](const BlockView& block) { return block.type == block_type::kBundleAge; };
  if (bundle.primary.created.time_ms == 0 && std::none_of(bundle.blocks.begin(), bundle.blocks.end(), is_age))
    return in.stop_at(1, Errc::kMalformed, "creation time 0 without a bundle age block");
  return true;
}

bool read_beginning(BundleCursor& in) {
  constexpr std::byte kVersion6{0x06};
  if (in.next_is(kVersion6))
    return in.stop_at(0, Errc::kUnsupported, "a bundle of version 6, expected version 7");
  if (!in.next_is(wire::kCborIndefiniteArray))
    return in.stop_at(0, Errc::kMalformed, "expected 9f, the array of indefinite length that a bundle is");
  in.skip_byte();
  return true;
}

}  // namespace

Result<void> read_extension_blocks(BundleView& bundle) {
  bundle.previous_node.reset();
  bundle.age_ms.reset();
  bundle.hops.reset();
  bundle.criticality.reset();
  for (const BlockView& block : bundle.blocks) {
    if (block.encrypted || !is_single(block.type) || block.type == block_type::kPayload) continue;
    BundleCursor data(block.data, block.data_offset);
    if (!read_known(data, block.type, bundle)) return data.error();
  }
  return {};
}

Result<BundleView> decode_bundle(std::span<const std::byte> input, const DecodeOptions& options) {
  EXPECTS(options.blocks_max <= kBlocksMax);
  if (input.size() > options.bytes_max)
    return fail(Errc::kLimitReached, "a bundle of {} bytes, at most {} allowed", input.size(),
                options.bytes_max);
  BundleCursor in(input);
  Result<BundleView> bundle(tl::in_place);  // filled where it will be returned
  const bool good = read_beginning(in) && read_primary(in, *bundle) && read_blocks(in, options, *bundle) &&
                    check_fragment(in, *bundle) && mark_encrypted(in, *bundle);
  if (!good) return in.error();
  if (const auto read = read_extension_blocks(*bundle); !read) return tl::unexpected<Error>(read.error());
  if (options.whole_rfc && !check_whole_rfc(in, *bundle)) return in.error();
  return bundle;
}

}  // namespace skywarden::network
