#include "consensus/snapshot.h"

#include <doctest/doctest.h>

#include "consensus/persist.h"

namespace skywarden::consensus {
namespace {

Snapshot some_snapshot(std::uint64_t index = 7, std::size_t bytes = 100) {
  return {
      {LogIndex(index), Term(3)}, {Epoch(2), {{{NodeId(1), 1}}, {}}, {}, 0}, Payload(bytes, std::byte{5})};
}

TEST_CASE("a snapshot survives its bytes; damage is noticed wherever it is") {
  const auto bytes = encode(some_snapshot());
  CHECK(decode_snapshot(bytes) == some_snapshot());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= std::byte{1};
    CHECK(!decode_snapshot(damaged));
  }
  CHECK(!decode_snapshot(std::span(bytes).first(bytes.size() - 1)));
}

TEST_CASE("a snapshot without its data has bytes of its own, and neither passes for the other") {
  Snapshot kept = some_snapshot();
  kept.data.clear();
  auto bytes = encode(kept);
  kept.withheld = true;
  auto fewer = encode(kept);
  CHECK(fewer.size() == bytes.size() - 1);
  CHECK(decode_snapshot(fewer) == kept);
  for (std::size_t i = 0; i < fewer.size(); ++i) {
    auto damaged = fewer;
    damaged[i] ^= std::byte{1};
    CHECK(!decode_snapshot(damaged));
  }
  bytes[1] = std::byte{2};
  fewer[1] = std::byte{1};
  CHECK(!decode_snapshot(bytes));
  CHECK(!decode_snapshot(fewer));
}

TEST_CASE("chunks are taken in order; another snapshot begins anew; nothing comes of damaged ones") {
  const auto bytes = encode(some_snapshot());
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::span(bytes).subspan(from, to - from);
  };
  const LogPosition last = some_snapshot().last;
  SnapshotAssembly assembly;
  assembly.add(last, bytes.size(), 0, part(0, 40));
  assembly.add(last, bytes.size(), 80, part(80, 90));  // a gap
  CHECK(assembly.received() == 40);
  assembly.add(last, bytes.size(), 0, part(0, 40));  // again
  CHECK(assembly.received() == 40);
  assembly.add(last, bytes.size(), 40, part(40, bytes.size()));
  REQUIRE(assembly.complete());
  CHECK(assembly.take() == some_snapshot());
  CHECK(assembly.received() == 0);

  assembly.add(last, bytes.size(), 0, part(0, 40));
  assembly.add({LogIndex(8), Term(3)}, bytes.size(), 0, part(0, bytes.size()));  // not what was announced
  REQUIRE(assembly.complete());
  CHECK(!assembly.take());
}

std::vector<Entry> entries(std::uint64_t first, std::initializer_list<std::uint64_t> terms) {
  std::vector<Entry> made;
  for (const std::uint64_t term : terms) made.push_back({Term(term), LogIndex(first++), {}});
  return made;
}

TEST_CASE("what a crash between snapshot and log leaves is put in order") {
  Persisted stored{{}, entries(1, {1, 1, 2, 2, 3, 3, 3, 4}), some_snapshot(7)};
  tidy(stored);
  REQUIRE(stored.log.size() == 1);
  CHECK(stored.log[0].index == LogIndex(8));
  tidy(stored);
  CHECK(stored.log.size() == 1);

  Persisted shorter{{}, entries(1, {1, 1, 2}), some_snapshot(7)};
  tidy(shorter);
  CHECK(shorter.log.empty());

  Persisted another_past{{}, entries(1, {1, 1, 2, 2, 2, 2, 2, 2}), some_snapshot(7)};
  tidy(another_past);
  CHECK(another_past.log.empty());

  Persist step;
  step.snapshot = some_snapshot(9);
  step.append = entries(10, {4});
  Persisted whole{{}, entries(8, {3, 3}), some_snapshot(7)};
  apply(step, whole);
  CHECK(whole.log.size() == 1);
  CHECK(whole.snapshot->last.index == LogIndex(9));
}

}  // namespace
}  // namespace skywarden::consensus
