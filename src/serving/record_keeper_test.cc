#include "serving/record_keeper.h"

#include <doctest/doctest.h>

#include "storage/memory_disk.h"
#include "storage/record_store_example.h"

using namespace skywarden;
using namespace skywarden::serving;
using storage::kept_record;
using storage::kept_schema;

namespace {

constexpr storage::RecordStoreOptions kSmall{
    .bytes_max = 320 * 1024, .block_records = 16, .open_bytes = 16 * 1024};

// A disk that several owners may look at.
class SharedDisk final : public storage::Disk {
 public:
  explicit SharedDisk(std::shared_ptr<storage::MemoryDisk> disk) : disk_(std::move(disk)) {}
  Result<std::vector<std::string>> names() override { return disk_->names(); }
  Result<std::vector<std::byte>> read(const std::string& name) override { return disk_->read(name); }
  Result<std::unique_ptr<storage::DiskFile>> create(const std::string& name, std::uint64_t size) override {
    return disk_->create(name, size);
  }
  Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override {
    return disk_->open(name);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return disk_->rename(from, to);
  }
  Result<void> remove(const std::string& name) override { return disk_->remove(name); }
  Result<void> sync_names() override { return disk_->sync_names(); }

 private:
  std::shared_ptr<storage::MemoryDisk> disk_;
};

struct Kept {
  std::shared_ptr<storage::MemoryDisk> disk = std::make_shared<storage::MemoryDisk>();
  std::vector<std::string> complaints;

  std::unique_ptr<RecordKeeper> open(KeeperOptions options = {.store = kSmall}) {
    auto opened = RecordKeeper::open(std::make_unique<SharedDisk>(disk), {kept_schema("tower")}, options,
                                     [this](const std::string& line) { complaints.push_back(line); });
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    return std::move(*opened);
  }
};

void offer(RecordKeeper& keeper, Random& random, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    const datum::Record record = kept_record(random, i);
    const datum::Record* one[] = {&record};
    keeper.offer("tower", one);
  }
}

bool says(const RecordKeeper& keeper, const std::string& line) {
  return keeper.metrics_text().find("skywarden_" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("what was offered is durable when the keeper goes, and counted on") {
  Kept kept;
  Random random(1);
  {
    const auto keeper = kept.open();
    offer(*keeper, random, 0, 40);
    keeper->wait();
    CHECK(says(*keeper, "kept_records_total{outcome=\"durable\"} 40"));
    CHECK(says(*keeper, "kept_open_records 8"));
    offer(*keeper, random, 40, 3);
  }
  kept.disk->crash(random);
  const datum::Schema schema = kept_schema("tower");
  CHECK(storage::read_kept(*kept.disk, schema)->records.size() == 43);
  CHECK(says(*kept.open(), "kept_open_records 11"));
  CHECK(kept.complaints.empty());
}

TEST_CASE("when storage fills metrics say what was thinned") {
  Kept kept;
  Random random(2);
  const auto keeper = kept.open();
  offer(*keeper, random, 0, 800);
  keeper->wait();
  CHECK_FALSE(says(*keeper, "kept_files_thinned_total 0"));
  CHECK(says(*keeper, "kept_bytes_max 327680"));
}

TEST_CASE("a queue that is full keeps nothing more and counts it") {
  Kept kept;
  Random random(3);
  const auto keeper = kept.open({.store = kSmall, .queue_bytes_max = 10});
  offer(*keeper, random, 0, 5);
  CHECK(says(*keeper, "kept_records_total{outcome=\"queue_full\"} 5"));
}

TEST_CASE("a disk that fails is told of once, and the records after it are counted") {
  Kept kept;
  Random random(4);
  const auto keeper = kept.open();
  kept.disk->stop_after(0);
  offer(*keeper, random, 0, 1);
  keeper->wait();
  offer(*keeper, random, 1, 4);
  CHECK(says(*keeper, "kept_records_total{outcome=\"disk_failed\"} 5"));
}
