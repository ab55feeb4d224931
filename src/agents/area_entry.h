// What the area's group (tier A) decides, and what the clusters' groups (tier C) write down of it, as values
// and as the bytes of their logs: deterministic CBOR, [version, kind, ...]. Decoding is strict: what it
// accepts, it encodes to the same bytes again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "agents/conflict.h"
#include "base/ids.h"
#include "base/result.h"

namespace skywarden::agents {

inline constexpr std::size_t kAlertBytesMax = 4096;
inline constexpr std::size_t kHandedMax = 32;  // decisions in one entry
inline constexpr std::size_t kAreaEntryBytesMax = kAlertBytesMax + 64;
inline constexpr std::size_t kClusterEntryBytesMax = kHandedMax * kAreaEntryBytesMax;

// ---- of the area's log

// Who speaks for a cluster: its leader, and who holds its seat among the area's voters. Later ones of a group
// have a higher term of that group, or the same and a higher turn, which its leader counts.
struct Seat {
  GroupId group;
  Term term;
  std::uint64_t turn = 0;
  NodeId leader, holder;
  friend bool operator==(const Seat&, const Seat&) = default;
};
struct Ruling {  // of a dispute: to whom it belongs, see conflict.h
  MatterId matter;
  NodeId to;
  friend bool operator==(const Ruling&, const Ruling&) = default;
};
struct SharedAlert {  // of one matter, as the first group that told of it put it
  MatterId matter;
  GroupId by;
  std::vector<std::byte> alert;  // at most kAlertBytesMax
  friend bool operator==(const SharedAlert&, const SharedAlert&) = default;
};
using AreaEntry = std::variant<Seat, Ruling, SharedAlert>;

[[nodiscard]] Result<void> validate(const AreaEntry& entry);
[[nodiscard]] std::vector<std::byte> encode(const AreaEntry& entry);  // expects validate()
[[nodiscard]] Result<AreaEntry> decode_area_entry(std::span<const std::byte> bytes);

// ---- of a cluster's log

struct Decision {            // an entry of the area that was news there
  std::uint64_t number = 0;  // from 1, without gaps
  AreaEntry what;
  friend bool operator==(const Decision&, const Decision&) = default;
};
struct Raised {  // the group asks the area: to rule on its claim, or, without a doer, to tell everybody
  MatterId matter;
  NodeId doer;              // see ClaimMessage
  std::uint64_t worth = 0;  // up to kWorthMax
  std::vector<std::byte> alert;
  friend bool operator==(const Raised&, const Raised&) = default;
};
struct HandedDown {
  std::vector<Decision> decisions;  // 1…kHandedMax, numbers ascending by one
  friend bool operator==(const HandedDown&, const HandedDown&) = default;
};
using ClusterEntry = std::variant<Raised, HandedDown>;

[[nodiscard]] Result<void> validate(const ClusterEntry& entry);
[[nodiscard]] std::vector<std::byte> encode(const ClusterEntry& entry);  // expects validate()
[[nodiscard]] Result<ClusterEntry> decode_cluster_entry(std::span<const std::byte> bytes);

}  // namespace skywarden::agents
