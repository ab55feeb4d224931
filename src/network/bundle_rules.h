// Rules that bundles obey whether they are read or written (RFC 9171 §4.2.3, §4.2.4, §5.8).
#pragma once

#include "network/bundle.h"

namespace skywarden::network {

// What is wrong, or nothing.
template <typename Endpoint>
[[nodiscard]] const char* problem_of(const BasicPrimary<Endpoint>& primary) {
  const bool reports = primary.has(bundle_flag::kReports);
  if (primary.has(bundle_flag::kAdministrative) && reports)
    return "an administrative record asks for status reports";
  if (primary.source.is_null() && reports) return "a bundle without source asks for status reports";
  if (primary.source.is_null() && !primary.has(bundle_flag::kMustNotFragment))
    return "a bundle without source may be fragmented";
  if (!primary.has(bundle_flag::kFragment)) return nullptr;
  if (primary.has(bundle_flag::kMustNotFragment)) return "a fragment that must not be fragmented";
  if (primary.fragment_offset > primary.total_bytes) return "a fragment that begins after its total length";
  return nullptr;
}

// Of a block by itself, in a bundle that is administrative or without source (`silent`), or not.
[[nodiscard]] inline const char* problem_of_block(std::uint64_t type, std::uint64_t number,
                                                  std::uint64_t flags, bool silent) {
  if (type == 0) return "block type 0 is reserved";
  if (number == 0) return "block number 0 belongs to the primary block";
  if (type == block_type::kPayload && number != kPayloadNumber) return "the payload's block number is not 1";
  if (type != block_type::kPayload && number == kPayloadNumber)
    return "block number 1 belongs to the payload";
  if (silent && (flags & block_flag::kReportIfUnknown) != 0)
    return "a block asks for status reports in an administrative bundle or one without source";
  return nullptr;
}

template <typename Endpoint>
[[nodiscard]] bool is_silent(const BasicPrimary<Endpoint>& primary) {
  return primary.has(bundle_flag::kAdministrative) || primary.source.is_null();
}

// Types of which a bundle has one at most.
[[nodiscard]] constexpr bool is_single(std::uint64_t type) {
  return type == block_type::kPayload || type == block_type::kPreviousNode ||
         type == block_type::kBundleAge || type == block_type::kHopCount || type == block_type::kCriticality;
}

}  // namespace skywarden::network
