// The messages of the TCP convergence layer version 4 (RFC 9174) between bytes and values. Strict about
// structure and lengths; reserved flag bits are ignored and unknown reason codes kept, as the RFC asks. What
// a message means in a session is decided in tcpcl_session.h. All integers are in network byte order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace skywarden::network {

inline constexpr std::array<std::uint8_t, 4> kTcpclMagic = {'d', 't', 'n', '!'};
inline constexpr std::uint8_t kTcpclVersion = 4;
inline constexpr std::size_t kTcpclContactBytes = 6;
inline constexpr std::uint16_t kTcpclPort = 4556;  // registered with IANA

enum class TcpclType : std::uint8_t {  // §4.5
  kSegment = 1,
  kAck = 2,
  kRefuse = 3,
  kKeepalive = 4,
  kSessionTerm = 5,
  kReject = 6,
  kSessionInit = 7,
};

enum class TcpclTermReason : std::uint8_t {  // §6.1
  kUnknown = 0,
  kIdleTimeout = 1,
  kVersionMismatch = 2,
  kBusy = 3,
  kContactFailure = 4,
  kResourceExhaustion = 5,
};
enum class TcpclRefuseReason : std::uint8_t {  // §5.2.4
  kUnknown = 0,
  kCompleted = 1,
  kNoResources = 2,
  kRetransmit = 3,
  kNotAcceptable = 4,
  kExtensionFailure = 5,
  kSessionTerminating = 6,
};
enum class TcpclRejectReason : std::uint8_t {  // §5.1.2
  kTypeUnknown = 1,
  kUnsupported = 2,
  kUnexpected = 3,
};
// "idle timeout"; "unknown" for codes that are not assigned.
[[nodiscard]] std::string_view to_string(TcpclTermReason reason);
[[nodiscard]] std::string_view to_string(TcpclRefuseReason reason);
[[nodiscard]] std::string_view to_string(TcpclRejectReason reason);

namespace tcpcl_flag {
inline constexpr std::uint8_t kCanTls = 0x01;    // contact header
inline constexpr std::uint8_t kReply = 0x01;     // SESS_TERM
inline constexpr std::uint8_t kEnd = 0x01;       // XFER_SEGMENT, XFER_ACK
inline constexpr std::uint8_t kStart = 0x02;     // likewise
inline constexpr std::uint8_t kCritical = 0x01;  // extension items
}  // namespace tcpcl_flag

inline constexpr std::uint16_t kTransferLengthItem = 1;  // §5.2.5.1

struct TcpclContact {  // §4.2
  std::uint8_t version = kTcpclVersion;
  std::uint8_t flags = 0;
};

struct TcpclItem {  // §4.8, §5.2.5: an extension of a session or a transfer
  std::uint8_t flags = 0;
  std::uint16_t type = 0;
  std::span<const std::byte> value;
  [[nodiscard]] bool critical() const { return (flags & tcpcl_flag::kCritical) != 0; }
};

// Spans and views look into the bytes that were decoded, or that are to be encoded.
struct TcpclSessionInit {  // §4.6
  std::uint16_t keepalive_s = 0;
  std::uint64_t segment_mru = 0;
  std::uint64_t transfer_mru = 0;
  std::string_view node_id;          // empty: not told
  std::span<const std::byte> items;  // encoded
};
struct TcpclSessionTerm {  // §6.1
  std::uint8_t flags = 0;
  TcpclTermReason reason = TcpclTermReason::kUnknown;
};
struct TcpclSegment {  // §5.2.2
  std::uint8_t flags = 0;
  std::uint64_t transfer = 0;
  std::span<const std::byte> items;  // encoded; with kStart only
  std::span<const std::byte> data;
  [[nodiscard]] bool starts() const { return (flags & tcpcl_flag::kStart) != 0; }
  [[nodiscard]] bool ends() const { return (flags & tcpcl_flag::kEnd) != 0; }
};
struct TcpclAck {  // §5.2.3
  std::uint8_t flags = 0;
  std::uint64_t transfer = 0;
  std::uint64_t acknowledged = 0;  // bytes of the transfer so far
  [[nodiscard]] bool ends() const { return (flags & tcpcl_flag::kEnd) != 0; }
};
struct TcpclRefuse {  // §5.2.4
  TcpclRefuseReason reason = TcpclRefuseReason::kUnknown;
  std::uint64_t transfer = 0;
};
struct TcpclKeepalive {};  // §5.1.1
struct TcpclReject {       // §5.1.2
  TcpclRejectReason reason = TcpclRejectReason::kUnexpected;
  std::uint8_t type = 0;  // of the message rejected
};
using TcpclMessage = std::variant<TcpclSegment, TcpclAck, TcpclRefuse, TcpclKeepalive, TcpclSessionTerm,
                                  TcpclReject, TcpclSessionInit>;
[[nodiscard]] TcpclType type_of(const TcpclMessage& message);

struct TcpclLimits {
  std::uint64_t segment_bytes_max = std::uint64_t{1} << 20;
  std::uint32_t item_bytes_max = 64U << 10;  // of all extension items of a message
};

struct DecodedTcpcl {
  TcpclMessage message;
  std::size_t size = 0;  // bytes it took
};

// Nothing when more bytes are needed. kMalformed when they cannot become a contact header; another version is
// no error here.
[[nodiscard]] Result<std::optional<TcpclContact>> decode_tcpcl_contact(std::span<const std::byte> bytes);
// Nothing when more bytes are needed. kUnsupported: the type is unknown. kLimitReached: longer than the
// limits; told as soon as the length is there.
[[nodiscard]] Result<std::optional<DecodedTcpcl>> decode_tcpcl(std::span<const std::byte> bytes,
                                                               const TcpclLimits& limits);
// kMalformed when the items do not fill their bytes exactly.
[[nodiscard]] Result<std::vector<TcpclItem>> decode_tcpcl_items(std::span<const std::byte> bytes);

void append_tcpcl_contact(std::vector<std::byte>& out, const TcpclContact& contact);
void append_tcpcl(std::vector<std::byte>& out, const TcpclMessage& message);  // expects lengths that fit
void append_tcpcl_item(std::vector<std::byte>& out, const TcpclItem& item);

// The Transfer Length extension (§5.2.5.1).
void append_transfer_length(std::vector<std::byte>& out, std::uint64_t total_bytes);
[[nodiscard]] std::optional<std::uint64_t> transfer_length(const TcpclItem& item);  // nothing: not 8 bytes

}  // namespace skywarden::network
