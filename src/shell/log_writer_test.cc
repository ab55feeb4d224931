#include "shell/log_writer.h"

#include <doctest/doctest.h>

#include <atomic>

#include "storage/log_reader.h"
#include "storage/memory_disk.h"

namespace skywarden::shell {
namespace {

using namespace std::chrono_literals;

const storage::LogIdentity kIdentity{"forest", NodeId(1)};

struct Kept {
  explicit Kept(std::uint64_t segment_bytes = 1 << 16) {
    REQUIRE(storage::LogStore::found(disk, kIdentity, {segment_bytes}));
    auto opened = storage::LogStore::open(disk, kIdentity, {segment_bytes});
    REQUIRE(opened);
    log.emplace(std::move(*opened));
  }
  // The chain's head stands for what the log holds, so it must be the true one.
  LogWriter::Step step(std::size_t payload_bytes = 4) {
    const LogIndex index(++last);
    LogWriter::Step next;
    next.persist.append.push_back({Term(1), index, consensus::Payload(payload_bytes, std::byte{7})});
    if (last == 1) next.persist.state = consensus::HardState{Term(1), NodeId(1)};
    next.write = consensus::Write(last);
    log->contents.chain.append(next.persist.append.back());
    next.head = log->contents.chain.head();
    return next;
  }
  storage::MemoryDisk disk;
  std::optional<storage::LogStore::Opened> log;
  std::uint64_t last = 0;
};

template <typename Condition>
bool comes(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  return condition();
}

TEST_CASE("what is given becomes durable in its order, and many steps by few waits for the disk") {
  Kept kept;
  std::atomic<int> news = 0;
  LogWriter writer(kept.log->store, [&] { ++news; });
  CHECK(writer.durable().value() == consensus::Write());
  std::vector<LogWriter::Step> steps;
  for (int i = 0; i < 100; ++i) steps.push_back(kept.step());
  writer.give(std::move(steps));
  CHECK(comes([&] { return writer.durable().value() == consensus::Write(100); }));
  CHECK(writer.syncs() == 1);
  CHECK(writer.bytes_behind() == 0);
  CHECK(comes([&] { return news == 1; }));
  for (int i = 0; i < 20; ++i) {
    steps.clear();
    steps.push_back(kept.step());
    writer.give(std::move(steps));
  }
  REQUIRE(writer.end());  // everything that was given is durable then
  CHECK(writer.durable().value() == consensus::Write(120));
  Random random(1);
  kept.disk.crash(random);
  const auto read = storage::read_log(kept.disk);
  REQUIRE(read);
  CHECK(read->persisted.log.size() == 120);
}

TEST_CASE("a disk that fails is told of, and nothing counts that came after") {
  Kept kept;
  std::atomic<int> news = 0;
  LogWriter writer(kept.log->store, [&] { ++news; });
  std::vector<LogWriter::Step> steps;
  steps.push_back(kept.step());
  writer.give(std::move(steps));
  REQUIRE(comes([&] { return news == 1; }));
  kept.disk.set_bytes_max(kept.disk.bytes());  // no further segment
  steps.clear();
  steps.push_back(kept.step(1 << 17));
  writer.give(std::move(steps));
  REQUIRE(comes([&] { return news == 2; }));
  REQUIRE(!writer.durable());
  CHECK(writer.durable().error().code == Errc::kLimitReached);
  steps.clear();
  steps.push_back(kept.step());
  writer.give(std::move(steps));  // nobody takes it any more
  CHECK(!writer.end());
}

}  // namespace
}  // namespace skywarden::shell
