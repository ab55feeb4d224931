#include "storage/block.h"

#include <algorithm>
#include <array>

#include "base/contract.h"
#include "base/little_endian.h"
#include "wire/crc32c.h"

namespace skywarden::storage {
namespace {

constexpr std::size_t kBatchAt = 4, kUsedAt = 12, kFlagsAt = 14, kZeroAt = 15;

std::uint32_t checksum(std::span<const std::byte> block, std::uint32_t salt, std::uint64_t number) {
  std::array<std::byte, 8> place{};
  put_little_endian(place, number);
  return wire::crc32c(block.subspan(kBatchAt), wire::crc32c(place, salt));
}

bool is_sound(const Block& block, std::span<const std::byte> padding, std::byte zero) {
  const bool known = block.flags == Block::kMark || (block.flags & ~(Block::kFirst | Block::kLast)) == 0;
  const bool full = (block.flags & (Block::kLast | Block::kMark)) != 0 || block.contents.size() == kBlockRoom;
  return known && full && zero == std::byte() &&
         std::all_of(padding.begin(), padding.end(), [](std::byte b) { return b == std::byte(); });
}

}  // namespace

void write_block(std::vector<std::byte>& out, const Block& block, std::uint32_t salt, std::uint64_t number) {
  EXPECTS(block.contents.size() <= kBlockRoom);
  const std::size_t at = out.size();
  out.resize(at + kSectorBytes);
  const std::span<std::byte> sector(out.data() + at, kSectorBytes);
  put_little_endian(sector.subspan(kBatchAt, 8), block.batch);
  put_little_endian(sector.subspan(kUsedAt, 2), block.contents.size());
  sector[kFlagsAt] = static_cast<std::byte>(block.flags);
  std::copy(block.contents.begin(), block.contents.end(), sector.begin() + kBlockHeadBytes);
  put_little_endian(sector.first(4), checksum(sector, salt, number));
}

void write_batch(std::vector<std::byte>& out, std::uint64_t batch, std::span<const std::byte> contents,
                 std::uint32_t salt, std::uint64_t number) {
  const std::uint64_t blocks = blocks_of(contents.size());
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const auto piece = contents.first(std::min(contents.size(), kBlockRoom));
    contents = contents.subspan(piece.size());
    const int flags = (i == 0 ? Block::kFirst : 0) | (i + 1 == blocks ? Block::kLast : 0);
    write_block(out, {batch, static_cast<std::uint8_t>(flags), piece}, salt, number + i);
  }
}

ReadBlock read_block(std::span<const std::byte> bytes, std::uint32_t salt, std::uint64_t number) {
  EXPECTS(bytes.size() == kSectorBytes);
  ReadBlock read;
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte(); })) {
    read.state = BlockState::kZero;
    return read;
  }
  const std::size_t used = little_endian(bytes.subspan(kUsedAt, 2));
  if (used > kBlockRoom || little_endian(bytes.first(4)) != checksum(bytes, salt, number)) return read;
  read.block.batch = little_endian(bytes.subspan(kBatchAt, 8));
  read.block.flags = std::to_integer<std::uint8_t>(bytes[kFlagsAt]);
  read.block.contents = bytes.subspan(kBlockHeadBytes, used);
  if (is_sound(read.block, bytes.subspan(kBlockHeadBytes + used), bytes[kZeroAt]))
    read.state = BlockState::kValid;
  return read;
}

}  // namespace skywarden::storage
