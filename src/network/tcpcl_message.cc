#include "network/tcpcl_message.h"

#include <type_traits>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kItemHeadBytes = 5;  // flags, type, length

// Reads big-endian integers; runs dry once and stays so.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    static_assert(std::is_unsigned_v<T>);
    T value = 0;
    for (const std::byte b : bytes(sizeof(T)))
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8U) | std::to_integer<std::uint64_t>(b));
    return value;
  }
  std::span<const std::byte> bytes(std::uint64_t count) {
    if (dry_ || count > bytes_.size() - at_) {
      dry_ = true;
      return {};
    }
    const auto part = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += part.size();
    return part;
  }
  [[nodiscard]] bool dry() const { return dry_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool dry_ = false;
};

template <typename T>
void append_number(std::vector<std::byte>& out, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = sizeof(T); i-- > 0;)
    out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

void append_bytes(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// What reads a length says whether it is too long; the rest runs dry and is asked again with more bytes.
Result<void> check_length(const Cursor& in, std::uint64_t length, std::uint64_t max, const char* what) {
  if (in.dry() || length <= max) return {};
  return fail(Errc::kLimitReached, "{} of {} bytes, at most {} are taken", what, length, max);
}

Result<TcpclMessage> read_segment(Cursor& in, const TcpclLimits& limits) {
  TcpclSegment segment;
  segment.flags = in.number<std::uint8_t>();
  segment.transfer = in.number<std::uint64_t>();
  if (segment.starts()) {
    const auto length = in.number<std::uint32_t>();
    if (auto good = check_length(in, length, limits.item_bytes_max, "transfer extension items"); !good)
      return tl::unexpected<Error>(good.error());
    segment.items = in.bytes(length);
  }
  const auto length = in.number<std::uint64_t>();
  if (auto good = check_length(in, length, limits.segment_bytes_max, "a segment"); !good)
    return tl::unexpected<Error>(good.error());
  segment.data = in.bytes(length);
  return segment;
}

Result<TcpclMessage> read_session_init(Cursor& in, const TcpclLimits& limits) {
  TcpclSessionInit init;
  init.keepalive_s = in.number<std::uint16_t>();
  init.segment_mru = in.number<std::uint64_t>();
  init.transfer_mru = in.number<std::uint64_t>();
  const auto name = in.bytes(in.number<std::uint16_t>());
  init.node_id = {reinterpret_cast<const char*>(name.data()), name.size()};
  const auto length = in.number<std::uint32_t>();
  if (auto good = check_length(in, length, limits.item_bytes_max, "session extension items"); !good)
    return tl::unexpected<Error>(good.error());
  init.items = in.bytes(length);
  return init;
}

Result<TcpclMessage> read_message(Cursor& in, const TcpclLimits& limits) {
  const auto type = in.number<std::uint8_t>();
  switch (static_cast<TcpclType>(type)) {
    case TcpclType::kSegment:
      return read_segment(in, limits);
    case TcpclType::kAck: {
      TcpclAck ack;
      ack.flags = in.number<std::uint8_t>();
      ack.transfer = in.number<std::uint64_t>();
      ack.acknowledged = in.number<std::uint64_t>();
      return ack;
    }
    case TcpclType::kRefuse: {
      TcpclRefuse refuse;
      refuse.reason = static_cast<TcpclRefuseReason>(in.number<std::uint8_t>());
      refuse.transfer = in.number<std::uint64_t>();
      return refuse;
    }
    case TcpclType::kKeepalive:
      return TcpclKeepalive{};
    case TcpclType::kSessionTerm: {
      TcpclSessionTerm term;
      term.flags = in.number<std::uint8_t>();
      term.reason = static_cast<TcpclTermReason>(in.number<std::uint8_t>());
      return term;
    }
    case TcpclType::kReject: {
      TcpclReject reject;
      reject.reason = static_cast<TcpclRejectReason>(in.number<std::uint8_t>());
      reject.type = in.number<std::uint8_t>();
      return reject;
    }
    case TcpclType::kSessionInit:
      return read_session_init(in, limits);
  }
  return fail(Errc::kUnsupported, "message type {:#04x} is unknown", type);
}

struct Appender {
  std::vector<std::byte>& out;

  void operator()(const TcpclSegment& segment) const {
    EXPECTS(segment.starts() || segment.items.empty());
    append_number(out, segment.flags);
    append_number(out, segment.transfer);
    if (segment.starts()) {
      append_number(out, static_cast<std::uint32_t>(segment.items.size()));
      append_bytes(out, segment.items);
    }
    append_number(out, static_cast<std::uint64_t>(segment.data.size()));
    append_bytes(out, segment.data);
  }
  void operator()(const TcpclAck& ack) const {
    append_number(out, ack.flags);
    append_number(out, ack.transfer);
    append_number(out, ack.acknowledged);
  }
  void operator()(const TcpclRefuse& refuse) const {
    append_number(out, static_cast<std::uint8_t>(refuse.reason));
    append_number(out, refuse.transfer);
  }
  void operator()(const TcpclKeepalive&) const {}
  void operator()(const TcpclSessionTerm& term) const {
    append_number(out, term.flags);
    append_number(out, static_cast<std::uint8_t>(term.reason));
  }
  void operator()(const TcpclReject& reject) const {
    append_number(out, static_cast<std::uint8_t>(reject.reason));
    append_number(out, reject.type);
  }
  void operator()(const TcpclSessionInit& init) const {
    EXPECTS(init.node_id.size() <= 0xFFFF);
    append_number(out, init.keepalive_s);
    append_number(out, init.segment_mru);
    append_number(out, init.transfer_mru);
    append_number(out, static_cast<std::uint16_t>(init.node_id.size()));
    append_bytes(out, std::as_bytes(std::span(init.node_id)));
    append_number(out, static_cast<std::uint32_t>(init.items.size()));
    append_bytes(out, init.items);
  }
};

struct TypeOf {
  TcpclType operator()(const TcpclSegment&) const { return TcpclType::kSegment; }
  TcpclType operator()(const TcpclAck&) const { return TcpclType::kAck; }
  TcpclType operator()(const TcpclRefuse&) const { return TcpclType::kRefuse; }
  TcpclType operator()(const TcpclKeepalive&) const { return TcpclType::kKeepalive; }
  TcpclType operator()(const TcpclSessionTerm&) const { return TcpclType::kSessionTerm; }
  TcpclType operator()(const TcpclReject&) const { return TcpclType::kReject; }
  TcpclType operator()(const TcpclSessionInit&) const { return TcpclType::kSessionInit; }
};

}  // namespace

