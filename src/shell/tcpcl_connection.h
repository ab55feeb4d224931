// What the drivers of TCPCLv4 share (tcpcl_link.h, tcpcl_node.h): one connection that carries bytes and time
// between a socket, with TLS by OpenSSL or without, and a session; and the door through which others come in.
// Only those drivers include it, because Asio takes long to compile.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <set>

#include "shell/steady_clock.h"
#include "shell/tcpcl_link.h"

namespace skywarden::shell::tcpcl {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using network::TcpclEvents;
using network::TcpclSession;

[[nodiscard]] std::chrono::steady_clock::time_point steady_time(Instant t);

using TlsContext = std::unique_ptr<ssl::context>;
[[nodiscard]] Result<TlsContext> make_tls(const std::optional<TlsFiles>& files);  // null without files
[[nodiscard]] network::TcpclOptions session_options(const TcpclLinkOptions& link, bool active);
[[nodiscard]] std::string why_of(const network::TcpclClosed& closed);

// Lives as long as an operation of its is pending, hence shared_from_this. Its owner hears of events through
// `on_event` and of the end by `on_gone`.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kReadBytes = 64U << 10;
  using OnEvent = std::function<void(Connection&, network::TcpclEvent&, TcpclEvents& more)>;
  using OnGone = std::function<void(const std::shared_ptr<Connection>&)>;

  Connection(tcp::socket socket, const network::TcpclOptions& options, ssl::context* tls, OnEvent on_event,
             OnGone on_gone);

  void start() { advance({}); }
  void poke() { advance({}); }  // the session was given something to send
  void end(network::TcpclTermReason reason);
  void close_now();

  [[nodiscard]] TcpclSession& session() { return session_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  std::string peer_node;  // noted by the owner
  bool authenticated = false;

 private:
  // Treats events until there are none, then writes, reads and waits as the session wants.
  void advance(TcpclEvents events);

  template <typename Handler>
  void read_some(Handler handler) {
    if (tls_) return tls_->async_read_some(asio::buffer(buffer_), std::move(handler));
    socket_.async_read_some(asio::buffer(buffer_), std::move(handler));
  }
  template <typename Handler>
  void write_all(Handler handler) {
    if (tls_) return asio::async_write(*tls_, asio::buffer(writing_), std::move(handler));
    asio::async_write(socket_, asio::buffer(writing_), std::move(handler));
  }

  void write();
  void written_everything();
  void read();
  void wait();
  Instant closing_until();
  void shake_hands();
  void shaken(ErrorCode error);
  void lost(ErrorCode error);

  // Everything is written. §4.1 wants a FIN, not an RST, which unread bytes would cause: so the peer's last
  // bytes are read away until it closes too, or time is up. TLS says goodbye first (§4.4.3).
  void finish();
  void drain();
  void finish_now();

  tcp::socket socket_;
  std::optional<ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer timer_;
  TcpclSession session_;
  bool active_;
  ssl::context* tls_context_;
  OnEvent on_event_;
  OnGone on_gone_;
  std::string address_ = "unknown";
  std::array<char, kReadBytes> buffer_{};
  std::vector<std::byte> writing_;
  std::optional<Instant> waiting_until_, closing_until_;
  bool is_reading_ = false, is_writing_ = false, starting_tls_ = false, handshaking_ = false;
  bool finishing_ = false, gone_ = false;
};

// Listens at an address and admits connections. On the thread of its context.
class Door {
 public:
  Door(asio::io_context& context, TcpclServer::Options options, ssl::context* tls,
       TcpclServer::OnBundle on_bundle, TcpclServer::OnProblem on_problem);
  [[nodiscard]] Result<std::uint16_t> listen();  // the port
  void accept();
  void begin_stop();  // no more of them; those there end with SESS_TERM within `stop_time_max`

 private:
  void admit(tcp::socket socket);
  void heard(Connection& connection, network::TcpclEvent& event, TcpclEvents& more);
  void gone(const std::shared_ptr<Connection>& connection);

  TcpclServer::Options options_;
  network::TcpclOptions session_options_;
  ssl::context* tls_;
  TcpclServer::OnBundle on_bundle_;
  TcpclServer::OnProblem on_problem_;
  tcp::acceptor acceptor_;
  asio::steady_timer stop_deadline_;
  bool stopping_ = false;
  std::set<std::shared_ptr<Connection>> connections_;
};

}  // namespace skywarden::shell::tcpcl
