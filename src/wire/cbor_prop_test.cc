#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>

#include "wire/cbor_transcode.h"

namespace skywarden::wire {
namespace {

constexpr std::size_t kSizeMax = 1 << 20;

// A random item, written through the Writer. Map keys are small integers, ascending.
void write_item(CborWriter& writer, std::size_t depth) {
  const int kind = *rc::gen::inRange(0, depth < 6 ? 9 : 6);
  switch (kind) {
    case 0:
      writer.unsigned_integer(*rc::gen::arbitrary<std::uint64_t>());
      break;
    case 1:
      writer.signed_integer(*rc::gen::arbitrary<std::int64_t>());
      break;
    case 2: {
      const auto bytes = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
      writer.bytes(std::as_bytes(std::span(bytes)));
      break;
    }
    case 3:
      writer.text(std::string(static_cast<std::size_t>(*rc::gen::inRange(0, 300)), 'x'));
      break;
    case 4:
      writer.boolean(*rc::gen::arbitrary<bool>());
      break;
    case 5:
      writer.floating(*rc::gen::arbitrary<double>());
      break;
    case 6: {
      const auto items = *rc::gen::inRange<std::uint64_t>(0, 5);
      writer.array(items);
      for (std::uint64_t i = 0; i < items; ++i) write_item(writer, depth + 1);
      break;
    }
    case 7: {
      const auto pairs = *rc::gen::inRange<std::uint64_t>(0, 5);
      writer.map(pairs);
      for (std::uint64_t i = 0; i < pairs; ++i) {
        writer.unsigned_integer(i * 20);
        write_item(writer, depth + 1);
      }
      break;
    }
    default:
      writer.tag(*rc::gen::inRange<std::uint64_t>(0, 70000));
      write_item(writer, depth + 1);
  }
}

TEST_CASE("whatever the Writer writes, the Reader accepts and writes again") {
  CHECK(rc::check([] {
    CborWriter writer;
    write_item(writer, 0);
    const auto bytes = writer.take();
    const auto again = transcode(bytes, kSizeMax);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == bytes);
  }));
}

TEST_CASE("whatever the Reader accepts is what the Writer writes: no second encoding exists") {
  CHECK(rc::check([] {
    CborWriter writer;
    write_item(writer, 0);
    auto bytes = writer.take();
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto again = transcode(bytes, kSizeMax);
    if (again) RC_ASSERT(*again == bytes);
  }));
}

TEST_CASE("every float survives bit for bit, and all half floats take three bytes") {
  CHECK(rc::check([](std::uint64_t bits) {
    const double value = std::bit_cast<double>(bits);
    CborWriter writer;
    const auto bytes = writer.floating(value).take();
    CborReader reader(bytes, kSizeMax);
    const auto read = reader.floating();
    RC_ASSERT(read.has_value());
    RC_ASSERT((std::isnan(value) ? std::isnan(*read) : std::bit_cast<std::uint64_t>(*read) == bits));
  }));
  int canonical = 0;
  for (unsigned half = 0; half < 65536; ++half) {
    const std::vector<std::byte> bytes = {std::byte{0xF9}, static_cast<std::byte>(half >> 8),
                                          static_cast<std::byte>(half & 0xFF)};
    const auto again = transcode(bytes, kSizeMax);
    if (again) canonical += *again == bytes;
  }
  CHECK(canonical == 65536 - 2 * 1023 + 1);  // of the 2,046 NaNs just one is canonical
}

}  // namespace
}  // namespace skywarden::wire
