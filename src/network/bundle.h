// Bundles of the Bundle Protocol version 7 (RFC 9171) as values: a primary block that says who, whom, when
// and how long, extension blocks, and the payload last. A Bundle owns its bytes and is what one builds; a
// BundleView looks into received bytes and is what decode_bundle gives. No transport, no storage, no clock
// here.
//
// RFC 9171 has no priority. Ours travels in a block of a private-use type (kCriticality, RFC 9171 §9.1 leaves
// 192 to 255 to such use) holding one unsigned integer, 0 to 3, replicated in every fragment; who does not
// know it passes it on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "network/endpoint.h"
#include "network/inline_vector.h"

namespace skywarden::network {

inline constexpr std::uint64_t kBundleVersion = 7;
inline constexpr std::size_t kBundleBytesMax = std::size_t{1} << 30;
inline constexpr std::size_t kBlocksMax = 128;

namespace bundle_flag {  // RFC 9171 §4.2.3
inline constexpr std::uint64_t kFragment = 1U << 0;
inline constexpr std::uint64_t kAdministrative = 1U << 1;
inline constexpr std::uint64_t kMustNotFragment = 1U << 2;
inline constexpr std::uint64_t kAcknowledge = 1U << 5;
inline constexpr std::uint64_t kReportTime = 1U << 6;
inline constexpr std::uint64_t kReportReception = 1U << 14;
inline constexpr std::uint64_t kReportForwarding = 1U << 16;
inline constexpr std::uint64_t kReportDelivery = 1U << 17;
inline constexpr std::uint64_t kReportDeletion = 1U << 18;
inline constexpr std::uint64_t kReports =
    kReportReception | kReportForwarding | kReportDelivery | kReportDeletion;
}  // namespace bundle_flag

namespace block_flag {                                       // §4.2.4
inline constexpr std::uint64_t kReplicate = 1U << 0;         // in every fragment
inline constexpr std::uint64_t kReportIfUnknown = 1U << 1;   // send a report when it cannot be processed
inline constexpr std::uint64_t kDeleteIfUnknown = 1U << 2;   // delete the bundle then
inline constexpr std::uint64_t kDiscardIfUnknown = 1U << 4;  // leave the block out then
}  // namespace block_flag

namespace block_type {  // §9.1
inline constexpr std::uint64_t kPayload = 1;
inline constexpr std::uint64_t kPreviousNode = 6;
inline constexpr std::uint64_t kBundleAge = 7;
inline constexpr std::uint64_t kHopCount = 10;
inline constexpr std::uint64_t kIntegrity = 11;        // BIB, RFC 9172
inline constexpr std::uint64_t kConfidentiality = 12;  // BCB
inline constexpr std::uint64_t kCriticality = 222;     // ours
inline constexpr std::uint64_t kPassage = 223;         // ours: passage_block.h
inline constexpr std::uint64_t kPiece = 225;           // ours: piece_block.h
}  // namespace block_type
[[nodiscard]] std::string_view block_type_name(std::uint64_t type);  // "unknown" for the others

inline constexpr std::uint64_t kPayloadNumber = 1;  // block numbers; the primary block is 0

enum class CrcType : std::uint8_t { kNone = 0, kCrc16 = 1, kCrc32c = 2 };
[[nodiscard]] constexpr std::size_t crc_bytes(CrcType type) {
  return type == CrcType::kNone ? 0 : type == CrcType::kCrc16 ? 2 : 4;
}

// How much a bundle matters when not all can be sent or kept.
enum class BundleCriticality : std::uint8_t { kBulk, kNormal, kImportant, kCritical };
[[nodiscard]] std::string_view criticality_name(BundleCriticality criticality);

struct HopCount {
  std::uint64_t limit = 0;  // 1…255
  std::uint64_t count = 0;
  [[nodiscard]] bool exceeded() const { return count > limit; }
  friend bool operator==(const HopCount&, const HopCount&) = default;
};

struct CreationTimestamp {
  std::uint64_t time_ms = 0;  // DTN time; 0: the source has no clock
  std::uint64_t sequence = 0;
  friend auto operator<=>(const CreationTimestamp&, const CreationTimestamp&) = default;
};

template <typename Endpoint>
struct BasicPrimary {
  std::uint64_t flags = 0;
  CrcType crc = CrcType::kCrc32c;
  Endpoint destination, source, report_to;
  CreationTimestamp created;
  std::uint64_t lifetime_ms = 0;
  std::uint64_t fragment_offset = 0;  // with kFragment only
  std::uint64_t total_bytes = 0;      // of the whole payload; with kFragment only

