#include "shell/alert_folder.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "storage/memory_disk.h"
#include "wildfire/alert_example.h"

namespace skywarden::shell {
namespace {

namespace fs = std::filesystem;

const storage::LogIdentity kIdentity{"forest", NodeId(1)};

struct Folder {
  std::string path =
      (fs::temp_directory_path() / ("skywarden-alerts-" + std::to_string(::getpid()))).string();
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
};

storage::Journal::Opened journal_on(storage::Disk& disk) {
  auto opened = storage::Journal::open(disk, kIdentity, {"alerts-told", AlertFolder::kToldMax});
  REQUIRE(opened);
  return std::move(*opened);
}

AlertFolder folder_at(const std::string& path, storage::Journal::Opened* journal,
                      std::vector<std::string>* problems = nullptr) {
  auto opened = AlertFolder::open(path, {}, journal, [problems](const std::string& why) {
    if (problems != nullptr) problems->push_back(why);
  });
  REQUIRE(opened);
  return std::move(*opened);
}

datum::Alert message(std::uint32_t sequence, std::uint64_t index) {
  auto alert = wildfire::example::alert(
      sequence, sequence == 0 ? datum::ProposalKind::kAlert : datum::ProposalKind::kUpdate);
  alert.index = LogIndex(index);
  return alert;
}

std::string file(const Folder& folder, std::uint32_t sequence) {
  std::ifstream in(folder.path + "/skywarden-exercise-00000000000000ab-" + std::to_string(sequence) + ".xml");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files(const Folder& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a message is told once, also after a restart, and its successor refers to it") {
  const Folder folder;
  storage::MemoryDisk disk;
  {
    auto journal = journal_on(disk);
    auto alerts = folder_at(folder.path, &journal);
    const datum::Alert first = message(0, 5);
    REQUIRE(alerts.tell(std::span(&first, 1)));
    CHECK(file(folder, 0).find("<status>Exercise</status>") != std::string::npos);
    fs::remove(folder.path + "/skywarden-exercise-00000000000000ab-0.xml");  // somebody took it away
    REQUIRE(alerts.tell(std::span(&first, 1)));
    CHECK(files(folder) == 0);
  }
  Random random(1);
  disk.crash(random);
  auto journal = journal_on(disk);
  auto alerts = folder_at(folder.path, &journal);
  CHECK(alerts.told().size() == 1);
  const datum::Alert both[] = {message(0, 5), message(1, 9)};  // the log says it all again
  REQUIRE(alerts.tell(both));
  CHECK(files(folder) == 1);
  CHECK(file(folder, 1).find("<references>skywarden.exercise,skywarden-exercise-00000000000000ab-0,") !=
        std::string::npos);
  CHECK(alerts.told().back().index == LogIndex(9));
}

TEST_CASE("a crash between file and journal finds the same bytes written again") {
  const Folder folder;
  storage::MemoryDisk disk;
  const datum::Alert first = message(0, 5);
  {
    auto journal = journal_on(disk);
    disk.stop_after(1);
    auto alerts = folder_at(folder.path, &journal);
    CHECK_FALSE(alerts.tell(std::span(&first, 1)));
  }
  const std::string before = file(folder, 0);
  CHECK_FALSE(before.empty());
  Random random(1);
  disk.crash(random);
  auto journal = journal_on(disk);
  auto alerts = folder_at(folder.path, &journal);
  CHECK(alerts.told().empty());
  REQUIRE(alerts.tell(std::span(&first, 1)));
  CHECK(file(folder, 0) == before);
  CHECK(files(folder) == 1);
}

TEST_CASE("an update whose chain is not known here is said, and not written") {
  const Folder folder;
  std::vector<std::string> problems;
  auto alerts = folder_at(folder.path, nullptr, &problems);
  const datum::Alert late = message(3, 5);
  REQUIRE(alerts.tell(std::span(&late, 1)));
  CHECK(files(folder) == 0);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("skywarden-exercise-00000000000000ab-3.xml: not written") == 0);
  CHECK(alerts.told().size() == 1);
}

TEST_CASE("a folder that cannot be is said") {
  const Folder folder;
  std::ofstream(folder.path) << "a file";
  CHECK(AlertFolder::open(folder.path, {}, nullptr, {}).error().code == Errc::kInputOutput);
}

}  // namespace skywarden::shell
