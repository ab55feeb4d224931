#include "network/bundle_pieces.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "network/bundle_decode.h"
#include "network/bundle_fragment.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

constexpr Instant kNow{};
constexpr CreationTimestamp kFirst{700'000, 100};

Bundle original(std::size_t payload_bytes) {
  Bundle bundle = rfc9173_bundle();
  bundle.primary.crc = CrcType::kCrc32c;
  bundle.primary.created = {600'000, 40};
  bundle.primary.flags = bundle_flag::kReportDelivery;
  std::vector<std::byte> payload(payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i * 7);
  bundle.blocks.back() = payload_block(payload);
  bundle.blocks.insert(bundle.blocks.begin(),
                       {hop_count_block(2, {30, 3}), criticality_block(3, BundleCriticality::kCritical)});
  return bundle;
}

std::vector<std::byte> bytes_of(const Bundle& bundle) {
  return encode_bundle(bundle).value();
}

// As they would arrive.
std::vector<std::vector<std::byte>> encoded_pieces(const std::vector<std::byte>& bytes,
                                                   wire::CodeShape shape) {
  std::vector<std::vector<std::byte>> out;
  const auto pieces = pieces_of_bundle(decode_bundle(bytes).value(), shape, kFirst).value();
  for (const Bundle& piece : pieces) out.push_back(bytes_of(piece));
  return out;
}

auto add(PieceCollector& collector, const std::vector<std::byte>& piece) {
  return collector.add(decode_bundle(piece).value(), kNow);
}

TEST_CASE("any k pieces restore the bundle byte for byte, once, in any order") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const wire::CodeShape shape{1 + random.below(9), random.below(9)};
    const auto bytes = bytes_of(original(random.below(300)));
    auto pieces = encoded_pieces(bytes, shape);
    RC_ASSERT(pieces.size() == shape.pieces());
    for (std::size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[random.below(i)]);
    PieceCollector collector;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto restored = add(collector, pieces[i]);
      RC_ASSERT(restored.has_value());
      RC_ASSERT(restored->has_value() == (i + 1 == shape.data));
      if (*restored) RC_ASSERT(**restored == bytes);
      if (random.below(2) == 0) RC_ASSERT(!add(collector, pieces[random.below(i + 1)])->has_value());
    }
    RC_ASSERT(collector.bytes() == 0);
    RC_ASSERT(collector.bundles() == 1);
  }));
}

TEST_CASE("a piece looks like its original to who forwards it, and asks for no reports") {
  const auto pieces = encoded_pieces(bytes_of(original(100)), {3, 2});
  const auto view = decode_bundle(pieces[4], {.whole_rfc = true}).value();
  CHECK(view.primary.created == CreationTimestamp{700'000, 104});
  CHECK(view.primary.destination == EndpointId::ipn(1, 2).view());
  CHECK(view.primary.flags == 0);
  CHECK(view.primary.lifetime_ms == 1'000'000);
  CHECK(view.criticality == BundleCriticality::kCritical);
  CHECK(view.hops == HopCount{30, 3});
  CHECK(piece_of(view)->value().index == 4);
}

TEST_CASE("a piece may be fragmented on its way") {
  const auto bytes = bytes_of(original(500));
  const auto pieces = encoded_pieces(bytes, {2, 1});
  PieceCollector collector;
  CHECK_FALSE(add(collector, pieces[2])->has_value());
  Reassembler reassembler;
  std::optional<Bundle> whole;
  const auto fragments = fragment_bundle(decode_bundle(pieces[0]).value(), 200).value();
  for (const Bundle& fragment : fragments) {
    const auto encoded = bytes_of(fragment);
    const auto view = decode_bundle(encoded).value();
    CHECK(collector.add(view, kNow).error().code == Errc::kMalformed);
    if (auto done = reassembler.add(view, kNow).value()) whole = std::move(done);
  }
  CHECK(**add(collector, bytes_of(*whole)) == bytes);
}

TEST_CASE("pieces that contradict each other are found out") {
  const auto bytes = bytes_of(original(100));
  const auto pieces = encoded_pieces(bytes, {2, 2});
  Bundle forged = to_bundle(decode_bundle(pieces[1]).value());
  forged.blocks.back().data[0] ^= std::byte{1};
  PieceCollector collector;
  CHECK_FALSE(add(collector, pieces[1])->has_value());
  CHECK(add(collector, bytes_of(forged)).error().code == Errc::kConflict);
  CHECK(**add(collector, pieces[3]) == bytes);

  PieceCollector misled;
  CHECK_FALSE(add(misled, bytes_of(forged))->has_value());
  CHECK(add(misled, pieces[0]).error().message ==
        "the restored bundle has another checksum than its pieces say");
  CHECK(misled.bundles() == 0);
  CHECK(misled.bytes() == 0);
  CHECK(add(misled, bytes).error().message == "not a piece");
}

TEST_CASE("what is collected is bounded and expires") {
  const auto pieces = encoded_pieces(bytes_of(original(100)), {2, 1});
  PieceCollector narrow({.bytes_max = 120, .bundles_max = 1});
  CHECK_FALSE(add(narrow, pieces[0])->has_value());
  CHECK(add(narrow, pieces[1]).error().code == Errc::kLimitReached);
  CHECK(add(narrow, encoded_pieces(bytes_of(original(99)), {2, 1})[0]).error().code == Errc::kLimitReached);
  const auto expires = *expiry(decode_bundle(pieces[0]).value(), kNow);
  CHECK(narrow.expire(expires - Duration(1)) == 0);
  CHECK(narrow.bytes() > 0);
  CHECK(narrow.expire(expires) == 1);
  CHECK(narrow.bytes() == 0);
}

TEST_CASE("bundles that cannot be pieces say why") {
  const auto code_of = [](const Bundle& bundle, wire::CodeShape shape) {
    const auto bytes = bytes_of(bundle);
    return pieces_of_bundle(decode_bundle(bytes).value(), shape, kFirst).error().code;
  };
  CHECK(code_of(original(10), {0, 2}) == Errc::kOutOfRange);
  CHECK(code_of(original(10), {200, 57}) == Errc::kOutOfRange);
  CHECK(code_of(original(10), {250, 0}) == Errc::kOutOfRange);  // more pieces than bytes
  CHECK(code_of(rfc9173_bundle(), {2, 1}) == Errc::kConflict);  // no clock
  const auto pieces = encoded_pieces(bytes_of(original(10)), {2, 1});
  CHECK(code_of(to_bundle(decode_bundle(pieces[0]).value()), {2, 1}) == Errc::kConflict);
}

}  // namespace
}  // namespace skywarden::network
