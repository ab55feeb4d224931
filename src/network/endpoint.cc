#include "network/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "base/text.h"
#include "wire/cbor_head.h"

namespace skywarden::network {
namespace {

constexpr std::uint64_t kNumberMax = 0xFFFFFFFFU;  // of an allocator, and of a node beside it

// The characters RFC 3986 allows in a registered name, percent encodings included.
constexpr std::array<bool, 256> make_name_characters() {
  std::array<bool, 256> allowed{};
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%";
  for (const char c : kAllowed) allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}
constexpr std::array<bool, 256> kNameCharacter = make_name_characters();

bool is_visible(char c) {
  return c > ' ' && c < 0x7F;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  const bool padded = text.size() > 1 && text.front() == '0';
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || padded || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

Result<EndpointId> parse_ipn(std::string_view uri, std::string_view numbers) {
  std::vector<std::uint64_t> values;
  for (const std::string_view part : split_at_dots(numbers)) {
    const auto value = whole_number(part);
    if (!value) break;
    values.push_back(*value);
  }
  const bool all_read = values.size() == split_at_dots(numbers).size();
  EndpointView view{.scheme = EndpointScheme::kIpn, .text = {}};
  if (all_read && values.size() == 2) {
    view.node = values[0];
    view.service = values[1];
    return EndpointId(view);
  }
  if (all_read && values.size() == 3 && values[0] <= kNumberMax && values[1] <= kNumberMax) {
    view.node = (values[0] << 32) | values[1];
    view.service = values[2];
    return EndpointId(view);
  }
  return fail(Errc::kMalformed,
              "expected ipn:NODE.SERVICE or ipn:ALLOCATOR.NODE.SERVICE in decimal numbers, found '{}'",
              printable(uri));
}

}  // namespace

std::strong_ordering operator<=>(const EndpointView& a, const EndpointView& b) {
  if (const auto order = a.scheme <=> b.scheme; order != 0) return order;
  if (const auto order = a.node <=> b.node; order != 0) return order;
  if (const auto order = a.service <=> b.service; order != 0) return order;
  return a.text.compare(b.text) <=> 0;
}

EndpointId EndpointId::ipn(std::uint64_t node, std::uint64_t service) {
  return EndpointId(
      EndpointView{.scheme = EndpointScheme::kIpn, .node = node, .service = service, .text = {}});
}

const char* problem_of_dtn_name(std::string_view text) {
  if (text.size() > kEndpointTextMax) return "the name is longer than 1023 bytes";
  if (!text.starts_with("//")) return "expected '//' before the node's name";
  const std::size_t slash = text.find('/', 2);
  if (slash == std::string_view::npos) return "expected '/' after the node's name";
  if (slash == 2) return "the node's name is empty";
  const auto name = text.substr(2, slash - 2);
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return kNameCharacter[static_cast<unsigned char>(c)]; }))
    return "the node's name has a character that is not allowed";
  if (!std::all_of(text.begin() + static_cast<std::ptrdiff_t>(slash), text.end(), is_visible))
    return "the demultiplexing part has a character that is not visible ASCII";
  return nullptr;
}

Result<EndpointId> parse_endpoint(std::string_view uri) {
  if (uri == "dtn:none") return EndpointId();
  if (uri.starts_with("ipn:")) return parse_ipn(uri, uri.substr(4));
  if (!uri.starts_with("dtn:"))
    return fail(Errc::kMalformed, "expected an endpoint such as ipn:7.1 or dtn://node/service, found '{}'",
                printable(uri));
  const std::string_view name = uri.substr(4);
  if (const char* problem = problem_of_dtn_name(name))
    return fail(Errc::kMalformed, "endpoint '{}': {}", printable(uri), problem);
  return EndpointId(EndpointView{.text = name});
}

std::string to_string(const EndpointView& endpoint) {
  if (endpoint.scheme == EndpointScheme::kDtn)
    return endpoint.text.empty() ? "dtn:none" : fmt::format("dtn:{}", endpoint.text);
  const std::uint64_t allocator = endpoint.node >> 32;
  if (allocator == 0) return fmt::format("ipn:{}.{}", endpoint.node, endpoint.service);
  return fmt::format("ipn:{}.{}.{}", allocator, endpoint.node & kNumberMax, endpoint.service);
}

void append_endpoint(std::vector<std::byte>& out, const EndpointView& endpoint) {
  using wire::append_cbor_head;
  using wire::CborMajor;
  append_cbor_head(out, CborMajor::kArray, 2);
  append_cbor_head(out, CborMajor::kUnsigned, static_cast<std::uint64_t>(endpoint.scheme));
  if (endpoint.scheme == EndpointScheme::kIpn) {
    append_cbor_head(out, CborMajor::kArray, endpoint.three_elements ? 3 : 2);
    if (endpoint.three_elements) append_cbor_head(out, CborMajor::kUnsigned, endpoint.node >> 32);
    append_cbor_head(out, CborMajor::kUnsigned,
                     endpoint.three_elements ? endpoint.node & kNumberMax : endpoint.node);
    append_cbor_head(out, CborMajor::kUnsigned, endpoint.service);
  } else if (endpoint.text.empty()) {
    append_cbor_head(out, CborMajor::kUnsigned, 0);
  } else {
    append_cbor_head(out, CborMajor::kText, endpoint.text.size());
    const auto text = std::as_bytes(std::span(endpoint.text));
    out.insert(out.end(), text.begin(), text.end());
  }
}

}  // namespace skywarden::network
