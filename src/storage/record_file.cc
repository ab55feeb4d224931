#include "storage/record_file.h"

#include "base/little_endian.h"
#include "storage/segment.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::storage {
namespace {

constexpr std::uint64_t kFileItems = 5;  // version, block, criticality, half, batch
constexpr std::uint64_t kStateItems =
    7;  // version, next id, files, refused, thinned, dropped, next of levels
constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint64_t kHalves = 3;

}  // namespace

std::vector<std::byte> write_record_file(const RecordFileHead& head, std::span<const std::byte> batch) {
  wire::CborWriter out;
  out.array(kFileItems).unsigned_integer(kRecordFileVersion).unsigned_integer(head.block);
  out.unsigned_integer(static_cast<std::uint64_t>(head.criticality));
  out.unsigned_integer(static_cast<std::uint64_t>(head.half)).bytes(batch);
  std::vector<std::byte> bytes = out.take();
  append_little_endian(bytes, wire::crc32c(bytes), kChecksumBytes);
  return bytes;
}

Result<RecordFile> read_record_file(std::span<const std::byte> bytes) {
  if (bytes.size() < kChecksumBytes) return fail(Errc::kMalformed, "is cut short");
  const auto contents = bytes.first(bytes.size() - kChecksumBytes);
  if (wire::crc32c(contents) != little_endian(bytes.last(kChecksumBytes)))
    return fail(Errc::kMalformed, "its checksum is wrong");
  wire::CborReader in(contents, kSegmentBytesMax);
  const auto items = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kRecordFileVersion)
    return fail(Errc::kUnsupported, "version {}, expected {}", *version, kRecordFileVersion);
  const auto block = in.unsigned_integer(), criticality = in.unsigned_integer(), half = in.unsigned_integer();
  const auto batch = in.bytes();
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*items != kFileItems || *criticality >= onboard::kCriticalities || *half >= kHalves ||
      *block > UINT64_MAX / 4)
    return fail(Errc::kMalformed, "its head says what cannot be");
  return RecordFile{{*block, static_cast<datum::Criticality>(*criticality), static_cast<Half>(*half)},
                    *batch};
}

std::vector<std::byte> write_state(const RecordStoreState& state) {
  wire::CborWriter out;
  out.array(kStateItems).unsigned_integer(kRecordFileVersion).unsigned_integer(state.next_id);
  out.unsigned_integer(state.files).unsigned_integer(state.refused);
  out.unsigned_integer(state.memory.thinned).unsigned_integer(state.memory.dropped);
  out.array(state.memory.next.size());
  for (const std::uint64_t next : state.memory.next) out.unsigned_integer(next);
  return out.take();
}

Result<RecordStoreState> read_state(std::span<const std::byte> bytes) {
  wire::CborReader in(bytes, kSectorBytes);
  const auto items = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kRecordFileVersion)
    return fail(Errc::kUnsupported, "version {}, expected {}", *version, kRecordFileVersion);
  RecordStoreState out;
  out.next_id = in.unsigned_integer().value_or(0);
  out.files = in.unsigned_integer().value_or(0);
  out.refused = in.unsigned_integer().value_or(0);
  out.memory.thinned = in.unsigned_integer().value_or(0);
  out.memory.dropped = in.unsigned_integer().value_or(0);
  const auto levels = in.array();
  for (std::uint64_t& next : out.memory.next) next = in.unsigned_integer().value_or(0);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*items != kStateItems || *levels != out.memory.next.size() || out.next_id == 0 ||
      out.next_id > UINT64_MAX / 2)
    return fail(Errc::kMalformed, "its state says what cannot be");
  return out;
}

}  // namespace skywarden::storage
