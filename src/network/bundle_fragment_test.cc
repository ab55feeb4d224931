#include "network/bundle_fragment.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "network/bundle_decode.h"
#include "network/bundle_report.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

const Instant kNow = *parse_utc("2026-05-08T00:00:00Z");

Bundle long_bundle(std::size_t payload) {
  Bundle bundle = rfc9173_bundle();
  bundle.primary.crc = CrcType::kCrc32c;
  bundle.primary.created = {to_dtn_time(kNow), 3};
  bundle.blocks = {previous_node_block(4, EndpointId::ipn(9, 0).view()),
                   criticality_block(3, BundleCriticality::kCritical), bundle_age_block(2, 5)};
  std::vector<std::byte> data(payload);
  for (std::size_t i = 0; i < payload; ++i) data[i] = static_cast<std::byte>(i * 31 + i / 251);
  bundle.blocks.push_back(payload_block(data));
  return bundle;
}

std::vector<std::vector<std::byte>> pieces_of(const Bundle& bundle, std::size_t bytes_max) {
  const auto bytes = *encode_bundle(bundle);
  const auto pieces = fragment_bundle(*decode_bundle(bytes), bytes_max);
  REQUIRE(pieces);
  std::vector<std::vector<std::byte>> encoded;
  for (const Bundle& piece : *pieces) encoded.push_back(*encode_bundle(piece));
  return encoded;
}

TEST_CASE("fragments fit, carry what must be in each, and join in any order, twice and fragmented again") {
  CHECK(rc::check([] {
    const Bundle bundle = long_bundle(*rc::gen::inRange<std::size_t>(0, 3000));
    const auto bytes_max = *rc::gen::inRange<std::size_t>(130, 800);
    std::vector<std::vector<std::byte>> all;
    for (const auto& piece : pieces_of(bundle, bytes_max)) {
      RC_ASSERT(piece.size() <= bytes_max);
      if (*rc::gen::arbitrary<bool>()) all.push_back(piece);  // once more
      for (auto& smaller :
           pieces_of(to_bundle(*decode_bundle(piece)), *rc::gen::inRange<std::size_t>(125, 800)))
        all.push_back(std::move(smaller));
    }
    if (all.size() == 1 && !decode_bundle(all[0])->primary.has(bundle_flag::kFragment)) {
      RC_ASSERT(to_bundle(*decode_bundle(all[0])) == bundle);
      return;
    }
    for (std::size_t i = all.size(); i > 1; --i)
      std::swap(all[i - 1], all[*rc::gen::inRange<std::size_t>(0, i)]);
    Reassembler reassembler;
    std::optional<Bundle> joined;
    for (const auto& piece : all) {
      const auto view = *decode_bundle(piece);
      if (!view.primary.has(bundle_flag::kFragment)) return;  // it fitted whole, and came twice
      RC_ASSERT(view.criticality == BundleCriticality::kCritical);
      auto added = reassembler.add(view, kNow);
      RC_ASSERT(added.has_value());
      if (*added) {
        joined = std::move(*added);
        break;
      }
    }
    RC_ASSERT(joined.has_value());
    RC_ASSERT(*joined == bundle);
    RC_ASSERT(reassembler.bundles() == 0U && reassembler.bytes() == 0U);
  }));
}

TEST_CASE("only the first fragment has the blocks that need not be in each") {
  const auto pieces = pieces_of(long_bundle(1000), 300);
  REQUIRE(pieces.size() > 3);
  CHECK(decode_bundle(pieces[0])->previous_node.has_value());
  CHECK(!decode_bundle(pieces[1])->previous_node.has_value());
  CHECK(decode_bundle(pieces[1])->age_ms == 5U);
}

TEST_CASE("what cannot be fragmented says why") {
  Bundle bundle = long_bundle(1000);
  const auto failure = [&](std::size_t bytes_max) {
    const auto bytes = *encode_bundle(bundle);
    return fragment_bundle(*decode_bundle(bytes), bytes_max).error();
  };
  CHECK(failure(60).code == Errc::kOutOfRange);
  bundle.primary.flags = bundle_flag::kMustNotFragment;
  CHECK(failure(300).code == Errc::kConflict);
}

