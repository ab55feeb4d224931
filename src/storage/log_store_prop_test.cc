// Whatever happens to the disk: what was acknowledged comes back, or the log says that it is lost.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "consensus/withheld.h"
#include "storage/log_store.h"
#include "storage/memory_disk.h"

namespace skywarden::storage {
namespace {

using consensus::Entry;
using consensus::Persist;
using consensus::Persisted;

const LogIdentity kIdentity{"forest", NodeId(3)};
constexpr LogStore::Options kSmall{4096};

bool same(const Persisted& a, const Persisted& b) {
  return a.state == b.state && a.log == b.log && a.snapshot == b.snapshot;
}

// A node that writes: the reference meaning of what it added, beside the store.
struct Writer {
  explicit Writer(std::uint64_t seed) : random(seed), chain(kIdentity.cluster) {}

  [[nodiscard]] LogIndex base() const { return now.snapshot ? now.snapshot->last.index : LogIndex(); }
  [[nodiscard]] LogIndex last() const { return LogIndex(base().value() + now.log.size()); }

  Persist step() {
    Persist step;
    if (random.chance(0.3)) {
      now.state.term = now.state.term.next();
      now.state.voted_for = NodeId(static_cast<std::uint32_t>(random.below(4)));
    }
    if (now.state.term == Term()) now.state.term = Term(1);
    step.state = now.state;
    LogIndex at = last();
    if (!now.log.empty() && random.chance(0.2)) {
      step.truncate_from = LogIndex(base().value() + 1 + random.below(now.log.size()));
      at = step.truncate_from->previous();
    }
    for (std::uint64_t count = random.below(4); count > 0; --count) {
      at = at.next();
      std::vector<std::byte> payload(random.below(random.chance(0.1) ? 3000 : 300));
      for (auto& byte : payload) byte = static_cast<std::byte>(random.below(256));
      step.append.push_back({now.state.term, at, std::move(payload), consensus::EntryKind::kProposal});
      if (random.chance(0.3)) step.append.back() = consensus::withheld(step.append.back());
    }
    return step;
  }

  void apply_chain(const Persist& step) {
    if (step.truncate_from) chain.truncate_from(*step.truncate_from);
    for (const Entry& entry : step.append) chain.append(entry);
  }

  void add(LogStore& store) {
    const Persist next = step();
    apply(next, now);
    apply_chain(next);
    store.add(next, chain.head());
  }

  Result<void> compact(LogStore& store) {
    Persist step;
    const std::uint64_t upto = 1 + random.below(now.log.size());
    const Entry entry = now.log[upto - 1];
    step.snapshot = consensus::Snapshot{
        {entry.index, entry.term},
        {consensus::Epoch(), {{{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}}, {}}, {}, 0},
        std::vector<std::byte>(random.below(2000), std::byte{7})};
    if (random.chance(0.3)) step.snapshot = consensus::withheld(std::move(*step.snapshot));
    apply(step, now);
    chain.forget_before(entry.index);
    return store.checkpoint(step, now.log, chain.head_at(entry.index), chain.head());
  }

  // One batch made durable, or a checkpoint.
  Result<void> write(LogStore& store) {
    if (!now.log.empty() && random.chance(0.1)) return compact(store);
    for (std::uint64_t steps = 1 + random.below(3); steps > 0; --steps) add(store);
    auto done = store.sync();
    if (done && random.chance(0.3)) done = store.mark();
    return done;
  }

  Random random;
  Persisted now;
  EntryChain chain;
};

void continue_from(Writer& writer, LogContents& contents) {
  writer.now = contents.persisted;
  writer.chain = std::move(contents.chain);
}

void crashes_and_goes_on(std::uint64_t seed) {
  MemoryDisk disk;
  Writer writer(seed);
  auto founded = LogStore::found(disk, kIdentity, kSmall);
  REQUIRE(founded);
  LogStore store = std::move(*founded);
  for (int crash = 0; crash < 6; ++crash) {
    const Persisted at_first = writer.now;
    Persisted acknowledged = at_first;
    disk.stop_after(writer.random.below(40));
    while (writer.write(store)) acknowledged = writer.now;
    disk.crash(writer.random);
    auto opened = LogStore::open(disk, kIdentity, kSmall);
    REQUIRE_MESSAGE(opened, "seed " << seed << ": " << opened.error().message);
    const Persisted& found = opened->contents.persisted;
    const bool kept = same(found, acknowledged) || same(found, writer.now);
    REQUIRE_MESSAGE(kept, "seed " << seed << ", crash " << crash);
    continue_from(writer, opened->contents);
    store = std::move(opened->store);
  }
}

}  // namespace

TEST_CASE("a crash leaves what was acknowledged, and of the batch being written all or nothing") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) crashes_and_goes_on(seed);
}

