// With http_client.cc the only file that includes Boost.Beast: it takes most of a minute to compile, and
// nobody else should wait for it.
#include "shell/http_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "shell/http_guard.h"
#include "shell/listening.h"

namespace skywarden::shell {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using ErrorCode = beast::error_code;

constexpr std::uint32_t kHeaderBytesMax = 16 * 1024;
constexpr std::chrono::seconds kLingerTime{2};  // lets a client that still sends read why it was refused
constexpr int kBacklogTries = 8;
constexpr std::string_view kSocketPath = "/ws";

// A message under way to many clients is one string; each queue holds a reference, hence shared_ptr.
struct News {
  std::uint64_t number = 0;  // of the broadcast; 0 for backlog
  std::shared_ptr<const std::string> text;
};

struct Refusal {
  int status = 400;
  std::string why;
};

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

using Header = http::request_header<>;

std::optional<std::string_view> field(const Header& header, http::field name) {
  const auto found = header.find(name);
  return found == header.end() ? std::nullopt : std::optional<std::string_view>(view(found->value()));
}

// What is refused before the body is read.
std::optional<Refusal> refusal(const Header& header, std::span<const std::string> host_names) {
  const std::string_view host = field(header, http::field::host).value_or("");
  if (header.count(http::field::host) != 1 || !host_allowed(host, host_names)) {
    return Refusal{421, "this server answers only under its own name"};
  }
  const bool reads = header.method() == http::verb::get || header.method() == http::verb::head;
  if (!reads && header.method() != http::verb::post) return Refusal{405, "only GET, HEAD and POST"};
  const bool acts = !reads || field(header, http::field::upgrade);
  if (acts &&
      (header.count(http::field::origin) > 1 || !origin_allowed(field(header, http::field::origin), host))) {
    return Refusal{403, "another page may not do this"};
  }
  return std::nullopt;
}

// The page may load only itself and talk only to this server. ws: is named because older browsers do not
// count it as 'self'. The host has passed host_allowed, so it holds nothing that could end the directive.
std::string page_policy(std::string_view host) {
  return "default-src 'self'; connect-src 'self' ws://" + std::string(host) +
         "; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

using Answer = http::response<http::string_body>;

void set_security_fields(Answer& answer, const std::string& policy) {
  answer.set(http::field::server, "skywarden");
  answer.set(http::field::cache_control, "no-cache");
  answer.set("Content-Security-Policy", policy);
  answer.set("X-Content-Type-Options", "nosniff");
  answer.set("Referrer-Policy", "no-referrer");
  answer.set("Cross-Origin-Resource-Policy", "same-origin");
  answer.set("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Options options, DeferredHandler handler)
      : options_(std::move(options)), deferred_handler_(std::move(handler)) {}
  Impl(Options options, Handler handler, OnSocketMessage on_socket_message, Backlog backlog)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        on_socket_message_(std::move(on_socket_message)),
        backlog_(std::move(backlog)) {}

  Result<std::uint16_t> listen();
  void run();
  void stop();
  void broadcast(std::string message);

  std::uint16_t port() const { return port_; }
  std::size_t socket_clients() const { return socket_clients_; }
  std::size_t clients_dropped() const { return clients_dropped_; }

 private:
  class HttpSession;
  class SocketSession;

  void accept();
  void admit(tcp::socket socket);
  void deliver();
  void begin_stop();
  void close_all();
  void finished();
  HttpResponse ask_handler(const HttpRequest& request) const;
  std::vector<std::string> take_backlog(std::uint64_t& covers) const;

  Options options_;
  Handler handler_;  // or deferred_handler_
  DeferredHandler deferred_handler_;
  OnSocketMessage on_socket_message_;
  Backlog backlog_;

  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer stop_deadline_{context_};
  std::uint16_t port_ = 0;
  std::thread thread_;
  bool stopping_ = false;

  // Sessions own themselves through their pending operations; these sets let the server reach them.
  std::set<std::shared_ptr<HttpSession>> http_sessions_;
  std::set<std::shared_ptr<SocketSession>> socket_sessions_;
  std::atomic<std::size_t> socket_clients_ = 0;
  std::atomic<std::size_t> clients_dropped_ = 0;

  mutable std::mutex inbox_mutex_;  // guards what follows: callers' threads write, the server's thread takes
  std::deque<News> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::uint64_t broadcasts_ = 0;
  bool inbox_overflowed_ = false;
};

// One page's WebSocket.
class HttpServer::Impl::SocketSession : public std::enable_shared_from_this<SocketSession> {
 public:
  SocketSession(Impl& server, beast::tcp_stream stream) : server_(server), stream_(std::move(stream)) {}

  void start(const http::request<http::string_body>& request) {
    beast::get_lowest_layer(stream_).expires_never();  // the WebSocket has timers of its own
    stream_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    stream_.read_message_max(server_.options_.socket_message_bytes_max);
    stream_.text(true);
    stream_.async_accept(request, [self = shared_from_this()](ErrorCode error) { self->accepted(error); });
  }

  void send(const News& news) {
    if (news.number != 0 && news.number <= covered_) return;  // it was in the backlog
    if (!connected_ || closing_) return;
    if (news.number != 0) queued_bytes_ += news.text->size();
    if (queued_bytes_ > server_.options_.send_queue_bytes_max) {
      ++server_.clients_dropped_;
      close_now();
      return;
    }
    queue_.push_back(news);
    if (!writing_) write();
  }

  // After the last queued message.
  void close_soon() {
    if (closing_) return;
    if (!connected_) return close_now();
    closing_ = true;
    if (!writing_) say_goodbye();
  }

  void close_now() {
    closing_ = true;
    beast::get_lowest_layer(stream_).close();
  }

 private:
  void accepted(ErrorCode error) {
    if (error || closing_ || server_.stopping_) return leave();
    connected_ = true;
    ++server_.socket_clients_;
    try {
      for (std::string& text : server_.take_backlog(covered_)) {
        queue_.push_back({0, std::make_shared<const std::string>(std::move(text))});
      }
    } catch (const std::exception&) {
      return close_after_failure();
    }
    if (!queue_.empty()) write();
    read();
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error) return self->leave();
      self->received();
    });
  }

