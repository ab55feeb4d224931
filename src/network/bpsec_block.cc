#include "network/bpsec_block.h"

#include <algorithm>

#include "base/contract.h"
#include "network/bundle_cursor.h"
#include "wire/cbor_head.h"

namespace skywarden::network {
namespace {

using wire::append_cbor_head;
using wire::CborMajor;

constexpr std::uint64_t kParametersPresent = 1;

bool read_targets(BundleCursor& in, SecurityBlockView& security) {
  const std::size_t here = in.position();
  std::uint64_t count = 0;
  if (!in.array(count, "the security targets")) return false;
  if (count == 0) return in.stop_at(here, Errc::kMalformed, "a security block without targets");
  if (count > kBlocksMax)
    return in.stop_at(here, Errc::kLimitReached, "{} security targets, at most {} allowed", count,
                      kBlocksMax);
  for (; count > 0; --count) {
    const std::size_t at = in.position();
    std::uint64_t target = 0;
    if (!in.unsigned_integer(target, "a security target")) return false;
    if (std::find(security.targets.begin(), security.targets.end(), target) != security.targets.end())
      return in.stop_at(at, Errc::kMalformed, "security target {} is named twice", target);
    security.targets.push_back(target);
  }
  return true;
}

bool read_value(BundleCursor& in, SecurityValueView& value, const char* what) {
  if (!in.array_of(2, what) || !in.unsigned_integer(value.id, what)) return false;
  value.offset = in.position();
  return in.item(value.encoded, what);
}

bool read_value_count(BundleCursor& in, std::uint64_t& count, const char* what) {
  const std::size_t here = in.position();
  if (!in.array(count, what)) return false;
  if (count > kSecurityValuesMax)
    return in.stop_at(here, Errc::kLimitReached, "{} {}, at most {} allowed", count, what,
                      kSecurityValuesMax);
  return true;
}

bool read_parameters(BundleCursor& in, SecurityBlockView& security) {
  std::uint64_t count = 0;
  if (!read_value_count(in, count, "security parameters")) return false;
  for (; count > 0; --count) {
    const std::size_t here = in.position();
    SecurityValueView value;
    if (!read_value(in, value, "a security parameter")) return false;
    for (const SecurityValueView& other : security.parameters)
      if (other.id == value.id)
        return in.stop_at(here, Errc::kMalformed, "security parameter {} is given twice", value.id);
    security.parameters.push_back(value);
  }
  return true;
}

bool read_results(BundleCursor& in, SecurityBlockView& security) {
  if (!in.array_of(security.targets.size(), "the security results, an item for each target")) return false;
  for (std::size_t target = 0; target < security.targets.size(); ++target) {
    std::uint64_t count = 0;
    if (!read_value_count(in, count, "security results")) return false;
    for (; count > 0; --count) {
      SecurityBlockView::ResultOfTarget result{target, {}};
      if (!read_value(in, result.value, "a security result")) return false;
      security.results.push_back(result);
    }
  }
  return true;
}

bool read_all(BundleCursor& in, SecurityBlockView& security) {
  if (!read_targets(in, security) || !in.signed_integer(security.context, "the security context"))
    return false;
  const std::size_t here = in.position();
  std::uint64_t flags = 0;
  if (!in.unsigned_integer(flags, "the security context flags")) return false;
  if ((flags & ~kParametersPresent) != 0)
    return in.stop_at(here, Errc::kMalformed, "security context flags {}, expected 0 or 1", flags);
  if (!in.endpoint(security.source, "the security source")) return false;
  if (flags == kParametersPresent && !read_parameters(in, security)) return false;
  return read_results(in, security) && in.end("the security block");
}

void append_value(std::vector<std::byte>& out, const SecurityValue& value) {
  append_cbor_head(out, CborMajor::kArray, 2);
  append_cbor_head(out, CborMajor::kUnsigned, value.id);
  out.insert(out.end(), value.encoded.begin(), value.encoded.end());
}

void append_values(std::vector<std::byte>& out, const std::vector<SecurityValue>& values) {
  append_cbor_head(out, CborMajor::kArray, values.size());
  for (const SecurityValue& value : values) append_value(out, value);
}

}  // namespace

Result<SecurityBlockView> read_security_block(const BlockView& block) {
  EXPECTS(is_security_type(block.type));
  BundleCursor in(block.data, block.data_offset);
  Result<SecurityBlockView> security(tl::in_place);
  if (!read_all(in, *security)) return in.error();
  return security;
}

std::vector<std::byte> write_security_block(const SecurityBlock& block) {
  EXPECTS(block.results.size() == block.targets.size());
  std::vector<std::byte> out;
  append_cbor_head(out, CborMajor::kArray, block.targets.size());
  for (const std::uint64_t target : block.targets) append_cbor_head(out, CborMajor::kUnsigned, target);
  const bool negative = block.context < 0;
  append_cbor_head(out, negative ? CborMajor::kNegative : CborMajor::kUnsigned,
                   static_cast<std::uint64_t>(negative ? -1 - block.context : block.context));
  append_cbor_head(out, CborMajor::kUnsigned, block.parameters.empty() ? 0 : kParametersPresent);
  append_endpoint(out, block.source.view());
  if (!block.parameters.empty()) append_values(out, block.parameters);
  append_cbor_head(out, CborMajor::kArray, block.results.size());
  for (const auto& results : block.results) append_values(out, results);
  return out;
}

SecurityValue unsigned_value(std::uint64_t id, std::uint64_t value) {
  SecurityValue made{id, {}};
  append_cbor_head(made.encoded, CborMajor::kUnsigned, value);
  return made;
}

SecurityValue bytes_value(std::uint64_t id, std::span<const std::byte> value) {
  SecurityValue made{id, {}};
  append_cbor_head(made.encoded, CborMajor::kBytes, value.size());
  made.encoded.insert(made.encoded.end(), value.begin(), value.end());
  return made;
}

}  // namespace skywarden::network
