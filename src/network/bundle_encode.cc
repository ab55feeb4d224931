#include "network/bundle_encode.h"

#include "network/bundle_rules.h"
#include "wire/cbor_head.h"
#include "wire/crc16.h"
#include "wire/crc32c.h"

namespace skywarden::network {
namespace {

using wire::append_cbor_head;
using wire::CborMajor;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kHeadsRoom = 48;  // of a block beside its data; only a guess for reserving
constexpr std::size_t kPrimaryRoom = 160;

EndpointView view_of(const EndpointId& endpoint) {
  return endpoint.view();
}
EndpointView view_of(const EndpointView& endpoint) {
  return endpoint;
}

void append_unsigned(Bytes& out, std::uint64_t value) {
  append_cbor_head(out, CborMajor::kUnsigned, value);
}

// Ends the block that began at `begin` with its checksum, computed while the field is zero.
void append_crc(Bytes& out, CrcType type, std::size_t begin) {
  const std::size_t size = crc_bytes(type);
  if (size == 0) return;
  append_cbor_head(out, CborMajor::kBytes, size);
  out.resize(out.size() + size);
  const auto whole = std::span<const std::byte>(out).subspan(begin);
  const std::uint32_t crc = type == CrcType::kCrc16 ? wire::crc16_x25(whole) : wire::crc32c(whole);
  for (std::size_t i = 0; i < size; ++i)
    out[out.size() - 1 - i] = static_cast<std::byte>((crc >> (8 * i)) & 0xFFU);
}

template <typename Endpoint>
void append_primary(Bytes& out, const BasicPrimary<Endpoint>& primary) {
  const std::size_t begin = out.size();
  const bool fragment = primary.has(bundle_flag::kFragment);
  append_cbor_head(out, CborMajor::kArray,
                   8U + (fragment ? 2U : 0U) + (primary.crc == CrcType::kNone ? 0U : 1U));
  append_unsigned(out, kBundleVersion);
  append_unsigned(out, primary.flags);
  append_unsigned(out, static_cast<std::uint64_t>(primary.crc));
  append_endpoint(out, view_of(primary.destination));
  append_endpoint(out, view_of(primary.source));
  append_endpoint(out, view_of(primary.report_to));
  append_cbor_head(out, CborMajor::kArray, 2);
  append_unsigned(out, primary.created.time_ms);
  append_unsigned(out, primary.created.sequence);
  append_unsigned(out, primary.lifetime_ms);
  if (fragment) {
    append_unsigned(out, primary.fragment_offset);
    append_unsigned(out, primary.total_bytes);
  }
  append_crc(out, primary.crc, begin);
}

template <typename AnyBlock>
void append_block(Bytes& out, const AnyBlock& block) {
  const std::size_t begin = out.size();
  append_cbor_head(out, CborMajor::kArray, block.crc == CrcType::kNone ? 5 : 6);
  append_unsigned(out, block.type);
  append_unsigned(out, block.number);
  append_unsigned(out, block.flags);
  append_unsigned(out, static_cast<std::uint64_t>(block.crc));
  append_cbor_head(out, CborMajor::kBytes, block.data.size());
  out.insert(out.end(), block.data.begin(), block.data.end());
  append_crc(out, block.crc, begin);
}

template <typename AnyBundle>
const char* problem_of_blocks(const AnyBundle& bundle) {
  if (bundle.blocks.size() > kBlocksMax) return "too many blocks";
  if (bundle.blocks.empty() || bundle.blocks.back().type != block_type::kPayload)
    return "the payload is not the last block";
  const bool silent = is_silent(bundle.primary);
  for (std::size_t i = 0; i < bundle.blocks.size(); ++i) {
    const auto& block = bundle.blocks[i];
    if (const char* problem = problem_of_block(block.type, block.number, block.flags, silent)) return problem;
    for (std::size_t j = 0; j < i; ++j) {
      if (bundle.blocks[j].number == block.number) return "two blocks have one number";
      if (bundle.blocks[j].type == block.type && is_single(block.type))
        return "two blocks of a type that is single";
    }
  }
  const auto& primary = bundle.primary;
  if (primary.has(bundle_flag::kFragment) &&
      bundle.blocks.back().data.size() > primary.total_bytes - primary.fragment_offset)
    return "the fragment reaches beyond its total length";
  return nullptr;
}

template <typename AnyBundle>
Result<Bytes> encode(const AnyBundle& bundle) {
  const char* problem = problem_of(bundle.primary);
  if (problem == nullptr) problem = problem_of_blocks(bundle);
  if (problem != nullptr) return fail(Errc::kMalformed, "bundle cannot be encoded: {}", problem);
  Bytes out;
  std::size_t room = kPrimaryRoom;
  for (const auto& block : bundle.blocks) room += block.data.size() + kHeadsRoom;
  out.reserve(room);
  out.push_back(wire::kCborIndefiniteArray);
  append_primary(out, bundle.primary);
  for (const auto& block : bundle.blocks) append_block(out, block);
  out.push_back(wire::kCborBreak);
  return out;
}

}  // namespace

Result<Bytes> encode_bundle(const Bundle& bundle) {
  return encode(bundle);
}

Result<Bytes> encode_bundle(const BundleView& bundle) {
  return encode(bundle);
}

Bytes encode_primary(const PrimaryView& primary) {
  Bytes out;
  append_primary(out, primary);
  return out;
}

Bytes encode_primary(const PrimaryBlock& primary) {
  Bytes out;
  append_primary(out, primary);
  return out;
}

Bytes encode_block(const Block& block) {
  Bytes out;
  append_block(out, block);
  return out;
}

}  // namespace skywarden::network
