// Bundles between real nodes: TCPCLv4 sessions (RFC 9174; network/tcpcl_session.h decides) over TCP with TLS
// 1.3 by OpenSSL. A server that takes bundles, on its own thread; and a call that sends some and waits.
// Storing, routing and choosing peers are the caller's.
//
// What is checked with TLS: both ends show a certificate, of version 3, valid now, whose chain ends at one of
// `authorities`; its key may sign, and its extended key usage, if it has one, names bundle security (RFC 9174
// §4.4.2), any use, or TLS in that role. The Node ID of SESS_INIT must be among the certificate's NODE-IDs
// (subjectAltName otherName bundleEID), and a certificate without one is refused unless `node_id_required` is
// off. Not checked: DNS names and addresses, OCSP, revocation lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/tcpcl_session.h"

namespace skywarden::shell {

struct TlsFiles {                // PEM
  std::string certificate, key;  // of this node, chain included
  std::string authorities;       // that vouch for peers
};

struct TcpclLinkOptions {
  network::TcpclOptions session;  // `active` and, without `tls`, the TLS flags are set here
  std::optional<TlsFiles> tls{};  // offered and required
  bool tls_optional = false;      // talk to peers without TLS too
};

class TcpclServer {
 public:
  struct Options {
    TcpclLinkOptions link;
    std::string address = "127.0.0.1";               // an address, not a name
    std::uint16_t port = network::kTcpclPort;        // 0: any free one
    std::size_t connections_max = 64;                // the next one is closed at once
    std::chrono::milliseconds stop_time_max{2'000};  // for transfers under way
  };
  struct Received {
    std::vector<std::byte> bundle;
    std::string peer_node;  // empty: not told
    bool authenticated = false;
    std::string address;  // of the connection
  };
  // On the server's thread; nothing else is received meanwhile. Nothing means that the bundle is kept: it is
  // acknowledged then.
  using OnBundle = std::function<std::optional<network::TcpclRefuseReason>(Received)>;
  using OnProblem = std::function<void(std::string)>;  // a session that ended badly, in one line

  // kOutOfRange for a bad address or option, kInputOutput for certificates, kUnavailable for a taken port.
  [[nodiscard]] static Result<std::unique_ptr<TcpclServer>> start(Options options, OnBundle on_bundle,
                                                                  OnProblem on_problem);
  ~TcpclServer();  // stops
  TcpclServer(const TcpclServer&) = delete;
  TcpclServer& operator=(const TcpclServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void stop();  // ends sessions with SESS_TERM and joins the thread

 private:
  class Impl;
  explicit TcpclServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct TcpclSending {
  std::string host = "127.0.0.1";  // an address or a name
  std::uint16_t port = network::kTcpclPort;
  TcpclLinkOptions link;
  std::chrono::milliseconds connect_max{10'000};
};
enum class TcpclFate : std::uint8_t { kDelivered, kRefused, kFailed };
struct TcpclOutcome {
  TcpclFate fate = TcpclFate::kFailed;
  network::TcpclRefuseReason refused = network::TcpclRefuseReason::kUnknown;
  std::string why;  // of kFailed
};
// Gives bundles one after another, nothing at the end; asked again as there is room.
using TcpclSource = std::function<std::optional<std::vector<std::byte>>()>;

// One session; the fate of each bundle taken from the source, in its order. An error where there was no
// session: kUnavailable without a connection, kConflict when the peer is not acceptable.
[[nodiscard]] Result<std::vector<TcpclOutcome>> send_by_tcpcl(const TcpclSending& sending,
                                                              const TcpclSource& source);

}  // namespace skywarden::shell
