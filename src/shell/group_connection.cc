#include "shell/group_connection.h"

#include <netinet/tcp.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/free_by.h"

namespace skywarden::shell::group {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr int kDeadAfterMs = 5000;  // a peer whose machine is gone says nothing, not even that
constexpr int kKeepAliveS = 1;

void detect_dead_peers(tcp::socket& socket) {
  ErrorCode ignored;
  std::ignore = socket.set_option(tcp::no_delay(true), ignored);
  std::ignore = socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int number = socket.native_handle();
  const int three = 3;
  ::setsockopt(number, IPPROTO_TCP, TCP_USER_TIMEOUT, &kDeadAfterMs, sizeof kDeadAfterMs);
  ::setsockopt(number, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveS, sizeof kKeepAliveS);
  ::setsockopt(number, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveS, sizeof kKeepAliveS);
  ::setsockopt(number, IPPROTO_TCP, TCP_KEEPCNT, &three, sizeof three);
}

}  // namespace

Connection::Connection(tcp::socket socket, ssl::context* tls, bool was_dialled, Owner& owner)
    : dialled(was_dialled), began(steady_now()), socket_(std::move(socket)), owner_(owner), in_(kReadBytes) {
  detect_dead_peers(socket_);
  ErrorCode ignored;
  const auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) address_ = fmt::format("{}:{}", remote.address().to_string(), remote.port());
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

void Connection::start() {
  if (!tls_) {
    is_open_ = true;
    owner_.opened(*this);
    flush();
    return read();
  }
  tls_->async_handshake(dialled ? ssl::stream_base::client : ssl::stream_base::server,
                        [self = shared_from_this()](ErrorCode error) {
                          if (self->is_gone_) return;
                          if (error) return self->close("TLS handshake: " + error.message());
                          self->is_open_ = true;
                          self->owner_.opened(*self);
                          self->flush();
                          self->read();
                        });
}

std::vector<std::string> Connection::peer_names() const {
  std::vector<std::string> found;
  if (!tls_) return found;
  // OpenSSL asks for a handle that may be changed.
  SSL* handle = const_cast<ssl::stream<tcp::socket&>&>(*tls_).native_handle();  // NOLINT(*-const-cast)
  const std::unique_ptr<X509, FreeBy<X509_free>> certificate(SSL_get1_peer_certificate(handle));
  if (certificate == nullptr) return found;
  const std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return found;
}

void Connection::append(FrameKind kind, std::span<const std::byte> value) {
  if (!is_gone_ && !is_finishing_) append_frame(out_, kind, value);
}

void Connection::flush() {
  if (is_writing_ || is_gone_ || !is_open_) return;
  if (out_.empty()) {
    if (is_finishing_) close("");
    return;
  }
  std::swap(out_, writing_);
  is_writing_ = true;
  auto written = [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
    self->is_writing_ = false;
    self->bytes_sent += bytes;
    self->writing_.clear();
    if (error) return self->close(error.message());
    self->flush();
  };
  if (tls_) return asio::async_write(*tls_, asio::buffer(writing_), std::move(written));
  asio::async_write(socket_, asio::buffer(writing_), std::move(written));
}

void Connection::finish() {
  is_finishing_ = true;
  flush();
}

void Connection::close(const std::string& why) {
  if (std::exchange(is_gone_, true)) return;
  ErrorCode ignored;
  std::ignore = socket_.close(ignored);
  owner_.gone(*this, why);
}

void Connection::read() {
  if (is_gone_) return;
  auto done = [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
    if (self->is_gone_) return;
    const bool ended = error == asio::error::eof || error == ssl::error::stream_truncated ||
                       error == asio::error::connection_reset;
    if (error) return self->close(ended ? "" : error.message());
    self->bytes_received += bytes;
    self->filled_ += bytes;
    const auto taken = self->take_frames();
    if (!taken) return self->close(taken.error().message);
    self->owner_.has_said();
    self->read();
  };
  const auto room = asio::buffer(in_.data() + filled_, in_.size() - filled_);
  if (tls_) return tls_->async_read_some(room, std::move(done));
  socket_.async_read_some(room, std::move(done));
}

Result<void> Connection::take_frames() {
  const std::span<const std::byte> all(in_.data(), filled_);
  std::size_t at = 0;
  while (!is_gone_ && !is_finishing_) {
    const auto frame = read_frame(all.subspan(at), value_max());
    is_unreadable = !frame;
    if (!frame) return tl::unexpected<Error>(frame.error());
    if (!*frame) break;
    if (auto said = owner_.said(*this, **frame); !said) return said;
    at += kFrameHeadBytes + (*frame)->value.size();
  }
  if (is_finishing_) at = filled_;  // whatever else it says is read away
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(filled_),
            in_.begin());
  filled_ -= at;
  // A frame that does not fit: its length was checked by read_frame.
  if (filled_ == in_.size()) in_.resize(std::min(2 * in_.size(), kFrameHeadBytes + kFrameBytesMax));
  return {};
}

}  // namespace skywarden::shell::group