TEST_CASE("reassembly is bounded, refuses contradictions and forgets what expired") {
  const auto pieces = pieces_of(long_bundle(1000), 400);
  Reassembler reassembler({.bytes_max = 1500, .bundles_max = 1});
  REQUIRE(reassembler.add(*decode_bundle(pieces[1]), kNow));
  CHECK(reassembler.bytes() == 1000);

  Bundle other = to_bundle(*decode_bundle(pieces[1]));
  other.blocks.back().data[5] ^= std::byte{1};
  const auto changed = *encode_bundle(other);
  CHECK(reassembler.add(*decode_bundle(changed), kNow).error().code == Errc::kConflict);
  other.primary.total_bytes = 2000;
  const auto longer = *encode_bundle(other);
  CHECK(reassembler.add(*decode_bundle(longer), kNow).error().code == Errc::kConflict);
  other.primary.created.sequence = 4;
  const auto another = *encode_bundle(other);
  CHECK(reassembler.add(*decode_bundle(another), kNow).error().code == Errc::kLimitReached);
  const auto whole = *encode_bundle(long_bundle(10));
  CHECK(reassembler.add(*decode_bundle(whole), kNow).error().code == Errc::kMalformed);

  CHECK(reassembler.expire(kNow + std::chrono::seconds(999)) == 0);
  CHECK(reassembler.expire(kNow + std::chrono::seconds(1000)) == 1);
  CHECK(reassembler.bytes() == 0);
}

TEST_CASE("a status report says what became of which bundle, and survives the way") {
  Bundle subject = rfc9173_bundle();
  subject.primary.flags = bundle_flag::kReportDeletion | bundle_flag::kReportTime;
  const auto bytes = *encode_bundle(subject);
  const auto view = *decode_bundle(bytes);
  const auto reporter = EndpointId::ipn(5, 0);
  CHECK(!report_on(view, ReportEvent::kReceived, ReportReason::kNone, reporter, {77, 1}));
  const auto report =
      report_on(view, ReportEvent::kDeleted, ReportReason::kLifetimeExpired, reporter, {77, 1});
  REQUIRE(report);
  const auto encoded = *encode_bundle(*report);
  const auto received = *decode_bundle(encoded);
  CHECK(received.primary.has(bundle_flag::kAdministrative));
  CHECK(received.primary.destination == EndpointId::ipn(2, 1).view());
  const auto read = read_status_report(received.payload().data);
  REQUIRE(read);
  CHECK(read->events[static_cast<std::size_t>(ReportEvent::kDeleted)] == ReportedEvent{true, 77});
  CHECK(!read->events[0].asserted);
  CHECK(reason_name(read->reason) == "lifetime expired");
  CHECK(read->subject == BundleId{EndpointId::ipn(2, 1), {0, 40}, 0, 0});
  // RFC 9171 §6.1.1 by hand: record 1, four items, the last status with its time, reason, source, timestamp.
  CHECK(to_hex(received.payload().data) ==
        "82018484"
        "81f481f481f482f5184d"
        "01"
        "8202820201"
        "82001828");
  CHECK(!report_on(received, ReportEvent::kDeleted, ReportReason::kNone, reporter, {77, 2}));
}

TEST_CASE("malformed status reports are refused with their byte") {
  const auto message = [](std::string_view hex) { return read_status_report(from_hex(hex)).error().message; };
  CHECK(message("8202 80") == "bundle at byte 0: administrative record 2, expected 1 (status report)");
  CHECK(message("8201 85") == "bundle at byte 2: a status report of 5 items, expected 4 or 6");
  CHECK(message("8201 84 84 82f401") == "bundle at byte 4: the time of something that did not happen");
  CHECK(message("8201 84 84 8100") == "bundle at byte 5: expected a status as true or false");
  CHECK(message("8201 84 84 81f481f481f481f4 00 8202820201 82001828 00") ==
        "bundle at byte 22: the status report: 1 bytes too many");
}

}  // namespace
}  // namespace skywarden::network
