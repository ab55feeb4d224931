// One session of the TCP convergence layer version 4 (RFC 9174) as a pure state machine, either end: bytes
// and `now` in; bytes to write and events out. It opens no connection, does no TLS (it says when, and takes
// who was authenticated) and does not look into bundles.
//
//  - The driver gives receive() what arrived, writes what output() gives until that is empty, calls tick() at
//    wake_at(), and treats events in their order. While a received bundle waits for settle(), or the peer
//    does not read, wants_bytes() is false and nothing is to be read: so everything here is bounded.
//  - A bundle is acknowledged when the driver settles it: an acknowledgement means the bundle is kept.
//  - A violation that the RFC does not name is answered with MSG_REJECT and passed over; after
//    `violations_max` of them, or when the byte stream makes no sense any more, the session ends.
//  - Transfer IDs of either side are used once (§5.2.1). A peer may choose its own in any order; those seen
//    are kept as ranges, at most `id_ranges_max`.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "network/tcpcl_message.h"

namespace skywarden::network {

struct TcpclOptions {
  bool active = false;                     // this end opened the connection
  std::string node_id;                     // "ipn:7.0", "dtn://node/"; empty: not told
  std::optional<std::string> peer_node{};  // end the session unless the peer says this Node ID
  bool tls_offered = false;                // CAN_TLS in the contact header
  bool tls_required = false;               // §4.3: end the session when TLS is not negotiated
  bool node_id_required = false;           // with TLS: end it unless the peer's certificate has its Node ID

  std::chrono::seconds keepalive{30};  // proposed, at most 65,535; 0: none. The lesser of both ends is used
  Duration contact_max = std::chrono::seconds(30);  // until the session is up; §4.1 says up to a minute
  Duration ending_max = std::chrono::seconds(10);   // for transfers under way after SESS_TERM
  Duration idle_max{};                              // §6.2: without a message but KEEPALIVE; 0: never

  std::uint64_t segment_mru = std::uint64_t{1} << 20;    // longest segment taken, at least 1
  std::uint64_t transfer_mru = std::uint64_t{64} << 20;  // longest bundle taken
  std::uint64_t segment_bytes_max = 256U << 10;          // of segments sent, if the peer takes such
  std::uint32_t item_bytes_max = 16U << 10;              // extension items of a message received
  std::size_t flying_max = 64;                           // segments sent and not acknowledged yet
  std::size_t queue_max = 1024;                          // transfers waiting or under way to the peer
  std::size_t id_ranges_max = 1024;
  std::size_t violations_max = 16;

  [[nodiscard]] Result<void> validate() const;
};

// Write what output() gives, then do the TLS handshake and call tls_established() or connection_lost().
struct TcpclStartTls {};
struct TcpclUp {
  std::string peer_node;  // empty: not told
  bool authenticated = false;
  Duration keepalive{};                             // negotiated; 0: none
  std::uint64_t segment_mru = 0, transfer_mru = 0;  // of the peer
};
struct TcpclReceived {  // settle() it
  std::uint64_t transfer = 0;
  std::vector<std::byte> bundle;
};
struct TcpclDelivered {  // acknowledged to its end
  std::uint64_t transfer = 0;
};
struct TcpclRefused {
  std::uint64_t transfer = 0;
  TcpclRefuseReason reason = TcpclRefuseReason::kUnknown;
};
struct TcpclFailed {  // the session ended before the peer had acknowledged it
  std::uint64_t transfer = 0;
};
struct TcpclReceptionFailed {  // the session ended within it
  std::uint64_t transfer = 0;
};
struct TcpclRejected {  // the peer says that it did not understand
  TcpclReject reject;
};
struct TcpclClosed {  // write what output() gives, then close the connection; the last event
  std::optional<TcpclTermReason> reason{};  // what SESS_TERM said; nothing when there was none
  bool clean = false;                       // SESS_TERM both ways and every transfer finished
  std::string why;                          // one line
};
using TcpclEvent = std::variant<TcpclStartTls, TcpclUp, TcpclReceived, TcpclDelivered, TcpclRefused,
                                TcpclFailed, TcpclReceptionFailed, TcpclRejected, TcpclClosed>;
using TcpclEvents = std::vector<TcpclEvent>;

// "ipn:7.0" or "dtn://node/": a Node ID is an endpoint without a service (RFC 9171 §4.2.5.2).
[[nodiscard]] bool is_node_id(std::string_view uri);
[[nodiscard]] bool same_node(std::string_view a, std::string_view b);  // however an ipn name is written

class TcpclSession {
 public:
  TcpclSession(TcpclOptions options, Instant now);  // expects options that validate()

  void receive(std::span<const std::byte> bytes, Instant now, TcpclEvents& events);  // expects wants_bytes()
  // `node_ids`: those of the peer's certificate (§4.4.1), empty when it has none.
  void tls_established(std::vector<std::string> node_ids, Instant now, TcpclEvents& events);
  void connection_lost(std::string_view why, TcpclEvents& events);
  void tick(Instant now, TcpclEvents& events);
  [[nodiscard]] Instant wake_at() const;

