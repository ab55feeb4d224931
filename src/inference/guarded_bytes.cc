#include "inference/guarded_bytes.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/contract.h"
#include "wire/crc32c.h"

namespace skywarden::inference {
namespace {

std::span<const std::byte> block_of(std::span<const std::byte> bytes, std::size_t block) {
  const std::size_t begin = block * kGuardBlockBytes;
  return bytes.subspan(begin, std::min(kGuardBlockBytes, bytes.size() - begin));
}

using Block = std::array<std::byte, kGuardBlockBytes>;

void mix_in(std::span<const std::byte> bytes, std::span<std::byte> into) {
  for (std::size_t i = 0; i < bytes.size(); ++i) into[i] ^= bytes[i];
}

// Others may be reading; only what differs is touched.
void write_changes(std::span<const std::byte> right, std::byte* to) {
  for (std::size_t i = 0; i < right.size(); ++i)
    if (to[i] != right[i]) std::atomic_ref<std::byte>(to[i]).store(right[i], std::memory_order_relaxed);
}

// The exclusive or of the group's blocks but one.
Block mixed(std::span<const std::byte> bytes, std::size_t first, std::size_t end, std::size_t without) {
  Block sum{};
  for (std::size_t b = first; b < end; ++b)
    if (b != without) mix_in(block_of(bytes, b), sum);
  return sum;
}

}  // namespace

std::size_t guard_blocks(std::size_t bytes) {
  return (bytes + kGuardBlockBytes - 1) / kGuardBlockBytes;
}

std::size_t guard_groups(std::size_t bytes) {
  return (guard_blocks(bytes) + kGuardGroup - 1) / kGuardGroup;
}

Guard guard_of(std::span<const std::byte> bytes) {
  Guard guard;
  const std::size_t blocks = guard_blocks(bytes.size()), groups = guard_groups(bytes.size());
  guard.parity.resize(groups * kGuardBlockBytes);
  for (std::size_t b = 0; b < blocks; ++b) {
    guard.checksums.push_back(wire::crc32c(block_of(bytes, b)));
    mix_in(block_of(bytes, b),
           std::span(guard.parity).subspan(b / kGuardGroup * kGuardBlockBytes, kGuardBlockBytes));
  }
  for (std::size_t g = 0; g < groups; ++g) guard.checksums.push_back(wire::crc32c(block_of(guard.parity, g)));
  return guard;
}

Repairs repair_group(std::span<std::byte> bytes, Guard& guard, std::size_t group) {
  const std::size_t blocks = guard_blocks(bytes.size());
  const std::size_t first = group * kGuardGroup, end = std::min(first + kGuardGroup, blocks);
  EXPECTS(first < end && guard.checksums.size() == blocks + guard_groups(bytes.size()));
  std::size_t damaged = 0, bad = end;
  for (std::size_t b = first; b < end; ++b)
    if (wire::crc32c(block_of(bytes, b)) != guard.checksums[b]) {
      ++damaged;
      bad = b;
    }
  const auto parity = std::span(guard.parity).subspan(group * kGuardBlockBytes, kGuardBlockBytes);
  const bool parity_bad = wire::crc32c(parity) != guard.checksums[blocks + group];
  if (damaged + (parity_bad ? 1 : 0) == 0) return {};
  if (damaged + (parity_bad ? 1 : 0) > 1) return {0, damaged};
  Block right = mixed(bytes, first, end, bad);
  if (parity_bad) {
    // All blocks hold. When the parity does as well, its checksum was what was damaged.
    if (std::equal(right.begin(), right.end(), parity.begin()))
      guard.checksums[blocks + group] = wire::crc32c(parity);
    else
      write_changes(right, parity.data());
    return {1, 0};
  }
  mix_in(parity, right);
  const std::size_t size = block_of(bytes, bad).size();
  if (wire::crc32c(std::span(right).first(size)) != guard.checksums[bad]) {
    // The block and the others agree with the parity: then it is the checksum that was damaged.
    if (!std::equal(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(size),
                    block_of(bytes, bad).begin()))
      return {0, 1};
    guard.checksums[bad] = wire::crc32c(block_of(bytes, bad));
    return {1, 0};
  }
  write_changes(std::span<const std::byte>(right).first(size), bytes.data() + bad * kGuardBlockBytes);
  return {1, 0};
}

Repairs repair(std::span<std::byte> bytes, Guard& guard) {
  Repairs all;
  for (std::size_t g = 0; g < guard_groups(bytes.size()); ++g) {
    const Repairs one = repair_group(bytes, guard, g);
    all.repaired += one.repaired;
    all.lost += one.lost;
  }
  return all;
}

std::size_t vote(std::span<std::byte> a, std::span<std::byte> b, std::span<std::byte> c) {
  EXPECTS(a.size() == b.size() && b.size() == c.size());
  if (std::equal(a.begin(), a.end(), b.begin()) && std::equal(a.begin(), a.end(), c.begin())) return 0;
  std::size_t differed = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::byte right = (a[i] & b[i]) | (a[i] & c[i]) | (b[i] & c[i]);
    if (a[i] == right && b[i] == right && c[i] == right) continue;
    ++differed;
    for (std::byte* copy : {&a[i], &b[i], &c[i]})
      if (*copy != right) std::atomic_ref<std::byte>(*copy).store(right, std::memory_order_relaxed);
  }
  return differed;
}

}  // namespace skywarden::inference
