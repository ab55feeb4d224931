// What a batch of the log holds: steps of the consensus machine (consensus::Persist), or, first in a segment
// that needs none before it, a checkpoint. Each is a length (4 bytes, little-endian) and deterministic CBOR:
//
//   step        [0, [term, vote] or null, truncate_from or 0, first index or 0, [term, kind, payload, ...],
//                head]
//   checkpoint  [1, [term, vote], [index, term, bytes, CRC-32C] or null, head before the first entry,
//                [term, kind, payload, ...], head]
//
// `head` is that of the chain of entries after it (entry_chain.h). A snapshot is a file of its own.
#pragma once

#include <optional>
#include <variant>

#include "consensus/persist.h"
#include "storage/entry_chain.h"

namespace skywarden::storage {

struct StepRecord {
  consensus::Persist step;  // without snapshot: that is a checkpoint's
  ChainHead head{};
  friend bool operator==(const StepRecord&, const StepRecord&);
};

struct SnapshotReference {
  consensus::LogPosition last;
  std::uint64_t bytes = 0;  // of the file
  std::uint32_t checksum = 0;
  friend bool operator==(const SnapshotReference&, const SnapshotReference&) = default;
};

struct Checkpoint {
  consensus::HardState state;
  std::optional<SnapshotReference> snapshot;
  ChainHead base_head{};
  std::vector<consensus::Entry> log;  // from the one after the snapshot's last
  ChainHead head{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

using Record = std::variant<StepRecord, Checkpoint>;

void append_step(std::vector<std::byte>& batch, const consensus::Persist& step, const ChainHead& head);
void append_checkpoint(std::vector<std::byte>& batch, const Checkpoint& checkpoint);
// All of a batch. kMalformed: not what this file says.
[[nodiscard]] Result<std::vector<Record>> read_records(std::span<const std::byte> batch);

}  // namespace skywarden::storage
