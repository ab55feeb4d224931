// The blocks a segment of the log consists of: one sector each, which a disk writes whole or not at all. A
// batch is what was made durable together; it begins with a block of its own, so that nothing acknowledged is
// ever written over, and its bytes go through as many blocks as they need, zeros after them.
//
//   0  CRC-32C of the rest of the block, begun with `salt` and the block's number in its segment
//   4  batch, 8 bytes        12 bytes used, 2        14 flags, 1        15 zero        16 … 511 contents
//
// All little-endian. The salt is that of the segment, so a block that strayed is damaged, not valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/disk.h"

namespace skywarden::storage {

inline constexpr std::size_t kBlockHeadBytes = 16;
inline constexpr std::size_t kBlockRoom = kSectorBytes - kBlockHeadBytes;

enum class BlockState { kValid, kZero, kDamaged };

struct Block {
  enum Flags : std::uint8_t {
    kFirst = 1,
    kLast = 2,
    kMark = 4,  // instead of both: everything up to and with `batch` was durable when this was written
  };
  std::uint64_t batch = 0;
  std::uint8_t flags = 0;
  std::span<const std::byte> contents;
};

struct ReadBlock {
  BlockState state = BlockState::kDamaged;
  Block block;  // when valid
};

// Appends one block. Expects at most kBlockRoom bytes of contents.
void write_block(std::vector<std::byte>& out, const Block& block, std::uint32_t salt, std::uint64_t number);
// Appends the blocks of a batch, the first of which has this number.
void write_batch(std::vector<std::byte>& out, std::uint64_t batch, std::span<const std::byte> contents,
                 std::uint32_t salt, std::uint64_t number);
[[nodiscard]] inline std::uint64_t blocks_of(std::size_t contents) {
  return contents == 0 ? 1 : (contents + kBlockRoom - 1) / kBlockRoom;
}
// Expects kSectorBytes of them.
[[nodiscard]] ReadBlock read_block(std::span<const std::byte> bytes, std::uint32_t salt,
                                   std::uint64_t number);

}  // namespace skywarden::storage
