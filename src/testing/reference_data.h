// Where tests find reference data that is not part of the repository: $SKYWARDEN_DATA, else ../shared/data.
#pragma once

#include <optional>
#include <string>

namespace skywarden::testing {

// The path of a reference file, or nothing when the data is absent; then the test reports itself skipped.
// With SKYWARDEN_DATA_REQUIRED set (CI) an absent file is a failure instead.
[[nodiscard]] std::optional<std::string> reference_path(const std::string& relative);

// The whole file, unpacked when it ends in .gz. Fails the test when it cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace skywarden::testing

// REFERENCE_OR_SKIP(path, "space/sgp4/SGP4-VER.TLE");   inside a TEST_CASE: declares `path` or leaves the
// test
#define REFERENCE_OR_SKIP(name, relative)                                   \
  const auto name##_found = ::skywarden::testing::reference_path(relative); \
  if (!name##_found) {                                                      \
    MESSAGE("SKIPPED: no reference data at ", relative);                    \
    return;                                                                 \
  }                                                                         \
  const std::string& name = *name##_found