  [[nodiscard]] bool has(std::uint64_t flag) const { return (flags & flag) != 0; }
  friend bool operator==(const BasicPrimary&, const BasicPrimary&) = default;
};
using PrimaryBlock = BasicPrimary<EndpointId>;
using PrimaryView = BasicPrimary<EndpointView>;

struct Block {
  std::uint64_t type = block_type::kPayload;
  std::uint64_t number = kPayloadNumber;
  std::uint64_t flags = 0;
  CrcType crc = CrcType::kCrc32c;
  std::vector<std::byte> data;
  friend bool operator==(const Block&, const Block&) = default;
};

struct BlockView {
  std::uint64_t type = 0, number = 0, flags = 0;
  CrcType crc = CrcType::kNone;
  bool encrypted = false;           // target of a BCB: its data is not what its type says
  std::span<const std::byte> data;  // block-type-specific
  std::size_t offset = 0;           // of the block in the bundle
  std::size_t data_offset = 0;      // of its data
};

struct Bundle {
  PrimaryBlock primary;
  std::vector<Block> blocks;  // the payload is the last
  friend bool operator==(const Bundle&, const Bundle&) = default;
};

struct BundleView {
  PrimaryView primary;
  std::span<const std::byte> primary_bytes;  // as received, which is its canonical form
  InlineVector<BlockView, 8> blocks;         // never empty; the payload is the last

  // What the extension blocks say; nothing where a block is absent or encrypted.
  std::optional<EndpointView> previous_node;
  std::optional<std::uint64_t> age_ms;
  std::optional<HopCount> hops;
  std::optional<BundleCriticality> criticality;

  [[nodiscard]] const BlockView& payload() const { return blocks.back(); }
  [[nodiscard]] const BlockView* block(std::uint64_t number) const;
};

[[nodiscard]] Bundle to_bundle(const BundleView& view);  // an owned copy

// The identity of a bundle or fragment (RFC 9171 §4.2.7 and 5.8).
struct BundleId {
  EndpointId source;
  CreationTimestamp created;
  std::uint64_t fragment_offset = 0;
  std::uint64_t fragment_bytes = 0;  // payload of a fragment; 0 for a whole bundle
  friend auto operator<=>(const BundleId&, const BundleId&) = default;
  friend bool operator==(const BundleId&, const BundleId&) = default;
};
[[nodiscard]] BundleId identity(const BundleView& bundle);

// Blocks ready to be put into a Bundle.
[[nodiscard]] Block payload_block(std::span<const std::byte> payload, CrcType crc = CrcType::kCrc32c);
[[nodiscard]] Block previous_node_block(std::uint64_t number, const EndpointView& node,
                                        CrcType crc = CrcType::kCrc32c);
[[nodiscard]] Block bundle_age_block(std::uint64_t number, std::uint64_t age_ms,
                                     CrcType crc = CrcType::kCrc32c);
[[nodiscard]] Block hop_count_block(std::uint64_t number, HopCount hops, CrcType crc = CrcType::kCrc32c);
[[nodiscard]] Block criticality_block(std::uint64_t number, BundleCriticality criticality,
                                      CrcType crc = CrcType::kCrc32c);
[[nodiscard]] std::uint64_t free_block_number(const Bundle& bundle);  // the least from 2 on

// ---- time

// DTN time counts milliseconds since 2000-01-01T00:00:00Z without leap seconds, as POSIX time does and as
// other nodes count it (RFC 9171 §4.2.6). An instant before that date is 0.
[[nodiscard]] std::uint64_t to_dtn_time(Instant t);
[[nodiscard]] std::optional<Instant> from_dtn_time(std::uint64_t dtn_ms);  // nothing after 2130

// When the bundle expires, given that it came in at `received`. A source with a clock says it by creation
// time and lifetime, one without by the age block. Nothing when it cannot be told: then the keeper's own
// limit applies. Instant::max() where a lifetime ends beyond what an Instant holds.
[[nodiscard]] std::optional<Instant> expiry(const BundleView& bundle, Instant received);

}  // namespace skywarden::network
