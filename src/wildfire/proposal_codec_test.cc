#include "wildfire/proposal_codec.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace skywarden::wildfire {
namespace {

using datum::Proposal;

Proposal example() {
  Proposal p;
  p.event = EventId(0xfedcba9876543210ULL);
  p.sequence = 3;
  p.kind = datum::ProposalKind::kUpdate;
  p.time_ns = 1'507'544'127'000'000'000;
  p.low_ppm = 800'000;
  p.probability_ppm = 930'000;
  p.high_ppm = 980'000;
  p.threshold_ppm = 700'000;
  p.area_m2 = 12'345'678;
  p.power_w = 340'000'000;
  p.danger = 3;
  p.centre = {386'000'000, -1'226'000'000};
  p.outline = {{1, 2}, {3, -4}, {-5, 6}, {1, 2}};
  p.reasons = {{datum::EvidenceKind::kMeasured, 3200, 840'000, "VIIRS", "12 pixels", "12个像元"},
               {datum::EvidenceKind::kModelled, -4600, 0, "FWI 38", "", ""}};
  p.observations = {ObservationId(1), ObservationId(0xffffffffffffffffULL)};
  p.merged = {NodeId(1), NodeId(7)};
  return p;
}

TEST_CASE("a proposal survives the log") {
  CHECK(decode_proposal(encode(example())) == example());
  CHECK(decode_proposal(encode(Proposal{})) == Proposal{});
}

TEST_CASE("every cut of a proposal is refused") {
  const auto bytes = encode(example());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_proposal(std::span(bytes).first(n)).has_value());
}

TEST_CASE("a byte more is refused") {
  auto bytes = encode(example());
  bytes.push_back(std::byte{0});
  CHECK_FALSE(decode_proposal(bytes).has_value());
}

TEST_CASE("another version is refused") {
  auto bytes = encode(example());
  REQUIRE(bytes[1] == std::byte{1});
  bytes[1] = std::byte{2};
  CHECK_FALSE(decode_proposal(bytes).has_value());
}

TEST_CASE("limits are kept") {
  const auto refused = [](auto change) {
    Proposal p = example();
    change(p);
    return !validate(p).has_value();
  };
  CHECK_FALSE(refused([](Proposal&) {}));
  CHECK(refused([](Proposal& p) { p.low_ppm = p.probability_ppm + 1; }));
  CHECK(refused([](Proposal& p) { p.high_ppm = 1'000'001; }));
  CHECK(refused([](Proposal& p) { p.threshold_ppm = 1'000'001; }));
  CHECK(refused([](Proposal& p) { p.danger = 5; }));
  CHECK(refused([](Proposal& p) { p.centre.lat = 900'000'001; }));
  CHECK(refused([](Proposal& p) { p.outline[1].lon = -1'800'000'001; }));
  CHECK(refused([](Proposal& p) { p.outline.pop_back(); }));
  CHECK(refused([](Proposal& p) { p.outline.resize(kProposalOutlineMax + 1, p.outline[0]); }));
  CHECK(refused([](Proposal& p) { std::swap(p.observations[0], p.observations[1]); }));
  CHECK(refused([](Proposal& p) { p.merged.push_back(p.merged.back()); }));
  CHECK(refused([](Proposal& p) { p.reasons.resize(kProposalReasonsMax + 1); }));
  CHECK(refused([](Proposal& p) { p.reasons[0].age_ms = -1; }));
  CHECK(refused([](Proposal& p) { p.reasons[0].text_en = "\xff"; }));
  CHECK(refused([](Proposal& p) { p.reasons[0].text_zh.assign(kProposalTextBytesMax + 1, 'x'); }));
}

TEST_CASE("the largest proposal fits the byte limit") {
  Proposal p = example();
  p.outline.assign(kProposalOutlineMax, datum::FixedPoint{-900'000'000, -1'800'000'000});
  p.reasons.assign(
      kProposalReasonsMax,
      {datum::EvidenceKind::kModelled, -2'000'000'000, INT64_MAX, std::string(kProposalSourceBytesMax, 's'),
       std::string(kProposalTextBytesMax, 'e'), std::string(kProposalTextBytesMax, 'z')});
  p.observations.clear();
  p.merged.clear();
  for (std::size_t i = 0; i < kProposalObservationsMax; ++i)
    p.observations.emplace_back(~std::uint64_t{0} - kProposalObservationsMax + i);
  for (std::size_t i = 0; i < kProposalMergedMax; ++i)
    p.merged.emplace_back(static_cast<std::uint32_t>(0xf0000000 + i));
  const auto bytes = encode(p);
  CHECK(bytes.size() <= kProposalBytesMax);
  CHECK(decode_proposal(bytes) == p);
}

TEST_CASE("an alert comes back as the log has it, and no byte of it may change unnoticed") {
  datum::Alert alert;
  alert.proposal = example();
  alert.index = LogIndex(17);
  alert.term = Term(3);
  alert.shares_for = 3;
  alert.shares_total = 5;
  const auto bytes = encode(alert);
  const auto back = decode_alert(bytes);
  REQUIRE(back);
  CHECK(back->proposal == alert.proposal);
  CHECK(back->index == alert.index);
  CHECK(back->term == alert.term);
  CHECK(back->shares_for == 3);
  CHECK(back->shares_total == 5);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] ^= std::byte{1};
    if (const auto read = decode_alert(changed)) CHECK(encode(*read) == changed);
    CHECK_FALSE(decode_alert(std::span(bytes).first(i)));
  }
  alert.shares_for = 6;
  CHECK(decode_alert(encode(alert)).error().message == "alert with 6 items, 6 of 5 shares");
}

TEST_CASE("whatever bytes are accepted are encoded the same again") {
  CHECK(rc::check("changed bytes", [] {
    auto bytes = encode(example());
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
          static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto decoded = decode_proposal(bytes);
    if (decoded) RC_ASSERT(encode(*decoded) == bytes);
  }));
}

}  // namespace
}  // namespace skywarden::wildfire
