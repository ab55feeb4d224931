#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>

#include "formats/read_file.h"

using namespace skywarden;

namespace {

std::string scratch(const char* name) {
  return (std::filesystem::temp_directory_path() / (std::to_string(getpid()) + name)).string();
}

}  // namespace

TEST_CASE("plain and packed files read alike, damaged ones say so") {
  const std::string plain = scratch("plain.txt");
  REQUIRE(formats::write_file(plain, "hello").has_value());
  CHECK(formats::read_file(plain).value() == "hello");
  CHECK(formats::read_file(plain, 4).error().code == Errc::kLimitReached);

  const std::string packed = scratch("packed.gz");
  gzFile file = gzopen(packed.c_str(), "wb");
  const std::string text(10'000, 'x');
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  CHECK(formats::read_file(packed).value() == text);
  std::filesystem::resize_file(packed, std::filesystem::file_size(packed) - 12);
  CHECK(formats::read_file(packed).error().code == Errc::kMalformed);
  CHECK(formats::read_file(scratch("absent")).error().code == Errc::kInputOutput);
  CHECK(formats::read_file(std::filesystem::temp_directory_path().string()).error().code ==
        Errc::kInputOutput);
  std::filesystem::remove(plain);
  std::filesystem::remove(packed);
}