std::string_view to_string(TcpclTermReason reason) {
  switch (reason) {
    case TcpclTermReason::kUnknown:
      break;
    case TcpclTermReason::kIdleTimeout:
      return "idle timeout";
    case TcpclTermReason::kVersionMismatch:
      return "version mismatch";
    case TcpclTermReason::kBusy:
      return "busy";
    case TcpclTermReason::kContactFailure:
      return "contact failure";
    case TcpclTermReason::kResourceExhaustion:
      return "resource exhaustion";
  }
  return "unknown";
}

std::string_view to_string(TcpclRefuseReason reason) {
  switch (reason) {
    case TcpclRefuseReason::kUnknown:
      break;
    case TcpclRefuseReason::kCompleted:
      return "completed";
    case TcpclRefuseReason::kNoResources:
      return "no resources";
    case TcpclRefuseReason::kRetransmit:
      return "retransmit";
    case TcpclRefuseReason::kNotAcceptable:
      return "not acceptable";
    case TcpclRefuseReason::kExtensionFailure:
      return "extension failure";
    case TcpclRefuseReason::kSessionTerminating:
      return "session terminating";
  }
  return "unknown";
}

std::string_view to_string(TcpclRejectReason reason) {
  switch (reason) {
    case TcpclRejectReason::kTypeUnknown:
      return "message type unknown";
    case TcpclRejectReason::kUnsupported:
      return "message unsupported";
    case TcpclRejectReason::kUnexpected:
      return "message unexpected";
  }
  return "unknown";
}

TcpclType type_of(const TcpclMessage& message) {
  return std::visit(TypeOf{}, message);
}

Result<std::optional<TcpclContact>> decode_tcpcl_contact(std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < kTcpclMagic.size() && i < bytes.size(); ++i)
    if (std::to_integer<std::uint8_t>(bytes[i]) != kTcpclMagic[i])
      return fail(Errc::kMalformed, "no contact header: expected the bytes 'dtn!'");
  if (bytes.size() < kTcpclContactBytes) return std::nullopt;
  return TcpclContact{std::to_integer<std::uint8_t>(bytes[4]), std::to_integer<std::uint8_t>(bytes[5])};
}

Result<std::optional<DecodedTcpcl>> decode_tcpcl(std::span<const std::byte> bytes,
                                                 const TcpclLimits& limits) {
  if (bytes.empty()) return std::nullopt;
  Cursor in(bytes);
  auto message = read_message(in, limits);
  if (!message) return tl::unexpected<Error>(message.error());
  if (in.dry()) return std::nullopt;
  return DecodedTcpcl{*message, in.position()};
}

Result<std::vector<TcpclItem>> decode_tcpcl_items(std::span<const std::byte> bytes) {
  std::vector<TcpclItem> items;
  Cursor in(bytes);
  while (!in.at_end()) {
    TcpclItem item;
    item.flags = in.number<std::uint8_t>();
    item.type = in.number<std::uint16_t>();
    item.value = in.bytes(in.number<std::uint16_t>());
    if (in.dry()) return fail(Errc::kMalformed, "extension items reach beyond their length");
    items.push_back(item);
  }
  return items;
}

void append_tcpcl_contact(std::vector<std::byte>& out, const TcpclContact& contact) {
  for (const std::uint8_t c : kTcpclMagic) append_number(out, c);
  append_number(out, contact.version);
  append_number(out, contact.flags);
}

void append_tcpcl(std::vector<std::byte>& out, const TcpclMessage& message) {
  append_number(out, static_cast<std::uint8_t>(type_of(message)));
  std::visit(Appender{out}, message);
}

void append_tcpcl_item(std::vector<std::byte>& out, const TcpclItem& item) {
  EXPECTS(item.value.size() <= 0xFFFF);
  out.reserve(out.size() + kItemHeadBytes + item.value.size());
  append_number(out, item.flags);
  append_number(out, item.type);
  append_number(out, static_cast<std::uint16_t>(item.value.size()));
  append_bytes(out, item.value);
}

void append_transfer_length(std::vector<std::byte>& out, std::uint64_t total_bytes) {
  std::vector<std::byte> value;
  append_number(value, total_bytes);
  // Not marked critical: who does not know it loses nothing.
  append_tcpcl_item(out, {0, kTransferLengthItem, value});
}

std::optional<std::uint64_t> transfer_length(const TcpclItem& item) {
  if (item.value.size() != sizeof(std::uint64_t)) return std::nullopt;
  return Cursor(item.value).number<std::uint64_t>();
}

}  // namespace skywarden::network
