#include "consensus/aggregate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "consensus/aggregate_outline.h"

namespace skywarden::consensus {
namespace {

using datum::Finding;
using datum::Verdict;

Finding finding(std::uint32_t node, double probability, Verdict verdict = Verdict::kFire) {
  Finding f;
  f.by = NodeId(node);
  f.event = EventId(5);
  f.time = parse_utc("2017-10-09T10:15:00Z").value();
  f.verdict = verdict;
  f.probability = Probability(probability);
  f.interval = {probability / 2, (1 + probability) / 2};
  f.threshold = Probability(0.8);
  f.danger = datum::DangerClass::kHigh;
  f.centre = {38.6, -122.6};
  f.outline = {{38.59, -122.61}, {38.59, -122.59}, {38.61, -122.59}, {38.61, -122.61}, {38.59, -122.61}};
  f.area = SquareMetres(3.9e6);
  f.radiative_power = Watts(3.4e8);
  f.measured = true;
  f.reasons = {{datum::EvidenceKind::kMeasured, 4.0, "VIIRS", "VIIRS: 12 pixels", "VIIRS：12个像元", {}}};
  f.observations = {ObservationId(10), ObservationId(20)};
  return f;
}

ShareWeights equal_shares(std::uint32_t nodes) {
  ShareWeights shares;
  for (std::uint32_t n = 1; n <= nodes; ++n) shares[NodeId(n)] = 1;
  return shares;
}

TEST_CASE("findings that rest on the same observations do not sharpen each other") {
  std::vector<Finding> findings;
  for (std::uint32_t n = 1; n <= 5; ++n) findings.push_back(finding(n, 0.9));
  const auto merged = merge(findings, equal_shares(5));
  REQUIRE(merged);
  CHECK(merged->probability_ppm == 900'000);
  CHECK(merged->low_ppm == 450'000);
  CHECK(merged->high_ppm == 950'000);
  CHECK(merged->observations == std::vector{ObservationId(10), ObservationId(20)});
  CHECK(merged->merged.size() == 5);
  CHECK(merged->verdict == Verdict::kFire);
  CHECK(merged->outliers.empty());
  REQUIRE(merged->reasons.size() == 1);
  CHECK(merged->reasons[0].text_en == "VIIRS: 12 pixels");
  REQUIRE(merged->outline.size() == 5);
  CHECK(merged->outline[0] == datum::FixedPoint{385'900'000, -1'226'100'000});
}

TEST_CASE("each observation is counted once, whoever brings it") {
  Finding other = finding(2, 0.9);
  other.observations = {ObservationId(20), ObservationId(30)};
  const auto merged = merge(std::vector{finding(1, 0.9), other}, equal_shares(2));
  CHECK(merged->observations == std::vector{ObservationId(10), ObservationId(20), ObservationId(30)});
}

TEST_CASE("shares weigh") {
  ShareWeights shares = {{NodeId(1), 5}, {NodeId(2), 1}, {NodeId(3), 1}};
  const auto merged = merge(
      std::vector{finding(1, 0.95), finding(2, 0.1, Verdict::kNoFire), finding(3, 0.1, Verdict::kNoFire)},
      shares);
  CHECK(merged->probability_ppm == 950'000);
  CHECK(merged->verdict == Verdict::kFire);
  CHECK(merged->outliers == std::vector{NodeId(2), NodeId(3)});
  CHECK(merged->shares_total == 7);
}

TEST_CASE("who has no share has no say") {
  CHECK_FALSE(merge(std::vector{finding(9, 0.9)}, equal_shares(3)));
  CHECK_FALSE(merge({}, equal_shares(3)));
  ShareWeights shares = equal_shares(2);
  shares[NodeId(2)] = 0;
  CHECK(merge(std::vector{finding(1, 0.9), finding(2, 0.1)}, shares)->merged == std::vector{NodeId(1)});
}

TEST_CASE("of one node the newest finding counts") {
  Finding newer = finding(1, 0.7);
  newer.time += std::chrono::minutes(1);
  for (const auto& findings : {std::vector{finding(1, 0.9), newer}, std::vector{newer, finding(1, 0.9)}})
    CHECK(merge(findings, equal_shares(1))->probability_ppm == 700'000);
}

TEST_CASE("what is no finding is refused by name") {
  Finding broken = finding(2, 0.9);
  broken.probability = Probability(std::nan(""));
  Finding inverted = finding(3, 0.9);
  inverted.interval = {0.95, 0.99};
  Finding nowhere = finding(4, 0.9);
  nowhere.centre.lat_deg = 91.0;
  const auto merged = merge(std::vector{finding(1, 0.9), broken, inverted, nowhere}, equal_shares(4));
  CHECK(merged->merged == std::vector{NodeId(1)});
  CHECK(merged->refused == std::vector{NodeId(2), NodeId(3), NodeId(4)});
}

TEST_CASE("a fire that a majority did not measure is no fire yet") {
  std::vector<Finding> findings = {finding(1, 0.9), finding(2, 0.9), finding(3, 0.9)};
  findings[0].measured = findings[1].measured = false;
  CHECK(merge(findings, equal_shares(3))->verdict == Verdict::kAbstained);
}

TEST_CASE("a reason of a minority says so") {
  Finding other = finding(2, 0.9);
  other.reasons.push_back(
      {datum::EvidenceKind::kMeasured, 2.0, "MODIS", "MODIS: 1 pixel", "MODIS：1个像元", {}});
  const auto merged = merge(std::vector{finding(1, 0.9), other, finding(3, 0.9)}, equal_shares(3));
  REQUIRE(merged->reasons.size() == 2);
  CHECK(merged->reasons[1].text_en == "MODIS: 1 pixel (from 1 of 3 satellites)");
  CHECK(merged->reasons[1].text_zh == "MODIS：1个像元（3颗卫星中1颗给出）");
}

TEST_CASE("foreign text is made safe and short") {
  Finding f = finding(1, 0.9);
  f.reasons[0].text_en = "a\nb\x01" + std::string(2000, 'x');
  f.reasons[0].text_zh = "bad \xff";
  const auto merged = merge(std::vector{f}, equal_shares(1));
  CHECK(merged->reasons[0].text_en.starts_with("a b "));
  CHECK(merged->reasons[0].text_en.size() <= kMergedTextBytesMax);
  CHECK(merged->reasons[0].text_zh == "bad ?");
}

TEST_CASE("a liar cannot stretch the outline") {
  std::vector<Finding> findings = {finding(1, 0.9), finding(2, 0.9), finding(3, 0.9)};
  // Two honest nodes differ a little, so no outline has a majority.
  findings[1].outline = {
      {38.591, -122.609}, {38.591, -122.591}, {38.609, -122.591}, {38.609, -122.609}, {38.591, -122.609}};
  findings[2].outline = {{30, -130}, {30, -110}, {45, -110}, {45, -130}, {30, -130}};
  const auto merged = merge(findings, equal_shares(3));
  REQUIRE(merged->outline.size() == kOutlineRays + 1);
  CHECK(merged->outline.front() == merged->outline.back());
  for (const auto& p : merged->outline) {
    CHECK(std::abs(p.lat - 386'000'000) <= 100'010);
    CHECK(std::abs(p.lon + 1'226'000'000) <= 100'010);
  }
}

TEST_CASE("a fire on the antimeridian keeps its place") {
  std::vector<Finding> findings = {finding(1, 0.9), finding(2, 0.9), finding(3, 0.9)};
  findings[0].centre = {66.0, 179.9};
  findings[1].centre = {66.0, -179.9};
  findings[2].centre = {66.0, -179.8};
  const auto merged = merge(findings, equal_shares(3));
  CHECK(merged->centre == datum::FixedPoint{660'000'000, -1'799'000'000});
}

}  // namespace
}  // namespace skywarden::consensus
