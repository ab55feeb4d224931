#include "consensus/round_trips.h"

#include <doctest/doctest.h>

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr NodeId kSelf{1};

struct Measuring {
  explicit Measuring(ProbeOptions options = {}) : trips(kSelf, options, Random(7), now) {}

  // Each probe is answered after what `delays` says; who is absent does not answer.
  void run(Duration length, const std::map<NodeId, Duration>& delays) {
    for (const Instant end = now + length; now < end; now += milliseconds(10)) {
      for (; !under_way.empty() && under_way.begin()->first <= now; under_way.erase(under_way.begin()))
        trips.answered(under_way.begin()->second, under_way.begin()->first);
      for (const Message& probe : trips.probe(members, now)) {
        const auto& body = std::get<Probe>(probe.body);
        bytes += 48 + body.padding.size();
        ++probes;
        const auto delay = delays.find(probe.to);
        if (delay != delays.end())
          under_way.emplace(now + delay->second, Message{probe.to, kSelf, Term(1), ProbeReply{body.nonce}});
      }
    }
  }

  Instant now{seconds(100)};
  RoundTrips trips;
  std::vector<NodeId> members{kSelf, NodeId(2), NodeId(3)};
  std::multimap<Instant, Message> under_way;
  std::uint64_t bytes = 0, probes = 0;
};

TEST_CASE("the last answer shows at once what distance shows later") {
  Measuring m;
  CHECK(!m.trips.latest(NodeId(2)));
  m.run(seconds(10), {{NodeId(2), milliseconds(20)}});
  CHECK(m.trips.latest(NodeId(2)) == milliseconds(20));
  CHECK(!m.trips.latest(NodeId(3)));
  m.run(milliseconds(1500), {{NodeId(2), milliseconds(120)}});
  CHECK(m.trips.latest(NodeId(2)) == milliseconds(120));
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(20));
  CHECK(!m.trips.latest(kSelf));
}

TEST_CASE("distance is the median of the last answers; who is silent has none") {
  Measuring m;
  m.run(seconds(20), {{NodeId(2), milliseconds(30)}});
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(30));
  CHECK(!m.trips.distance(NodeId(3)));
  CHECK(!m.trips.distance(NodeId(9)));
  CHECK(m.trips.trust(NodeId(2))->score(m.now, {}) > kScoreNeutral);
  CHECK(m.trips.trust(NodeId(3))->score(m.now, {}) < kScoreNeutral);
  m.run(seconds(5), {{NodeId(2), milliseconds(130)}});
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(130));
}

TEST_CASE("a guessed answer counts for nothing, and an answer only once") {
  Measuring m;
  m.run(seconds(10), {{NodeId(2), milliseconds(30)}});
  for (std::uint64_t guess = 0; guess < 1000; ++guess)
    m.trips.answered({NodeId(2), kSelf, Term(1), ProbeReply{guess}}, m.now);
  const auto probes = m.trips.probe(m.members, m.now + seconds(1));
  REQUIRE(!probes.empty());
  const Message stolen{NodeId(3), kSelf, Term(1), ProbeReply{std::get<Probe>(probes[0].body).nonce}};
  if (probes[0].to != NodeId(3)) m.trips.answered(stolen, m.now + seconds(1));  // not its own probe
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(30));
  CHECK(!m.trips.distance(NodeId(3)));
}

TEST_CASE("an early acknowledgement proves nothing, a late or missing one does") {
  Measuring m;
  m.run(seconds(10), {{NodeId(2), milliseconds(30)}});
  const Score trusted = m.trips.trust(NodeId(2))->score(m.now, {});
  for (std::uint64_t i = 1; i <= 20; ++i) {
    m.trips.entry_sent(NodeId(2), LogIndex(i), m.now);
    m.trips.entry_acknowledged(NodeId(2), LogIndex(i), m.now);
  }
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(30));
  CHECK(m.trips.trust(NodeId(2))->score(m.now, {}) == trusted);
  for (std::uint64_t i = 21; i <= 25; ++i) {
    m.trips.entry_sent(NodeId(2), LogIndex(i), m.now);
    m.trips.entry_acknowledged(NodeId(2), LogIndex(i), m.now + milliseconds(300));
  }
  CHECK(m.trips.distance(NodeId(2)) == milliseconds(300));
  CHECK(m.trips.trust(NodeId(2))->score(m.now, {}) < trusted);

  Measuring holds_nothing;
  holds_nothing.run(seconds(10), {{NodeId(2), milliseconds(30)}});
  for (std::uint64_t i = 1; i <= 8; ++i) {
    holds_nothing.trips.entry_sent(NodeId(2), LogIndex(i), holds_nothing.now);
    holds_nothing.run(seconds(1), {{NodeId(2), milliseconds(30)}});
  }
  holds_nothing.run(seconds(1), {{NodeId(2), milliseconds(30)}});
  CHECK(holds_nothing.trips.trust(NodeId(2))->score(holds_nothing.now, {}) < kScoreNeutral);
}

TEST_CASE("probes keep to their budget, and nobody waits for ever") {
  ProbeOptions options;
  options.bytes_per_second_max = 480;  // ten short ones a second, for forty members
  options.padding = 200;
  Measuring m(options);
  std::map<NodeId, Duration> delays;
  for (std::uint32_t id = 2; id <= 41; ++id) delays[NodeId(id)] = milliseconds(id);
  m.members.clear();
  for (const auto& [node, delay] : delays) m.members.push_back(node);
  m.run(seconds(60), delays);
  CHECK(m.bytes <= 480 * 61);
  CHECK(m.bytes > 480 * 45);
  for (const auto& [node, delay] : delays) CHECK(m.trips.distance(node).has_value());
}

TEST_CASE("long probes measure bandwidth") {
  ProbeOptions options;
  options.long_one_of = 2;
  Measuring m(options);
  m.run(seconds(60), {{NodeId(2), milliseconds(30)}});
  REQUIRE(m.trips.bandwidth(NodeId(2)) != nullptr);
  CHECK(m.trips.bandwidth(NodeId(2))->score(m.now, {}) == kScoreMax);  // as quick as the short ones
}

}  // namespace
}  // namespace skywarden::consensus
