#include "shell/tcpcl_connection.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "shell/listening.h"

namespace skywarden::shell::tcpcl {
namespace {

constexpr std::size_t kWriteBytesMax = 256U << 10;             // gathered for one write
constexpr std::chrono::seconds kCloseTime{2};                  // for a peer to take the last bytes
constexpr const char* kBundleEid = "1.3.6.1.5.5.7.8.11";       // id-on-bundleEID
constexpr const char* kBundleSecurity = "1.3.6.1.5.5.7.3.35";  // id-kp-bundleSecurity

// ---- certificates

template <typename T, void (*kFree)(T*)>
struct Freer {
  void operator()(T* pointer) const { kFree(pointer); }
};
using Certificate = std::unique_ptr<X509, Freer<X509, X509_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES, GENERAL_NAMES_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Freer<ASN1_OBJECT, ASN1_OBJECT_free>>;
using Purposes = std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>>;

Object object_named(const char* numbers) {
  return Object(OBJ_txt2obj(numbers, 1));
}

// Every bundleEID of the certificate; which of them are Node IDs the session decides.
std::vector<std::string> node_ids_of(const X509* certificate) {
  std::vector<std::string> ids;
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return ids;
  const Object wanted = object_named(kBundleEid);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_OTHERNAME || OBJ_cmp(name->d.otherName->type_id, wanted.get()) != 0) continue;
    const ASN1_TYPE* value = name->d.otherName->value;
    if (value->type != V_ASN1_IA5STRING) continue;
    const ASN1_IA5STRING* text = value->value.ia5string;
    ids.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return ids;
}

bool purpose_allowed(X509* certificate, bool of_passive_end) {
  const Purposes purposes(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  if (purposes == nullptr) return true;
  const Object bundles = object_named(kBundleSecurity);
  for (int i = 0; i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    const ASN1_OBJECT* purpose = sk_ASN1_OBJECT_value(purposes.get(), i);
    const int known = OBJ_obj2nid(purpose);
    if (OBJ_cmp(purpose, bundles.get()) == 0 || known == NID_anyExtendedKeyUsage) return true;
    if (known == (of_passive_end ? NID_server_auth : NID_client_auth)) return true;
  }
  return false;
}

// What RFC 9174 §4.4.2 asks of the peer's own certificate, beside its chain.
const char* problem_of_certificate(X509* certificate, bool of_passive_end) {
  if (X509_get_version(certificate) != X509_VERSION_3) return "the peer's certificate is not of version 3";
  const bool limited = (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0;
  if (limited && (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
    return "the key of the peer's certificate may not sign";
  if (!purpose_allowed(certificate, of_passive_end)) return "the peer's certificate is for another purpose";
  return nullptr;
}

}  // namespace

std::chrono::steady_clock::time_point steady_time(Instant t) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(t.time_since_epoch()));
}

Result<TlsContext> make_tls(const std::optional<TlsFiles>& files) {
  if (!files) return nullptr;
  auto context = std::make_unique<ssl::context>(ssl::context::tls);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);  // no resumption: every session shows its certificates
  // Purposes are checked by problem_of_certificate: OpenSSL knows no bundle security.
  X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(raw), X509_PURPOSE_ANY);
  ErrorCode error;
  std::ignore = context->use_certificate_chain_file(files->certificate, error);
  if (error) return fail(Errc::kInputOutput, "{}: {}", files->certificate, error.message());
  std::ignore = context->use_private_key_file(files->key, ssl::context::pem, error);
  if (error) return fail(Errc::kInputOutput, "{}: {}", files->key, error.message());
  std::ignore = context->load_verify_file(files->authorities, error);
  if (error) return fail(Errc::kInputOutput, "{}: {}", files->authorities, error.message());
  std::ignore = context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  return context;
}

network::TcpclOptions session_options(const TcpclLinkOptions& link, bool active) {
  network::TcpclOptions options = link.session;
  options.active = active;
  options.tls_offered = link.tls.has_value();
  options.tls_required = link.tls.has_value() && !link.tls_optional;
  return options;
}
std::string why_of(const network::TcpclClosed& closed) {
  if (!closed.reason || *closed.reason == network::TcpclTermReason::kUnknown) return closed.why;
  const auto reason = to_string(*closed.reason);
  return closed.why.ends_with(reason) ? closed.why : fmt::format("{} ({})", closed.why, reason);
}

