#include "storage/segment.h"

#include <algorithm>

#include "base/contract.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::storage {
namespace {

constexpr std::uint64_t kHeadFields = 8;

tl::unexpected<Error> lost(std::uint64_t block, const char* what) {
  return fail(Errc::kMalformed, "block {}: {}, and it may have been acknowledged", block, what);
}

class Scan {
 public:
  Scan(std::span<const std::byte> bytes, SegmentHead head)
      : bytes_(bytes), salt_(salt_of(bytes.first(kSectorBytes))) {
    segment_.head = std::move(head);
  }

  // Whole batches and marks up to the first zero block, or to `limit`.
  Result<void> read_whole(std::uint64_t limit) {
    while (segment_.end < limit) {
      const ReadBlock read = at(segment_.end);
      if (read.state == BlockState::kZero) return {};
      if (read.state == BlockState::kDamaged) return lost(segment_.end, "damaged");
      if (read.block.flags == Block::kMark) {
        if (read.block.batch + 1 != segment_.next_batch())
          return lost(segment_.end, "a batch before it is missing");
        ++segment_.end;
        continue;
      }
      if (read.block.batch != segment_.next_batch() || (read.block.flags & Block::kFirst) == 0)
        return lost(segment_.end, "out of order");
      const auto whole = read_batch(limit);
      if (!whole) return tl::unexpected<Error>(whole.error());
      if (!*whole) return {};
    }
    return {};
  }

  // After the last whole batch: zeros, and blocks of one batch that was not finished.
  Result<void> read_rest(std::uint64_t limit) {
    for (std::uint64_t i = segment_.end; i < limit; ++i) {
      const ReadBlock read = at(i);
      if (read.state == BlockState::kZero) continue;
      if (read.state == BlockState::kDamaged) return lost(i, "damaged");
      if (read.block.flags == Block::kMark || read.block.batch != segment_.next_batch())
        return lost(segment_.end, "a batch is missing before a later one");
      segment_.torn = true;
    }
    return {};
  }

  Segment take() { return std::move(segment_); }
  [[nodiscard]] std::uint64_t end() const { return segment_.end; }

 private:
  [[nodiscard]] ReadBlock at(std::uint64_t number) const {
    return read_block(bytes_.subspan(number * kSectorBytes, kSectorBytes), salt_, number);
  }

  // False: it is not all there.
  Result<bool> read_batch(std::uint64_t limit) {
    std::vector<std::byte> contents;
    for (std::uint64_t i = segment_.end; i < limit; ++i) {
      const ReadBlock read = at(i);
      if (read.state == BlockState::kZero) return false;
      if (read.state == BlockState::kDamaged) return lost(i, "damaged");
      const bool first = (read.block.flags & Block::kFirst) != 0;
      if (read.block.batch != segment_.next_batch() || read.block.flags == Block::kMark ||
          first != (i == segment_.end))
        return lost(i, "out of order");
      contents.insert(contents.end(), read.block.contents.begin(), read.block.contents.end());
      if ((read.block.flags & Block::kLast) == 0) continue;
      segment_.batches.push_back(std::move(contents));
      segment_.end = i + 1;
      return true;
    }
    return false;
  }

  std::span<const std::byte> bytes_;
  std::uint32_t salt_;
  Segment segment_;
};

}  // namespace

Result<void> validate(const LogIdentity& identity) {
  const bool printable = std::all_of(identity.cluster.begin(), identity.cluster.end(),
                                     [](char c) { return c > ' ' && c <= '~'; });
  if (identity.cluster.empty() || identity.cluster.size() > kClusterNameMax || !printable)
    return fail(Errc::kOutOfRange, "a cluster's name has 1 to {} printable characters without spaces",
                kClusterNameMax);
  if (identity.node == kNobody) return fail(Errc::kOutOfRange, "0 is nobody's node id");
  return {};
}

std::vector<std::byte> write_head(const SegmentHead& head) {
  EXPECTS(validate(head.identity));
  wire::CborWriter out;
  out.array(kHeadFields)
      .unsigned_integer(kLogVersion)
      .text(head.identity.cluster)
      .unsigned_integer(head.identity.node.value())
      .unsigned_integer(head.number)
      .unsigned_integer(head.blocks)
      .unsigned_integer(head.first_batch)
      .boolean(head.checkpoint)
      .unsigned_integer(head.before);
  std::vector<std::byte> block;
  write_batch(block, 0, out.take(), 0, 0);
  return block;
}

Result<SegmentHead> read_head(std::span<const std::byte> segment) {
  if (segment.size() < kSectorBytes) return fail(Errc::kMalformed, "too short for a segment of a log");
  const ReadBlock read = read_block(segment.first(kSectorBytes), 0, 0);
  if (read.state != BlockState::kValid) return fail(Errc::kMalformed, "its head is damaged");
  wire::CborReader in(read.block.contents, kBlockRoom);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kLogVersion)
    return fail(Errc::kUnsupported, "a log of version {}, this build knows {}", *version, kLogVersion);
  SegmentHead head;
  head.identity.cluster = std::string(in.text().value_or(""));
  const std::uint64_t node = in.unsigned_integer().value_or(0);
  head.number = in.unsigned_integer().value_or(0);
  head.blocks = in.unsigned_integer().value_or(0);
  head.first_batch = in.unsigned_integer().value_or(0);
  head.checkpoint = in.boolean().value_or(false);
  head.before = in.unsigned_integer().value_or(0);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  head.identity.node = NodeId(static_cast<std::uint32_t>(std::min<std::uint64_t>(node, UINT32_MAX)));
  if (*fields != kHeadFields || node > UINT32_MAX || !validate(head.identity) || head.number == 0 ||
      head.number == UINT64_MAX || head.first_batch == 0 || head.first_batch > UINT64_MAX / 2 ||
      head.checkpoint != (head.before == 0))
    return fail(Errc::kMalformed, "its head says what cannot be");
  if (head.blocks > kSegmentBytesMax / kSectorBytes || head.blocks * kSectorBytes != segment.size())
    return fail(Errc::kMalformed, "it has {} bytes, its head says {} blocks of {}", segment.size(),
                head.blocks, kSectorBytes);
  return head;
}

std::uint32_t salt_of(std::span<const std::byte> head_block) {
  return wire::crc32c(head_block);
}

Result<Segment> read_last_segment(std::span<const std::byte> bytes) {
  auto head = read_head(bytes);
  if (!head) return tl::unexpected<Error>(head.error());
  const std::uint64_t limit = head->blocks;
  Scan scan(bytes, std::move(*head));
  if (const auto whole = scan.read_whole(limit); !whole) return tl::unexpected<Error>(whole.error());
  if (const auto rest = scan.read_rest(limit); !rest) return tl::unexpected<Error>(rest.error());
  return scan.take();
}

Result<Segment> read_closed_segment(std::span<const std::byte> bytes, std::uint64_t blocks) {
  auto head = read_head(bytes);
  if (!head) return tl::unexpected<Error>(head.error());
  if (blocks == 0 || blocks > head->blocks)
    return fail(Errc::kMalformed, "it has {} blocks, the next segment needs {}", head->blocks, blocks);
  Scan scan(bytes, std::move(*head));
  if (const auto whole = scan.read_whole(blocks); !whole) return tl::unexpected<Error>(whole.error());
  if (scan.end() != blocks) return lost(scan.end(), "a batch is missing");
  return scan.take();
}

}  // namespace skywarden::storage