  void received() {
    if (!stream_.got_text()) return close_after_failure();
    std::string text = beast::buffers_to_string(buffer_.data());
    buffer_.consume(buffer_.size());
    try {
      if (server_.on_socket_message_) server_.on_socket_message_(std::move(text));
    } catch (const std::exception&) {
      return close_after_failure();
    }
    read();
  }

  void write() {
    writing_ = true;
    stream_.async_write(asio::buffer(*queue_.front().text),
                        [self = shared_from_this()](ErrorCode error, std::size_t) { self->written(error); });
  }

  void written(ErrorCode error) {
    writing_ = false;
    if (error) return close_now();
    if (queue_.front().number != 0) queued_bytes_ -= queue_.front().text->size();
    queue_.pop_front();
    if (!queue_.empty()) return write();
    if (closing_) say_goodbye();
  }

  void say_goodbye() {
    stream_.async_close(websocket::close_code::going_away, [self = shared_from_this()](ErrorCode) {});
  }

  void close_after_failure() {
    close_now();
    leave();
  }

  void leave() {
    close_now();
    if (connected_) --server_.socket_clients_;
    connected_ = false;
    server_.socket_sessions_.erase(shared_from_this());
    server_.finished();
  }

  Impl& server_;
  websocket::stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  std::deque<News> queue_;  // front is being written while writing_
  std::size_t queued_bytes_ = 0;
  std::uint64_t covered_ = 0;  // broadcasts the backlog already told
  bool connected_ = false;
  bool writing_ = false;
  bool closing_ = false;
};

