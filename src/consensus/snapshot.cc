#include "consensus/snapshot.h"

#include <utility>

#include "base/contract.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::consensus {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kFields = 6, kWithheldFields = 5;

std::uint32_t checksum(const Snapshot& snapshot, std::span<const std::byte> configuration) {
  CborWriter head;
  head.array(2).unsigned_integer(snapshot.last.index.value()).unsigned_integer(snapshot.last.term.value());
  return wire::crc32c(snapshot.data, wire::crc32c(configuration, wire::crc32c(head.take())));
}

}  // namespace

std::vector<std::byte> encode(const Snapshot& snapshot) {
  EXPECTS(!snapshot.withheld || snapshot.data.empty());
  const auto configuration = encode(snapshot.configuration);
  CborWriter out;
  out.array(snapshot.withheld ? kWithheldFields : kFields)
      .unsigned_integer(snapshot.withheld ? kWithheldSnapshotVersion : kSnapshotVersion)
      .unsigned_integer(snapshot.last.index.value())
      .unsigned_integer(snapshot.last.term.value())
      .bytes(configuration);
  if (!snapshot.withheld) out.bytes(snapshot.data);
  out.unsigned_integer(checksum(snapshot, configuration));
  return out.take();
}

Result<Snapshot> decode_snapshot(std::span<const std::byte> bytes) {
  CborReader in(bytes, kSnapshotBytesMax);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kSnapshotVersion && *version != kWithheldSnapshotVersion)
    return fail(Errc::kUnsupported, "snapshot version {}, this build knows {} and {}", *version,
                kSnapshotVersion, kWithheldSnapshotVersion);
  Snapshot snapshot;
  snapshot.withheld = version && *version == kWithheldSnapshotVersion;
  snapshot.last.index = LogIndex(in.unsigned_integer().value_or(0));
  snapshot.last.term = Term(in.unsigned_integer().value_or(0));
  const auto configuration = in.bytes();
  const auto data = snapshot.withheld ? Result<std::span<const std::byte>>() : in.bytes();
  const auto sum = in.unsigned_integer();
  if (const auto end = in.finish(); !end) return tl::unexpected(end.error());
  if (*fields != (snapshot.withheld ? kWithheldFields : kFields))
    return fail(Errc::kMalformed, "snapshot with {} fields", *fields);
  if (snapshot.last.index == LogIndex() || snapshot.last.term == Term())
    return fail(Errc::kMalformed, "snapshot of nothing");
  snapshot.data.assign(data->begin(), data->end());
  if (*sum != checksum(snapshot, *configuration)) return fail(Errc::kMalformed, "snapshot: damaged");
  auto read = decode_configuration(*configuration);
  if (!read) return tl::unexpected(read.error());
  snapshot.configuration = std::move(*read);
  return snapshot;
}

void SnapshotAssembly::add(LogPosition last, std::uint64_t size, std::uint64_t offset,
                           std::span<const std::byte> bytes) {
  EXPECTS(size <= kSnapshotBytesMax && offset <= size && bytes.size() <= size - offset);
  if (last != last_ || size != size_) {
    last_ = last;
    size_ = size;
    bytes_.clear();
  }
  if (offset == bytes_.size()) bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::optional<Snapshot> SnapshotAssembly::take() {
  EXPECTS(complete());
  auto snapshot = decode_snapshot(bytes_);
  const bool as_announced = snapshot && snapshot->last == last_;
  *this = {};
  if (!as_announced) return std::nullopt;
  return std::move(*snapshot);
}

}  // namespace skywarden::consensus
