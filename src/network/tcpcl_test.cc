// Sessions of the TCP convergence layer against the rules of RFC 9174, section by section. The peer here is
// a test that writes messages byte by byte as the RFC draws them.
#include <doctest/doctest.h>

#include <algorithm>

#include "network/bundle_test_data.h"
#include "network/tcpcl_session.h"

namespace skywarden::network {
namespace {

using std::chrono::seconds;
using Bytes = std::vector<std::byte>;

constexpr std::string_view kContact = "64746e21 04 00";
constexpr std::string_view kContactTls = "64746e21 04 01";
// keepalive 30, segment MRU 100, transfer MRU 1000, "ipn:9.0", no extensions
constexpr std::string_view kInit = "07 001e 0000000000000064 00000000000003e8 0007 69706e3a392e30 00000000";
constexpr std::string_view kTermReply = "05 01 00";

template <typename T>
std::vector<T> all(const TcpclEvents& events) {
  std::vector<T> found;
  for (const auto& event : events)
    if (const T* each = std::get_if<T>(&event)) found.push_back(*each);
  return found;
}

TcpclOptions options_of(bool active) {
  TcpclOptions options;
  options.active = active;
  options.node_id = "ipn:7.0";
  options.segment_mru = 100;
  options.transfer_mru = 1000;
  return options;
}

struct End {
  explicit End(const TcpclOptions& options) : session(options, now) {}

  TcpclEvents hear(std::string_view hex) { return hear(from_hex(hex)); }
  TcpclEvents hear(const Bytes& bytes) {
    TcpclEvents events;
    session.receive(bytes, now, events);
    return events;
  }
  TcpclEvents tick_at(Instant t) {
    now = t;
    TcpclEvents events;
    session.tick(now, events);
    return events;
  }
  TcpclEvents settle(std::optional<TcpclRefuseReason> refused = std::nullopt) {
    TcpclEvents events;
    session.settle(refused, now, events);
    return events;
  }
  std::string said() {
    Bytes all_of_it;
    for (Bytes part = session.output(now); !part.empty(); part = session.output(now))
      all_of_it.insert(all_of_it.end(), part.begin(), part.end());
    return to_hex(all_of_it);
  }

