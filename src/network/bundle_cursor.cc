#include "network/bundle_cursor.h"

#include <array>
#include <limits>

namespace skywarden::network {
namespace {

using wire::CborHeadFault;
using wire::CborMajor;

constexpr std::uint64_t kIpnNumberMax = 0xFFFFFFFFU;
constexpr std::size_t kItemDepthMax = 8;  // of a value whose shape we do not know

const char* name_of(CborMajor major) {
  constexpr std::array<const char*, 8> kNames = {"an unsigned integer",
                                                 "a negative integer",
                                                 "a byte string",
                                                 "a text string",
                                                 "an array",
                                                 "a map",
                                                 "a tag",
                                                 "a simple value"};
  return kNames[static_cast<std::size_t>(major)];
}

}  // namespace

bool BundleCursor::stop_at_head(const wire::CborHead& head, CborMajor expected, const char* what) {
  const std::size_t here = position();
  switch (head.fault) {
    case CborHeadFault::kEnd:
      return stop_at(here, Errc::kMalformed, "expected {}, found the end", what);
    case CborHeadFault::kCut:
      return stop_at(here, Errc::kMalformed, "expected {}, found the end inside a number", what);
    case CborHeadFault::kIndefiniteOrReserved:
      if (head.info == wire::kCborIndefinite && head.major == CborMajor::kSimple)
        return stop_at(here, Errc::kMalformed, "expected {}, found a break", what);
      return stop_at(here, Errc::kMalformed, "expected {}, found {} of {} length", what, name_of(head.major),
                     head.info == wire::kCborIndefinite ? "indefinite" : "reserved");
    case CborHeadFault::kNotShortest:
      if (head.major == expected)
        return stop_at(here, Errc::kMalformed, "{}: {} is not in its shortest form", what, head.argument);
      break;
    case CborHeadFault::kNone:
      break;
  }
  return stop_at(here, Errc::kMalformed, "expected {} as {}, found {}", what, name_of(expected),
                 name_of(head.major));
}

bool BundleCursor::signed_integer(std::int64_t& value, const char* what) {
  const auto head = wire::parse_cbor_head(bytes_.subspan(at_));
  const bool negative = head.fault == CborHeadFault::kNone && head.major == CborMajor::kNegative;
  const std::size_t here = position();
  std::uint64_t magnitude = 0;
  if (!argument_of(negative ? CborMajor::kNegative : CborMajor::kUnsigned, magnitude, what)) return false;
  if (magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return stop_at(here, Errc::kOutOfRange, "{}: beyond 64 bits with sign", what);
  value = negative ? -1 - static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  return true;
}

bool BundleCursor::array_of(std::uint64_t items, const char* what) {
  const std::size_t here = position();
  std::uint64_t found = 0;
  if (!array(found, what)) return false;
  if (found != items)
    return stop_at(here, Errc::kMalformed, "expected {} of {} items, found {}", what, items, found);
  return true;
}

bool BundleCursor::string_of(CborMajor major, std::span<const std::byte>& value, const char* what) {
  const std::size_t here = position();
  std::uint64_t size = 0;
  if (!argument_of(major, size, what)) return false;
  const std::size_t left = bytes_.size() - at_;
  if (size > left)
    return stop_at(here, Errc::kMalformed, "{}: {} bytes announced, {} left", what, size, left);
  value = bytes_.subspan(at_, static_cast<std::size_t>(size));
  at_ += value.size();
  return true;
}

bool BundleCursor::text(std::string_view& value, const char* what) {
  std::span<const std::byte> bytes;
  if (!string_of(CborMajor::kText, bytes, what)) return false;
  value = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return true;
}

bool BundleCursor::boolean(bool& value, const char* what) {
  constexpr std::byte kFalse{0xF4};
  constexpr std::byte kTrue{0xF5};
  if (!next_is(kFalse) && !next_is(kTrue))
    return stop_at(position(), Errc::kMalformed, "expected {} as true or false", what);
  value = next_is(kTrue);
  skip_byte();
  return true;
}

bool BundleCursor::read_dtn(EndpointView& value, const char* what) {
  const std::size_t here = position();
  if (next_is(std::byte{0x00})) {  // dtn:none
    skip_byte();
    return true;
  }
  if (!text(value.text, what)) return false;
  if (const char* problem = problem_of_dtn_name(value.text))
    return stop_at(here, Errc::kMalformed, "{}: {}", what, problem);
  return true;
}

bool BundleCursor::read_ipn(EndpointView& value, const char* what) {
  const std::size_t here = position();
  std::uint64_t items = 0;
  if (!array(items, what)) return false;
  if (items != 2 && items != 3)
    return stop_at(here, Errc::kMalformed, "{}: expected 2 or 3 ipn numbers, found {}", what, items);
  std::uint64_t allocator = 0;
  if (items == 3 && !unsigned_integer(allocator, what)) return false;
  if (!unsigned_integer(value.node, what) || !unsigned_integer(value.service, what)) return false;
  if (items == 2) return true;
  if (allocator > kIpnNumberMax || value.node > kIpnNumberMax)
    return stop_at(here, Errc::kOutOfRange, "{}: an ipn number of three exceeds 32 bits", what);
  value.three_elements = true;
  value.node |= allocator << 32;
  return true;
}

bool BundleCursor::endpoint(EndpointView& value, const char* what) {
  value = {};
  const std::size_t here = position();
  std::uint64_t scheme = 0;
  if (!array_of(2, what) || !unsigned_integer(scheme, what)) return false;
  if (scheme == static_cast<std::uint64_t>(EndpointScheme::kDtn)) return read_dtn(value, what);
  if (scheme != static_cast<std::uint64_t>(EndpointScheme::kIpn))
    return stop_at(here, Errc::kUnsupported, "{}: URI scheme {}, expected 1 (dtn) or 2 (ipn)", what, scheme);
  value.scheme = EndpointScheme::kIpn;
  return read_ipn(value, what);
}

bool BundleCursor::item(std::span<const std::byte>& whole, const char* what) {
  const std::size_t begin = at_;
  std::array<std::uint64_t, kItemDepthMax> owed{};  // items still to come at each depth
  std::size_t depth = 0;
  for (;;) {
    const auto head = wire::parse_cbor_head(bytes_.subspan(at_));
    if (head.fault != CborHeadFault::kNone) return stop_at_head(head, head.major, what);
    std::uint64_t inside = 0;
    const std::size_t here = position();
    at_ += head.size;
    const std::size_t left = bytes_.size() - at_;
    switch (head.major) {
      case CborMajor::kBytes:
      case CborMajor::kText:
        if (head.argument > left)
          return stop_at(here, Errc::kMalformed, "{}: {} bytes announced, {} left", what, head.argument,
                         left);
        at_ += static_cast<std::size_t>(head.argument);
        break;
      case CborMajor::kArray:
      case CborMajor::kMap:
        if (head.argument > left)
          return stop_at(here, Errc::kMalformed, "{}: {} items announced, {} bytes left", what, head.argument,
                         left);
        inside = head.major == CborMajor::kMap ? 2 * head.argument : head.argument;
        break;
      case CborMajor::kTag:
        inside = 1;
        break;
      default:
        break;
    }
    if (inside > 0) {
      if (depth == kItemDepthMax)
        return stop_at(here, Errc::kLimitReached, "{}: nested deeper than {}", what, kItemDepthMax);
      owed[depth++] = inside;
      continue;
    }
    while (depth > 0 && --owed[depth - 1] == 0) --depth;
    if (depth == 0) break;
  }
  whole = bytes_.subspan(begin, at_ - begin);
  return true;
}

bool BundleCursor::end(const char* what) {
  if (at_end()) return true;
  return stop_at(position(), Errc::kMalformed, "{}: {} bytes too many", what, bytes_.size() - at_);
}

}  // namespace skywarden::network
