// Expected failure as a value: Result<T> is tl::expected<T, Error>; std::expected can take its place later.
// An Error names the reaction its reader can have (code) and says in one line what went wrong and where.
#pragma once

#include <fmt/core.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace skywarden {

enum class Errc {
  kMalformed,     // the bytes do not follow their format
  kUnsupported,   // well-formed, but not something this build handles
  kOutOfRange,    // a value outside its stated range
  kNotFound,      // a file, key or name that is not there
  kLimitReached,  // a named limit on size, depth or count
  kConflict,      // contradicts something already agreed or declared
  kUnavailable,   // try again later: no leader, no link, queue full
  kInputOutput,   // the operating system said no
};

struct Error {
  Errc code = Errc::kMalformed;
  std::string message;  // one line: where, what was found, what was expected
};

template <typename T>
using Result = tl::expected<T, Error>;

// fail(Errc::kMalformed, "{}:{}: expected a number, found '{}'", file, row, text)
template <typename... Args>
[[nodiscard]] tl::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace skywarden
