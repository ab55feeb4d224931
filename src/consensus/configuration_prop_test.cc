#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/configuration.h"

namespace skywarden::consensus {
namespace {

Shares any_shares(std::uint64_t share_max) {
  Shares shares;
  const auto nodes = *rc::gen::inRange<std::uint32_t>(1, 7);
  for (std::uint32_t i = 0; i < nodes; ++i)
    shares[NodeId(*rc::gen::inRange<std::uint32_t>(1, 8))] = *rc::gen::inRange<std::uint64_t>(0, share_max);
  shares[NodeId(*rc::gen::inRange<std::uint32_t>(1, 8))] = *rc::gen::inRange<std::uint64_t>(1, share_max);
  return shares;
}

bool below_half(const std::set<NodeId>& witnesses, const Shares& shares) {
  std::uint64_t held = 0;
  std::uint64_t total = 0;
  for (const auto& [node, share] : shares) {
    total += share;
    if (witnesses.contains(node)) held += share;
  }
  return held == 0 || 2 * held < total;
}

std::set<NodeId> any_witnesses(const JointShares& shares) {
  std::set<NodeId> witnesses;
  for (const NodeId node : members(shares)) {
    std::set<NodeId> more = witnesses;
    more.insert(node);
    if (*rc::gen::arbitrary<bool>() && below_half(more, shares.incoming) && below_half(more, shares.outgoing))
      witnesses = more;
  }
  return witnesses;
}

Configuration any_configuration() {
  Configuration configuration{Epoch(*rc::gen::inRange<std::uint64_t>(0, 1000)), {any_shares(9), {}}, {}, 0};
  if (*rc::gen::arbitrary<bool>()) configuration.shares.outgoing = any_shares(9);
  for (const auto& [node, share] : configuration.shares.incoming)
    if (*rc::gen::arbitrary<bool>())
      configuration.domains[node] = FailureDomain(*rc::gen::inRange<std::uint32_t>(0, 5));
  configuration.failures_max = *rc::gen::inRange<std::uint32_t>(0, 4);
  for (const NodeId node : members(configuration.shares))
    if (*rc::gen::inRange(0, 4) == 0) configuration.admissions[node] = Payload(*rc::gen::inRange(1, 40));
  configuration.newest = NodeId(*rc::gen::inRange<std::uint32_t>(0, 12));
  if (*rc::gen::arbitrary<bool>()) configuration.witnesses = any_witnesses(configuration.shares);
  return configuration;
}

bool decides(const JointShares& shares, std::uint32_t set) {
  Votes votes;
  for (std::uint32_t id = 1; id <= 8; ++id)
    if ((set >> id & 1U) != 0) votes[NodeId(id)] = true;
  return vote_result(shares, votes) == VoteResult::kWon;
}

bool quorums_meet(const JointShares& a, const JointShares& b) {
  constexpr std::uint32_t kEverybody = 0x1FE;
  for (std::uint32_t set = 0; set <= kEverybody; set += 2)
    if (decides(a, set) && decides(b, kEverybody & ~set)) return false;
  return true;
}

TEST_CASE("on the way from any shares to any others, quorums of consecutive epochs meet") {
  CHECK(rc::check([] {
    const Configuration from{Epoch(), {any_shares(5), {}}, {}, 0};
    const Configuration next = next_towards(from, {any_shares(5), {}, 0});
    RC_ASSERT(quorums_meet(from.shares, next.shares));
    RC_ASSERT(next.epoch == from.epoch.next());
    if (!next.joint()) return;
    const Configuration settled = leave_joint(next);
    RC_ASSERT(quorums_meet(next.shares, settled.shares));
    RC_ASSERT(!settled.joint());
  }));
}

TEST_CASE("admissions stay with their members until those have left for good") {
  CHECK(rc::check([] {
    Configuration from = any_configuration();
    from.witnesses.clear();
    from = from.joint() ? leave_joint(from) : from;
    const Membership there = membership_of(from);
    RC_ASSERT(there.admissions == from.admissions);
    Membership to{any_shares(5), {}, 0, {}, NodeId(12)};
    for (const auto& [node, share] : to.shares)
      if (const auto found = from.admissions.find(node); found != from.admissions.end())
        to.admissions.insert(*found);
    const Configuration next = next_towards(from, to);
    if (next.joint())
      for (const auto& [node, share] : from.shares.incoming)
        RC_ASSERT(next.admissions.contains(node) == from.admissions.contains(node));
    const Configuration settled = next.joint() ? leave_joint(next) : next;
    RC_ASSERT(membership_of(settled) == to);
    RC_ASSERT(decode_configuration(encode(next)) == next);
  }));
}

TEST_CASE("every quorum of an epoch on any way contains who keeps payloads, who are one by themselves") {
  CHECK(rc::check([] {
    Configuration from{Epoch(), {any_shares(5), {}}, {}, 0};
    from.witnesses = any_witnesses(from.shares);
    Membership to{any_shares(5), {}, 0};
    for (const auto& [node, share] : to.shares) {
      const bool drawn = *rc::gen::arbitrary<bool>();
      if (names(from.shares, node) ? from.witnesses.contains(node) : drawn) to.witnesses.insert(node);
    }
    RC_ASSERT(check_sides(from, to).has_value());
    RC_ASSERT(validate(to).has_value() == below_half(to.witnesses, to.shares));
    if (!validate(to)) return;
    const Configuration next = next_towards(from, to);
    for (const Configuration& epoch : {next, next.joint() ? leave_joint(next) : next}) {
      std::uint32_t keep = 0;
      for (const NodeId node : members(epoch.shares))
        if (!epoch.witnesses.contains(node)) keep |= 1U << node.value();
      RC_ASSERT(decides(epoch.shares, keep));
      RC_ASSERT(!decides(epoch.shares, ~keep));
      RC_ASSERT(decode_configuration(encode(epoch)) == epoch);
    }
    RC_ASSERT(membership_of(next.joint() ? leave_joint(next) : next) == to);
  }));
}

TEST_CASE("under the caps whoever of f nodes or one domain fails leaves a quorum") {
  CHECK(rc::check([] {
    const Configuration c = any_configuration();
    const Membership group = membership_of(c);
    if (!validate(group) || group.failures_max == 0) return;
    for (std::uint32_t set = 0; set < 0x200; set += 2) {
      std::uint32_t failed = 0;
      for (std::uint32_t id = 1; id <= 8; ++id) failed += (set >> id & 1U);
      if (failed <= group.failures_max) RC_ASSERT(decides({group.shares, {}}, ~set));
    }
    for (std::uint32_t domain = 1; domain < 5; ++domain) {
      std::uint32_t set = 0;
      for (const auto& [node, its] : group.domains)
        if (its == FailureDomain(domain)) set |= 1U << node.value();
      RC_ASSERT(decides({group.shares, {}}, ~set));
    }
  }));
}

TEST_CASE("a configuration survives its bytes, and has no other bytes") {
  CHECK(rc::check([] {
    const Configuration configuration = any_configuration();
    auto bytes = encode(configuration);
    RC_ASSERT(decode_configuration(bytes) == configuration);
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto read = decode_configuration(bytes);
    if (read) RC_ASSERT(encode(*read) == bytes);
    bytes.resize(at);
    RC_ASSERT(!decode_configuration(bytes).has_value());
  }));
}

}  // namespace
}  // namespace skywarden::consensus
