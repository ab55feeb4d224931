#include "network/bundle.h"

#include <algorithm>

#include "base/contract.h"
#include "wire/cbor_head.h"

namespace skywarden::network {
namespace {

constexpr std::int64_t kMillisecondsPerDay = 86'400'000;
constexpr std::int64_t kDtnEpochDay = 10957;  // 2000-01-01, in days since 1970-01-01
constexpr int kLastYear = 2130;               // of base/time

using wire::append_cbor_head;
using wire::CborMajor;

std::int64_t posix_milliseconds(Instant t) {
  const CivilTime utc = to_civil(t);
  const std::int64_t seconds = std::int64_t{utc.hour} * 3600 + std::int64_t{utc.minute} * 60 + utc.second;
  return days_from_civil(utc.year, utc.month, utc.day) * kMillisecondsPerDay + seconds * 1000 +
         utc.nanosecond / 1'000'000;
}

// t + ms, or Instant::max() where that is out of range.
Instant later_by(Instant t, std::uint64_t ms) {
  constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
  const auto room = static_cast<std::uint64_t>((Instant::max() - std::max(t, Instant{})).count());
  if (ms > room / kNanosecondsPerMillisecond) return Instant::max();
  return t + std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

}  // namespace

std::string_view block_type_name(std::uint64_t type) {
  switch (type) {
    case block_type::kPayload:
      return "payload";
    case block_type::kPreviousNode:
      return "previous_node";
    case block_type::kBundleAge:
      return "bundle_age";
    case block_type::kHopCount:
      return "hop_count";
    case block_type::kIntegrity:
      return "integrity";
    case block_type::kConfidentiality:
      return "confidentiality";
    case block_type::kCriticality:
      return "criticality";
    case block_type::kPassage:
      return "passage";
    case block_type::kPiece:
      return "piece";
    default:
      return "unknown";
  }
}

std::string_view criticality_name(BundleCriticality criticality) {
  switch (criticality) {
    case BundleCriticality::kBulk:
      return "bulk";
    case BundleCriticality::kNormal:
      return "normal";
    case BundleCriticality::kImportant:
      return "important";
    case BundleCriticality::kCritical:
      return "critical";
  }
  return "normal";
}

const BlockView* BundleView::block(std::uint64_t number) const {
  const auto* found =
      std::find_if(blocks.begin(), blocks.end(), [&](const BlockView& b) { return b.number == number; });
  return found == blocks.end() ? nullptr : found;
}

Bundle to_bundle(const BundleView& view) {
  const PrimaryView& from = view.primary;
  Bundle bundle;
  bundle.primary = {from.flags,
                    from.crc,
                    EndpointId(from.destination),
                    EndpointId(from.source),
                    EndpointId(from.report_to),
                    from.created,
                    from.lifetime_ms,
                    from.fragment_offset,
                    from.total_bytes};
  bundle.blocks.reserve(view.blocks.size());
  for (const BlockView& block : view.blocks)
    bundle.blocks.push_back(
        {block.type, block.number, block.flags, block.crc, {block.data.begin(), block.data.end()}});
  return bundle;
}

BundleId identity(const BundleView& bundle) {
  const bool fragment = bundle.primary.has(bundle_flag::kFragment);
  return {EndpointId(bundle.primary.source), bundle.primary.created,
          fragment ? bundle.primary.fragment_offset : 0, fragment ? bundle.payload().data.size() : 0};
}

Block payload_block(std::span<const std::byte> payload, CrcType crc) {
  return {block_type::kPayload, kPayloadNumber, 0, crc, {payload.begin(), payload.end()}};
}

Block previous_node_block(std::uint64_t number, const EndpointView& node, CrcType crc) {
  Block block{block_type::kPreviousNode, number, 0, crc, {}};
  append_endpoint(block.data, node);
  return block;
}

Block bundle_age_block(std::uint64_t number, std::uint64_t age_ms, CrcType crc) {
  Block block{block_type::kBundleAge, number, block_flag::kReplicate, crc, {}};  // a fragment has an age too
  append_cbor_head(block.data, CborMajor::kUnsigned, age_ms);
  return block;
}

Block hop_count_block(std::uint64_t number, HopCount hops, CrcType crc) {
  EXPECTS(hops.limit >= 1 && hops.limit <= 255);
  Block block{block_type::kHopCount, number, block_flag::kReplicate, crc, {}};
  append_cbor_head(block.data, CborMajor::kArray, 2);
  append_cbor_head(block.data, CborMajor::kUnsigned, hops.limit);
  append_cbor_head(block.data, CborMajor::kUnsigned, hops.count);
  return block;
}

Block criticality_block(std::uint64_t number, BundleCriticality criticality, CrcType crc) {
  Block block{block_type::kCriticality, number, block_flag::kReplicate, crc, {}};
  append_cbor_head(block.data, CborMajor::kUnsigned, static_cast<std::uint64_t>(criticality));
  return block;
}

std::uint64_t free_block_number(const Bundle& bundle) {
  std::uint64_t number = kPayloadNumber + 1;
  const auto taken = [&] {
    return std::any_of(bundle.blocks.begin(), bundle.blocks.end(),
                       [&](const Block& block) { return block.number == number; });
  };
  while (taken()) ++number;
  return number;
}

std::uint64_t to_dtn_time(Instant t) {
  const std::int64_t since_2000 = posix_milliseconds(t) - kDtnEpochDay * kMillisecondsPerDay;
  return since_2000 > 0 ? static_cast<std::uint64_t>(since_2000) : 0;
}

std::optional<Instant> from_dtn_time(std::uint64_t dtn_ms) {
  const std::uint64_t days = dtn_ms / kMillisecondsPerDay;
  if (days > 365U * 251U) return std::nullopt;
  CivilTime utc;
  civil_from_days(static_cast<std::int64_t>(days) + kDtnEpochDay, utc.year, utc.month, utc.day);
  if (utc.year > kLastYear) return std::nullopt;
  const auto in_day = static_cast<int>(dtn_ms % kMillisecondsPerDay);
  utc.hour = in_day / 3'600'000;
  utc.minute = in_day / 60'000 % 60;
  utc.second = in_day / 1000 % 60;
  utc.nanosecond = in_day % 1000 * 1'000'000;
  const auto t = from_civil(utc);
  return t ? std::optional(*t) : std::nullopt;
}

std::optional<Instant> expiry(const BundleView& bundle, Instant received) {
  const PrimaryView& primary = bundle.primary;
  if (primary.created.time_ms != 0) {
    const auto created = from_dtn_time(primary.created.time_ms);
    return created ? later_by(*created, primary.lifetime_ms) : Instant::max();
  }
  if (!bundle.age_ms) return std::nullopt;
  return *bundle.age_ms >= primary.lifetime_ms ? received
                                               : later_by(received, primary.lifetime_ms - *bundle.age_ms);
}

}  // namespace skywarden::network
