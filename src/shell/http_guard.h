// Who may talk to the loopback server, and about which path. A browser lets any page on the web send requests
// to 127.0.0.1; these checks refuse them: the Host header stops a foreign name that was rebound to this
// machine, the Origin header stops another page from posting or opening the socket (RFC 9110 §7.2, RFC 6454,
// RFC 6455 §10.2). They do not authenticate: every user of this machine can open the console.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skywarden::shell {

inline constexpr std::size_t kTargetBytesMax = 4096;

// "localhost", "127.0.0.1", "[::1]" or one of `names`, with or without a port. The port is free, because
// behind `ssh -L 9000:127.0.0.1:8080` the browser says 9000, and a rebound name cannot pass whatever its
// port.
[[nodiscard]] bool host_allowed(std::string_view host, std::span<const std::string> names);

// True when a page of `origin` is the page served at `host`. No Origin at all means that no browser page is
// asking.
[[nodiscard]] bool origin_allowed(std::optional<std::string_view> origin, std::string_view host);

struct Target {
  std::string path;   // decoded
  std::string query;  // encoded
};

// kMalformed for anything but an absolute path of plain parts: no "..", no empty part, no control byte, no
// backslash.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

// The decoded value of `name` in "name=value&…"; nothing when absent or badly encoded.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace skywarden::shell
