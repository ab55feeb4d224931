#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "network/bundle_decode.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

std::vector<std::byte> any_bytes() {
  const auto values = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

EndpointId any_endpoint() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return EndpointId(EndpointView{.text = "//forest-7/alerts"});
    case 1:
      return EndpointId(EndpointView{.scheme = EndpointScheme::kIpn,
                                     .three_elements = true,
                                     .node = *rc::gen::arbitrary<std::uint64_t>(),
                                     .service = *rc::gen::arbitrary<std::uint64_t>(),
                                     .text = {}});
    default:
      return EndpointId::ipn(*rc::gen::inRange<std::uint64_t>(1, 1000), *rc::gen::arbitrary<std::uint64_t>());
  }
}

CrcType any_crc(bool always) {
  return static_cast<CrcType>(*rc::gen::inRange(always ? 1 : 0, 3));
}

Bundle any_bundle(bool always_crc) {
  Bundle bundle;
  PrimaryBlock& primary = bundle.primary;
  primary.crc = any_crc(always_crc);
  primary.destination = any_endpoint();
  primary.source = any_endpoint();
  if (primary.source.is_null()) primary.source = EndpointId::ipn(1, 1);
  primary.report_to = *rc::gen::arbitrary<bool>() ? any_endpoint() : EndpointId();
  primary.created = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
  primary.lifetime_ms = *rc::gen::arbitrary<std::uint64_t>();
  const std::vector<std::byte> payload = any_bytes();
  if (*rc::gen::arbitrary<bool>()) {
    primary.flags |= bundle_flag::kFragment;
    primary.fragment_offset = *rc::gen::inRange<std::uint64_t>(0, 100'000);
    primary.total_bytes = primary.fragment_offset + payload.size() + *rc::gen::inRange<std::uint64_t>(0, 9);
  } else if (*rc::gen::arbitrary<bool>()) {
    primary.flags |= bundle_flag::kReports | bundle_flag::kMustNotFragment;
  }
  if (*rc::gen::arbitrary<bool>())
    bundle.blocks.push_back(bundle_age_block(2, *rc::gen::arbitrary<std::uint64_t>()));
  if (*rc::gen::arbitrary<bool>())
    bundle.blocks.push_back(hop_count_block(3, {*rc::gen::inRange<std::uint64_t>(1, 256), 7}));
  if (*rc::gen::arbitrary<bool>()) bundle.blocks.push_back(previous_node_block(4, any_endpoint().view()));
  if (*rc::gen::arbitrary<bool>())
    bundle.blocks.push_back(criticality_block(5, BundleCriticality::kImportant));
  const auto others = *rc::gen::inRange<std::uint64_t>(0, 9);
  for (std::uint64_t i = 0; i < others; ++i)
    bundle.blocks.push_back(
        {200 + i, 100 * i + 6, *rc::gen::inRange<std::uint64_t>(0, 32), CrcType::kNone, any_bytes()});
  bundle.blocks.push_back(payload_block(payload));
  for (Block& block : bundle.blocks) block.crc = any_crc(always_crc);
  return bundle;
}

TEST_CASE("what is encoded decodes to itself, and the view encodes to the same bytes") {
  CHECK(rc::check([] {
    const Bundle bundle = any_bundle(false);
    const auto bytes = encode_bundle(bundle);
    RC_ASSERT(bytes.has_value());
    const auto view = decode_bundle(*bytes);
    RC_ASSERT(view.has_value());
    RC_ASSERT(to_bundle(*view) == bundle);
    RC_ASSERT(*encode_bundle(*view) == *bytes);
  }));
}

TEST_CASE("no beginning of a bundle is a bundle") {
  CHECK(rc::check([] {
    const auto bytes = *encode_bundle(any_bundle(false));
    const auto size = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    RC_ASSERT(!decode_bundle(cut).has_value());
  }));
}

TEST_CASE("where every block has a checksum no single bit can be turned") {
  CHECK(rc::check([] {
    auto bytes = *encode_bundle(any_bundle(true));
    const auto bit = *rc::gen::inRange<std::size_t>(0, bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    RC_ASSERT(!decode_bundle(bytes).has_value());
  }));
}

TEST_CASE("whatever is accepted has no other encoding") {
  CHECK(rc::check([] {
    auto bytes = *encode_bundle(any_bundle(false));
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto view = decode_bundle(bytes);
    if (view) RC_ASSERT(*encode_bundle(*view) == bytes);
  }));
}

}  // namespace
}  // namespace skywarden::network
