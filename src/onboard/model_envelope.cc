#include "onboard/model_envelope.h"

#include <algorithm>

#include "base/little_endian.h"
#include "wire/crc32c.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kCheckBytes = 4;
constexpr std::string_view kSignedMark = "SWSIGNED";

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

SealedModel split_signature(std::span<const std::byte> bytes) {
  constexpr std::size_t behind = kModelSignatureBytes + kSignedMark.size();
  if (bytes.size() <= behind ||
      !std::ranges::equal(bytes.last(kSignedMark.size()), std::as_bytes(std::span(kSignedMark))))
    return {bytes, {}};
  const std::span<const std::byte> sealed = bytes.first(bytes.size() - behind);
  return {sealed, bytes.subspan(sealed.size(), kModelSignatureBytes)};
}

std::vector<std::byte> with_signature(std::span<const std::byte> sealed,
                                      std::span<const std::byte, kModelSignatureBytes> signature) {
  const std::span<const std::byte> plain = split_signature(sealed).sealed,
                                   mark = std::as_bytes(std::span(kSignedMark));
  std::vector<std::byte> out(plain.begin(), plain.end());
  out.insert(out.end(), signature.begin(), signature.end());
  out.insert(out.end(), mark.begin(), mark.end());
  return out;
}

bool is_model_of(std::span<const std::byte> file, const ModelKind& kind) {
  const std::span<const std::byte> bytes = split_signature(file).sealed;
  if (bytes.size() <= kCheckBytes || bytes.size() > kind.bytes_max) return false;
  wire::CborReader in(bytes.first(bytes.size() - kCheckBytes), kind.bytes_max);
  return names(in, kind);
}

Result<wire::CborReader> open_model(std::span<const std::byte> file, const ModelKind& kind) {
  const std::span<const std::byte> bytes = split_signature(file).sealed;
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
