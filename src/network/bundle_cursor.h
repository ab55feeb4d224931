// Reads the CBOR of bundles and their blocks in order, without allocating: shortest forms and definite
// lengths only. Each call returns false at a failure and from then on; the first failure is kept with its
// byte. For the decoders of this folder; values of free shape are for wire/cbor.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "network/endpoint.h"
#include "wire/cbor_head.h"

namespace skywarden::network {

class BundleCursor {
 public:
  // `offset` is where the bytes begin in the bundle; places in messages count from there.
  explicit BundleCursor(std::span<const std::byte> bytes, std::size_t offset = 0)
      : bytes_(bytes), offset_(offset) {}

  [[nodiscard]] std::size_t position() const { return offset_ + at_; }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  [[nodiscard]] bool next_is(std::byte byte) const { return !at_end() && bytes_[at_] == byte; }
  void skip_byte() { ++at_; }  // after next_is
  // The bytes between two positions.
  [[nodiscard]] std::span<const std::byte> between(std::size_t from, std::size_t to) const {
    return bytes_.subspan(from - offset_, to - from);
  }

  bool unsigned_integer(std::uint64_t& value, const char* what) {
    return argument_of(wire::CborMajor::kUnsigned, value, what);
  }
  bool signed_integer(std::int64_t& value, const char* what);
  bool array(std::uint64_t& items, const char* what) {
    return argument_of(wire::CborMajor::kArray, items, what);
  }
  bool array_of(std::uint64_t items, const char* what);
  bool bytes(std::span<const std::byte>& value, const char* what) {
    return string_of(wire::CborMajor::kBytes, value, what);
  }
  bool text(std::string_view& value, const char* what);
  bool boolean(bool& value, const char* what);
  bool endpoint(EndpointView& value, const char* what);
  bool item(std::span<const std::byte>& whole, const char* what);  // of any shape, definite
  bool end(const char* what);                                      // nothing may follow

  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] tl::unexpected<Error> error() const { return tl::unexpected<Error>(*error_); }
  // Both are always false, so that a check can be returned.
  bool stop(const Error& error) {
    if (!error_) error_ = error;
    return false;
  }
  template <typename... Args>
  bool stop_at(std::size_t position, Errc code, fmt::format_string<Args...> format, Args&&... args) {
    if (!error_)
      error_ = Error{code, fmt::format("bundle at byte {}: {}", position,
                                       fmt::format(format, std::forward<Args>(args)...))};
    return false;
  }

 private:
  bool argument_of(wire::CborMajor major, std::uint64_t& value, const char* what) {
    const wire::CborHead head = wire::parse_cbor_head(bytes_.subspan(at_));
    if (head.fault != wire::CborHeadFault::kNone || head.major != major)
      return stop_at_head(head, major, what);
    value = head.argument;
    at_ += head.size;
    return true;
  }
  bool string_of(wire::CborMajor major, std::span<const std::byte>& value, const char* what);
  bool stop_at_head(const wire::CborHead& head, wire::CborMajor expected, const char* what);
  bool read_dtn(EndpointView& value, const char* what);
  bool read_ipn(EndpointView& value, const char* what);

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
  std::optional<Error> error_;
};

}  // namespace skywarden::network
