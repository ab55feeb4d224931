// The TCPCLv4 sessions (RFC 9174) of one node on one event loop: others come in by a door, sessions to
// neighbours are opened, fed and ended by their owner, who is also woken at a time of its choosing. What is
// sent when, and what becomes of what comes in, the owner decides (network/bundle_node.h). Certificates are
// checked as in tcpcl_link.h. One thread: make(), then run() on the caller's; everything else is called
// between the two or from the owner's functions.
#pragma once

#include <memory>

#include "shell/tcpcl_link.h"

namespace skywarden::shell {

class TcpclNode {
 public:
  using Options = TcpclServer::Options;
  using Session = std::uint64_t;  // chosen by the owner; free again after down()

  class Owner {
   public:
    virtual ~Owner() = default;
    // Nothing means that the bundle is kept: it is acknowledged when this returns.
    virtual std::optional<network::TcpclRefuseReason> received(TcpclServer::Received bundle) = 0;
    virtual void up(Session session, const network::TcpclUp& peer) = 0;
    virtual void settled(Session session, std::uint64_t token, const TcpclOutcome& outcome) = 0;
    // The last of a session, also of one that never was up. Everything given to it is settled.
    virtual void down(Session session, const std::string& why, bool clean) = 0;
    virtual void woken() = 0;
    virtual void problem(const std::string& why) = 0;  // a session of others that ended badly, in one line
  };

  struct Call {
    std::string host = "127.0.0.1";  // an address or a name
    std::uint16_t port = network::kTcpclPort;
    std::optional<std::string> peer_node;            // the session ends unless the peer tells this Node ID
    Duration ending_max = std::chrono::seconds(10);  // for transfers under way after end()
  };

  // Listens. kOutOfRange for a bad address or option, kInputOutput for certificates, kUnavailable for a taken
  // port. The owner outlives it.
  [[nodiscard]] static Result<std::unique_ptr<TcpclNode>> make(Options options, Owner& owner);
  ~TcpclNode();
  TcpclNode(const TcpclNode&) = delete;
  TcpclNode& operator=(const TcpclNode&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void dial(Session session, const Call& call);  // up() or down() follows
  // `token` comes back with settled(), unless nothing was given: kUnavailable where the session is not up or
  // takes no more, kLimitReached where the peer takes none so long.
  [[nodiscard]] Result<void> send(Session session, std::uint64_t token, std::vector<std::byte> bundle);
  void end(Session session);       // SESS_TERM, after transfers under way
  void wake_after(Duration real);  // woken() then; the last call counts
  void run();                      // until stop(), SIGINT or SIGTERM
  void stop();                     // sessions end with SESS_TERM, within `stop_time_max`

 private:
  class Impl;
  explicit TcpclNode(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