// One HTTP connection: request after request until either side has enough.
class HttpServer::Impl::HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

  void start() { read_header(); }

  void close_soon() {
    if (!answering_) close_now();
  }

  void close_now() { stream_.close(); }

 private:
  using Parser = http::request_parser<http::string_body>;

  void read_header() {
    answering_ = false;
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(server_.options_.body_bytes_max);
    stream_.expires_after(server_.options_.request_time_max);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode error, std::size_t) {
                              if (error) return self->reading_failed(error);
                              self->header_read();
                            });
  }

  void header_read() {
    const Header& header = parser_->get();
    if (const auto refused = refusal(header, server_.options_.host_names)) return refuse(*refused);
    Result<Target> target = parse_target(view(header.target()));
    if (!target) return refuse({400, target.error().message});
    target_ = std::move(*target);
    if (websocket::is_upgrade(parser_->get())) return upgrade();
    if (beast::iequals(header[http::field::expect], "100-continue")) return permit_body();
    read_body();
  }

  void upgrade() {
    if (!server_.options_.socket) return refuse({404, "there is no socket here"});
    if (target_.path != kSocketPath) return refuse({404, "the socket is /ws"});
    auto socket = std::make_shared<SocketSession>(server_, std::move(stream_));
    server_.socket_sessions_.insert(socket);
    socket->start(parser_->release());
    leave();
  }

  void permit_body() {
    auto permission = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
    http::async_write(stream_, *permission,
                      [self = shared_from_this(), permission](ErrorCode error, std::size_t) {
                        if (error) return self->leave();
                        self->read_body();
                      });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error) return self->reading_failed(error);
      self->request_read();
    });
  }

  void reading_failed(ErrorCode error) {
    if (error == http::error::body_limit) return refuse({413, "the body is too large"});
    if (error == http::error::header_limit) return refuse({431, "the header is too large"});
    const bool clients_fault = error.category() == make_error_code(http::error::bad_method).category() &&
                               error != http::error::end_of_stream && error != http::error::partial_message;
    if (clients_fault) return refuse({400, "not an HTTP request"});
    leave();
  }

  void request_read() {
    const auto& message = parser_->get();
    HttpRequest request;
    request.method = message.method() == http::verb::post ? "POST" : "GET";
    request.target = std::string(view(message.target()));
    request.path = std::move(target_.path);
    request.query = std::move(target_.query);
    request.body = std::move(parser_->get().body());
    if (!server_.deferred_handler_) return answer(server_.ask_handler(request));
    answering_ = true;
    server_.deferred_handler_(std::move(request), [self = shared_from_this()](HttpResponse response) {
      asio::post(self->server_.context_,
                 [self, response = std::move(response)]() mutable { self->answer(std::move(response)); });
    });
  }

  void answer(HttpResponse response) {
    const auto& message = parser_->get();
    Answer out(http::int_to_status(static_cast<unsigned>(response.status)), message.version());
    out.keep_alive(message.keep_alive() && !server_.stopping_);
    const std::string policy = response.content_security_policy.empty()
                                   ? page_policy(field(message, http::field::host).value_or(""))
                                   : std::move(response.content_security_policy);
    set_security_fields(out, policy);
    out.set(http::field::content_type, response.content_type);
    if (!response.etag.empty()) out.set(http::field::etag, response.etag);
    if (response.retry_after_s > 0) out.set(http::field::retry_after, std::to_string(response.retry_after_s));
    const bool unchanged =
        !response.etag.empty() && field(message, http::field::if_none_match) == response.etag;
    if (unchanged) out.result(http::status::not_modified);
    const std::size_t length = response.body.size();
    const bool bodiless = unchanged || message.method() == http::verb::head;
    if (!bodiless) out.body() = std::move(response.body);
    if (!unchanged) out.content_length(length);
    send(std::move(out));
  }

  void refuse(const Refusal& refused) {
    Answer out(http::int_to_status(static_cast<unsigned>(refused.status)), 11);
    set_security_fields(out, "default-src 'none'");
    const bool json = server_.options_.json_errors;
    out.set(http::field::content_type, json ? "application/json" : "text/plain; charset=utf-8");
    // The reasons are this program's own words; nothing in them needs escaping.
    out.body() =
        json ? R"({"error":{"code":"refused","message":")" + refused.why + "\"}}\n" : refused.why + "\n";
    out.keep_alive(false);
    out.prepare_payload();
    send(std::move(out));
  }

  void send(Answer answer) {
    answering_ = true;
    answer_.emplace(std::move(answer));
    stream_.expires_after(server_.options_.request_time_max);
    serializer_.emplace(*answer_);
    http::async_write(stream_, *serializer_,
                      [self = shared_from_this()](ErrorCode error, std::size_t) { self->sent(error); });
  }

  void sent(ErrorCode error) {
    const bool goes_on = !error && answer_->keep_alive() && !server_.stopping_;
    if (goes_on) return read_header();
    if (error) return leave();
    ErrorCode ignored;
    std::ignore = stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLingerTime);
    linger();
  }

  // Closing while bytes still arrive would reset the connection before the client has read the answer.
  void linger() {
    if (server_.stopping_) return leave();
    answering_ = false;
    buffer_.consume(buffer_.size());
    stream_.async_read_some(buffer_.prepare(kHeaderBytesMax),
                            [self = shared_from_this()](ErrorCode error, std::size_t) {
                              if (error) return self->leave();
                              self->linger();
                            });
  }

  void leave() {
    stream_.close();
    server_.http_sessions_.erase(shared_from_this());
    server_.finished();
  }

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Target target_;
  std::optional<Answer> answer_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool answering_ = false;
};

Result<std::uint16_t> HttpServer::Impl::listen() {
  Result<std::uint16_t> port = fail(Errc::kUnavailable, "no port was tried");
  for (int attempt = 0; attempt < std::max(1, options_.port_tries); ++attempt) {
    const int number = options_.port == 0 ? 0 : options_.port + attempt;
    if (number > 65'535) break;
    port = listen_at(acceptor_, options_.address, static_cast<std::uint16_t>(number));
    if (port) {
      port_ = *port;
      return port;
    }
    if (port.error().code == Errc::kOutOfRange) return port;
  }
  return fail(Errc::kUnavailable, "no free port at {} from {} on: {}", options_.address, options_.port,
              port.error().message);
}

void HttpServer::Impl::run() {
  accept();
  thread_ = std::thread([this] { context_.run(); });
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (!error) admit(std::move(socket));
    accept();
  });
}

