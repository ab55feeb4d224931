#include "node/outbox.h"

#include <doctest/doctest.h>

using namespace skywarden;
using node::Outbox;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Instant at(int s) {
  return Instant(seconds(s));
}

}  // namespace

TEST_CASE("a batch is repeated to each peer, ever more slowly, until that peer has it") {
  Outbox outbox({NodeId(2), NodeId(3)}, {.retry_first = seconds(1), .retry_longest = seconds(4)});
  outbox.put(std::vector<datum::Hotspot>(3), at(0));
  CHECK(outbox.due(at(0)).size() == 2);
  CHECK(outbox.due(at(0)).empty());
  CHECK(outbox.next_deadline() == at(1));
  outbox.received(NodeId(2), 1);
  const auto again = outbox.due(at(1));
  REQUIRE(again.size() == 1);
  CHECK(again[0].first == NodeId(3));
  CHECK(outbox.next_deadline() == at(3));
  (void)outbox.due(at(3));
  CHECK(outbox.next_deadline() == at(7));
  (void)outbox.due(at(7));
  CHECK(outbox.next_deadline() == at(11));  // the pause has reached its longest
  outbox.received(NodeId(3), 1);
  CHECK(outbox.next_deadline() == Instant::max());
}

TEST_CASE("many observations travel in batches of limited size, and a full outbox gives up the oldest") {
  Outbox outbox({NodeId(2)}, {.batches_max = 2});
  outbox.put(std::vector<datum::Hotspot>(node::kHotspotsPerBatchMax * 3), at(0));
  CHECK(outbox.given_up() == 1);
  const auto due = outbox.due(at(0));
  REQUIRE(due.size() == 2);
  CHECK(due[0].second.id == 2);
}

TEST_CASE("a peer that joins gets what is kept, one that leaves is not waited for") {
  Outbox outbox({NodeId(2), NodeId(3)}, {.keep = seconds(100)});
  outbox.put(std::vector<datum::Hotspot>(1), at(0));
  outbox.put(std::vector<datum::Hotspot>(2), at(50));
  (void)outbox.due(at(50));
  for (const std::uint64_t batch : {1, 2}) outbox.received(NodeId(2), batch);
  outbox.received(NodeId(3), 2);
  outbox.set_peers({NodeId(2), NodeId(4)}, at(60));  // 3 leaves before it had the first
  const auto due = outbox.due(at(60));
  REQUIRE(due.size() == 2);
  for (const auto& [peer, batch] : due) CHECK(peer == NodeId(4));
  for (const std::uint64_t batch : {1, 2}) outbox.received(NodeId(4), batch);
  CHECK(outbox.next_deadline() == Instant::max());
  outbox.set_peers({NodeId(2), NodeId(4), NodeId(5)}, at(120));  // the first is older than what is kept
  CHECK(outbox.due(at(120)).size() == 1);
  CHECK(outbox.given_up() == 0);
}