  // The transfer's number. kUnavailable: not up, ending, or too many waiting; kLimitReached: the peer takes
  // none so long.
  Result<std::uint64_t> send(std::vector<std::byte> bundle);
  // What becomes of the bundle just received: kept (nothing), or refused.
  void settle(std::optional<TcpclRefuseReason> refused, Instant now, TcpclEvents& events);
  void end(TcpclTermReason reason, Instant now, TcpclEvents& events);  // after transfers under way

  [[nodiscard]] std::vector<std::byte> output(Instant now);  // at most one segment, and what goes before it
  [[nodiscard]] bool wants_bytes() const;
  [[nodiscard]] bool up() const { return state_ == State::kUp; }
  [[nodiscard]] bool closed() const { return state_ == State::kClosed; }
  [[nodiscard]] std::size_t outgoing() const { return outgoing_.size(); }  // waiting or under way

 private:
  enum class State : std::uint8_t { kContact, kTls, kInit, kUp, kEnding, kClosed };
  struct Outgoing {
    std::vector<std::byte> bundle;
    std::size_t sent = 0, acknowledged = 0;
    std::deque<std::size_t> flying;  // ends of segments not acknowledged yet
    bool started = false;
  };
  struct Incoming {
    std::uint64_t transfer = 0;
    std::vector<std::byte> bundle;
    std::optional<std::uint64_t> total;
    std::optional<TcpclRefuseReason> refused;
    std::uint8_t last_flags = 0;  // of the segment that ended it
  };

  void parse(Instant now, TcpclEvents& events);
  [[nodiscard]] bool parse_contact(Instant now, TcpclEvents& events);
  [[nodiscard]] bool parse_message(Instant now, TcpclEvents& events);
  void dispatch(const TcpclMessage& message, Instant now, TcpclEvents& events);
  void treat(const TcpclSessionInit& init, Instant now, TcpclEvents& events);
  void treat(const TcpclSessionTerm& term, Instant now, TcpclEvents& events);
  void treat(const TcpclSegment& segment, TcpclEvents& events);
  void treat(const TcpclAck& ack, TcpclEvents& events);
  void treat(const TcpclRefuse& refuse, TcpclEvents& events);
  void treat(const TcpclReject& reject, TcpclEvents& events);

  [[nodiscard]] bool expected(TcpclType type, TcpclEvents& events);
  void reject(TcpclType type, TcpclRejectReason reason, TcpclEvents& events);
  [[nodiscard]] std::optional<std::string> problem_of(const TcpclSessionInit& init);
  [[nodiscard]] bool remember(std::uint64_t transfer, TcpclEvents& events);
  [[nodiscard]] bool begin_incoming(const TcpclSegment& segment, TcpclEvents& events);
  [[nodiscard]] std::optional<TcpclRefuseReason> problem_of_start(const TcpclSegment& segment);
  [[nodiscard]] std::optional<TcpclRefuseReason> problem_of_data(const TcpclSegment& segment) const;
  void refuse_incoming(TcpclRefuseReason reason);
  void queue(const TcpclMessage& message);
  void send_contact();
  void send_init();
  void pump(Instant now);
  void fail_unstarted(TcpclEvents& events);
  void finish_if_quiet(TcpclEvents& events);
  // SESS_TERM if it may still be sent, then closed.
  void abort(TcpclTermReason reason, std::string why, TcpclEvents& events);
  void close(std::optional<TcpclTermReason> reason, bool clean, std::string why, TcpclEvents& events);

  TcpclOptions options_;
  State state_ = State::kContact;
  Instant began_{}, last_sent_{}, last_heard_{}, last_busy_{}, ending_since_{};
  std::vector<std::byte> input_;
  std::size_t input_at_ = 0;
  std::vector<std::byte> output_;
  bool contact_sent_ = false, init_sent_ = false, term_sent_ = false, term_received_ = false;
  bool tls_ = false;
  std::vector<std::string> certified_nodes_;
  std::optional<TcpclTermReason> term_reason_;
  std::size_t violations_ = 0;

  Duration keepalive_{};
  std::uint64_t peer_segment_mru_ = 0, peer_transfer_mru_ = 0;
  std::string peer_node_;

  std::map<std::uint64_t, Outgoing> outgoing_;  // by transfer, which is the order of sending
  std::uint64_t next_transfer_ = 0;
  std::size_t flying_ = 0;  // segments of all transfers

  std::optional<Incoming> incoming_;
  bool settling_ = false;                        // incoming_ is complete and waits for settle()
  std::map<std::uint64_t, std::uint64_t> seen_;  // transfers of the peer: first to last of each range
};

}  // namespace skywarden::network
