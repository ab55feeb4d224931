// Damage found and undone: checksums of blocks with a parity block for each group, and a majority of three
// copies. Both undo any single flipped bit, the first also a whole damaged block of a group. No defence
// against an enemy: that is the signature's part (model_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skywarden::inference {

inline constexpr std::size_t kGuardBlockBytes = 4096;
inline constexpr std::size_t kGuardGroup = 16;  // blocks that share a parity block: a sixteenth more memory

// What is kept beside the bytes it guards. The last block may be shorter; it counts as ended by zeros.
struct Guard {
  std::vector<std::byte> parity;         // a block for each group, their exclusive or
  std::vector<std::uint32_t> checksums;  // CRC-32C of each block, then of each parity block
};

struct Repairs {
  std::size_t repaired = 0;  // blocks, those of parity included
  std::size_t lost = 0;      // blocks that are damaged and stay so: two or more of one group
};

[[nodiscard]] std::size_t guard_blocks(std::size_t bytes);  // without those of parity
[[nodiscard]] std::size_t guard_groups(std::size_t bytes);
[[nodiscard]] Guard guard_of(std::span<const std::byte> bytes);

// Checks the blocks of one group and undoes what it can, in the bytes and in the guard. Only damaged bytes
// are written.
Repairs repair_group(std::span<std::byte> bytes, Guard& guard, std::size_t group);
Repairs repair(std::span<std::byte> bytes, Guard& guard);

// Makes all three the bitwise majority; returns how many bytes differed. All of one size.
std::size_t vote(std::span<std::byte> a, std::span<std::byte> b, std::span<std::byte> c);

}  // namespace skywarden::inference
