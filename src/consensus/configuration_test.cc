#include "consensus/configuration.h"

#include <doctest/doctest.h>

namespace skywarden::consensus {
namespace {

Configuration founded_with(Shares shares) {
  return {Epoch(), {std::move(shares), {}}, {}, 0};
}

TEST_CASE("caps: no node, no plane and no f nodes together reach half") {
  Membership group{{{NodeId(1), 3}, {NodeId(2), 3}, {NodeId(3), 3}, {NodeId(4), 3}, {NodeId(5), 3}}, {}, 2};
  CHECK(validate(group));
  group.shares[NodeId(1)] = 12;  // 12 of 24
  CHECK(validate(group).error().message == "vote shares: node 1 holds 12 of 24, which is half or more");
  group.shares[NodeId(1)] = 6;  // the two largest: 9 of 18
  CHECK(validate(group).error().code == Errc::kConflict);
  CHECK(validate(group).error().message ==
        "vote shares: the 2 largest hold 9 of 18, half or more, yet so many may fail together");
  group.failures_max = 1;
  CHECK(validate(group));
  group.domains = {
      {NodeId(1), FailureDomain(7)}, {NodeId(2), FailureDomain(8)}, {NodeId(3), FailureDomain(8)}};
  CHECK(validate(group));
  group.domains[NodeId(2)] = FailureDomain(7);
  CHECK(validate(group).error().message ==
        "vote shares: failure domain 7 holds 9 of 18, which is half or more");
  group.domains[NodeId(9)] = FailureDomain(7);
  CHECK(validate(group).error().message == "vote shares: failure domain 7 names node 9, which is no member");
}

TEST_CASE("who declares that nothing may fail needs no caps; shares must decide all the same") {
  CHECK(validate(Membership{{{NodeId(1), 1}}, {}, 0}));
  CHECK(!validate(Membership{{{NodeId(1), 1}}, {}, 1}));
  CHECK(!validate(Membership{{{NodeId(1), 1}, {NodeId(2), 1}}, {}, 1}));
  CHECK(validate(Membership{{{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}}, {}, 1}));
  CHECK(!validate(Membership{{{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}}, {}, 4096}));
  CHECK(!validate(Membership{{{NodeId(1), 0}}, {}, 0}));
  CHECK(!validate(Membership{}));
}

TEST_CASE("a change is direct where quorums meet and joint where they could miss") {
  const auto joint = [](const Shares& from, const Shares& to) {
    return next_towards(founded_with(from), {to, {}, 0}).joint();
  };
  const Shares three = {{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}};
  CHECK(!joint(three, {{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 1}}));
  CHECK(!joint(three, {{NodeId(1), 1}, {NodeId(2), 1}}));
  CHECK(joint(three, {{NodeId(1), 1}, {NodeId(2), 2}, {NodeId(3), 0}}));  // a unit at odd W
  CHECK(!joint({{NodeId(1), 2}, {NodeId(2), 1}, {NodeId(3), 1}},
               {{NodeId(1), 1}, {NodeId(2), 2}, {NodeId(3), 1}}));  // a unit at even W
  CHECK(joint(three, {{NodeId(4), 1}, {NodeId(5), 1}, {NodeId(6), 1}}));
  CHECK(!joint(three, {{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 0}}));  // a learner
}

TEST_CASE("an epoch in between keeps the old half and is left for the new one") {
  const Shares old = {{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}};
  const Membership to{
      {{NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 2}, {NodeId(5), 1}}, {{NodeId(4), FailureDomain(2)}}, 1};
  const Configuration joint = next_towards(founded_with(old), to);
  CHECK(joint.epoch == Epoch(1));
  CHECK(joint.shares == JointShares{to.shares, old});
  CHECK(members(joint.shares).size() == 5);
  CHECK(has_vote(joint.shares, NodeId(1)));
  const Configuration settled = leave_joint(joint);
  CHECK(settled.epoch == Epoch(2));
  CHECK(!settled.joint());
  CHECK(membership_of(settled) == to);
  CHECK(!names(settled.shares, NodeId(1)));
}

TEST_CASE("a log that is cut gives back the epoch that ruled before") {
  ConfigurationHistory history(LogIndex(), founded_with({{NodeId(1), 1}}));
  CHECK(history.before_latest() == nullptr);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Configuration next = history.latest();
    next.epoch = Epoch(i);
    history.append(LogIndex(10 * i), next);
  }
  CHECK(history.ruling_at(LogIndex(9)).epoch == Epoch(0));
  CHECK(history.ruling_at(LogIndex(10)).epoch == Epoch(1));
  CHECK(history.ruling_at(LogIndex(99)).epoch == Epoch(3));
  CHECK(!history.truncate_from(LogIndex(31)));
  CHECK(history.truncate_from(LogIndex(20)));
  CHECK(history.latest().epoch == Epoch(1));
  CHECK(history.latest_index() == LogIndex(10));
  CHECK(history.before_latest()->epoch == Epoch(0));
  history.forget_before(LogIndex(15));
  CHECK(history.latest().epoch == Epoch(1));
  CHECK(history.before_latest() == nullptr);
  CHECK(!history.truncate_from(LogIndex(1)));  // what was compacted is committed
}

TEST_CASE("bytes that are no configuration are refused") {
  const Configuration sound{
      Epoch(3), {{{NodeId(1), 2}, {NodeId(4), 0}}, {{NodeId(2), 1}}}, {{NodeId(1), FailureDomain(5)}}, 1};
  const auto bytes = encode(sound);
  CHECK(decode_configuration(bytes) == sound);
  CHECK(!decode_configuration({}));
  auto newer = bytes;
  newer[1] = std::byte{2};
  CHECK(decode_configuration(newer).error().code == Errc::kUnsupported);
  Configuration with_witness = sound;
  with_witness.witnesses = {NodeId(4)};
  auto longer = encode(with_witness);
  CHECK(longer.size() == bytes.size() + 4);  // [] and 0 for what is not there, then [4]
  CHECK(decode_configuration(longer) == with_witness);
  longer.back() = std::byte{3};
  CHECK(decode_configuration(longer).error().message == "witnesses: node 3 is no member");
  longer.back() = std::byte{1};
  CHECK(decode_configuration(longer).error().message ==
        "vote shares: witnesses hold 2 of 2, which is half or more");
  longer.pop_back();
  longer.back() = std::byte{0x80};
  CHECK(decode_configuration(longer).error().message == "configuration: fields for nothing");
  CHECK(!decode_configuration(encode(founded_with({}))));
  CHECK(!decode_configuration(encode(founded_with({{NodeId(1), 0}}))));
  CHECK(!decode_configuration(encode(founded_with({{kNobody, 1}}))));
  CHECK(!decode_configuration(encode(founded_with({{NodeId(1), UINT64_MAX}, {NodeId(2), UINT64_MAX}}))));
}

}  // namespace
}  // namespace skywarden::consensus