void HttpServer::Impl::admit(tcp::socket socket) {
  if (http_sessions_.size() + socket_sessions_.size() >= options_.connections_max) return;  // closes it
  ErrorCode ignored;
  std::ignore = socket.set_option(tcp::no_delay(true), ignored);
  auto session = std::make_shared<HttpSession>(*this, std::move(socket));
  http_sessions_.insert(session);
  session->start();
}

HttpResponse HttpServer::Impl::ask_handler(const HttpRequest& request) const {
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    return {500, "text/plain; charset=utf-8", std::string(error.what()) + "\n"};
  }
}

// Asks again when news came in meanwhile, so that `covers` is exact; under a storm it may repeat, but never
// lose.
std::vector<std::string> HttpServer::Impl::take_backlog(std::uint64_t& covers) const {
  const auto broadcasts = [this] {
    const std::lock_guard lock(inbox_mutex_);
    return broadcasts_;
  };
  std::vector<std::string> messages;
  for (int attempt = 0; attempt < kBacklogTries; ++attempt) {
    covers = broadcasts();
    if (backlog_) messages = backlog_();
    if (broadcasts() == covers) break;
  }
  return messages;
}

void HttpServer::Impl::broadcast(std::string message) {
  bool was_empty = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    was_empty = inbox_.empty() && !inbox_overflowed_;
    ++broadcasts_;
    inbox_bytes_ += message.size();
    if (inbox_bytes_ > options_.send_queue_bytes_max) {  // the server's thread is held up by a callback
      inbox_overflowed_ = true;
      inbox_.clear();
      inbox_bytes_ = 0;
    } else {
      inbox_.push_back({broadcasts_, std::make_shared<const std::string>(std::move(message))});
    }
  }
  if (was_empty) asio::post(context_, [this] { deliver(); });
}

void HttpServer::Impl::deliver() {
  std::deque<News> news;
  bool overflowed = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    news.swap(inbox_);
    inbox_bytes_ = 0;
    overflowed = std::exchange(inbox_overflowed_, false);
  }
  for (const std::shared_ptr<SocketSession>& socket : socket_sessions_) {
    if (overflowed) {  // it has missed something: connecting again brings the backlog
      ++clients_dropped_;
      socket->close_now();
      continue;
    }
    for (const News& item : news) socket->send(item);
  }
}

void HttpServer::Impl::stop() {
  if (!thread_.joinable()) return;
  EXPECTS(thread_.get_id() != std::this_thread::get_id());
  asio::post(context_, [this] { begin_stop(); });
  thread_.join();
}

void HttpServer::Impl::begin_stop() {
  deliver();
  stopping_ = true;
  ErrorCode ignored;
  std::ignore = acceptor_.close(ignored);
  stop_deadline_.expires_after(options_.stop_time_max);
  stop_deadline_.async_wait([this](ErrorCode error) {
    if (!error) close_all();
  });
  for (const auto& socket : socket_sessions_) socket->close_soon();
  for (const auto& session : http_sessions_) session->close_soon();
  finished();
}

void HttpServer::Impl::close_all() {
  for (const auto& socket : socket_sessions_) socket->close_now();
  for (const auto& session : http_sessions_) session->close_now();
}

// Without connections nothing is left to wait for, and run() returns.
void HttpServer::Impl::finished() {
  if (stopping_ && socket_sessions_.empty() && http_sessions_.empty()) stop_deadline_.cancel();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, Handler handler,
                                                      OnSocketMessage on_socket_message, Backlog backlog) {
  EXPECTS(handler != nullptr);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler), std::move(on_socket_message),
                                     std::move(backlog));
  if (const auto port = impl->listen(); !port) return tl::unexpected<Error>(port.error());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start_deferred(Options options, DeferredHandler handler) {
  EXPECTS(handler != nullptr);
  options.socket = false;
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  if (const auto port = impl->listen(); !port) return tl::unexpected<Error>(port.error());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
  return impl_->port();
}
void HttpServer::broadcast(std::string message) {
  impl_->broadcast(std::move(message));
}
std::size_t HttpServer::socket_clients() const {
  return impl_->socket_clients();
}
std::size_t HttpServer::clients_dropped() const {
  return impl_->clients_dropped();
}
void HttpServer::stop() {
  impl_->stop();
}

}  // namespace skywarden::shell
