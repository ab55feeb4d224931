#include "network/bundle.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "network/bundle_decode.h"
#include "network/bundle_test_data.h"
#include "testing/reference_data.h"

namespace skywarden::network {
namespace {

// A bundle in its parts: RFC 9173 A.1.1.1's primary block and a payload of five bytes.
const std::string kPrimary = "88070000 8202820102 8202820201 8202820201 82001828 1a000f4240";
const std::string kPayload = "8501010000 4568656c6c6f";
constexpr const char* kBreak = "ff";

std::string message_of(std::string_view hex, const DecodeOptions& options = {}) {
  const auto bytes = from_hex(hex);
  const auto view = decode_bundle(bytes, options);
  if (!view) return view.error().message;
  CHECK(to_hex(*encode_bundle(*view)) == to_hex(bytes));
  return "accepted";
}

std::string with_primary(std::string_view primary) {
  return message_of("9f" + std::string(primary) + kPayload + kBreak);
}
std::string with_blocks(std::string_view blocks) {
  return message_of("9f" + kPrimary + std::string(blocks) + kBreak);
}

TEST_CASE("the beginning and the end of a bundle") {
  CHECK(message_of("9f" + kPrimary + kPayload + kBreak) == "accepted");
  CHECK(message_of("") == "bundle at byte 0: expected 9f, the array of indefinite length that a bundle is");
  CHECK(message_of("82" + kPrimary + kPayload) ==
        "bundle at byte 0: expected 9f, the array of indefinite length that a bundle is");
  CHECK(message_of("d9d9f79f" + kPrimary + kPayload + kBreak) ==
        "bundle at byte 0: expected 9f, the array of indefinite length that a bundle is");
  CHECK(message_of("068110") == "bundle at byte 0: a bundle of version 6, expected version 7");
  CHECK(message_of("9f" + kPrimary + kPayload) ==
        "bundle at byte 40: expected the break that ends a bundle after its payload");
  CHECK(message_of("9f" + kPrimary + kPayload + "ff00") ==
        "bundle at byte 41: after the bundle: 1 bytes too many");
  CHECK(message_of("9fff") == "bundle at byte 1: expected the primary block, found a break");
  CHECK(message_of("9f" + kPrimary + kBreak) == "bundle at byte 29: the bundle ends without a payload block");
  CHECK(message_of("9f" + kPrimary + kPayload + kBreak, {.bytes_max = 40}) ==
        "a bundle of 41 bytes, at most 40 allowed");
}

TEST_CASE("the primary block") {
  CHECK(with_primary("87070000 8202820102 8202820201 8202820201 82001828") ==
        "bundle at byte 1: the primary block has 7 items, its flags and CRC type ask for 8");
  CHECK(with_primary("9f070000 8202820102 8202820201 8202820201 82001828 1a000f4240 ff") ==
        "bundle at byte 1: expected the primary block, found an array of indefinite length");
  CHECK(with_primary("88060000") == "bundle at byte 2: version 6, expected 7");
  CHECK(with_primary("881807") == "bundle at byte 2: the version: 7 is not in its shortest form");
  CHECK(with_primary("88070003") == "bundle at byte 4: CRC type 3, expected 0, 1 or 2");
  CHECK(with_primary("88072000") ==
        "bundle at byte 3: expected the bundle flags as an unsigned integer, found a negative integer");
  CHECK(with_primary("88070000 8203820102") ==
        "bundle at byte 5: the destination: URI scheme 3, expected 1 (dtn) or 2 (ipn)");
  CHECK(with_primary("88070000 8302820102") ==
        "bundle at byte 5: expected the destination of 2 items, found 3");
  CHECK(with_primary("88070000 82028101") ==
        "bundle at byte 7: the destination: expected 2 or 3 ipn numbers, found 1");
  CHECK(with_primary("88070000 8202831b0000000100000000 0102") ==
        "bundle at byte 7: the destination: an ipn number of three exceeds 32 bits");
  CHECK(with_primary("88070000 820101") ==
        "bundle at byte 7: expected the destination as a text string, found an unsigned integer");
  CHECK(with_primary("88070000 820163475332") ==
        "bundle at byte 7: the destination: expected '//' before the node's name");
  CHECK(with_primary("88070000 8201647f2f2f2f") ==
        "bundle at byte 7: the destination: expected '//' before the node's name");
  CHECK(with_primary("88070000 8201642f2f6161") ==
        "bundle at byte 7: the destination: expected '/' after the node's name");
  CHECK(with_primary("88070000 8201632f2f2f") ==
        "bundle at byte 7: the destination: the node's name is empty");
  CHECK(with_primary("88070000 8201652f2fc3a92f") ==
        "bundle at byte 7: the destination: the node's name has a character that is not allowed");
  CHECK(
      with_primary("88070000 8201652f2f612f20") ==
      "bundle at byte 7: the destination: the demultiplexing part has a character that is not visible ASCII");
  CHECK(with_primary("88070000 8201646e6f6e65") ==
        "bundle at byte 7: the destination: expected '//' before the node's name");
  CHECK(with_primary("88070000 82017f612f612fff") ==
        "bundle at byte 7: expected the destination, found a text string of indefinite length");
  CHECK(with_primary("88070000 8202820102 8202820201 8202820201 8100") ==
        "bundle at byte 20: expected the creation timestamp of 2 items, found 1");
  CHECK(with_primary("88070000 8202820102 8202820201 8202820201 82001828 fb3ff0000000000000") ==
        "bundle at byte 24: expected the lifetime as an unsigned integer, found a simple value");
}

TEST_CASE("flags that contradict each other, and flags nobody has assigned") {
  const std::string rest = " 8202820102 8202820201 8202820201 82001828 1a000f4240";
  const std::string nameless = " 8202820102 820100 8202820201 82001828 1a000f4240";
  CHECK(with_primary("880702 00" + rest) == "accepted");
  CHECK(with_primary("88071a0004000200" + rest) ==
        "bundle at byte 1: an administrative record asks for status reports");
  CHECK(with_primary("880704 00" + nameless) == "accepted");
  CHECK(with_primary("880700 00" + nameless) ==
        "bundle at byte 1: a bundle without source may be fragmented");
  CHECK(with_primary("88071a0002000400" + nameless) ==
        "bundle at byte 1: a bundle without source asks for status reports");
  CHECK(with_primary("8807 1b8000000000000000 00" + rest) == "accepted");
  CHECK(with_primary("8807 0100" + rest) ==
        "bundle at byte 1: the primary block has 8 items, its flags and CRC type ask for 10");
  CHECK(with_primary("8a07 0100" + rest + "0305") ==
        "bundle at byte 31: a fragment of 5 bytes at 3 reaches beyond its total of 5");
  CHECK(with_primary("8a07 0100" + rest + "030 8") == "accepted");
  CHECK(with_primary("8a07 0100" + rest + "0908") ==
        "bundle at byte 1: a fragment that begins after its total length");
  CHECK(with_primary("8a07 0500" + rest + "0008") ==
        "bundle at byte 1: a fragment that must not be fragmented");
  CHECK(with_primary("8a07 0100" + rest + "1bffffffffffffffff 1bffffffffffffffff") ==
        "bundle at byte 47: a fragment of 5 bytes at 18446744073709551615 reaches beyond its total of "
        "18446744073709551615");
}

TEST_CASE("canonical blocks") {
  CHECK(with_blocks("8401010000" + kPayload) == "bundle at byte 29: a block of 4 items, expected 5 or 6");
  CHECK(with_blocks("9f010100004568656c6c6fff") ==
        "bundle at byte 29: expected a block, found an array of indefinite length");
  CHECK(with_blocks("8601010000 4568656c6c6f 4200") ==
        "bundle at byte 29: a block of 6 items, its CRC type asks for 5");
  CHECK(with_blocks("8501010001 4568656c6c6f") ==
        "bundle at byte 29: a block of 5 items, its CRC type asks for 6");
  CHECK(with_blocks("8501010003 4568656c6c6f") == "bundle at byte 33: CRC type 3, expected 0, 1 or 2");
  CHECK(with_blocks("8501010000 6568656c6c6f") ==
        "bundle at byte 34: expected the block data as a byte string, found a text string");
  CHECK(with_blocks("8501010000 5f4568656c6c6fff") ==
        "bundle at byte 34: expected the block data, found a byte string of indefinite length");
  CHECK(with_blocks("8501010000 580568656c6c6f") ==
        "bundle at byte 34: the block data: 5 is not in its shortest form");
  CHECK(with_blocks("8501010000 5bffffffffffffffff") ==
        "bundle at byte 34: the block data: 18446744073709551615 bytes announced, 1 left");
  CHECK(with_blocks("8501020000 40") == "bundle at byte 29: the payload's block number is not 1");
  CHECK(with_blocks("850a010000 40" + kPayload) ==
        "bundle at byte 29: block number 1 belongs to the payload");
  CHECK(with_blocks("850a000000 40" + kPayload) ==
        "bundle at byte 29: block number 0 belongs to the primary block");
  CHECK(with_blocks("8500020000 40" + kPayload) == "bundle at byte 29: block type 0 is reserved");
  CHECK(with_blocks("8518c8020000 40"
                    "8518c9020000 40" +
                    kPayload) == "bundle at byte 36: block number 2 is already that of the block at byte 29");
  CHECK(with_blocks("8507020000 4101"
                    "8507030000 4102" +
                    kPayload) == "bundle at byte 36: a second bundle_age block");
  CHECK(with_blocks(kPayload + "8507020000 4101") ==
        "bundle at byte 40: expected the break that ends a bundle after its payload");
  CHECK(with_blocks(kPayload + kPayload) ==
        "bundle at byte 40: expected the break that ends a bundle after its payload");
  CHECK(with_blocks("8507020000 4101") == "bundle at byte 36: the bundle ends without a payload block");
  CHECK(with_blocks("c1" + kPayload) == "bundle at byte 29: expected a block as an array, found a tag");
}

TEST_CASE("blocks of unknown type are kept with number, flags and data") {
  const auto bytes = from_hex("9f" + kPrimary + "8518c8182a1000 43010203" + kPayload + kBreak);
  const auto view = decode_bundle(bytes);
  REQUIRE(view);
  REQUIRE(view->blocks.size() == 2);
  CHECK(view->blocks[0].type == 200);
  CHECK(view->blocks[0].number == 42);
  CHECK(view->blocks[0].flags == block_flag::kDiscardIfUnknown);
  CHECK(to_hex(view->blocks[0].data) == "010203");
  CHECK(view->block(42) == &view->blocks[0]);
  CHECK(view->block(7) == nullptr);
}

TEST_CASE("what extension blocks say") {
  CHECK(with_blocks("8506020000 45 8202820102" + kPayload) == "accepted");
  CHECK(with_blocks("8506020000 46 820282010200" + kPayload) ==
        "bundle at byte 40: the previous node: 1 bytes too many");
  CHECK(with_blocks("8507020000 40" + kPayload) ==
        "bundle at byte 35: expected the bundle age, found the end");
  CHECK(with_blocks("8507020000 42 1817" + kPayload) ==
        "bundle at byte 35: the bundle age: 23 is not in its shortest form");
  CHECK(with_blocks("850a020000 43 820001" + kPayload) ==
        "bundle at byte 35: hop limit 0, expected 1 to 255");
  CHECK(with_blocks("850a020000 45 8219010001" + kPayload) ==
        "bundle at byte 35: hop limit 256, expected 1 to 255");
  CHECK(with_blocks("850a020000 42 8101" + kPayload) ==
        "bundle at byte 35: expected the hop count of 2 items, found 1");
  CHECK(with_blocks("8518de020000 41 04" + kPayload) == "bundle at byte 36: criticality 4, expected 0 to 3");
  // The same under a BCB: only bytes.
  CHECK(with_blocks("8518de020000 41 04"
                    "850c030000 4e 81020200 8202820201 8181"
                    "820140" +
                    kPayload) == "accepted");
}

TEST_CASE("checksums of both kinds in both kinds of block") {
  for (const CrcType type : {CrcType::kCrc16, CrcType::kCrc32c}) {
    Bundle bundle = rfc9173_bundle();
    bundle.primary.crc = type;
    bundle.blocks.back().crc = type;
    auto bytes = *encode_bundle(bundle);
    CHECK(decode_bundle(bytes).has_value());
    // Every single bit of the bundle is under a checksum but the first byte and the last.
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      CHECK(!decode_bundle(bytes));
      bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
  }
  CHECK(with_blocks("8601010001 4568656c6c6f 420000") ==
        "bundle at byte 40: CRC of the block at byte 29 is 0000, computed 4bf3");
  CHECK(with_blocks("8601010002 4568656c6c6f 420000") == "bundle at byte 40: a CRC of 2 bytes, expected 4");
}

TEST_CASE("too many blocks") {
  std::string blocks;
  for (int number = 2; number < 12; ++number) blocks += fmt::format("8518c8{:02x}000040", number);
  CHECK(message_of("9f" + kPrimary + blocks + kPayload + kBreak) == "accepted");
  CHECK(message_of("9f" + kPrimary + blocks + kPayload + kBreak, {.blocks_max = 10}) ==
        "bundle at byte 99: more than 10 blocks");
}

TEST_CASE("the whole RFC asks for a checksum or a BIB, and for an age where there is no clock") {
  const DecodeOptions whole{.whole_rfc = true};
  CHECK(message_of("9f" + kPrimary + kPayload + kBreak, whole) ==
        "bundle at byte 1: the primary block has neither CRC nor an integrity block");
  Bundle bundle = rfc9173_bundle();
  bundle.primary.crc = CrcType::kCrc32c;
  CHECK(message_of(to_hex(*encode_bundle(bundle)), whole) ==
        "bundle at byte 1: creation time 0 without a bundle age block");
  bundle.blocks.insert(bundle.blocks.begin(), bundle_age_block(2, 0));
  CHECK(message_of(to_hex(*encode_bundle(bundle)), whole) == "accepted");
}

TEST_CASE("a bundle of an early draft is refused where it differs") {
  REFERENCE_OR_SKIP(path, "space/bpv7/bundle.bpbis-16.cbor");
  const auto text = testing::read_file(path);
  const auto view = decode_bundle(std::as_bytes(std::span(text)));
  REQUIRE(!view);
  CHECK(view.error().message == "bundle at byte 9: the destination: expected '//' before the node's name");
}

TEST_CASE("endpoints as text and back") {
  for (const char* uri : {"dtn:none", "dtn://fire/alerts", "dtn://fire/", "dtn://a-b_c.d~e/x/y?z#~!",
                          "ipn:0.0", "ipn:7.1", "ipn:4294967295.18446744073709551615", "ipn:977000.7.1"})
    CHECK(to_string(*parse_endpoint(uri)) == uri);
  for (const char* uri : {"", "dtn:", "dtn:fire", "dtn:/fire/x", "dtn://fire", "dtn:///x", "dtn://fi re/x",
                          "ipn:", "ipn:1", "ipn:1.", "ipn:.1", "ipn:01.2", "ipn:-1.2", "ipn:1.2.3.4",
                          "ipn:4294967296.1.1", "ipn:18446744073709551616.1", "ipn:!.1", "http://x/"})
    CHECK_MESSAGE(!parse_endpoint(uri), uri);
}

TEST_CASE("an ipn endpoint is the same in two elements and three, and goes on in the form it came in") {
  const auto two = from_hex("9f 88070000 82 02 82 1b000ee86800000007 01 8202820201 8202820201 82001828 00" +
                            kPayload + kBreak);
  const auto three =
      from_hex("9f 88070000 82 02 83 1a000ee868 07 01 8202820201 8202820201 82001828 00" + kPayload + kBreak);
  const auto a = *decode_bundle(two), b = *decode_bundle(three);
  CHECK(a.primary.destination == b.primary.destination);
  CHECK(to_string(b.primary.destination) == "ipn:977000.7.1");
  CHECK(*encode_bundle(a) == two);
  CHECK(*encode_bundle(to_bundle(b)) == three);
}

TEST_CASE("time: milliseconds since 2000 without leap seconds, and when a bundle expires") {
  CHECK(to_dtn_time(*parse_utc("2000-01-01T00:00:00Z")) == 0);
  CHECK(to_dtn_time(*parse_utc("1999-01-01T00:00:00Z")) == 0);
  CHECK(to_dtn_time(*parse_utc("2020-01-01T00:00:00.125Z")) == 631152000125ULL);
  CHECK(from_dtn_time(631152000125ULL) == *parse_utc("2020-01-01T00:00:00.125Z"));
  CHECK(!from_dtn_time(~0ULL));
  CHECK(!from_dtn_time(8'000'000'000'000ULL));

  const Instant now = *parse_utc("2026-05-08T00:00:00Z");
  BundleView view;
  view.primary.lifetime_ms = 60'000;
  CHECK(!expiry(view, now));
  view.age_ms = 20'000;
  CHECK(expiry(view, now) == now + std::chrono::seconds(40));
  view.age_ms = 60'000;
  CHECK(expiry(view, now) == now);
  view.primary.created.time_ms = to_dtn_time(now);
  CHECK(expiry(view, Instant{}) == now + std::chrono::seconds(60));
  view.primary.lifetime_ms = ~0ULL;
  CHECK(expiry(view, now) == Instant::max());
}

TEST_CASE("a bundle that breaks the rules is not encoded") {
  const auto message = [](auto&& change) {
    Bundle bundle = rfc9173_bundle();
    change(bundle);
    const auto bytes = encode_bundle(bundle);
    return bytes ? "encoded" : bytes.error().message;
  };
  CHECK(message([](Bundle&) {}) == "encoded");
  CHECK(message([](Bundle& b) { b.blocks.clear(); }) ==
        "bundle cannot be encoded: the payload is not the last block");
  CHECK(message([](Bundle& b) { b.primary.source = {}; }) ==
        "bundle cannot be encoded: a bundle without source may be fragmented");
  CHECK(message([](Bundle& b) { b.blocks.insert(b.blocks.begin(), 2, bundle_age_block(2, 1)); }) ==
        "bundle cannot be encoded: two blocks have one number");
  CHECK(message([](Bundle& b) {
          b.primary.flags = bundle_flag::kFragment;
          b.primary.total_bytes = 34;
        }) == "bundle cannot be encoded: the fragment reaches beyond its total length");
}

}  // namespace
}  // namespace skywarden::network
