#include "node/carriage.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::node;
using network::BundleCriticality;

namespace {

constexpr Duration kElection = std::chrono::seconds(40);

consensus::Message append(std::size_t entries) {
  consensus::AppendRequest request;
  request.entries.resize(entries);
  return {NodeId(1), NodeId(2), Term(3), request};
}

}  // namespace

TEST_CASE("entries are critical on their way to where people are warned, and nowhere else") {
  CHECK(carriage_of(append(2), kElection, true).criticality == BundleCriticality::kCritical);
  CHECK(carriage_of(append(2), kElection, false).criticality == BundleCriticality::kImportant);
  CHECK(carriage_of(append(0), kElection, true).criticality == BundleCriticality::kImportant);
  CHECK(carriage_of(append(2), kElection, false).lifetime == kNewsLifetime);
}

TEST_CASE("a vote comes there and back within the shortest election or not at all") {
  const consensus::Message request{NodeId(1), NodeId(2), Term(3), consensus::VoteRequest{}};
  const consensus::Message reply{NodeId(2), NodeId(1), Term(3), consensus::VoteReply{}};
  const Duration there = carriage_of(request, kElection, false).lifetime;
  const Duration back = carriage_of(reply, kElection, false).lifetime;
  CHECK(there > Duration::zero());
  CHECK(there + back <= kElection);
}

TEST_CASE("what is committed is told a satellite once at a time, and where people are warned each time") {
  const auto heartbeat = [](std::uint64_t commit) {
    consensus::AppendRequest request;
    request.commit = LogIndex(commit);
    return consensus::Message{NodeId(1), NodeId(2), Term(3), request};
  };
  const auto subject = [&](std::uint64_t commit, bool warns) {
    return carriage_of(heartbeat(commit), kElection, warns).subject;
  };
  CHECK(subject(1, false) == subject(2, false));
  CHECK(subject(1, true) != subject(2, true));
  CHECK(subject(1, false) != carriage_of(append(1), kElection, false).subject);
}

TEST_CASE("the same news has the same subject, other news another") {
  CHECK(carriage_of(append(2), kElection, true).subject == carriage_of(append(2), kElection, false).subject);
  CHECK(carriage_of(append(2), kElection, true).subject != carriage_of(append(1), kElection, true).subject);
}

TEST_CASE("commits that are handed on wait for contacts, probes do not") {
  consensus::Relayed relayed;
  const auto carriage = [](consensus::MessageBody body) {
    return carriage_of(consensus::Message{NodeId(1), NodeId(2), Term(3), std::move(body)}, kElection, true);
  };
  CHECK(carriage(relayed).criticality == BundleCriticality::kNormal);
  relayed.entries.resize(1);
  CHECK(carriage(relayed).criticality == BundleCriticality::kImportant);
  CHECK(carriage(relayed).lifetime == kNewsLifetime);
  CHECK(carriage(consensus::RelayReply{}).lifetime == kNewsLifetime);
  CHECK(carriage(consensus::Probe{}).lifetime < std::chrono::seconds(10));
  CHECK(carriage(consensus::ProbeReply{}).lifetime < std::chrono::seconds(10));
}
