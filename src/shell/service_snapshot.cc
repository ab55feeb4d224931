#include "shell/service_snapshot.h"

#include <algorithm>

#include "consensus/snapshot.h"
#include "wire/cbor.h"

namespace skywarden::shell {
namespace {

constexpr std::uint64_t kFields = 3;

}  // namespace

std::vector<std::byte> pack_snapshot(const storage::ChainHead& head, std::span<const std::byte> data) {
  wire::CborWriter out;
  out.array(kFields).unsigned_integer(kServiceSnapshotVersion).bytes(head).bytes(data);
  return out.take();
}

Result<UnpackedSnapshot> unpack_snapshot(std::span<const std::byte> bytes) {
  wire::CborReader in(bytes, consensus::kSnapshotBytesMax);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kServiceSnapshotVersion)
    return fail(Errc::kUnsupported, "snapshot of version {}, this build knows {}", *version,
                kServiceSnapshotVersion);
  UnpackedSnapshot unpacked;
  const auto head = in.bytes();
  const auto data = in.bytes();
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != kFields || head->size() != unpacked.head.size())
    return fail(Errc::kMalformed, "snapshot with {} fields and a head of {} bytes", *fields, head->size());
  std::copy(head->begin(), head->end(), unpacked.head.begin());
  unpacked.data = *data;
  return unpacked;
}

}  // namespace skywarden::shell
