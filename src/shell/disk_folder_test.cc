#include "shell/disk_folder.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "storage/log_store.h"

namespace skywarden::shell {
namespace {

const storage::LogIdentity kIdentity{"forest", NodeId(3)};

struct Folder {
  std::string path =
      (std::filesystem::temp_directory_path() / ("skywarden_disk_folder_" + std::to_string(::getpid())))
          .string();
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("a log in a folder comes back, and belongs to one program") {
  const Folder folder;
  storage::EntryChain chain(kIdentity.cluster);
  {
    const auto disk = DiskFolder::take(folder.path);
    REQUIRE(disk);
    auto store = storage::LogStore::found(**disk, kIdentity, storage::LogStore::Options{8192});
    REQUIRE(store);
    for (std::uint64_t i = 1; i <= 40; ++i) {
      consensus::Persist step;
      step.state = consensus::HardState{Term(1), NodeId(3)};
      step.append.push_back({Term(1), LogIndex(i), std::vector<std::byte>(300, std::byte{4})});
      chain.append(step.append.front());
      store->add(step, chain.head());
      REQUIRE(store->sync());
    }
    const auto second = DiskFolder::take(folder.path);
    REQUIRE(!second);
    CHECK(second.error().code == Errc::kConflict);
    const auto watching = DiskFolder::look_at(folder.path);
    REQUIRE(watching);
    CHECK(storage::read_log(**watching)->persisted.log.size() == 40);
  }
  const auto disk = DiskFolder::take(folder.path);
  REQUIRE(disk);
  const auto opened = storage::LogStore::open(**disk, kIdentity, storage::LogStore::Options{8192});
  REQUIRE(opened);
  CHECK(opened->contents.persisted.log.size() == 40);
  CHECK(opened->contents.chain.head() == chain.head());
}

TEST_CASE("names that lead out of the folder, or to something else, are no files of it") {
  const Folder folder;
  const auto disk = DiskFolder::take(folder.path);
  REQUIRE(disk);
  std::filesystem::create_symlink("/etc/passwd", folder.path + "/log-0000000000000001");
  CHECK(!(*disk)->open("log-0000000000000001"));
  std::filesystem::create_directory(folder.path + "/log-0000000000000002");
  CHECK((*disk)->read("log-0000000000000002").error().code == Errc::kMalformed);
  CHECK(storage::read_log(**disk).error().code == Errc::kMalformed);
}

// /dev/full's file system cannot hold a folder; a limit on the size of files says the same.
TEST_CASE("a file that has no room is said at once, and leaves nothing behind") {
  const Folder folder;
  const auto disk = DiskFolder::take(folder.path);
  REQUIRE(disk);
  const auto file = (*disk)->create("log-0000000000000001.part", std::uint64_t{1} << 60);
  REQUIRE(!file);
  CHECK(file.error().code == Errc::kLimitReached);
  CHECK((*disk)->names().value() == std::vector<std::string>{"lock"});
}

}  // namespace skywarden::shell
