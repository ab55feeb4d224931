// Deterministic CBOR (RFC 8949, core deterministic encoding of §4.2): one value has one encoding, so that
// bytes can be hashed, signed and compared. Lengths are definite, integers, lengths and floats take their
// shortest form, map keys ascend bytewise. The Writer cannot produce anything else and the Reader accepts
// nothing else. Not offered: undefined and unassigned simple values.
//
// A message is written as a flat sequence of calls: array(3) is followed by three items, map(2) by two pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/cbor_head.h"

namespace skywarden::wire {

inline constexpr std::size_t kCborDepthMax = 16;  // arrays, maps and tags inside each other

// Where in the tree of arrays, maps and tags a Writer or Reader stands; shared because both must know when an
// item is a map key and whether it follows its predecessor.
class CborNesting {
 public:
  // An item's head begins at `offset`. Every item is reported by item_begins, then either item_ends (a leaf)
  // or container_begins.
  void item_begins(std::size_t offset);
  // False: the item was a map key that does not come after the one before it.
  [[nodiscard]] bool item_ends(std::span<const std::byte> all);
  enum class Container { kArray, kMap, kTag };
  // False as item_ends (an empty container ends at once).
  [[nodiscard]] bool container_begins(Container container, std::uint64_t items,
                                      std::span<const std::byte> all);

  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  [[nodiscard]] bool complete() const { return open_.empty() && items_ == 1; }
  [[nodiscard]] bool may_begin() const { return !open_.empty() || items_ == 0; }

 private:
  struct Key {
    std::size_t begin = 0, end = 0;
  };
  struct Open {
    Container container;
    std::uint64_t items_left;  // of a map: keys and values together
    std::size_t item_begin = 0;
    std::optional<Key> last_key;
  };
  [[nodiscard]] static bool count_item(Open& parent, std::span<const std::byte> all);

  std::vector<Open> open_;
  std::size_t items_ = 0;  // at the top
};

class CborWriter {
 public:
  CborWriter& unsigned_integer(std::uint64_t value);
  CborWriter& signed_integer(std::int64_t value);
  CborWriter& negative_integer(std::uint64_t n);  // the value −1 − n, which reaches below any int64
  CborWriter& bytes(std::span<const std::byte> value);
  CborWriter& text(std::string_view utf8);
  CborWriter& array(std::uint64_t items);
  CborWriter& map(std::uint64_t pairs);  // expects keys in ascending order of their encodings, none twice
  CborWriter& tag(std::uint64_t number);
  CborWriter& boolean(bool value);
  CborWriter& null();
  CborWriter& floating(double value);  // every NaN becomes the one quiet NaN

  // Expects exactly one complete item.
  [[nodiscard]] std::vector<std::byte> take();

 private:
  void head(CborMajor major, std::uint64_t argument);
  CborWriter& leaf_ends();
  CborWriter& begin_container(CborNesting::Container container, CborMajor major, std::uint64_t argument,
                              std::uint64_t items);

  std::vector<std::byte> out_;
  CborNesting nesting_;
};

enum class CborKind {
  kUnsigned,
  kNegative,
  kBytes,
  kText,
  kArray,
  kMap,
  kTag,
  kBoolean,
  kNull,
  kFloat,
};

// Reads one item. The first failure sticks: every later call fails with it, so a decoder may read many fields
// and look once, at finish(). Spans and views point into the input.
class CborReader {
 public:
  // kLimitReached on first use when there are more than `size_max` bytes.
  CborReader(std::span<const std::byte> input, std::size_t size_max);

  [[nodiscard]] Result<CborKind> peek();
  Result<std::uint64_t> unsigned_integer();
  Result<std::int64_t> signed_integer();     // kOutOfRange when it does not fit
  Result<std::uint64_t> negative_integer();  // n, for the value −1 − n
  Result<std::span<const std::byte>> bytes();
  Result<std::string_view> text();  // valid UTF-8
  Result<std::uint64_t> array();    // items; never more than bytes left, so safe to reserve
  Result<std::uint64_t> map();      // pairs; likewise
  Result<std::uint64_t> tag();
  Result<bool> boolean();
  Result<void> null();
  Result<double> floating();
  Result<void> skip();    // one item with all it contains
  Result<void> finish();  // one complete item and not a byte more

 private:
  [[nodiscard]] Result<CborHead> read_head();  // whole head, shortest form checked
  [[nodiscard]] Result<std::uint64_t> read_leaf(CborMajor major, const char* expected);
  [[nodiscard]] Result<std::span<const std::byte>> read_string(CborMajor major, const char* expected);
  [[nodiscard]] Result<std::uint64_t> read_container(CborNesting::Container container, CborMajor major,
                                                     const char* expected);
  [[nodiscard]] Result<unsigned> read_simple(const char* expected);
  [[nodiscard]] Result<void> leaf_ends();
  template <typename... Args>
  tl::unexpected<Error> stop(Errc code, fmt::format_string<Args...> format, Args&&... args);
  [[nodiscard]] std::size_t left() const { return input_.size() - at_; }

  std::span<const std::byte> input_;
  std::size_t at_ = 0;
  CborNesting nesting_;
  std::optional<Error> stopped_;
};

}  // namespace skywarden::wire
