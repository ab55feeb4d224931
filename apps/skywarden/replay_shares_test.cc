#include "replay_shares.h"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "consensus/configuration.h"

namespace skywarden::app {
namespace {

std::vector<std::uint32_t> spread(std::size_t voters, std::uint32_t planes) {
  std::vector<std::uint32_t> plane_of(voters);
  for (std::size_t i = 0; i < voters; ++i) plane_of[i] = static_cast<std::uint32_t>(i % planes) + 1;
  return plane_of;
}

TEST_CASE("small groups keep equal shares and say why") {
  for (const std::size_t voters : {0, 1, 5, 7, 9}) {
    const ShareRule rule = share_rule(spread(voters, 9));
    CHECK(rule.failures_max == 0);
    CHECK(rule.words.en.find("fewer than 10 voters") != std::string::npos);
    CHECK(rule.words.zh.find("少于 10 个") != std::string::npos);
  }
}

TEST_CASE("larger groups measure, and bear as many failures as pays") {
  const std::vector<std::pair<std::size_t, std::uint32_t>> expected{
      {10, 2}, {12, 2}, {14, 3}, {27, 5}, {128, 5}};
  for (const auto& [voters, f] : expected) CHECK(share_rule(spread(voters, 9)).failures_max == f);
}

TEST_CASE("planes too few to lose one keep shares equal") {
  CHECK(share_rule(spread(24, 2)).failures_max == 0);
  CHECK(share_rule(spread(24, 2)).words.en.find("2 orbital planes") != std::string::npos);
  CHECK(share_rule(spread(24, 3)).failures_max == 5);
  std::vector<std::uint32_t> crowded(20, 1);  // all but three in one plane
  std::iota(crowded.begin(), crowded.begin() + 3, 2U);
  CHECK(share_rule(crowded).failures_max == 2);
}

// What the rule promises is what the caps of a membership check: neither f voters nor a plane reach half.
TEST_CASE("the shares of the nearest pass the caps however they fall on planes") {
  for (std::size_t voters = kVotersMeasuredMin; voters <= 40; ++voters)
    for (std::uint32_t planes = 3; planes <= 8; ++planes) {
      const auto plane_of = spread(voters, planes);
      const std::uint32_t f = share_rule(plane_of).failures_max;
      REQUIRE(f >= kFailuresMeasuredMin);
      consensus::Membership membership{{}, {}, f};
      std::map<std::uint32_t, std::uint32_t> chosen;
      std::uint32_t nearest = 0;
      for (std::uint32_t i = 0; i < voters; ++i) {
        const bool full = nearest < 2 * f + 1 && chosen[plane_of[i]] < f;
        if (full) {
          ++chosen[plane_of[i]];
          ++nearest;
        }
        membership.shares[NodeId(i + 1)] = full ? 1000 : 1;
        membership.domains[NodeId(i + 1)] = consensus::FailureDomain(plane_of[i]);
      }
      CHECK(nearest == 2 * f + 1);
      CHECK(validate(membership));
    }
}

TEST_CASE("how leaders measure is valid from minutes to a month") {
  for (const auto& [heartbeat, hours] : {std::pair{2, 1}, {2, 31}, {60, 744}}) {
    const auto desk = share_desk_options(2, std::chrono::seconds(heartbeat), std::chrono::hours(hours));
    CHECK(desk.policy.validate());
    CHECK(desk.probes.answer_within < desk.probes.every);
  }
}

}  // namespace
}  // namespace skywarden::app
