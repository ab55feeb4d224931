// One file of the log: a head that says whose it is, then batches in blocks (block.h), then zeros up to the
// size the file was made with. A segment begins with a checkpoint and needs none before it, or continues the
// one before it, of which it says how far it counts.
//
// What a damaged end means is decided here. A batch is acknowledged when it was synchronised; the next one is
// written only after that. So only the last batch of the last segment can be torn, and a torn one consists of
// whole sectors that are either written or still zero. Nothing else is cut: a block that is neither valid nor
// zero, a hole before a later batch or before a mark, all may have been acknowledged, and the log is lost.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/block.h"

namespace skywarden::storage {

inline constexpr std::uint64_t kLogVersion = 1;
inline constexpr std::size_t kClusterNameMax = 64;
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{1} << 30;

struct LogIdentity {    // whose log it is
  std::string cluster;  // 1 … kClusterNameMax printable ASCII characters
  NodeId node;
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

struct SegmentHead {
  LogIdentity identity;
  std::uint64_t number = 0;       // from 1
  std::uint64_t blocks = 0;       // of the file, this head included
  std::uint64_t first_batch = 0;  // from 1
  bool checkpoint = false;        // its first batch is one
  std::uint64_t before = 0;       // blocks that count of the segment before it; 0 with a checkpoint
  friend bool operator==(const SegmentHead&, const SegmentHead&) = default;
};

[[nodiscard]] Result<void> validate(const LogIdentity& identity);
[[nodiscard]] std::vector<std::byte> write_head(const SegmentHead& head);  // one block
// kUnsupported: of a later version; kMalformed: not a head.
[[nodiscard]] Result<SegmentHead> read_head(std::span<const std::byte> segment);
[[nodiscard]] std::uint32_t salt_of(std::span<const std::byte> head_block);

struct Segment {
  SegmentHead head;
  std::vector<std::vector<std::byte>> batches;  // whole ones, the first is head.first_batch
  std::uint64_t end = 1;                        // blocks up to where the last of them, or a mark, ends
  bool torn = false;                            // after that there are parts of a batch that was not finished
  [[nodiscard]] std::uint64_t next_batch() const { return head.first_batch + batches.size(); }
};

// The last segment of a log. kMalformed: damaged where it may have been acknowledged.
[[nodiscard]] Result<Segment> read_last_segment(std::span<const std::byte> bytes);
// One that another continues, which says how many blocks of it count.
[[nodiscard]] Result<Segment> read_closed_segment(std::span<const std::byte> bytes, std::uint64_t blocks);

}  // namespace skywarden::storage
