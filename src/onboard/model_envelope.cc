#include "onboard/model_envelope.h"

#include "base/little_endian.h"
#include "wire/crc32c.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kCheckBytes = 4;

bool names(wire::CborReader& in, const ModelKind& kind) {
  const auto items = in.array();
  const auto name = in.text();
  return name && *items == kind.items && *name == kind.name;
}

}  // namespace

std::vector<std::byte> seal_model(wire::CborWriter& list) {
  std::vector<std::byte> bytes = list.take();
  append_little_endian(bytes, wire::crc32c(bytes), kCheckBytes);
  return bytes;
}

bool is_model_of(std::span<const std::byte> bytes, const ModelKind& kind) {
  if (bytes.size() <= kCheckBytes || bytes.size() > kind.bytes_max) return false;
  wire::CborReader in(bytes.first(bytes.size() - kCheckBytes), kind.bytes_max);
  return names(in, kind);
}

Result<wire::CborReader> open_model(std::span<const std::byte> bytes, const ModelKind& kind) {
  if (bytes.size() <= kCheckBytes) return fail(Errc::kMalformed, "no {}: {} bytes", kind.words, bytes.size());
  if (bytes.size() > kind.bytes_max)
    return fail(Errc::kLimitReached, "{} bytes, expected at most {}", bytes.size(), kind.bytes_max);
  const std::span<const std::byte> body = bytes.first(bytes.size() - kCheckBytes);
  wire::CborReader in(body, kind.bytes_max);
  if (!names(in, kind)) return fail(Errc::kMalformed, "no {}", kind.words);
  if (wire::crc32c(body) != little_endian(bytes.last(kCheckBytes)))
    return fail(Errc::kMalformed, "damaged: its checksum does not match");
  return in;
}

Result<std::string> read_model_schema(wire::CborReader& in, std::uint64_t version) {
  const auto found = in.unsigned_integer();
  const auto name = in.text();
  if (!name) return tl::unexpected<Error>(name.error());
  if (*found != version) return fail(Errc::kUnsupported, "version {}, expected {}", *found, version);
  return std::string(*name);
}

}  // namespace skywarden::onboard
