#include "formats/read_blocks.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "formats/read_file.h"

using namespace skywarden;

namespace {

struct TemporaryFile {
  explicit TemporaryFile(const std::string& bytes)
      : path((std::filesystem::temp_directory_path() /
              ("skywarden_read_blocks_" + std::to_string(getpid()) + ".csv"))
                 .string()) {
    REQUIRE(formats::write_file(path, bytes).has_value());
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path;
};

std::vector<std::string> blocks_of(const std::string& path, const formats::BlockOptions& options) {
  std::vector<std::string> out;
  const auto read = formats::for_each_block(path, options, [&](std::string_view block) -> Result<bool> {
    out.emplace_back(block);
    return true;
  });
  REQUIRE(read.has_value());
  return out;
}

}  // namespace

TEST_CASE("blocks end with a line, never inside quotes, and together are the file") {
  std::string bytes;
  for (int i = 0; i < 40'000; ++i) bytes += "cell,\"two\nlines\"," + std::to_string(i) + "\n";
  bytes += "the end, without a line break";
  const TemporaryFile file(bytes);
  const auto blocks = blocks_of(file.path, {.block_bytes = 100'000});
  CHECK(blocks.size() > 3);
  std::string together;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i + 1 < blocks.size()) CHECK(blocks[i].ends_with("\n"));
    if (i > 0)
      CHECK(blocks[i].starts_with(i + 1 < blocks.size() || blocks[i].starts_with("cell") ? "cell" : "the"));
    together += blocks[i];
  }
  CHECK(together == bytes);
}

TEST_CASE("a quote without its end costs rows near it, not memory") {
  std::string bytes = "a,\"b\n";
  for (int i = 0; i < 100'000; ++i) bytes += "1,2\n";
  const TemporaryFile file(bytes);
  const auto blocks = blocks_of(file.path, {.block_bytes = 20'000});
  for (const std::string& block : blocks) CHECK(block.size() < 6 * 80'000);
}

TEST_CASE("a line without end is refused, and a file that is not there is named") {
  const TemporaryFile file(std::string(1'000'000, 'x'));
  const auto nothing = [](std::string_view) -> Result<bool> { return true; };
  const auto read = formats::for_each_block(file.path, {.block_bytes = 50'000}, nothing);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == Errc::kLimitReached);
  CHECK(formats::for_each_block("/nowhere/at/all", {}, nothing).error().code == Errc::kInputOutput);
}
