// A peer that says anything, in pieces: the first byte chooses which end is meant and whether the contact and
// SESS_INIT are given, so that the fuzzer reaches what follows them.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/contract.h"
#include "network/tcpcl_session.h"

using namespace skywarden;
using namespace skywarden::network;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned char choice = data[0];
  auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  TcpclOptions options;
  options.active = (choice & 1) != 0;
  options.node_id = "ipn:7.0";
  options.segment_mru = 4096;
  options.transfer_mru = 65536;
  options.tls_offered = (choice & 2) != 0;
  Instant now{};
  TcpclSession session(options, now);
  std::vector<std::byte> opening;
  if ((choice & 4) != 0) {
    append_tcpcl_contact(opening, {});
    append_tcpcl(opening, TcpclSessionInit{10, 100, 1000, "ipn:9.0", {}});
  }
  const std::size_t step = 1 + (choice >> 4) * 5;
  TcpclEvents events;
  const auto hear = [&](std::span<const std::byte> part) {
    session.receive(part, now, events);
    while (!events.empty()) {
      TcpclEvents more;
      for (const TcpclEvent& event : events) {
        if (std::holds_alternative<TcpclReceived>(event)) session.settle(std::nullopt, now, more);
        if (std::holds_alternative<TcpclStartTls>(event)) session.tls_established({}, now, more);
        if (std::holds_alternative<TcpclUp>(event)) (void)session.send(std::vector<std::byte>(300));
      }
      events = std::move(more);
    }
    (void)session.output(now);
    now += std::chrono::seconds(1);
    session.tick(now, events);
    events.clear();
  };
  if (!opening.empty()) hear(opening);
  while (!bytes.empty() && session.wants_bytes()) {
    hear(bytes.first(std::min(step, bytes.size())));
    bytes = bytes.subspan(std::min(step, bytes.size()));
  }
  if (!session.closed()) session.connection_lost("end of input", events);
  EXPECTS(session.closed() && session.outgoing() == 0);
  return 0;
}
