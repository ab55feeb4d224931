#include "shell/admission.h"

#include <algorithm>

#include "storage/segment.h"
#include "wire/cbor.h"

namespace skywarden::shell {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kAdmissionFields = 7, kRemovalFields = 3;  // without the signature
constexpr std::size_t kBytesMax = 512;

void write_fields(CborWriter& out, const Admission& admission) {
  out.text(admission.cluster)
      .unsigned_integer(admission.node.value())
      .text(admission.host)
      .unsigned_integer(admission.port)
      .unsigned_integer(admission.share);
  if (admission.signs_with)
    out.bytes(*admission.signs_with);
  else
    out.null();
  if (admission.witness) out.boolean(true);
}

std::uint64_t fields_of(const Admission& admission) {
  return kAdmissionFields + (admission.witness ? 1 : 0);
}

void write_fields(CborWriter& out, const Removal& removal) {
  out.text(removal.cluster).unsigned_integer(removal.node.value());
}

std::vector<std::byte> signed_bytes(const Admission& admission) {
  CborWriter out;
  out.array(fields_of(admission)).text("skywarden admission 1");
  write_fields(out, admission);
  return out.take();
}

std::vector<std::byte> signed_bytes(const Removal& removal) {
  CborWriter out;
  out.array(kRemovalFields).text("skywarden removal 1");
  write_fields(out, removal);
  return out.take();
}

template <typename Statement>
std::vector<std::byte> encode_statement(const Statement& statement, std::uint64_t fields) {
  CborWriter out;
  out.array(fields + 1).unsigned_integer(kVersion);
  write_fields(out, statement);
  out.bytes(statement.signature);
  return out.take();
}

// How many fields more than `fields` there are, of at most `more_max`.
Result<std::uint64_t> begin(CborReader& in, std::uint64_t fields, std::uint64_t more_max, const char* what) {
  const auto items = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kVersion)
    return fail(Errc::kUnsupported, "{} of version {}, this build knows {}", what, *version, kVersion);
  if (items && (*items < fields + 1 || *items > fields + 1 + more_max))
    return fail(Errc::kMalformed, "{} with {} fields, expected {}", what, *items, fields + 1);
  return items ? *items - fields - 1 : 0;
}

template <std::size_t kSize>
bool read_bytes(CborReader& in, std::array<std::byte, kSize>& to) {
  const auto bytes = in.bytes();
  if (!bytes || bytes->size() != kSize) return false;
  std::copy(bytes->begin(), bytes->end(), to.begin());
  return true;
}

// Whether it is null, or whole.
bool read_key(CborReader& in, std::optional<storage::PublicKey>& key) {
  const auto kind = in.peek();
  if (kind && *kind == wire::CborKind::kNull) return in.null().has_value();
  return read_bytes(in, key.emplace());
}

Result<NodeId> checked_node(const std::string& cluster, std::uint64_t node) {
  if (node > UINT32_MAX) return fail(Errc::kOutOfRange, "node id beyond 32 bits");
  const NodeId id(static_cast<std::uint32_t>(node));
  if (const auto valid = storage::validate({cluster, id}); !valid)
    return tl::unexpected<Error>(valid.error());
  return id;
}

// It is printed, and given to whoever looks up names.
bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == ':' || c == '_' || c == '%';
  });
}

}  // namespace

std::vector<std::byte> encode(const Admission& admission) {
  return encode_statement(admission, fields_of(admission));
}
std::vector<std::byte> encode(const Removal& removal) {
  return encode_statement(removal, kRemovalFields);
}

Result<Admission> decode_admission(std::span<const std::byte> bytes) {
  CborReader in(bytes, kBytesMax);
  const auto more = begin(in, kAdmissionFields, 1, "admission");
  if (!more) return tl::unexpected<Error>(more.error());
  Admission admission;
  admission.cluster = std::string(in.text().value_or(""));
  const std::uint64_t node = in.unsigned_integer().value_or(0);
  admission.host = std::string(in.text().value_or(""));
  const std::uint64_t port = in.unsigned_integer().value_or(0);
  const std::uint64_t share = in.unsigned_integer().value_or(0);
  bool whole = read_key(in, admission.signs_with);
  if (*more > 0) admission.witness = in.boolean().value_or(false);
  whole &= read_bytes(in, admission.signature);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (!whole) return fail(Errc::kMalformed, "admission with a key or a signature of the wrong size");
  const auto id = checked_node(admission.cluster, node);
  if (!id) return tl::unexpected<Error>(id.error());
  if (!is_host(admission.host) || port == 0 || port > UINT16_MAX)
    return fail(Errc::kOutOfRange, "admission: expected a host name or address, and a port");
  if (*more > 0 && !admission.witness)
    return fail(Errc::kMalformed, "admission: a field that says what is so without it");
  if (admission.witness && share == 0)
    return fail(Errc::kOutOfRange, "admission: a witness without a share is of no use");
  if (share > kAdmittedShareMax)
    return fail(Errc::kOutOfRange, "admission: a share of {}, at most {} allowed", share, kAdmittedShareMax);
  admission.node = *id;
  admission.port = static_cast<std::uint16_t>(port);
  admission.share = static_cast<std::uint32_t>(share);
  return admission;
}

Result<Removal> decode_removal(std::span<const std::byte> bytes) {
  CborReader in(bytes, kBytesMax);
  if (const auto fits = begin(in, kRemovalFields, 0, "removal"); !fits)
    return tl::unexpected<Error>(fits.error());
  Removal removal;
  removal.cluster = std::string(in.text().value_or(""));
  const std::uint64_t node = in.unsigned_integer().value_or(0);
  const bool whole = read_bytes(in, removal.signature);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (!whole) return fail(Errc::kMalformed, "removal with a signature of the wrong size");
  const auto id = checked_node(removal.cluster, node);
  if (!id) return tl::unexpected<Error>(id.error());
  removal.node = *id;
  return removal;
}

void sign(Admission& admission, const storage::SigningKey& key) {
  admission.signature = key.sign(signed_bytes(admission));
}
void sign(Removal& removal, const storage::SigningKey& key) {
  removal.signature = key.sign(signed_bytes(removal));
}
bool is_signed_by(const Admission& admission, const storage::SigningKey& key) {
  return key.verifies(signed_bytes(admission), admission.signature);
}
bool is_signed_by(const Removal& removal, const storage::SigningKey& key) {
  return key.verifies(signed_bytes(removal), removal.signature);
}

}  // namespace skywarden::shell