TEST_CASE("no flipped bit changes what a log says: it is lost, or the bit counted for nothing") {
  std::size_t noticed = 0;
  rc::check([&](std::uint64_t seed) {
    MemoryDisk disk;
    Writer writer(seed);
    auto founded = LogStore::found(disk, kIdentity, kSmall);
    RC_ASSERT(founded.has_value());
    for (int i = 0; i < 12; ++i) RC_ASSERT(writer.write(*founded).has_value());
    const auto names = disk.names().value();
    for (int i = 0; i < 20; ++i) {
      const std::string& name = names[writer.random.below(names.size())];
      const std::uint64_t bit = writer.random.below(disk.read(name)->size() * 8);
      disk.flip(name, bit);
      const auto read = read_log(disk);
      RC_ASSERT((!read || same(read->persisted, writer.now)));  // its own || looks at both sides
      noticed += read ? 0 : 1;
      disk.flip(name, bit);
    }
    RC_ASSERT(same(read_log(disk)->persisted, writer.now));
  });
  CHECK(noticed > 100);
}

TEST_CASE("no sector that turned to zeros changes what a marked log says") {
  std::size_t noticed = 0;
  rc::check([&](std::uint64_t seed) {
    MemoryDisk disk;
    Writer writer(seed);
    auto store = LogStore::found(disk, kIdentity, kSmall);
    RC_ASSERT(store.has_value());
    for (int i = 0; i < 12; ++i) RC_ASSERT(writer.write(*store).has_value());
    RC_ASSERT(store->mark().has_value());
    const auto names = disk.names().value();
    const std::string& name = names[writer.random.below(names.size())];
    const auto bytes = disk.read(name).value();
    // The last block may be the mark itself, without which nothing says that it was there.
    const auto log = read_log(disk);
    const bool last = name == segment_name(log->last_segment);
    const std::uint64_t sectors = last ? log->last_end - 1 : bytes.size() / kSectorBytes;
    const std::uint64_t sector = writer.random.below(std::max<std::uint64_t>(sectors, 1));
    for (std::uint64_t bit = sector * kSectorBytes * 8; bit < (sector + 1) * kSectorBytes * 8; ++bit)
      if (bit / 8 < bytes.size() && (std::to_integer<unsigned>(bytes[bit / 8]) >> (bit % 8) & 1U) != 0)
        disk.flip(name, bit);
    const auto read = read_log(disk);
    RC_ASSERT((!read || same(read->persisted, writer.now)));  // its own || looks at both sides
    noticed += read ? 0 : 1;
  });
  CHECK(noticed > 20);
}

TEST_CASE("every bit of the last acknowledged batch counts") {
  MemoryDisk disk;
  Writer writer(5);
  auto founded = LogStore::found(disk, kIdentity, LogStore::Options{std::uint64_t{1} << 16});
  REQUIRE(founded);
  for (int i = 0; i < 3; ++i) {
    writer.add(*founded);
    REQUIRE(founded->sync());
  }
  const auto contents = read_log(disk);
  REQUIRE(contents);
  const std::string name = segment_name(1);
  for (std::uint64_t bit = 0; bit < contents->last_end * kSectorBytes * 8; bit += 3) {
    disk.flip(name, bit);
    const auto read = read_log(disk);
    CHECK_MESSAGE(!read, "bit " << bit);
    disk.flip(name, bit);
  }
}

TEST_CASE("what one disk says of a crash, the same seed says again") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::vector<std::vector<std::byte>> files[2];
    for (auto& each : files) {
      MemoryDisk disk;
      Writer writer(seed);
      auto store = LogStore::found(disk, kIdentity, kSmall);
      REQUIRE(store);
      disk.stop_after(17);
      while (writer.write(*store)) {
      }
      disk.crash(writer.random);
      const auto names = disk.names().value();
      for (const auto& name : names) each.push_back(disk.read(name).value());
    }
    CHECK(files[0] == files[1]);
  }
}

}  // namespace skywarden::storage
