// Names of bundle endpoints: "dtn:none", "dtn://fire/alerts", "ipn:7.1", "ipn:977000.7.1" (RFC 9171 §4.2.5,
// RFC 9758). An EndpointView looks into a received bundle; an EndpointId owns its text. An ipn number may be
// written in two elements, the first packing allocator and node, or in three; both name the same endpoint,
// and the form found is kept so that a bundle goes on as it came.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::network {

inline constexpr std::size_t kEndpointTextMax = 1023;  // bytes of a dtn name

enum class EndpointScheme : std::uint8_t { kDtn = 1, kIpn = 2 };  // codes of the registry

struct EndpointView {
  EndpointScheme scheme = EndpointScheme::kDtn;
  bool three_elements = false;  // how an ipn endpoint is written; not part of its identity
  std::uint64_t node = 0;       // ipn: allocator << 32 | node number
  std::uint64_t service = 0;    // ipn
  std::string_view text;        // dtn: "//node/demux"; empty is dtn:none

  [[nodiscard]] bool is_null() const {  // dtn:none or ipn:0.0
    return text.empty() && node == 0 && service == 0;
  }
  friend bool operator==(const EndpointView& a, const EndpointView& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const EndpointView& a, const EndpointView& b);
};

class EndpointId {
 public:
  EndpointId() = default;               // dtn:none
  EndpointId(const EndpointView& view)  // NOLINT(google-explicit-constructor): the same thing, owned
      : form_(view), text_(view.text) {
    form_.text = {};
  }
  [[nodiscard]] static EndpointId ipn(std::uint64_t node, std::uint64_t service);

  [[nodiscard]] EndpointView view() const {
    EndpointView view = form_;
    view.text = text_;
    return view;
  }
  [[nodiscard]] bool is_null() const { return view().is_null(); }
  friend bool operator==(const EndpointId& a, const EndpointId& b) { return a.view() == b.view(); }
  friend std::strong_ordering operator<=>(const EndpointId& a, const EndpointId& b) {
    return a.view() <=> b.view();
  }

 private:
  EndpointView form_;  // without its text
  std::string text_;
};

// What is wrong with the text of a dtn name ("//node/demux"), or nothing.
[[nodiscard]] const char* problem_of_dtn_name(std::string_view text);

[[nodiscard]] Result<EndpointId> parse_endpoint(std::string_view uri);
[[nodiscard]] std::string to_string(const EndpointView& endpoint);
[[nodiscard]] inline std::string to_string(const EndpointId& endpoint) {
  return to_string(endpoint.view());
}
void append_endpoint(std::vector<std::byte>& out, const EndpointView& endpoint);  // as CBOR

}  // namespace skywarden::network