  Instant now{};
  TcpclSession session;
};

std::string plain(std::string_view hex) {
  return to_hex(from_hex(hex));
}

// After both SESS_INITs; what was said until then is thrown away.
End passive_up(TcpclOptions options = options_of(false)) {
  End end(options);
  end.hear(kContact);
  CHECK(all<TcpclUp>(end.hear(kInit)).size() == 1);
  (void)end.said();
  return end;
}
End active_up() {
  End end(options_of(true));
  end.hear(kContact);
  CHECK(all<TcpclUp>(end.hear(kInit)).size() == 1);
  (void)end.said();
  return end;
}

std::string closed_why(const TcpclEvents& events) {
  const auto closed = all<TcpclClosed>(events);
  return closed.size() == 1 ? closed[0].why : "not closed";
}
std::optional<TcpclTermReason> closed_reason(const TcpclEvents& events) {
  const auto closed = all<TcpclClosed>(events);
  return closed.empty() ? std::nullopt : closed[0].reason;
}

// ---- 4.1 to 4.3: the contact header

TEST_CASE("4.1: the active end sends its contact header at once, the passive one after the peer's") {
  End active(options_of(true));
  CHECK(active.said() == plain(kContact));
  End passive(options_of(false));
  CHECK(passive.said().empty());
  passive.hear(kContact);
  CHECK(passive.said() == plain(kContact));
}

TEST_CASE("4.1: without a contact header in time the passive end closes and says nothing") {
  End passive(options_of(false));
  CHECK(passive.session.wake_at() == Instant{} + seconds(30));
  CHECK(all<TcpclClosed>(passive.tick_at(Instant{} + seconds(29))).empty());
  CHECK(closed_why(passive.tick_at(Instant{} + seconds(30))) == "no contact header came in time");
  CHECK(passive.said().empty());
}

TEST_CASE("4.2: flags are CAN_TLS only when TLS is on; reserved flags of the peer are ignored") {
  auto options = options_of(true);
  options.tls_offered = true;
  CHECK(End(options).said() == plain(kContactTls));
  End passive(options_of(false));
  CHECK(all<TcpclClosed>(passive.hear("64746e21 04 fe")).empty());
  CHECK(all<TcpclUp>(passive.hear(kInit)).size() == 1);
}

TEST_CASE(
    "4.3 and 6.1: a bad magic string closes the connection, at its first wrong byte and without SESS_TERM") {
  End passive(options_of(false));
  CHECK(closed_why(passive.hear("64 74 6f")) == "no contact header: expected the bytes 'dtn!'");
  CHECK(passive.said().empty());
}

TEST_CASE("4.3: another version makes the passive end send its header and SESS_TERM version mismatch") {
  End passive(options_of(false));
  CHECK(closed_reason(passive.hear("64746e21 03 00")) == TcpclTermReason::kVersionMismatch);
  CHECK(passive.said() == plain("64746e21 04 00 05 00 02"));
}

TEST_CASE("4.3: a lower version than its own makes the active end close") {
  End active(options_of(true));
  (void)active.said();
  CHECK(closed_why(active.hear("64746e21 03 00")) == "the peer speaks version 3, expected 4");
  CHECK(active.said().empty());
}

TEST_CASE("4.3: where TLS is required and not offered the session ends with contact failure") {
  auto options = options_of(false);
  options.tls_offered = options.tls_required = true;
  End passive(options);
  CHECK(closed_reason(passive.hear(kContact)) == TcpclTermReason::kContactFailure);
  CHECK(passive.said() == plain("64746e21 04 01 05 00 04"));
}

TEST_CASE("4.3: TLS begins when both can, and nothing but the handshake may follow the contact header") {
  auto options = options_of(false);
  options.tls_offered = true;
  End passive(options);
  CHECK(all<TcpclStartTls>(passive.hear(kContactTls)).size() == 1);
  CHECK_FALSE(passive.session.wants_bytes());
  CHECK(passive.said() == plain(kContactTls));
  TcpclEvents events;
  passive.session.tls_established({}, passive.now, events);
  CHECK(passive.session.wants_bytes());
  CHECK(all<TcpclUp>(passive.hear(kInit)).size() == 1);

  End injected(options);  // SESS_INIT before TLS, to be read as if it had come through it
  CHECK(closed_why(injected.hear(std::string(kContactTls) + std::string(kInit))) ==
        "bytes between contact header and TLS handshake");

  End without(options);  // one end without TLS: no TLS
  CHECK(all<TcpclStartTls>(without.hear(kContact)).empty());
  CHECK(all<TcpclUp>(without.hear(kInit)).size() == 1);
}

// ---- 4.4: who the peer is

TEST_CASE("4.4.4: the peer's Node ID is compared with its certificate") {
  auto options = options_of(false);
  options.tls_offered = options.tls_required = true;
  const auto with = [&](std::vector<std::string> certified) {
    End passive(options);
    passive.hear(kContactTls);
    TcpclEvents events;
    passive.session.tls_established(std::move(certified), passive.now, events);
    return passive.hear(kInit);
  };
  CHECK(all<TcpclUp>(with({"ipn:9.0"})).at(0).authenticated);
  CHECK(all<TcpclUp>(with({"dtn://other/", "ipn:9.0"})).at(0).authenticated);
  CHECK(closed_reason(with({"ipn:8.0"})) == TcpclTermReason::kContactFailure);
  // absent: for the policy to judge; an endpoint that is no Node ID is ignored
  CHECK_FALSE(all<TcpclUp>(with({})).at(0).authenticated);
  CHECK_FALSE(all<TcpclUp>(with({"ipn:9.1"})).at(0).authenticated);
  options.node_id_required = true;
  CHECK(closed_reason(with({})) == TcpclTermReason::kContactFailure);
  CHECK(closed_why(with({"ipn:9.1"})) == "the peer's certificate does not name 'ipn:9.0'");
}

TEST_CASE("another peer than the one expected is refused") {
  auto options = options_of(true);
  options.peer_node = "ipn:8.0";
  End active(options);
  active.hear(kContact);
  CHECK(closed_why(active.hear(kInit)) == "the peer is 'ipn:9.0', expected ipn:8.0");
  options.peer_node = "ipn:0.9.0";  // the same node, written in three numbers
  End same(options);
  same.hear(kContact);
  CHECK(all<TcpclUp>(same.hear(kInit)).size() == 1);
}

TEST_CASE("Node IDs are endpoints without a service") {
  for (const char* good : {"ipn:7.0", "ipn:1.7.0", "dtn://node/"}) CHECK(is_node_id(good));
  for (const char* bad : {"", "ipn:7.1", "ipn:0.0", "dtn:none", "dtn://node/x", "dtn://node", "http://node/"})
    CHECK_FALSE(is_node_id(bad));
}

// ---- 4.6 to 4.8: session parameters

TEST_CASE("4.6: SESS_INIT is sent by the active end first, and answered") {
  End active(options_of(true));
  (void)active.said();
  active.hear(kContact);
  CHECK(active.said() == plain("07 001e 0000000000000064 00000000000003e8 0007 69706e3a372e30 00000000"));
  End passive(options_of(false));
  passive.hear(kContact);
  (void)passive.said();
  CHECK(passive.said().empty());
  passive.hear(kInit);
  CHECK(passive.said() == plain("07 001e 0000000000000064 00000000000003e8 0007 69706e3a372e30 00000000"));
}

TEST_CASE("4.6: no Node ID has length zero, and what is told must be one") {
  auto options = options_of(true);
  options.node_id.clear();
  End active(options);
  (void)active.said();
  active.hear(kContact);
  CHECK(active.said() == plain("07 001e 0000000000000064 00000000000003e8 0000 00000000"));
  const auto up = all<TcpclUp>(active.hear("07 001e 0000000000000064 00000000000003e8 0000 00000000"));
  CHECK(up.at(0).peer_node.empty());
  End passive(options_of(false));
  passive.hear(kContact);
  CHECK(
      closed_reason(passive.hear("07 001e 0000000000000064 00000000000003e8 0007 69706e3a392e31 00000000")) ==
      TcpclTermReason::kContactFailure);  // ipn:9.1
}

TEST_CASE("4.6 and 4.8: extension items must fill their length; unknown critical ones end the session") {
  const auto with = [](std::string_view items) {
    End passive(options_of(false));
    passive.hear(kContact);
    return passive.hear("07 001e 0000000000000064 00000000000003e8 0000" + std::string(items));
  };
  CHECK(all<TcpclUp>(with("00000007 00 0bad 0002 abcd")).size() == 1);  // unknown: skipped
  CHECK(all<TcpclUp>(with("00000007 fe 0bad 0002 abcd")).size() == 1);  // reserved flags: ignored
  CHECK(closed_reason(with("00000007 01 0bad 0002 abcd")) == TcpclTermReason::kContactFailure);
  CHECK(closed_reason(with("00000007 00 0bad 0003 abcd")) == TcpclTermReason::kContactFailure);
  CHECK(closed_reason(with("00000003 00 0bad")) == TcpclTermReason::kContactFailure);
}

TEST_CASE("4.7: the keepalive is the lesser of both, and none when one is zero") {
  const auto with = [](int own, std::string_view peer) {
    auto options = options_of(false);
    options.keepalive = seconds(own);
    End passive(options);
    passive.hear(kContact);
    return all<TcpclUp>(
               passive.hear("07" + std::string(peer) + "0000000000000064 00000000000003e8 0000 00000000"))
        .at(0)
        .keepalive;
  };
  CHECK(with(30, "000a") == seconds(10));
  CHECK(with(5, "000a") == seconds(5));
  CHECK(with(0, "000a") == Duration::zero());
  CHECK(with(30, "0000") == Duration::zero());
}

TEST_CASE("4.7: a peer that takes no segments is unacceptable") {
  End passive(options_of(false));
  passive.hear(kContact);
  CHECK(closed_reason(passive.hear("07 001e 0000000000000000 00000000000003e8 0000 00000000")) ==
        TcpclTermReason::kContactFailure);
}

// ---- 5.1: upkeep

TEST_CASE("5.1.1: KEEPALIVE is sent when nothing else was for the interval") {
  End end = passive_up();
  CHECK(end.session.wake_at() == Instant{} + seconds(30));
  end.tick_at(Instant{} + seconds(29));
  CHECK(end.said().empty());
  end.tick_at(Instant{} + seconds(30));
  CHECK(end.said() == "04");
  end.hear("04");
  CHECK(end.session.send(Bytes(3)).has_value());
  end.now += seconds(20);
  CHECK_FALSE(end.said().empty());  // a segment, so the interval begins anew
  end.hear("04");
  end.tick_at(Instant{} + seconds(60));
  CHECK(end.said().empty());
  end.tick_at(Instant{} + seconds(80));
  CHECK(end.said() == "04");
}

TEST_CASE("5.1.1: a peer silent for twice the interval ends the session with idle timeout") {
  End end = passive_up();
  end.tick_at(Instant{} + seconds(30));
  (void)end.said();
  CHECK(all<TcpclClosed>(end.tick_at(Instant{} + seconds(59))).empty());
  (void)end.said();
  CHECK(closed_reason(end.tick_at(Instant{} + seconds(60))) == TcpclTermReason::kIdleTimeout);
  CHECK(end.said().ends_with("050001"));
}

TEST_CASE("5.1.2: an unknown message type is rejected and the connection closed") {
  End end = passive_up();
  CHECK(closed_why(end.hear("09")) == "message type 0x09 is unknown");
  CHECK(end.said() == plain("06 01 09"));
}

TEST_CASE("5.1.2: messages that do not fit the state are rejected as unexpected") {
  End end = passive_up();
  CHECK(all<TcpclClosed>(end.hear(kInit)).empty());  // a second SESS_INIT
  CHECK(end.said() == plain("06 03 07"));
  end.hear("02 03 0000000000000005 0000000000000001");  // XFER_ACK of a transfer never begun
  CHECK(end.said() == plain("06 03 02"));
  end.hear("03 00 0000000000000005");  // XFER_REFUSE likewise
  CHECK(end.said() == plain("06 03 03"));
  end.hear("01 01 0000000000000005 0000000000000001 ff");  // a segment without its start
  CHECK(end.said() == plain("06 03 01"));
  end.hear("05 01 00");  // an answer to no SESS_TERM
  CHECK(end.said() == plain("06 03 05"));
  CHECK(end.session.up());

  End early(options_of(false));
  early.hear(kContact);
  (void)early.said();
  early.hear("01 03 0000000000000000 00000000 0000000000000001 ff");  // before SESS_INIT
  CHECK(early.said() == plain("06 03 01"));
}

TEST_CASE("a peer that goes on breaking the protocol is left") {
  End end = passive_up();
  TcpclEvents events;
  for (int i = 0; i < 16; ++i) CHECK(all<TcpclClosed>(end.hear("03 00 0000000000000005")).empty());
  CHECK(closed_why(end.hear("03 00 0000000000000005")) == "the peer broke the protocol too often");
}

// ---- 5.2: transfers, received

TEST_CASE(
    "5.2.3: each segment is acknowledged with its flags and the sum so far, the last when the bundle is "
    "kept") {
  End end = passive_up();
  CHECK(all<TcpclReceived>(end.hear("01 02 0000000000000000 00000000 0000000000000002 aabb")).empty());
  CHECK(end.said() == plain("02 02 0000000000000000 0000000000000002"));
  end.hear("01 80 0000000000000000 0000000000000001 cc");  // a flag not known here is sent back
  CHECK(end.said() == plain("02 80 0000000000000000 0000000000000003"));
  const auto received = all<TcpclReceived>(end.hear("01 01 0000000000000000 0000000000000001 dd"));
  CHECK(received.at(0).bundle == from_hex("aabbccdd"));
  CHECK(end.said().empty());
  CHECK_FALSE(end.session.wants_bytes());
  CHECK(end.settle().empty());
  CHECK(end.said() == plain("02 01 0000000000000000 0000000000000004"));
}

TEST_CASE("5.2.4: what the keeper does not want is refused with its reason") {
  End end = passive_up();
  CHECK(all<TcpclReceived>(end.hear("01 03 0000000000000004 00000000 0000000000000001 aa")).size() == 1);
  end.settle(TcpclRefuseReason::kCompleted);
  CHECK(end.said() == plain("03 01 0000000000000004"));
}

TEST_CASE("5.2.5: an unknown critical extension refuses the transfer, others are skipped") {
  End end = passive_up();
  CHECK(all<TcpclReceived>(end.hear("01 03 0000000000000000 00000007 01 0bad 0002 abcd 0000000000000001 aa"))
            .empty());
  CHECK(end.said() == plain("03 05 0000000000000000"));
  CHECK(all<TcpclReceived>(end.hear("01 03 0000000000000001 00000007 00 0bad 0002 abcd 0000000000000001 aa"))
            .size() == 1);
  end.settle();
  (void)end.said();
  end.hear("01 03 0000000000000002 00000007 00 0bad 0009 abcd 0000000000000001 aa");  // reaches too far
  CHECK(end.said() == plain("03 05 0000000000000002"));
}

TEST_CASE(
    "5.2.5.1: the transfer length is authoritative, comes once, and lets large bundles be refused at once") {
  const std::string length = "0000000d 00 0001 0008 ";
  End end = passive_up();
  end.hear("01 02 0000000000000000" + length + "00000000000003e9 0000000000000001 aa");  // 1001 > MRU
  CHECK(end.said() == plain("03 02 0000000000000000"));
  end.hear("01 02 0000000000000001" + length + "0000000000000002 0000000000000003 aabbcc");  // too much
  CHECK(end.said() == plain("03 04 0000000000000001"));
  end.hear("01 03 0000000000000002" + length + "0000000000000002 0000000000000001 aa");  // too little
  CHECK(end.said() == plain("03 04 0000000000000002"));
  const auto good = end.hear("01 03 0000000000000003" + length + "0000000000000001 0000000000000001 aa");
  CHECK(all<TcpclReceived>(good).size() == 1);
  end.settle();
  (void)end.said();
  end.hear(
      "01 03 0000000000000004 0000001a 00 0001 0008 0000000000000001 00 0001 0008 0000000000000001"
      "0000000000000001 aa");
  CHECK(end.said() == plain("03 04 0000000000000004"));
  end.hear("01 03 0000000000000005 00000007 00 0001 0002 0001 0000000000000001 aa");  // not 8 bytes
  CHECK(end.said() == plain("03 05 0000000000000005"));
}

TEST_CASE("4.6: more than the transfer MRU is refused, more than the segment MRU ends the session") {
  End end = passive_up();
  const std::string hundred(200, 'a');
  end.hear("01 02 0000000000000000 00000000 0000000000000064" + hundred);
  for (int i = 0; i < 9; ++i) end.hear("01 00 0000000000000000 0000000000000064" + hundred);
  (void)end.said();
  end.hear("01 00 0000000000000000 0000000000000001 aa");
  CHECK(end.said() == plain("03 02 0000000000000000"));
  CHECK(closed_why(end.hear("01 02 0000000000000001 00000000 0000000000000065")) ==
        "a segment of 101 bytes, at most 100 are taken");
  CHECK(end.said() == plain("05 00 05"));
}

TEST_CASE("5.2.4: segments that crossed with a refusal are refused too, and the next transfer begins") {
  End end = passive_up();
  end.hear("01 02 0000000000000000 00000005 01 0bad 0000 0000000000000001 aa");
  CHECK(end.said() == plain("03 05 0000000000000000"));
  end.hear("01 00 0000000000000000 0000000000000001 aa");
  CHECK(end.said() == plain("03 05 0000000000000000"));
  CHECK(all<TcpclReceived>(end.hear("01 03 0000000000000001 00000000 0000000000000001 aa")).size() == 1);
}

TEST_CASE("5.2.2: transfers do not interleave, and 5.2.1: their numbers are used once") {
  End end = passive_up();
  end.hear("01 02 0000000000000007 00000000 0000000000000001 aa");
  (void)end.said();
  end.hear("01 03 0000000000000008 00000000 0000000000000001 aa");
  CHECK(end.said() == plain("06 03 01"));
  CHECK(all<TcpclReceived>(end.hear("01 01 0000000000000007 0000000000000001 bb")).at(0).bundle ==
        from_hex("aabb"));
  end.settle();
  (void)end.said();
  end.hear("01 03 0000000000000007 00000000 0000000000000001 aa");
  CHECK(end.said() == plain("06 03 01"));
  CHECK(all<TcpclReceived>(end.hear("01 03 0000000000000006 00000000 0000000000000001 aa")).size() == 1);
}

// ---- 5.2: transfers, sent

TEST_CASE(
    "5.2.1 and 5.2.2: transfers count from zero, START and END mark their ends, segments fit the peer") {
  End end = active_up();
  CHECK(end.session.send(from_hex("aa")) == 0U);
  CHECK(end.said() ==
        plain("01 03 0000000000000000 00000000 0000000000000001 aa"));  // no length: one segment
  CHECK(end.session.send(Bytes(150)) == 1U);
  const std::string said = end.said();
  CHECK(said ==
        plain("01 02 0000000000000001 0000000d 00 0001 0008 0000000000000096 0000000000000064" +
              std::string(200, '0') + "01 01 0000000000000001 0000000000000032" + std::string(100, '0')));
}

TEST_CASE("4.6: a bundle longer than the peer's transfer MRU is not begun") {
  End end = active_up();
  CHECK(end.session.send(Bytes(1000)).has_value());
  CHECK(end.session.send(Bytes(1001)).error().code == Errc::kLimitReached);
}

TEST_CASE("5.2.3: a bundle is delivered when its last segment is acknowledged") {
  End end = active_up();
  CHECK(end.session.send(Bytes(150)).has_value());
  (void)end.said();
  CHECK(end.hear("02 02 0000000000000000 0000000000000064").empty());
  end.hear("02 01 0000000000000000 0000000000000095");  // one byte short
  CHECK(end.said() == plain("06 03 02"));
  end.hear("02 00 0000000000000000 0000000000000096");  // without its END
  CHECK(end.said() == plain("06 03 02"));
  CHECK(all<TcpclDelivered>(end.hear("02 01 0000000000000000 0000000000000096")).size() == 1);
  CHECK(end.session.outgoing() == 0);
}

TEST_CASE("5.2.4: after a refusal no further segment is begun; the reason is told, unknown ones too") {
  auto options = options_of(true);
  options.flying_max = 1;
  End end(options);
  end.hear(kContact);
  end.hear(kInit);
  (void)end.said();
  CHECK(end.session.send(Bytes(150)).has_value());
  CHECK(end.session.send(from_hex("bb")).has_value());
  (void)end.said();  // the first segment only
  const auto refused = all<TcpclRefused>(end.hear("03 02 0000000000000000"));
  CHECK(refused.at(0).reason == TcpclRefuseReason::kNoResources);
  CHECK(end.said() == plain("01 03 0000000000000001 00000000 0000000000000001 bb"));
  CHECK(end.hear("03 02 0000000000000000").empty());  // again, of a segment that crossed
  CHECK(end.said().empty());
  CHECK(to_string(all<TcpclRefused>(end.hear("03 77 0000000000000001")).at(0).reason) == "unknown");
}

TEST_CASE("segments wait when too many are not acknowledged") {
  auto options = options_of(true);
  options.flying_max = 2;
  End end(options);
  end.hear(kContact);
  end.hear(kInit);
  (void)end.said();
  for (int i = 0; i < 3; ++i) CHECK(end.session.send(from_hex("bb")).has_value());
  CHECK(from_hex(end.said()).size() == 2 * 23);
  end.hear("02 03 0000000000000000 0000000000000001");
  CHECK(from_hex(end.said()).size() == 23);
}

// ---- 6: the end

TEST_CASE("6.1: SESS_TERM is answered with the same content and the REPLY flag") {
  End end = passive_up();
  const auto events = end.hear("05 00 03");
  CHECK(end.said() == plain("05 01 03"));
  CHECK(closed_reason(events) == TcpclTermReason::kBusy);
  CHECK(all<TcpclClosed>(events).at(0).clean);
}

TEST_CASE("6.1: one that ends waits for the answer") {
  End end = active_up();
  TcpclEvents events;
  end.session.end(TcpclTermReason::kUnknown, end.now, events);
  CHECK(events.empty());
  CHECK(end.said() == plain("05 00 00"));
  CHECK(all<TcpclClosed>(end.hear(kTermReply)).at(0).clean);
}

TEST_CASE("6.1: SESS_TERMs that cross need no answer") {
  End end = active_up();
  TcpclEvents events;
  end.session.end(TcpclTermReason::kUnknown, end.now, events);
  (void)end.said();
  CHECK(all<TcpclClosed>(end.hear("05 00 03")).at(0).clean);
  CHECK(end.said().empty());
}

TEST_CASE("6.1: while ending, transfers under way finish, and none begin in either direction") {
  End end = passive_up();
  CHECK(end.session.send(from_hex("aa")).has_value());
  (void)end.said();
  CHECK(end.session.send(from_hex("bb")).has_value());  // not begun
  end.hear("01 02 0000000000000000 00000000 0000000000000001 aa");
  const auto events = end.hear("05 00 00");
  CHECK(all<TcpclFailed>(events).at(0).transfer == 1);
  CHECK(all<TcpclClosed>(events).empty());
  CHECK(end.session.send(from_hex("cc")).error().code == Errc::kUnavailable);
  CHECK(all<TcpclReceived>(end.hear("01 01 0000000000000000 0000000000000001 bb")).size() == 1);
  CHECK(end.settle().empty());
  (void)end.said();
  end.hear("01 03 0000000000000001 00000000 0000000000000001 bb");
  CHECK(end.said() == plain("03 06 0000000000000001"));  // session terminating
  const auto last = end.hear("02 03 0000000000000000 0000000000000001");
  CHECK(all<TcpclDelivered>(last).size() == 1);
  CHECK(all<TcpclClosed>(last).at(0).clean);
}

TEST_CASE("6.1: the peer's transfer under way finishes after SESS_TERM both ways") {
  End end = passive_up();
  end.hear("01 02 0000000000000000 00000000 0000000000000001 aa");
  CHECK(end.hear("05 00 00").empty());
  CHECK(all<TcpclReceived>(end.hear("01 01 0000000000000000 0000000000000001 bb")).size() == 1);
  CHECK(all<TcpclClosed>(end.settle()).at(0).clean);
  CHECK(end.said().ends_with(plain("02 01 0000000000000000 0000000000000002")));
}

TEST_CASE("6.1: a peer that does not finish is left in the end") {
  End end = active_up();
  TcpclEvents events;
  end.session.end(TcpclTermReason::kUnknown, end.now, events);
  CHECK(end.session.wake_at() == Instant{} + seconds(10));
  const auto left = end.tick_at(Instant{} + seconds(10));
  CHECK_FALSE(all<TcpclClosed>(left).at(0).clean);
}

TEST_CASE("6.1: when the connection closes, transfers of both directions are reported as failed") {
  End end = passive_up();
  CHECK(end.session.send(from_hex("aa")).has_value());
  (void)end.said();
  end.hear("01 02 0000000000000003 00000000 0000000000000001 aa");
  TcpclEvents events;
  end.session.connection_lost("connection reset", events);
  CHECK(all<TcpclFailed>(events).at(0).transfer == 0);
  CHECK(all<TcpclReceptionFailed>(events).at(0).transfer == 3);
  CHECK(closed_why(events) == "connection reset");
}

TEST_CASE("6.1: SESS_TERM may come before SESS_INIT") {
  End active(options_of(true));
  active.hear(kContact);
  (void)active.said();
  CHECK(closed_reason(active.hear("05 00 03")) == TcpclTermReason::kBusy);
  CHECK(active.said() == plain("05 01 03"));
}

TEST_CASE("6.2: an idle session is ended when so configured; KEEPALIVE does not count") {
  auto options = options_of(false);
  options.idle_max = seconds(40);
  End end = passive_up(options);
  end.tick_at(Instant{} + seconds(30));
  end.hear("04");
  (void)end.said();
  end.tick_at(Instant{} + seconds(40));
  CHECK(end.said() == plain("05 00 01"));
}

TEST_CASE("a peer whose transfer numbers are scattered is left") {
  auto options = options_of(false);
  options.id_ranges_max = 2;
  End end = passive_up(options);
  for (const char* number : {"00", "02", "01", "09"}) {  // 0…2 is one range
    end.hear("01 03 00000000000000" + std::string(number) + "00000000 0000000000000001 aa");
    end.settle();
  }
  CHECK(closed_reason(end.hear("01 03 0000000000000020 00000000 0000000000000001 aa")) ==
        TcpclTermReason::kResourceExhaustion);
}

}  // namespace
}  // namespace skywarden::network
