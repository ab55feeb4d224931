#include "shell/tcpcl_node.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <map>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "shell/tcpcl_connection.h"

namespace skywarden::shell {

using tcpcl::Connection;
using tcpcl::ErrorCode;
using tcpcl::tcp;
using tcpcl::TcpclEvents;
namespace asio = boost::asio;

class TcpclNode::Impl {
 public:
  Impl(Options options, tcpcl::TlsContext tls, Owner& owner)
      : link_(options.link),
        stop_time_max_(options.stop_time_max),
        owner_(owner),
        tls_(std::move(tls)),
        door_(
            context_, std::move(options), tls_.get(),
            [this](TcpclServer::Received received) { return owner_.received(std::move(received)); },
            [this](const std::string& why) { owner_.problem(why); }),
        alarm_(context_),
        stop_deadline_(context_),
        signals_(context_, SIGINT, SIGTERM) {}

  Result<std::uint16_t> listen() {
    auto port = door_.listen();
    if (port) port_ = *port;
    return port;
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void dial(Session number, const Call& call);
  [[nodiscard]] Result<void> send(Session number, std::uint64_t token, std::vector<std::byte> bundle);
  void end(Session number);
  void wake_after(Duration real);
  void run();
  void stop();

 private:
  // From dial() until down(). Operations under way hold it.
  struct Dialled {
    explicit Dialled(asio::io_context& context) : resolver(context), socket(context) {}
    tcp::resolver resolver;
    tcp::socket socket;
    network::TcpclOptions options;
    std::shared_ptr<Connection> connection;            // once there is one
    std::map<std::uint64_t, std::uint64_t> under_way;  // transfers, to tokens
    bool ended = false;                                // by the owner
    std::string why = "ended before it was up";
    bool clean = false;
  };
  using DialledPointer = std::shared_ptr<Dialled>;

  void connect(Session number, const DialledPointer& dialled, const tcp::resolver::results_type& found);
  void begin(Session number, const DialledPointer& dialled);
  void heard(Session number, Dialled& dialled, network::TcpclEvent& event, TcpclEvents& more);
  void settle(Session number, Dialled& dialled, std::uint64_t transfer, const TcpclOutcome& outcome);
  void gone(Session number);

  TcpclLinkOptions link_;
  std::chrono::milliseconds stop_time_max_;
  Owner& owner_;
  tcpcl::TlsContext tls_;
  asio::io_context context_{1};
  tcpcl::Door door_;
  asio::steady_timer alarm_, stop_deadline_;
  asio::signal_set signals_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  std::map<Session, DialledPointer> dialled_;
};

void TcpclNode::Impl::dial(Session number, const Call& call) {
  EXPECTS(!dialled_.contains(number));
  auto dialled = std::make_shared<Dialled>(context_);
  dialled->options = tcpcl::session_options(link_, true);
  dialled->options.peer_node = call.peer_node;
  dialled->options.ending_max = call.ending_max;
  dialled_.emplace(number, dialled);
  dialled->resolver.async_resolve(
      call.host, std::to_string(call.port),
      [this, number, dialled](ErrorCode error, const tcp::resolver::results_type& found) {
        if (!error && !dialled->ended) return connect(number, dialled, found);
        if (error && !dialled->ended) dialled->why = error.message();
        gone(number);
      });
}

void TcpclNode::Impl::connect(Session number, const DialledPointer& dialled,
                              const tcp::resolver::results_type& found) {
  asio::async_connect(dialled->socket, found, [this, number, dialled](ErrorCode error, const tcp::endpoint&) {
    if (!error && !dialled->ended) return begin(number, dialled);
    if (error && !dialled->ended) dialled->why = error.message();
    gone(number);
  });
}

void TcpclNode::Impl::begin(Session number, const DialledPointer& dialled) {
  dialled->connection = std::make_shared<Connection>(
      std::move(dialled->socket), dialled->options, tls_.get(),
      // The connection belongs to `dialled`: a pointer to it would keep both for ever.
      [this, number, raw = dialled.get()](Connection&, network::TcpclEvent& event, TcpclEvents& more) {
        heard(number, *raw, event, more);
      },
      [this, number](const std::shared_ptr<Connection>&) { gone(number); });
  dialled->connection->start();
}

void TcpclNode::Impl::heard(Session number, Dialled& dialled, network::TcpclEvent& event, TcpclEvents& more) {
  if (const auto* up = std::get_if<network::TcpclUp>(&event)) {
    owner_.up(number, *up);
  } else if (const auto* delivered = std::get_if<network::TcpclDelivered>(&event)) {
    settle(number, dialled, delivered->transfer, {TcpclFate::kDelivered, {}, {}});
  } else if (const auto* refused = std::get_if<network::TcpclRefused>(&event)) {
    settle(number, dialled, refused->transfer, {TcpclFate::kRefused, refused->reason, {}});
  } else if (const auto* failed = std::get_if<network::TcpclFailed>(&event)) {
    settle(number, dialled, failed->transfer, {TcpclFate::kFailed, {}, "the session ended"});
  } else if (std::holds_alternative<network::TcpclReceived>(event)) {  // bundles come in by the door
    dialled.connection->session().settle(network::TcpclRefuseReason::kNotAcceptable, steady_now(), more);
  } else if (const auto* closed = std::get_if<network::TcpclClosed>(&event)) {
    dialled.why = tcpcl::why_of(*closed);
    dialled.clean = closed->clean;
  }
}

void TcpclNode::Impl::settle(Session number, Dialled& dialled, std::uint64_t transfer,
                             const TcpclOutcome& outcome) {
  const auto found = dialled.under_way.find(transfer);
  if (found == dialled.under_way.end()) return;
  const std::uint64_t token = found->second;
  dialled.under_way.erase(found);
  owner_.settled(number, token, outcome);
}

void TcpclNode::Impl::gone(Session number) {
  const auto node = dialled_.extract(number);
  EXPECTS(!node.empty());
  owner_.down(number, node.mapped()->why, node.mapped()->clean);
  if (stopping_ && dialled_.empty()) stop_deadline_.cancel();
}

Result<void> TcpclNode::Impl::send(Session number, std::uint64_t token, std::vector<std::byte> bundle) {
  const auto found = dialled_.find(number);
  if (found == dialled_.end() || found->second->connection == nullptr)
    return fail(Errc::kUnavailable, "the session is not up");
  const auto& connection = found->second->connection;
  const auto transfer = connection->session().send(std::move(bundle));
  if (!transfer) return tl::unexpected<Error>(transfer.error());
  found->second->under_way[*transfer] = token;
  asio::post(context_, [connection] { connection->poke(); });  // it may be what calls this
  return {};
}

void TcpclNode::Impl::end(Session number) {
  const auto found = dialled_.find(number);
  if (found == dialled_.end() || found->second->ended) return;
  const DialledPointer dialled = found->second;
  dialled->ended = true;
  if (dialled->connection == nullptr) {
    dialled->resolver.cancel();
    ErrorCode ignored;
    std::ignore = dialled->socket.close(ignored);
    return;
  }
  asio::post(context_,
             [connection = dialled->connection] { connection->end(network::TcpclTermReason::kUnknown); });
}

void TcpclNode::Impl::wake_after(Duration real) {
  if (stopping_) return;
  alarm_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(real));
  alarm_.async_wait([this](ErrorCode error) {
    if (!error && !stopping_) owner_.woken();
  });
}

void TcpclNode::Impl::run() {
  signals_.async_wait([this](ErrorCode error, int) {
    if (!error) stop();
  });
  door_.accept();
  context_.run();
}

void TcpclNode::Impl::stop() {
  if (stopping_) return;
  stopping_ = true;
  signals_.cancel();
  alarm_.cancel();
  door_.begin_stop();
  std::vector<Session> numbers;
  for (const auto& [number, unused] : dialled_) numbers.push_back(number);
  for (const Session number : numbers) end(number);
  if (numbers.empty()) return;
  stop_deadline_.expires_after(stop_time_max_);
  stop_deadline_.async_wait([this](ErrorCode error) {
    if (error) return;
    for (const auto& [number, dialled] : dialled_)
      if (dialled->connection != nullptr) dialled->connection->close_now();
  });
}

TcpclNode::TcpclNode(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpclNode::~TcpclNode() = default;

Result<std::unique_ptr<TcpclNode>> TcpclNode::make(Options options, Owner& owner) {
  if (const auto good = tcpcl::session_options(options.link, false).validate(); !good)
    return tl::unexpected<Error>(good.error());
  auto tls = tcpcl::make_tls(options.link.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*tls), owner);
  if (const auto port = impl->listen(); !port) return tl::unexpected<Error>(port.error());
  return std::unique_ptr<TcpclNode>(new TcpclNode(std::move(impl)));
}

std::uint16_t TcpclNode::port() const {
  return impl_->port();
}
void TcpclNode::dial(Session session, const Call& call) {
  impl_->dial(session, call);
}
Result<void> TcpclNode::send(Session session, std::uint64_t token, std::vector<std::byte> bundle) {
  return impl_->send(session, token, std::move(bundle));
}
void TcpclNode::end(Session session) {
  impl_->end(session);
}
void TcpclNode::wake_after(Duration real) {
  impl_->wake_after(real);
}
void TcpclNode::run() {
  impl_->run();
}
void TcpclNode::stop() {
  impl_->stop();
}

}  // namespace skywarden::shell