// ---- one connection

Connection::Connection(tcp::socket socket, const network::TcpclOptions& options, ssl::context* tls,
                       OnEvent on_event, OnGone on_gone)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      session_(options, steady_now()),
      active_(options.active),
      tls_context_(tls),
      on_event_(std::move(on_event)),
      on_gone_(std::move(on_gone)) {
  ErrorCode ignored;
  std::ignore = socket_.set_option(tcp::no_delay(true), ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) address_ = fmt::format("{}:{}", remote.address().to_string(), remote.port());
}

void Connection::end(network::TcpclTermReason reason) {
  TcpclEvents events;
  session_.end(reason, steady_now(), events);
  advance(std::move(events));
}

void Connection::close_now() {
  ErrorCode ignored;
  std::ignore = socket_.close(ignored);
  timer_.cancel();
}

void Connection::advance(TcpclEvents events) {
  const auto alive = shared_from_this();
  while (!events.empty()) {
    TcpclEvents more;
    for (network::TcpclEvent& event : events) {
      if (std::holds_alternative<network::TcpclStartTls>(event)) {
        starting_tls_ = true;
      } else {
        on_event_(*this, event, more);
      }
    }
    events = std::move(more);
  }
  write();
  read();
  wait();
}

void Connection::write() {
  if (is_writing_ || handshaking_ || gone_) return;
  writing_.clear();
  while (writing_.size() < kWriteBytesMax) {
    const auto part = session_.output(steady_now());
    if (part.empty()) break;
    writing_.insert(writing_.end(), part.begin(), part.end());
  }
  if (writing_.empty()) return written_everything();
  is_writing_ = true;
  write_all([self = shared_from_this()](ErrorCode error, std::size_t) {
    self->is_writing_ = false;
    if (error) return self->lost(error);
    self->advance({});
  });
}

void Connection::written_everything() {
  if (session_.closed()) return finish();
  if (starting_tls_ && !handshaking_) shake_hands();
}

void Connection::read() {
  if (is_reading_ || handshaking_ || starting_tls_ || gone_ || !session_.wants_bytes()) return;
  is_reading_ = true;
  read_some([self = shared_from_this()](ErrorCode error, std::size_t size) {
    self->is_reading_ = false;
    if (error) return self->lost(error);
    if (self->finishing_ && !self->tls_) return self->drain();
    if (!self->session_.wants_bytes()) return self->advance({});  // it ended meanwhile
    TcpclEvents events;
    self->session_.receive(std::as_bytes(std::span(self->buffer_).first(size)), steady_now(), events);
    self->advance(std::move(events));
  });
}

void Connection::wait() {
  if (gone_) return;
  const Instant at = session_.closed() ? closing_until() : session_.wake_at();
  if (at == waiting_until_) return;
  waiting_until_ = at;
  if (at == Instant::max()) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(steady_time(at));
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->gone_) return;
    self->waiting_until_.reset();
    if (self->session_.closed()) return self->finish_now();
    TcpclEvents events;
    self->session_.tick(steady_now(), events);
    self->advance(std::move(events));
  });
}

Instant Connection::closing_until() {
  if (!closing_until_) closing_until_ = steady_now() + kCloseTime;
  return *closing_until_;
}

void Connection::shake_hands() {
  starting_tls_ = false;
  handshaking_ = true;
  EXPECTS(tls_context_ != nullptr);
  tls_.emplace(socket_, *tls_context_);
  tls_->async_handshake(active_ ? ssl::stream_base::client : ssl::stream_base::server,
                        [self = shared_from_this()](ErrorCode error) { self->shaken(error); });
}

