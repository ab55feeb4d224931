#include "shell/http_guard.h"

#include <algorithm>

namespace skywarden::shell {
namespace {

constexpr int kNotHex = -1;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The name of "name", "name:port", "[v6]" or "[v6]:port"; nothing when it is none of them.
std::optional<std::string_view> host_name(std::string_view host) {
  const std::size_t name_end =
      host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  if (name_end == 0) return std::nullopt;
  const std::string_view rest = host.substr(name_end);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return host.substr(0, name_end);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : kNotHex;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : kNotHex;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : kNotHex;
      if (high == kNotHex || low == kNotHex) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool plain_parts(std::string_view path) {
  if (path == "/") return true;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start + 1), path.size());
    const std::string_view part = path.substr(start + 1, end - start - 1);
    if (part.empty() || part == "." || part == "..") return false;
    start = end;
  }
  return true;
}

bool has_forbidden_byte(std::string_view path) {
  return std::ranges::any_of(path, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || byte == '\\';
  });
}

}  // namespace

bool host_allowed(std::string_view host, std::span<const std::string> names) {
  const std::optional<std::string_view> name = host_name(host);
  if (!name) return false;
  for (const std::string_view known : {"localhost", "127.0.0.1", "[::1]"}) {
    if (equal_ignoring_case(*name, known)) return true;
  }
  return std::ranges::any_of(names,
                             [&](const std::string& known) { return equal_ignoring_case(*name, known); });
}

bool origin_allowed(std::optional<std::string_view> origin, std::string_view host) {
  if (!origin) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin->starts_with(scheme) && equal_ignoring_case(origin->substr(scheme.size()), host)) return true;
  }
  return false;
}

Result<Target> parse_target(std::string_view target) {
  if (target.size() > kTargetBytesMax)
    return fail(Errc::kLimitReached, "the address is longer than {} bytes", kTargetBytesMax);
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::optional<std::string> path = percent_decoded(target.substr(0, question), false);
  if (!path || !path->starts_with('/') || has_forbidden_byte(*path) || !plain_parts(*path)) {
    return fail(Errc::kMalformed, "the address is not a plain path");
  }
  return Target{*path, std::string(target.substr(std::min(question + 1, target.size())))};
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equals), true) == name) {
      return percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

}  // namespace skywarden::shell
