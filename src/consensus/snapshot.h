// The state of the application after a prefix of the log, which then need not be kept (Raft §7). It carries
// the epoch that ruled at its end, because the entry that began it may be gone. On the wire it travels as
// bytes in chunks; a SnapshotAssembly collects them and yields a snapshot only when they are all there and
// sound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "consensus/configuration.h"
#include "consensus/log.h"

namespace skywarden::consensus {

inline constexpr std::uint64_t kSnapshotVersion = 1, kWithheldSnapshotVersion = 2;
inline constexpr std::size_t kSnapshotBytesMax = std::size_t{1} << 26;  // encoded

struct Snapshot {
  LogPosition last;  // everything up to here is contained; never the empty beginning
  Configuration configuration;
  Payload data;           // the application's own, opaque here
  bool withheld = false;  // a witness's: without data, see withheld.h
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Deterministic CBOR: [1, index, term, configuration, data, CRC-32C of the fields before it], and a withheld
// one [2, index, term, configuration, CRC-32C].
[[nodiscard]] std::vector<std::byte> encode(const Snapshot& snapshot);
[[nodiscard]] Result<Snapshot> decode_snapshot(std::span<const std::byte> bytes);

// The receiving side. Chunks are taken in order, the next one or none; those of another snapshot begin anew.
// Nothing here is durable: a crash half way costs the transfer and harms nothing.
class SnapshotAssembly {
 public:
  // Expects offset + bytes.size() <= size <= kSnapshotBytesMax.
  void add(LogPosition last, std::uint64_t size, std::uint64_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] LogPosition last() const { return last_; }
  [[nodiscard]] std::uint64_t received() const { return bytes_.size(); }
  [[nodiscard]] bool complete() const { return size_ > 0 && bytes_.size() == size_; }
  // Expects complete(); begins anew. Nothing when the bytes are not what was announced.
  [[nodiscard]] std::optional<Snapshot> take();

 private:
  LogPosition last_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace skywarden::consensus