void Connection::shaken(ErrorCode error) {
  handshaking_ = false;
  if (gone_) return;
  const Certificate certificate(error ? nullptr : SSL_get1_peer_certificate(tls_->native_handle()));
  const char* problem = certificate == nullptr ? "the peer shows no certificate"
                                               : problem_of_certificate(certificate.get(), active_);
  if (error || problem != nullptr) {
    TcpclEvents events;
    session_.connection_lost(error ? "TLS handshake: " + error.message() : problem, events);
    return advance(std::move(events));
  }
  TcpclEvents events;
  session_.tls_established(node_ids_of(certificate.get()), steady_now(), events);
  advance(std::move(events));
}

void Connection::lost(ErrorCode error) {
  if (session_.closed()) return finish_now();
  TcpclEvents events;
  const bool ended = error == asio::error::eof || error == ssl::error::stream_truncated;
  session_.connection_lost(ended ? "the peer closed the connection" : error.message(), events);
  advance(std::move(events));
}

void Connection::finish() {
  if (finishing_) return;
  finishing_ = true;
  if (tls_) {
    tls_->async_shutdown([self = shared_from_this()](ErrorCode) { self->finish_now(); });
  } else {
    ErrorCode error;
    std::ignore = socket_.shutdown(tcp::socket::shutdown_send, error);
    if (error) return finish_now();
    drain();
  }
  wait();
}

void Connection::drain() {
  if (is_reading_) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->is_reading_ = false;
    if (error) return self->finish_now();
    self->drain();
  });
}

void Connection::finish_now() {
  if (gone_) return;
  gone_ = true;
  close_now();
  on_gone_(shared_from_this());
}

// ---- others come in

Door::Door(asio::io_context& context, TcpclServer::Options options, ssl::context* tls,
           TcpclServer::OnBundle on_bundle, TcpclServer::OnProblem on_problem)
    : options_(std::move(options)),
      session_options_(session_options(options_.link, false)),
      tls_(tls),
      on_bundle_(std::move(on_bundle)),
      on_problem_(std::move(on_problem)),
      acceptor_(context),
      stop_deadline_(context) {}

Result<std::uint16_t> Door::listen() {
  return listen_at(acceptor_, options_.address, options_.port);
}

void Door::accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (!error) admit(std::move(socket));
    accept();
  });
}

void Door::admit(tcp::socket socket) {
  if (connections_.size() >= options_.connections_max) return;  // closes it
  auto connection = std::make_shared<Connection>(
      std::move(socket), session_options_, tls_,
      [this](Connection& each, network::TcpclEvent& event, TcpclEvents& more) { heard(each, event, more); },
      [this](const std::shared_ptr<Connection>& each) { gone(each); });
  connections_.insert(connection);
  connection->start();
}

void Door::heard(Connection& connection, network::TcpclEvent& event, TcpclEvents& more) {
  if (const auto* up = std::get_if<network::TcpclUp>(&event)) {
    connection.peer_node = up->peer_node;
    connection.authenticated = up->authenticated;
  } else if (auto* received = std::get_if<network::TcpclReceived>(&event)) {
    std::optional<network::TcpclRefuseReason> refused;
    try {
      refused = on_bundle_({std::move(received->bundle), connection.peer_node, connection.authenticated,
                            connection.address()});
    } catch (const std::exception&) {
      refused = network::TcpclRefuseReason::kNoResources;
    }
    connection.session().settle(refused, steady_now(), more);
  } else if (const auto* closed = std::get_if<network::TcpclClosed>(&event)) {
    if (!closed->clean && !stopping_ && on_problem_)
      on_problem_(fmt::format("{}: {}", connection.address(), why_of(*closed)));
  }
}

void Door::begin_stop() {
  stopping_ = true;
  ErrorCode ignored;
  std::ignore = acceptor_.close(ignored);
  if (connections_.empty()) return;
  stop_deadline_.expires_after(options_.stop_time_max);
  stop_deadline_.async_wait([this](ErrorCode error) {
    if (error) return;
    for (const auto& connection : std::set(connections_)) connection->close_now();
  });
  for (const auto& connection : std::set(connections_)) connection->end(network::TcpclTermReason::kUnknown);
}

void Door::gone(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  if (stopping_ && connections_.empty()) stop_deadline_.cancel();
}

}  // namespace skywarden::shell::tcpcl
