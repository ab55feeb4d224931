#include "wire/cbor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::wire {
namespace {

enum Simple : unsigned { kFalse = 20, kTrue = 21, kNull = 22 };

struct FloatBits {
  unsigned info;  // its width
  std::uint64_t bits;
};

// binary16 (IEEE 754) of a float, when that loses nothing.
std::optional<std::uint64_t> exact_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const int exponent = static_cast<int>((bits >> 23) & 0xFFU) - 127;
  const std::uint32_t mantissa = bits & 0x7FFFFFU;
  if (value == 0.0F) return sign;
  if (std::isinf(value)) return sign | 0x7C00U;
  if (exponent > 15 || exponent < -24) return std::nullopt;
  const bool subnormal = exponent < -14;
  const int dropped = subnormal ? -1 - exponent : 13;  // bits of the mantissa binary16 has no room for
  const std::uint32_t whole = subnormal ? mantissa | 0x800000U : mantissa;
  if ((whole & ((1U << dropped) - 1U)) != 0) return std::nullopt;
  const std::uint32_t biased = subnormal ? 0U : static_cast<std::uint32_t>(exponent + 15) << 10;
  return sign | biased | (whole >> dropped);
}

double from_half(std::uint64_t bits) {
  const int exponent = static_cast<int>((bits >> 10) & 0x1FU);
  const auto mantissa = static_cast<double>(bits & 0x3FFU);
  double magnitude = 0.0;
  if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else if (exponent < 31) {
    magnitude = std::ldexp(mantissa + 1024.0, exponent - 25);
  } else {
    magnitude =
        mantissa == 0.0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

FloatBits shortest(double value) {
  if (std::isnan(value)) return {kCborTwoBytes, 0x7E00U};
  const bool fits_float = std::isinf(value) || std::abs(value) <= std::numeric_limits<float>::max();
  if (fits_float && static_cast<double>(static_cast<float>(value)) == value) {
    const auto narrow = static_cast<float>(value);
    if (const auto half = exact_half(narrow)) return {kCborTwoBytes, *half};
    return {kCborFourBytes, std::bit_cast<std::uint32_t>(narrow)};
  }
  return {kCborEightBytes, std::bit_cast<std::uint64_t>(value)};
}

double widen(FloatBits stored) {
  if (stored.info == kCborTwoBytes) return from_half(stored.bits);
  if (stored.info == kCborFourBytes) return std::bit_cast<float>(static_cast<std::uint32_t>(stored.bits));
  return std::bit_cast<double>(stored.bits);
}

}  // namespace

// ---- nesting

void CborNesting::item_begins(std::size_t offset) {
  if (!open_.empty()) open_.back().item_begin = offset;
}

bool CborNesting::count_item(Open& parent, std::span<const std::byte> all) {
  const bool is_key = parent.container == Container::kMap && parent.items_left % 2 == 0;
  --parent.items_left;
  if (!is_key) return true;
  const Key key{parent.item_begin, all.size()};
  const std::optional<Key> before = std::exchange(parent.last_key, key);
  if (!before) return true;
  const auto bytes_of_key = [&](Key k) { return all.subspan(k.begin, k.end - k.begin); };
  const auto earlier = bytes_of_key(*before);
  const auto later = bytes_of_key(key);
  return std::lexicographical_compare(earlier.begin(), earlier.end(), later.begin(), later.end());
}

bool CborNesting::item_ends(std::span<const std::byte> all) {
  while (!open_.empty()) {  // the last item of a container also ends the container, which is an item itself
    if (!count_item(open_.back(), all)) return false;
    if (open_.back().items_left > 0) return true;
    open_.pop_back();
  }
  ++items_;
  return true;
}

bool CborNesting::container_begins(Container container, std::uint64_t items, std::span<const std::byte> all) {
  if (items == 0) return item_ends(all);
  open_.push_back(Open{container, items, all.size(), std::nullopt});
  return true;
}

// ---- writer

void CborWriter::head(CborMajor major, std::uint64_t argument) {
  EXPECTS(nesting_.may_begin());
  nesting_.item_begins(out_.size());
  append_cbor_head(out_, major, argument);
}

CborWriter& CborWriter::leaf_ends() {
  const bool keys_ascend = nesting_.item_ends(out_);
  EXPECTS(keys_ascend);
  return *this;
}

CborWriter& CborWriter::begin_container(CborNesting::Container container, CborMajor major,
                                        std::uint64_t argument, std::uint64_t items) {
  EXPECTS(nesting_.depth() < kCborDepthMax);
  head(major, argument);
  const bool keys_ascend = nesting_.container_begins(container, items, out_);
  EXPECTS(keys_ascend);
  return *this;
}

CborWriter& CborWriter::unsigned_integer(std::uint64_t value) {
  head(CborMajor::kUnsigned, value);
  return leaf_ends();
}

CborWriter& CborWriter::negative_integer(std::uint64_t n) {
  head(CborMajor::kNegative, n);
  return leaf_ends();
}

CborWriter& CborWriter::signed_integer(std::int64_t value) {
  // −1 − value cannot overflow for a negative value.
  return value < 0 ? negative_integer(static_cast<std::uint64_t>(-1 - value))
                   : unsigned_integer(static_cast<std::uint64_t>(value));
}

CborWriter& CborWriter::bytes(std::span<const std::byte> value) {
  head(CborMajor::kBytes, value.size());
  out_.insert(out_.end(), value.begin(), value.end());
  return leaf_ends();
}

CborWriter& CborWriter::text(std::string_view utf8) {
  EXPECTS(is_valid_utf8(utf8));
  head(CborMajor::kText, utf8.size());
  const auto value = std::as_bytes(std::span(utf8));
  out_.insert(out_.end(), value.begin(), value.end());
  return leaf_ends();
}

CborWriter& CborWriter::array(std::uint64_t items) {
  return begin_container(CborNesting::Container::kArray, CborMajor::kArray, items, items);
}

CborWriter& CborWriter::map(std::uint64_t pairs) {
  EXPECTS(pairs <= std::numeric_limits<std::uint64_t>::max() / 2);
  return begin_container(CborNesting::Container::kMap, CborMajor::kMap, pairs, 2 * pairs);
}

CborWriter& CborWriter::tag(std::uint64_t number) {
  return begin_container(CborNesting::Container::kTag, CborMajor::kTag, number, 1);
}

CborWriter& CborWriter::boolean(bool value) {
  head(CborMajor::kSimple, value ? kTrue : kFalse);
  return leaf_ends();
}

CborWriter& CborWriter::null() {
  head(CborMajor::kSimple, kNull);
  return leaf_ends();
}

CborWriter& CborWriter::floating(double value) {
  EXPECTS(nesting_.may_begin());
  nesting_.item_begins(out_.size());
  const FloatBits stored = shortest(value);
  out_.push_back(static_cast<std::byte>((static_cast<unsigned>(CborMajor::kSimple) << 5) | stored.info));
  for (std::size_t left = cbor_argument_bytes(stored.info); left > 0; --left)
    out_.push_back(static_cast<std::byte>((stored.bits >> (8 * (left - 1))) & 0xFFU));
  return leaf_ends();
}

std::vector<std::byte> CborWriter::take() {
  EXPECTS(nesting_.complete());
  nesting_ = {};
  return std::exchange(out_, {});
}

// ---- reader

CborReader::CborReader(std::span<const std::byte> input, std::size_t size_max) : input_(input) {
  if (input.size() > size_max)
    stopped_ =
        Error{Errc::kLimitReached, fmt::format("CBOR: {} bytes, at most {} allowed", input.size(), size_max)};
}

template <typename... Args>
tl::unexpected<Error> CborReader::stop(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  if (!stopped_)
    stopped_ = Error{
        code, fmt::format("CBOR at byte {}: {}", at_, fmt::format(format, std::forward<Args>(args)...))};
  return tl::unexpected<Error>(*stopped_);
}

Result<CborHead> CborReader::read_head() {
  if (stopped_) return tl::unexpected<Error>(*stopped_);
  if (!nesting_.may_begin()) return stop(Errc::kMalformed, "expected the end of the item");
  const CborHead head = parse_cbor_head(input_.subspan(at_));
  switch (head.fault) {
    case CborHeadFault::kNone:
      break;
    case CborHeadFault::kEnd:
      return stop(Errc::kMalformed, "expected an item, found the end");
    case CborHeadFault::kIndefiniteOrReserved:
      return stop(Errc::kMalformed, "indefinite or reserved length {}", head.info);
    case CborHeadFault::kCut:
      return stop(Errc::kMalformed, "head cut short");
    case CborHeadFault::kNotShortest:
      return stop(Errc::kMalformed, "{} is not in its shortest form", head.argument);
  }
  nesting_.item_begins(at_);
  at_ += head.size;
  return head;
}

Result<void> CborReader::leaf_ends() {
  if (!nesting_.item_ends(input_.first(at_))) return stop(Errc::kMalformed, "map keys do not ascend");
  return {};
}

Result<CborKind> CborReader::peek() {
  const std::size_t here = at_;
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  at_ = here;
  switch (head->major) {
    case CborMajor::kUnsigned:
      return CborKind::kUnsigned;
    case CborMajor::kNegative:
      return CborKind::kNegative;
    case CborMajor::kBytes:
      return CborKind::kBytes;
    case CborMajor::kText:
      return CborKind::kText;
    case CborMajor::kArray:
      return CborKind::kArray;
    case CborMajor::kMap:
      return CborKind::kMap;
    case CborMajor::kTag:
      return CborKind::kTag;
    default:
      break;
  }
  if (head->info >= kCborTwoBytes) return CborKind::kFloat;
  if (head->info == kFalse || head->info == kTrue) return CborKind::kBoolean;
  if (head->info == kNull) return CborKind::kNull;
  return stop(Errc::kUnsupported, "simple value {}", head->argument);
}

Result<std::uint64_t> CborReader::read_leaf(CborMajor major, const char* expected) {
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  if (head->major != major) return stop(Errc::kMalformed, "expected {}", expected);
  if (const auto ended = leaf_ends(); !ended) return tl::unexpected<Error>(ended.error());
  return head->argument;
}

Result<std::uint64_t> CborReader::unsigned_integer() {
  return read_leaf(CborMajor::kUnsigned, "an unsigned integer");
}

Result<std::uint64_t> CborReader::negative_integer() {
  return read_leaf(CborMajor::kNegative, "a negative integer");
}

Result<std::int64_t> CborReader::signed_integer() {
  const auto kind = peek();
  if (!kind) return tl::unexpected<Error>(kind.error());
  const bool negative = *kind == CborKind::kNegative;
  const auto magnitude = negative ? negative_integer() : unsigned_integer();
  if (!magnitude) return tl::unexpected<Error>(magnitude.error());
  if (*magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return stop(Errc::kOutOfRange, "integer beyond 64 bits with sign");
  const auto value = static_cast<std::int64_t>(*magnitude);
  return negative ? -1 - value : value;
}

Result<std::span<const std::byte>> CborReader::read_string(CborMajor major, const char* expected) {
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  if (head->major != major) return stop(Errc::kMalformed, "expected {}", expected);
  if (head->argument > left())
    return stop(Errc::kMalformed, "{} of {} bytes cut short", expected, head->argument);
  const auto value = input_.subspan(at_, static_cast<std::size_t>(head->argument));
  at_ += value.size();
  if (const auto ended = leaf_ends(); !ended) return tl::unexpected<Error>(ended.error());
  return value;
}

Result<std::span<const std::byte>> CborReader::bytes() {
  return read_string(CborMajor::kBytes, "a byte string");
}

Result<std::string_view> CborReader::text() {
  const auto value = read_string(CborMajor::kText, "a text");
  if (!value) return tl::unexpected<Error>(value.error());
  const std::string_view utf8(reinterpret_cast<const char*>(value->data()), value->size());
  if (!is_valid_utf8(utf8)) return stop(Errc::kMalformed, "text is not UTF-8");
  return utf8;
}

Result<std::uint64_t> CborReader::read_container(CborNesting::Container container, CborMajor major,
                                                 const char* expected) {
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  if (head->major != major) return stop(Errc::kMalformed, "expected {}", expected);
  if (nesting_.depth() >= kCborDepthMax)
    return stop(Errc::kLimitReached, "nested deeper than {}", kCborDepthMax);
  const bool is_map = container == CborNesting::Container::kMap;
  const bool is_tag = container == CborNesting::Container::kTag;
  // Every item takes a byte at least, so a count that cannot be honest is refused before anybody allocates
  // for it.
  if (!is_tag && head->argument > left() / (is_map ? 2 : 1))
    return stop(Errc::kMalformed, "{} of {} cut short", expected, head->argument);
  const std::uint64_t items = is_tag ? 1 : (is_map ? 2 * head->argument : head->argument);
  if (!nesting_.container_begins(container, items, input_.first(at_)))
    return stop(Errc::kMalformed, "map keys do not ascend");
  return head->argument;
}

Result<std::uint64_t> CborReader::array() {
  return read_container(CborNesting::Container::kArray, CborMajor::kArray, "an array");
}

Result<std::uint64_t> CborReader::map() {
  return read_container(CborNesting::Container::kMap, CborMajor::kMap, "a map");
}

Result<std::uint64_t> CborReader::tag() {
  return read_container(CborNesting::Container::kTag, CborMajor::kTag, "a tag");
}

Result<unsigned> CborReader::read_simple(const char* expected) {
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  if (head->major != CborMajor::kSimple || head->info > kNull)
    return stop(Errc::kMalformed, "expected {}", expected);
  if (const auto ended = leaf_ends(); !ended) return tl::unexpected<Error>(ended.error());
  return head->info;
}

Result<bool> CborReader::boolean() {
  const auto info = read_simple("a boolean");
  if (!info) return tl::unexpected<Error>(info.error());
  if (*info != kFalse && *info != kTrue) return stop(Errc::kMalformed, "expected a boolean");
  return *info == kTrue;
}

Result<void> CborReader::null() {
  const auto info = read_simple("null");
  if (!info) return tl::unexpected<Error>(info.error());
  if (*info != kNull) return stop(Errc::kMalformed, "expected null");
  return {};
}

Result<double> CborReader::floating() {
  const auto head = read_head();
  if (!head) return tl::unexpected<Error>(head.error());
  if (head->major != CborMajor::kSimple || head->info < kCborTwoBytes)
    return stop(Errc::kMalformed, "expected a float");
  const double value = widen({head->info, head->argument});
  const FloatBits canonical = shortest(value);
  if (canonical.info != head->info || canonical.bits != head->argument)
    return stop(Errc::kMalformed, "float is not in its shortest form");
  if (const auto ended = leaf_ends(); !ended) return tl::unexpected<Error>(ended.error());
  return value;
}

Result<void> CborReader::skip() {
  const std::size_t outer_depth = nesting_.depth();
  const std::size_t start = at_;
  while (at_ == start || nesting_.depth() > outer_depth) {
    const auto kind = peek();
    if (!kind) return tl::unexpected<Error>(kind.error());
    switch (*kind) {
      case CborKind::kUnsigned:
        (void)unsigned_integer();
        break;
      case CborKind::kNegative:
        (void)negative_integer();
        break;
      case CborKind::kBytes:
        (void)bytes();
        break;
      case CborKind::kText:
        (void)text();
        break;
      case CborKind::kArray:
        (void)array();
        break;
      case CborKind::kMap:
        (void)map();
        break;
      case CborKind::kTag:
        (void)tag();
        break;
      case CborKind::kBoolean:
        (void)boolean();
        break;
      case CborKind::kNull:
        (void)null();
        break;
      case CborKind::kFloat:
        (void)floating();
        break;
    }
    if (stopped_) return tl::unexpected<Error>(*stopped_);
  }
  return {};
}

Result<void> CborReader::finish() {
  if (stopped_) return tl::unexpected<Error>(*stopped_);
  if (!nesting_.complete()) return stop(Errc::kMalformed, "the item is not complete");
  if (left() > 0) return stop(Errc::kMalformed, "{} bytes follow the item", left());
  return {};
}

}  // namespace skywarden::wire
