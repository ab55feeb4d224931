#include "shell/tcpcl_link.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "shell/tcpcl_connection.h"

namespace skywarden::shell {

using tcpcl::Connection;
using tcpcl::ErrorCode;
using tcpcl::make_tls;
using tcpcl::session_options;
using tcpcl::tcp;
using tcpcl::TcpclEvents;
using tcpcl::TcpclSession;
using tcpcl::TlsContext;
namespace asio = boost::asio;

// ---- the server

class TcpclServer::Impl {
 public:
  Impl(Options options, TlsContext tls, OnBundle on_bundle, OnProblem on_problem)
      : tls_(std::move(tls)),
        door_(context_, std::move(options), tls_.get(), std::move(on_bundle), std::move(on_problem)) {}

  Result<std::uint16_t> listen() {
    auto port = door_.listen();
    if (port) port_ = *port;
    return port;
  }
  void run() {
    door_.accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    EXPECTS(thread_.get_id() != std::this_thread::get_id());
    asio::post(context_, [this] { door_.begin_stop(); });
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  TlsContext tls_;
  asio::io_context context_{1};
  tcpcl::Door door_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TcpclServer::TcpclServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpclServer::~TcpclServer() {
  stop();
}

Result<std::unique_ptr<TcpclServer>> TcpclServer::start(Options options, OnBundle on_bundle,
                                                        OnProblem on_problem) {
  EXPECTS(on_bundle != nullptr);
  if (const auto good = session_options(options.link, false).validate(); !good)
    return tl::unexpected<Error>(good.error());
  auto tls = make_tls(options.link.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*tls), std::move(on_bundle),
                                     std::move(on_problem));
  if (const auto port = impl->listen(); !port) return tl::unexpected<Error>(port.error());
  impl->run();
  return std::unique_ptr<TcpclServer>(new TcpclServer(std::move(impl)));
}

std::uint16_t TcpclServer::port() const {
  return impl_->port();
}
void TcpclServer::stop() {
  impl_->stop();
}
// ---- the client

namespace {

constexpr std::size_t kAheadMax = 32;  // bundles taken from the source and not settled

class Sender {
 public:
  Sender(const TcpclSending& sending, const TcpclSource& source) : sending_(sending), source_(source) {}

  Result<std::vector<TcpclOutcome>> run(tcpcl::ssl::context* tls);

 private:
  Result<tcp::socket> connect();
  void heard(Connection& connection, network::TcpclEvent& event, TcpclEvents& more);
  void fill(Connection& connection, TcpclEvents& more);
  void settle(std::uint64_t transfer, TcpclOutcome outcome) {
    const auto found = under_way_.find(transfer);
    if (found == under_way_.end()) return;
    outcomes_[found->second] = std::move(outcome);
    under_way_.erase(found);
  }

  const TcpclSending& sending_;
  const TcpclSource& source_;
  asio::io_context context_{1};
  std::vector<TcpclOutcome> outcomes_;
  std::map<std::uint64_t, std::size_t> under_way_;  // transfers, to their places in outcomes_
  std::vector<std::size_t> failed_;                 // places without a reason yet
  bool up_ = false, exhausted_ = false;
  std::string why_;
};

Result<tcp::socket> Sender::connect() {
  ErrorCode result = asio::error::timed_out;
  tcp::resolver resolver(context_);
  tcp::socket socket(context_);
  asio::steady_timer deadline(context_, sending_.connect_max);
  deadline.async_wait([&](ErrorCode error) {
    if (error) return;
    resolver.cancel();
    ErrorCode ignored;
    std::ignore = socket.close(ignored);
  });
  resolver.async_resolve(sending_.host, std::to_string(sending_.port),
                         [&](ErrorCode error, const tcp::resolver::results_type& found) {
                           if (error) {
                             result = error;
                             deadline.cancel();
                             return;
                           }
                           asio::async_connect(socket, found, [&](ErrorCode failed, const tcp::endpoint&) {
                             result = failed;
                             deadline.cancel();
                           });
                         });
  context_.run();
  context_.restart();
  if (result)
    return fail(Errc::kUnavailable, "{} port {}: {}", sending_.host, sending_.port, result.message());
  return socket;
}

Result<std::vector<TcpclOutcome>> Sender::run(tcpcl::ssl::context* tls) {
  auto socket = connect();
  if (!socket) return tl::unexpected<Error>(socket.error());
  auto connection = std::make_shared<Connection>(
      std::move(*socket), session_options(sending_.link, true), tls,
      [this](Connection& each, network::TcpclEvent& event, TcpclEvents& more) { heard(each, event, more); },
      [](const std::shared_ptr<Connection>&) {});
  connection->start();
  context_.run();
  if (!up_) return fail(Errc::kConflict, "{} port {}: {}", sending_.host, sending_.port, why_);
  for (const std::size_t place : failed_) outcomes_[place].why = why_;
  return std::move(outcomes_);
}

void Sender::heard(Connection& connection, network::TcpclEvent& event, TcpclEvents& more) {
  if (std::holds_alternative<network::TcpclUp>(event)) {
    up_ = true;
  } else if (const auto* delivered = std::get_if<network::TcpclDelivered>(&event)) {
    settle(delivered->transfer, {TcpclFate::kDelivered, {}, {}});
  } else if (const auto* refused = std::get_if<network::TcpclRefused>(&event)) {
    settle(refused->transfer, {TcpclFate::kRefused, refused->reason, {}});
  } else if (const auto* failed = std::get_if<network::TcpclFailed>(&event)) {
    failed_.push_back(under_way_.at(failed->transfer));
    settle(failed->transfer, {});
  } else if (std::holds_alternative<network::TcpclReceived>(event)) {  // this end only sends
    connection.session().settle(network::TcpclRefuseReason::kNotAcceptable, steady_now(), more);
  } else if (const auto* closed = std::get_if<network::TcpclClosed>(&event)) {
    why_ = tcpcl::why_of(*closed);
    return;
  }
  fill(connection, more);
}

void Sender::fill(Connection& connection, TcpclEvents& more) {
  TcpclSession& session = connection.session();
  while (!exhausted_ && session.up() && session.outgoing() < kAheadMax) {
    auto bundle = source_();
    if (!bundle) {
      exhausted_ = true;
      break;
    }
    const auto transfer = session.send(std::move(*bundle));
    if (transfer) under_way_[*transfer] = outcomes_.size();
    outcomes_.push_back({TcpclFate::kFailed, {}, transfer ? "" : transfer.error().message});
  }
  if (exhausted_ && session.up() && session.outgoing() == 0)
    session.end(network::TcpclTermReason::kUnknown, steady_now(), more);
}

}  // namespace

Result<std::vector<TcpclOutcome>> send_by_tcpcl(const TcpclSending& sending, const TcpclSource& source) {
  EXPECTS(source != nullptr);
  if (const auto good = session_options(sending.link, true).validate(); !good)
    return tl::unexpected<Error>(good.error());
  auto tls = make_tls(sending.link.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  return Sender(sending, source).run(tls->get());
}

}  // namespace skywarden::shell
