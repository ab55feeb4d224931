// Programs on this machine that talk over TCP or UDP get the delays, rates, windows and losses of a contact
// plan: a program connects to a port here instead of its peer's, and what it sends comes to the peer as the
// plan's links carry it (network/link_emulator.h decides when). In real time, or faster. One thread of its
// own, loopback unless told otherwise.
//
// A TCP connection is accepted at once, because the system does that; the peer is connected when a marker of
// 40 bytes has crossed the link, and the ends of the streams cross it likewise. All connections between two
// nodes share their link. A lost chunk of a stream (1,448 bytes) costs time, a lost datagram is gone.
// With namespaces (shell/link_namespaces.h) whole IP packets are carried instead.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/link_emulator.h"

namespace skywarden::shell {

struct RelayedPort {
  network::Vertex from, to;  // programs of `from` connect here to reach `to`
  bool udp = false;
  std::uint16_t listen = 0;  // 0: any free one
  std::string target_address = "127.0.0.1";
  std::uint16_t target = 0;
};

// A device of a node that carries IP packets (a tun device); closed by the relay.
struct RelayedDevice {
  network::Vertex node;
  std::uint32_t address = 0;  // IPv4, host byte order
  int descriptor = -1;
};

struct LinkCount {  // of one direction
  network::Vertex from, to;
  std::uint64_t packets = 0, bytes = 0;                  // that arrived
  std::uint64_t lost = 0, no_contact = 0, overflow = 0;  // datagrams that did not
  // How much later than planned arrivals were handed on: by this machine's timers.
  Duration late_max{}, late_sum{};
};

class LinkRelay {
 public:
  struct Options {
    std::string address = "127.0.0.1";  // to listen at
    Duration begin{};                   // of the plan's time, at the start
    double speed = 1.0;                 // plan seconds a second
    network::LinkEmulatorOptions link;  // seeded apart for each direction
    std::size_t streams_max = 256;      // TCP connections
    std::size_t flows_max = 256;        // UDP senders; the oldest makes room
  };

  // kOutOfRange for bad options, kUnavailable for a taken port.
  [[nodiscard]] static Result<std::unique_ptr<LinkRelay>> start(std::vector<network::PlannedContact> contacts,
                                                                const std::vector<RelayedPort>& ports,
                                                                const std::vector<RelayedDevice>& devices,
                                                                const Options& options);
  ~LinkRelay();  // stops
  LinkRelay(const LinkRelay&) = delete;
  LinkRelay& operator=(const LinkRelay&) = delete;

  [[nodiscard]] std::vector<std::uint16_t> ports() const;  // as the ports were given
  [[nodiscard]] std::vector<LinkCount> stop();  // of links that were used; a second call gives none

 private:
  class Impl;
  explicit LinkRelay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
