// What nodes say to each other, as values and as deterministic CBOR: [version, kind, body…]. Messages are
// input: decoding checks every limit, and a message that does not decode is dropped by its reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "consensus/message.h"
#include "datum/evidence.h"
#include "datum/finding.h"
#include "datum/hotspot.h"

namespace skywarden::node {

inline constexpr std::uint64_t kNodeMessageVersion = 1;
inline constexpr std::size_t kNodeMessageBytesMax = consensus::kMessageBytesMax + 64;
inline constexpr std::size_t kHotspotsPerBatchMax = 64;
inline constexpr std::size_t kObservationsPerFindingMax = 4096;
inline constexpr std::size_t kOutlinePointsMax = 256;
inline constexpr std::size_t kReasonsPerFindingMax = 16;
inline constexpr std::size_t kNodeTextBytesMax = 512;

// Observations on their way to everybody who judges; repeated until received is heard.
struct ObservationBatch {
  std::uint64_t id = 0;  // of the sender's choosing, unique within it
  std::vector<datum::Hotspot> hotspots;
};
struct BatchReceived {
  std::uint64_t id = 0;
};
// A node's finding for the leader to merge; repeated until confirmed.
struct Report {
  datum::Finding finding;
};
struct ReportConfirmed {
  EventId event;
  std::int64_t time_ns = 0;  // of the finding
};
// The prior that weather gives; the newest counts.
struct Bulletin {
  datum::Prior prior;
};

using Message =
    std::variant<consensus::Message, ObservationBatch, BatchReceived, Report, ReportConfirmed, Bulletin>;

[[nodiscard]] std::vector<std::byte> encode(const Message& message);
[[nodiscard]] Result<Message> decode(std::span<const std::byte> bytes);

}  // namespace skywarden::node
