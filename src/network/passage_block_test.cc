#include "network/passage_block.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/random.h"
#include "network/bundle_decode.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

constexpr std::uint32_t kVertices = 1000;

Errc error_of(std::string_view hex) {
  return read_passage(from_hex(hex), kVertices).error().code;
}

TEST_CASE("a passage has one encoding, and travels in a bundle") {
  const Passage passage{Vertex(500), {Vertex(1), Vertex(24)}, 2};
  CHECK(to_hex(passage_block(2, passage).data) == "831901f40282011818");
  Bundle bundle = rfc9173_bundle();
  set_passage(bundle, passage);
  set_passage(bundle, {Vertex(500), {Vertex(1), Vertex(24), Vertex(7)}, 2});  // replaced, not added
  CHECK(bundle.blocks.size() == 2);
  const auto bytes = encode_bundle(bundle);
  const auto view = decode_bundle(*bytes);
  const auto read = passage_of(*view, kVertices);
  CHECK(read->value().visited == std::vector{Vertex(1), Vertex(24), Vertex(7)});
  CHECK(read->value().destination == Vertex(500));
  CHECK(read->value().failures == 2);
  const auto without = encode_bundle(rfc9173_bundle());
  CHECK_FALSE(passage_of(*decode_bundle(*without), kVertices)->has_value());
}

TEST_CASE("two passage blocks contradict each other") {
  Bundle bundle = rfc9173_bundle();
  bundle.blocks.insert(bundle.blocks.begin(), {passage_block(2, {}), passage_block(3, {})});
  const auto bytes = encode_bundle(bundle);
  CHECK(passage_of(*decode_bundle(*bytes), kVertices).error().message == "two passage blocks");
}

TEST_CASE("what is no passage is refused") {
  CHECK(read_passage(from_hex("83010080"), kVertices).has_value());
  CHECK(error_of("") == Errc::kMalformed);
  CHECK(error_of("820100") == Errc::kMalformed);            // two fields
  CHECK(error_of("8301008000") == Errc::kMalformed);        // a byte more
  CHECK(error_of("8318010080") == Errc::kMalformed);        // 1 not in shortest form
  CHECK(error_of("83 20 00 80") == Errc::kMalformed);       // a negative node
  CHECK(error_of("83 1903e8 00 80") == Errc::kOutOfRange);  // node 1000 of 1000
  CHECK(error_of("83 01 00 81 1903e8") == Errc::kOutOfRange);
  CHECK(error_of("83 01 1a000f4241 80") == Errc::kLimitReached);
  CHECK(error_of("83 01 00 9a ffffffff") == Errc::kMalformed);  // more items than bytes
  const std::vector<std::byte> long_one(10'000);
  CHECK(read_passage(long_one, kVertices).error().code == Errc::kLimitReached);
}

TEST_CASE("whatever is encoded decodes to itself, and what is accepted has no other encoding") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Passage passage{Vertex(static_cast<std::uint32_t>(random.below(kVertices))), {}, 0};
    passage.failures = static_cast<std::uint32_t>(random.below(kPassageFailuresMax + 1));
    for (std::uint64_t i = random.below(50); i > 0; --i)
      passage.visited.emplace_back(static_cast<std::uint32_t>(random.below(kVertices)));
    auto data = passage_block(2, passage).data;
    const auto read = read_passage(data, kVertices);
    RC_ASSERT(read && read->destination == passage.destination && read->visited == passage.visited);
    RC_ASSERT(read->failures == passage.failures);
    data[random.below(data.size())] = static_cast<std::byte>(random.below(256));
    const auto changed = read_passage(data, kVertices);
    if (changed) RC_ASSERT(passage_block(2, *changed).data == data);
  }));
}

}  // namespace
}  // namespace skywarden::network
