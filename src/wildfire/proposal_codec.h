// A proposal as the bytes that enter the replicated log: deterministic CBOR (wire/cbor.h), one array, version
// first. Decoding is strict: what it accepts, it encodes to the same bytes again.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "consensus/aggregate.h"
#include "datum/alert.h"
#include "datum/proposal.h"

namespace skywarden::wildfire {

inline constexpr std::size_t kProposalBytesMax = 128 * 1024;
inline constexpr std::size_t kProposalOutlineMax = consensus::kMergedOutlineMax;
inline constexpr std::size_t kProposalReasonsMax = consensus::kMergedReasonsMax;
inline constexpr std::size_t kProposalObservationsMax = consensus::kMergedObservationsMax;
inline constexpr std::size_t kProposalMergedMax = 4096;
inline constexpr std::size_t kProposalSourceBytesMax = consensus::kMergedSourceBytesMax;
inline constexpr std::size_t kProposalTextBytesMax = consensus::kMergedTextBytesMax;

// kOutOfRange or kLimitReached names the field: probabilities in order and up to one, places on the Earth,
// ring closed, lists ascending and within their limits, texts UTF-8.
[[nodiscard]] Result<void> validate(const datum::Proposal& proposal);

[[nodiscard]] std::vector<std::byte> encode(const datum::Proposal& proposal);  // expects validate()
[[nodiscard]] Result<datum::Proposal> decode_proposal(std::span<const std::byte> bytes);

inline constexpr std::size_t kAlertBytesMax = kProposalBytesMax + 64;

// An alert as the log has it: [version, index, term, shares for, shares total, proposal]. Who held it is left
// out, because that is one node's knowledge. As strict.
[[nodiscard]] std::vector<std::byte> encode(const datum::Alert& alert);
[[nodiscard]] Result<datum::Alert> decode_alert(std::span<const std::byte> bytes);

}  // namespace skywarden::wildfire
