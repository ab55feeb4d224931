// For tests and fuzzing: reads one item of any shape and writes it again, so that "what the Reader accepts is
// exactly what the Writer produces" can be checked byte for byte.
#pragma once

#include "wire/cbor.h"

namespace skywarden::wire {

inline Result<std::vector<std::byte>> transcode(std::span<const std::byte> input, std::size_t size_max) {
  CborReader reader(input, size_max);
  CborWriter writer;
  std::uint64_t items_left = 1;  // a tag's content and a container's items are owed when they open
  while (items_left > 0) {
    const auto kind = reader.peek();
    if (!kind) return tl::unexpected<Error>(kind.error());
    --items_left;
    const auto copy = [](const auto& value, auto&& write) {
      if (value) write(*value);
      return static_cast<bool>(value);
    };
    bool good = true;
    switch (*kind) {
      case CborKind::kUnsigned:
        good = copy(reader.unsigned_integer(), [&](std::uint64_t v) { writer.unsigned_integer(v); });
        break;
      case CborKind::kNegative:
        good = copy(reader.negative_integer(), [&](std::uint64_t v) { writer.negative_integer(v); });
        break;
      case CborKind::kBytes:
        good = copy(reader.bytes(), [&](std::span<const std::byte> v) { writer.bytes(v); });
        break;
      case CborKind::kText:
        good = copy(reader.text(), [&](std::string_view v) { writer.text(v); });
        break;
      case CborKind::kArray:
        good = copy(reader.array(), [&](std::uint64_t n) { writer.array(n), items_left += n; });
        break;
      case CborKind::kMap:
        good = copy(reader.map(), [&](std::uint64_t n) { writer.map(n), items_left += 2 * n; });
        break;
      case CborKind::kTag:
        good = copy(reader.tag(), [&](std::uint64_t n) { writer.tag(n), items_left += 1; });
        break;
      case CborKind::kBoolean:
        good = copy(reader.boolean(), [&](bool v) { writer.boolean(v); });
        break;
      case CborKind::kNull:
        good = static_cast<bool>(reader.null());
        if (good) writer.null();
        break;
      case CborKind::kFloat:
        good = copy(reader.floating(), [&](double v) { writer.floating(v); });
        break;
    }
    if (!good) break;
  }
  if (const auto end = reader.finish(); !end) return tl::unexpected<Error>(end.error());
  return writer.take();
}

}  // namespace skywarden::wire
