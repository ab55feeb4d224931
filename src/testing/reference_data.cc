#include "testing/reference_data.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>

namespace skywarden::testing {

std::optional<std::string> reference_path(const std::string& relative) {
  const char* root = std::getenv("SKYWARDEN_DATA");
  const std::filesystem::path path =
      std::filesystem::path(root != nullptr ? root : "../shared/data") / relative;
  if (std::filesystem::exists(path)) return path.string();
  if (std::getenv("SKYWARDEN_DATA_REQUIRED") != nullptr) FAIL("reference data absent: " << path.string());
  return std::nullopt;
}

std::string read_file(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
  REQUIRE_MESSAGE(file != nullptr, "cannot open " << path);
  std::string out;
  char buffer[65536];
  int got = 0;
  while ((got = gzread(file, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(got));
  gzclose(file);
  REQUIRE(got == 0);
  return out;
}

}  // namespace skywarden::testing
