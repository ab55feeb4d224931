// The store of a node on disk: what is kept, what is set aside, and what a full disk does.
#include "shell/bundle_folder.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "network/bundle_encode.h"
#include "shell/delivered_list.h"

using namespace skywarden;
using shell::BundleFolder;
using shell::DeliveredList;

namespace {

namespace fs = std::filesystem;

struct Scratch {
  fs::path path;
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "skywarden-store-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string folder() const { return (path / "store").string(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& each : fs::directory_iterator(path / "store"))
      names.push_back(each.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
};

network::StoredBundle stored(std::uint64_t sequence, std::size_t bytes = 100) {
  network::Bundle bundle;
  bundle.primary.source = network::EndpointId::ipn(7, 1);
  bundle.primary.destination = network::EndpointId::ipn(9, 1);
  bundle.primary.created = {820'454'400'000, sequence};
  bundle.primary.lifetime_ms = 1000;
  bundle.blocks.push_back(network::payload_block(std::vector<std::byte>(bytes, std::byte{5})));
  network::StoredBundle out;
  out.received = Instant(Duration(static_cast<std::int64_t>(sequence)));
  out.bytes = network::encode_bundle(bundle).value();
  return out;
}

network::BundleId id(std::uint64_t sequence) {
  return {network::EndpointId::ipn(7, 1), {820'454'400'000, sequence}, 0, 0};
}

Instant at(std::int64_t s) {
  return Instant(std::chrono::seconds(s));
}

}  // namespace

TEST_CASE("what was put is there after opening again, in order of arrival, and what was removed is not") {
  const Scratch scratch;
  std::vector<std::uint64_t> numbers;
  {
    auto opened = BundleFolder::open(scratch.folder(), {}).value();
    CHECK(opened.entries.empty());
    for (std::uint64_t i = 1; i <= 20; ++i) numbers.push_back(opened.folder->put(stored(i)).value());
    opened.folder->remove(numbers[4]);
    opened.folder->remove(numbers[4]);  // again does nothing
    CHECK(opened.folder->count() == 19);
  }
  auto opened = BundleFolder::open(scratch.folder(), {}).value();
  CHECK(opened.problems.empty());
  REQUIRE(opened.entries.size() == 19);
  for (std::size_t i = 0; i < 19; ++i) {
    const std::uint64_t sequence = i < 4 ? i + 1 : i + 2;
    CHECK(opened.entries[i].bundle.bytes == stored(sequence).bytes);
    CHECK(opened.entries[i].bundle.received == stored(sequence).received);
  }
  CHECK(opened.folder->put(stored(21)).value() > numbers.back());  // numbers are not used again
}

TEST_CASE("a torn, a damaged and a foreign entry are told in a line each and set aside; half files go") {
  const Scratch scratch;
  std::vector<std::uint64_t> numbers;
  {
    auto opened = BundleFolder::open(scratch.folder(), {}).value();
    for (std::uint64_t i = 1; i <= 4; ++i) numbers.push_back(opened.folder->put(stored(i)).value());
  }
  const auto file = [&](std::uint64_t number) {
    return fs::path(scratch.folder()) / fmt::format("{:016x}.kept", number);
  };
  fs::resize_file(file(numbers[0]), 50);
  {
    std::fstream damaged(file(numbers[1]), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(60);
    damaged.put('\x7f');
  }
  std::ofstream(file(numbers[2]), std::ios::trunc) << "nothing of ours";
  std::ofstream(fs::path(scratch.folder()) / "0000000000000009.kept.part") << "half";
  std::ofstream(fs::path(scratch.folder()) / "notes.txt") << "somebody's";
  {
    auto opened = BundleFolder::open(scratch.folder(), {}).value();
    REQUIRE(opened.problems.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(opened.problems[i].starts_with(file(numbers[i]).string()));
      CHECK(opened.problems[i].find('\n') == std::string::npos);
    }
    CHECK(opened.problems[1].find("a kept bundle is damaged") != std::string::npos);
    REQUIRE(opened.entries.size() == 1);
    CHECK(opened.entries[0].bundle.bytes == stored(4).bytes);
  }
  CHECK(scratch.names() == std::vector<std::string>{"0000000000000001.kept.damaged",
                                                    "0000000000000002.kept.damaged",
                                                    "0000000000000003.kept.damaged", "0000000000000004.kept",
                                                    "lock", "notes.txt"});
  CHECK(BundleFolder::open(scratch.folder(), {}).value().problems.empty());  // told once
}

TEST_CASE("every changed bit of an entry is noticed") {
  const auto whole = network::write_kept_bundle(stored(1, 10));
  CHECK(network::read_kept_bundle(whole).value().bytes == stored(1, 10).bytes);
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    auto changed = whole;
    changed[i / 8] ^= std::byte{1} << (i % 8);
    CHECK_FALSE(network::read_kept_bundle(changed).has_value());
  }
}

TEST_CASE("limits and a full disk refuse, leave nothing behind and hurt nothing that was there") {
  const Scratch scratch;
  auto opened = BundleFolder::open(scratch.folder(), {.bytes_max = 1000, .count_max = 3}).value();
  REQUIRE(opened.folder->put(stored(1, 300)).has_value());
  CHECK(opened.folder->put(stored(2, 900)).error().code == Errc::kLimitReached);
  REQUIRE(opened.folder->put(stored(3, 10)).has_value());
  const auto names = scratch.names();

  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto refused = opened.folder->put(stored(4, 200));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::kInputOutput);
  CHECK(scratch.names() == names);

  REQUIRE(opened.folder->put(stored(5, 10)).has_value());
  CHECK(opened.folder->put(stored(6, 10)).error().code == Errc::kLimitReached);  // three are there
  opened.folder.reset();
  CHECK(BundleFolder::open(scratch.folder(), {.bytes_max = 1000, .count_max = 3}).value().entries.size() ==
        3);
  CHECK(BundleFolder::open(scratch.folder(), {.bytes_max = 1000, .count_max = 2}).error().code ==
        Errc::kLimitReached);
}

TEST_CASE("two programs cannot keep bundles in one folder") {
  const Scratch scratch;
  const auto first = BundleFolder::open(scratch.folder(), {}).value();
  const auto second = BundleFolder::open(scratch.folder(), {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::kConflict);
}

TEST_CASE("what was delivered is known after opening again, until it expires; damage costs its line") {
  const Scratch scratch;
  {
    auto list = DeliveredList::open(scratch.folder(), at(0)).value().list;
    for (std::int64_t i = 1; i <= 10; ++i)
      REQUIRE(list.add({at(i * 100), id(static_cast<std::uint64_t>(i))}).has_value());
  }
  {
    const auto opened = DeliveredList::open(scratch.folder(), at(500)).value();
    CHECK(opened.problems.empty());
    REQUIRE(opened.list.entries().size() == 5);
    CHECK(opened.list.entries().begin()->id == id(6));
  }
  const fs::path file = fs::path(scratch.folder()) / "delivered";
  {
    std::fstream damaged(file, std::ios::in | std::ios::out);
    damaged.seekp(12);
    damaged.put('x');
  }
  fs::resize_file(file, fs::file_size(file) - 3);  // torn
  const auto opened = DeliveredList::open(scratch.folder(), at(500)).value();
  REQUIRE(opened.problems.size() == 1);
  CHECK(opened.problems[0].find("2 damaged lines") != std::string::npos);
  CHECK(opened.list.entries().size() == 3);
}

TEST_CASE("the list of what was delivered is bounded; what expires first is forgotten first") {
  const Scratch scratch;
  auto list = DeliveredList::open(scratch.folder(), at(0), 10).value().list;
  for (std::int64_t i = 1; i <= 100; ++i)
    REQUIRE(list.add({at(1000 + i), id(static_cast<std::uint64_t>(i))}).has_value());
  CHECK(list.entries().size() == 10);
  CHECK(fs::file_size(fs::path(scratch.folder()) / "delivered") < 25 * 80);
  const auto again = DeliveredList::open(scratch.folder(), at(0), 10).value().list;
  REQUIRE(again.entries().size() == 10);
  CHECK(again.entries().begin()->id == id(91));
}
