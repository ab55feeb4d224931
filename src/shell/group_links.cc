#include "shell/group_links.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "shell/group_connection.h"
#include "shell/listening.h"

namespace skywarden::shell {

using group::Connection;
using group::ErrorCode;
using group::tcp;
namespace asio = boost::asio;
namespace ssl = asio::ssl;

namespace {

constexpr std::chrono::milliseconds kRedialMin{50}, kRedialMax{1000};
constexpr Duration kGreetingMax = std::chrono::seconds(5);  // then who says nothing makes room

}  // namespace

std::string member_name(const storage::LogIdentity& member) {
  return fmt::format("skywarden://{}/{}", member.cluster, member.node.value());
}

std::optional<HostAndPort> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostAndPort found{std::string(text.substr(0, colon)), 0};
  if (found.host.starts_with('[') && found.host.ends_with(']'))  // IPv6
    found.host = found.host.substr(1, found.host.size() - 2);
  const auto port = parse_integer(text.substr(colon + 1));
  if (found.host.empty() || !port || *port <= 0 || *port > UINT16_MAX) return std::nullopt;
  found.port = static_cast<std::uint16_t>(*port);
  return found;
}

std::string GroupLinks::Peer::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

class GroupLinks::Impl final : public Connection::Owner {
 public:
  Impl(Options options, GroupLinks::Owner& owner, tcpcl::TlsContext tls)
      : options_(std::move(options)), owner_(owner), tls_(std::move(tls)) {}

  Result<void> listen();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void add_peer(const GroupLinks::Peer& peer);
  void remove_peer(NodeId node);
  [[nodiscard]] std::vector<GroupLinks::Peer> peers() const;
  void send(NodeId member, FrameKind kind, std::span<const std::byte> value);
  void answer(GroupClient client, std::span<const std::byte> value);
  void wake_at(Instant at);
  void ask_for_turn();
  void ask_for_turn_from_elsewhere();
  [[nodiscard]] const Counters& counters();
  [[nodiscard]] std::vector<NodeId> connected() const;
  void run();
  void stop();

  void opened(Connection& connection) override;
  Result<void> said(Connection& connection, const Frame& frame) override;
  void has_said() override { ask_for_turn(); }
  void gone(Connection& connection, const std::string& why) override;

 private:
  using ConnectionPointer = std::shared_ptr<Connection>;
  struct PeerState {
    explicit PeerState(GroupLinks::Peer named, asio::io_context& context)
        : peer(std::move(named)), resolver(context), redial(context) {}
    GroupLinks::Peer peer;
    tcp::resolver resolver;
    asio::steady_timer redial;
    std::chrono::milliseconds pause = kRedialMin;
    Connection* up = nullptr;  // of connections_
    bool has_left = false;     // kept, because what it waits for still points here
    std::string complained;
  };

  void accept();
  void admit(tcp::socket socket, NodeId dialled);
  void dial(PeerState& peer);
  void dial_later(PeerState& peer);
  void complain(PeerState& peer, const std::string& why);
  void turn();
  void mark_dirty(Connection& connection);
  void arm();
  void say_hello(Connection& connection, NodeId to);
  Result<void> greeted(Connection& connection, const Frame& frame);
  Result<void> greeted_by_member(Connection& connection, const Hello& hello);
  void refuse(Connection& connection, const std::string& why);
  void end_silent_ones();

  Options options_;
  GroupLinks::Owner& owner_;
  tcpcl::TlsContext tls_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::signal_set signals_{context_};
  asio::steady_timer timer_{context_}, greetings_{context_};
  std::optional<Instant> wanted_, armed_;
  std::uint16_t port_ = 0;
  std::map<NodeId, PeerState> peers_;
  std::map<Connection*, ConnectionPointer> connections_;
  std::map<GroupClient, Connection*> clients_;
  std::uint64_t next_client_ = 1;
  std::vector<ConnectionPointer> dirty_;
  bool turn_posted_ = false, stopping_ = false;
  std::string refused_lately_;
  Counters counters_;
};

Result<void> GroupLinks::Impl::listen() {
  const auto port = listen_at(acceptor_, options_.address, options_.port);
  if (!port) return tl::unexpected<Error>(port.error());
  port_ = *port;
  accept();
  return {};
}

void GroupLinks::Impl::accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (!error && connections_.size() < options_.connections_max) admit(std::move(socket), kNobody);
    accept();
  });
}

void GroupLinks::Impl::admit(tcp::socket socket, NodeId dialled) {
  auto connection = std::make_shared<Connection>(std::move(socket), tls_.get(), dialled != kNobody, *this);
  connection->member = dialled;
  connections_.emplace(connection.get(), connection);
  connection->start();
}

// ---- members

void GroupLinks::Impl::add_peer(const GroupLinks::Peer& peer) {
  const auto [place, is_new] = peers_.try_emplace(peer.node, peer, context_);
  if (is_new && options_.identity.node < peer.node) dial(place->second);
}

void GroupLinks::Impl::remove_peer(NodeId node) {
  const auto found = peers_.find(node);
  if (found == peers_.end() || std::exchange(found->second.has_left, true)) return;
  found->second.redial.cancel();
  Connection* up = std::exchange(found->second.up, nullptr);
  if (up == nullptr) return;
  up->role = Connection::Role::kUnknown;  // it is not listened to any more, and ends as a stranger does
  up->finish();
}

std::vector<GroupLinks::Peer> GroupLinks::Impl::peers() const {
  std::vector<GroupLinks::Peer> all;
  for (const auto& [node, peer] : peers_)
    if (!peer.has_left) all.push_back(peer.peer);
  return all;
}

void GroupLinks::Impl::dial(PeerState& peer) {
  if (stopping_ || peer.has_left) return;
  peer.resolver.async_resolve(
      peer.peer.host, std::to_string(peer.peer.port),
      [this, &peer](ErrorCode error, const tcp::resolver::results_type& found) {
        if (stopping_) return;
        if (error) {
          complain(peer, error.message());
          return dial_later(peer);
        }
        auto socket = std::make_shared<tcp::socket>(context_);  // until it is connected
        asio::async_connect(*socket, found, [this, &peer, socket](ErrorCode failed, const tcp::endpoint&) {
          if (stopping_) return;
          if (peer.has_left) return;
          if (!failed) return admit(std::move(*socket), peer.peer.node);
          complain(peer, failed.message());
          dial_later(peer);
        });
      });
}

void GroupLinks::Impl::dial_later(PeerState& peer) {
  if (peer.has_left) return;
  peer.redial.expires_after(peer.pause);
  peer.pause = std::min(2 * peer.pause, kRedialMax);
  peer.redial.async_wait([this, &peer](ErrorCode error) {
    if (!error) dial(peer);
  });
}

void GroupLinks::Impl::complain(PeerState& peer, const std::string& why) {
  if (peer.complained == why) return;
  peer.complained = why;
  owner_.problem(fmt::format("node {} at {}:{}: {}", peer.peer.node.value(), peer.peer.host, peer.peer.port,
                             printable(why)));
}

// ---- who is there

void GroupLinks::Impl::say_hello(Connection& connection, NodeId to) {
  const Hello hello{options_.identity.cluster, options_.identity.node, to, options_.incarnation};
  connection.append(FrameKind::kHello, encode(hello));
}

void GroupLinks::Impl::opened(Connection& connection) {
  if (connection.dialled) say_hello(connection, connection.member);
}

// Who is refused tries again; one line says so, and the counters say how often.
void GroupLinks::Impl::refuse(Connection& connection, const std::string& why) {
  if (std::exchange(refused_lately_, why) != why)
    owner_.problem(fmt::format("{}: refused: {}", connection.address(), why));
  connection.append(FrameKind::kRefusal, encode_refusal(why));
  connection.finish();
}

// Also who was refused and does not close.
void GroupLinks::Impl::end_silent_ones() {
  greetings_.expires_after(kGreetingMax);
  greetings_.async_wait([this](ErrorCode error) {
    if (error || stopping_) return;
    const Instant now = steady_now();
    for (const auto& [place, connection] : std::map(connections_))
      if (connection->role == Connection::Role::kUnknown && now - connection->began > kGreetingMax)
        connection->close("it said nothing that is understood in time");
    end_silent_ones();
  });
}

Result<void> GroupLinks::Impl::said(Connection& connection, const Frame& frame) {
  ++counters_.frames_received;
  if (connection.role == Connection::Role::kUnknown) return greeted(connection, frame);
  const auto done = connection.role == Connection::Role::kMember
                        ? owner_.from_member(connection.member, frame)
                        : owner_.from_client(connection.client, frame);
  if (!done) ++counters_.malformed;
  return done;
}

Result<void> GroupLinks::Impl::greeted(Connection& connection, const Frame& frame) {
  if (frame.kind == FrameKind::kRefusal && connection.dialled) {
    const auto why = decode_refusal(frame.value);
    return fail(Errc::kConflict, "it refuses: {}", why ? printable(*why) : "without a reason");
  }
  if (frame.kind != FrameKind::kHello) {
    ++counters_.malformed;
    return fail(Errc::kMalformed, "expected a hello, found a frame of kind {}",
                static_cast<unsigned>(frame.kind));
  }
  const auto hello = decode_hello(frame.value);
  std::string why;
  if (!hello) {
    why = hello.error().message;
  } else if (hello->cluster != options_.identity.cluster) {
    why = fmt::format("it belongs to cluster '{}', this is '{}'", printable(hello->cluster),
                      options_.identity.cluster);
  } else if (hello->to != kNobody && hello->to != options_.identity.node) {
    why = fmt::format("it looks for node {}, this is node {}", hello->to.value(),
                      options_.identity.node.value());
  } else if (connection.dialled && hello->from != connection.member) {
    why = fmt::format("node {} is there, expected node {}", hello->from.value(), connection.member.value());
  } else if (hello->from != kNobody) {
    return greeted_by_member(connection, *hello);
  }
  if (!why.empty()) {
    ++counters_.refused_hello;
    refuse(connection, why);
    return {};
  }
  connection.role = Connection::Role::kClient;
  connection.client = GroupClient(next_client_++);
  clients_[connection.client] = &connection;
  say_hello(connection, kNobody);
  mark_dirty(connection);
  return {};
}

Result<void> GroupLinks::Impl::greeted_by_member(Connection& connection, const Hello& hello) {
  const auto found = peers_.find(hello.from);
  const auto names = connection.peer_names();
  const std::string name = member_name({options_.identity.cluster, hello.from});
  std::string why;
  if (hello.from == options_.identity.node) {
    ++counters_.refused_identity;
    refuse(connection, fmt::format("node {} is this one: two nodes with one identity", hello.from.value()));
    return {};
  }
  if (found == peers_.end())
    why = fmt::format("node {} is not one of the members", hello.from.value());
  else if (found->second.has_left)
    why = fmt::format("node {} has left the group", hello.from.value());
  else if (connection.has_tls() && std::find(names.begin(), names.end(), name) == names.end())
    why = fmt::format("its certificate does not name {}", name);
  if (!why.empty()) {
    ++counters_.refused_hello;
    refuse(connection, why);
    return {};
  }
  PeerState& peer = found->second;
  if (peer.up != nullptr && peer.up->incarnation != hello.incarnation) {
    ++counters_.refused_identity;
    refuse(connection, fmt::format("node {} is connected already, from {}: two nodes with one identity",
                                   hello.from.value(), peer.up->address()));
    return {};
  }
  if (peer.up != nullptr) connections_.at(peer.up)->close("it came anew");
  connection.role = Connection::Role::kMember;
  connection.member = hello.from;
  connection.incarnation = hello.incarnation;
  peer.up = &connection;
  peer.pause = kRedialMin;
  peer.complained.clear();
  if (!connection.dialled) {
    say_hello(connection, hello.from);
    mark_dirty(connection);
  }
  return {};
}

void GroupLinks::Impl::gone(Connection& connection, const std::string& why) {
  counters_.bytes_received += connection.bytes_received;
  counters_.bytes_sent += connection.bytes_sent;
  if (connection.is_unreadable) ++counters_.malformed;
  if (connection.role == Connection::Role::kClient) clients_.erase(connection.client);
  const auto found = connection.member == kNobody ? peers_.end() : peers_.find(connection.member);
  if (found != peers_.end()) {
    PeerState& peer = found->second;
    if (peer.up == &connection) peer.up = nullptr;
    if (!stopping_ && !why.empty()) complain(peer, why);
    if (connection.dialled) dial_later(peer);
  } else if (!stopping_ && !why.empty()) {
    owner_.problem(fmt::format("{}: {}", connection.address(), why));
  }
  connections_.erase(&connection);
}

// ---- what is sent, and when

void GroupLinks::Impl::mark_dirty(Connection& connection) {
  if (std::exchange(connection.is_dirty, true)) return;
  dirty_.push_back(connection.shared_from_this());
  ask_for_turn();
}

void GroupLinks::Impl::send(NodeId member, FrameKind kind, std::span<const std::byte> value) {
  const auto found = peers_.find(member);
  Connection* up = found == peers_.end() ? nullptr : found->second.up;
  if (up == nullptr || up->unsent() + value.size() > options_.unsent_bytes_max) {
    ++counters_.dropped;
    return;
  }
  up->append(kind, value);
  mark_dirty(*up);
}

void GroupLinks::Impl::answer(GroupClient client, std::span<const std::byte> value) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  Connection& connection = *found->second;
  if (connection.unsent() + value.size() > options_.unsent_bytes_max)
    return connection.close("a client that does not read its answers");
  connection.append(FrameKind::kAnswer, value);
  mark_dirty(connection);
}

// After everything that is ready now: so that what arrives together is treated together.
void GroupLinks::Impl::ask_for_turn() {
  if (std::exchange(turn_posted_, true)) return;
  asio::post(context_, [this] { turn(); });
}

void GroupLinks::Impl::ask_for_turn_from_elsewhere() {
  asio::post(context_, [this] { ask_for_turn(); });
}

void GroupLinks::Impl::turn() {
  turn_posted_ = false;
  if (stopping_) return;
  owner_.turn();
  for (const ConnectionPointer& connection : std::exchange(dirty_, {})) {
    connection->is_dirty = false;
    connection->flush();
  }
}

void GroupLinks::Impl::wake_at(Instant at) {
  wanted_ = at;
  if (!armed_ || at < *armed_) arm();  // a later time is looked at when the earlier one comes
}

void GroupLinks::Impl::arm() {
  armed_ = wanted_;
  if (!armed_ || *armed_ == Instant::max()) {
    armed_.reset();
    return;
  }
  timer_.expires_at(tcpcl::steady_time(*armed_));
  timer_.async_wait([this](ErrorCode error) {
    if (error || stopping_) return;
    armed_.reset();
    if (wanted_ && *wanted_ > steady_now()) return arm();
    ask_for_turn();
  });
}

const GroupLinks::Counters& GroupLinks::Impl::counters() {
  for (const auto& [place, connection] : connections_) {
    counters_.bytes_received += std::exchange(connection->bytes_received, 0);
    counters_.bytes_sent += std::exchange(connection->bytes_sent, 0);
  }
  return counters_;
}

std::vector<NodeId> GroupLinks::Impl::connected() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, peer] : peers_)
    if (peer.up != nullptr) nodes.push_back(node);
  return nodes;
}

void GroupLinks::Impl::run() {
  ErrorCode ignored;
  std::ignore = signals_.add(SIGINT, ignored);
  std::ignore = signals_.add(SIGTERM, ignored);
  signals_.async_wait([this](ErrorCode error, int) {
    if (!error) stop();
  });
  end_silent_ones();
  ask_for_turn();
  context_.run();
}

void GroupLinks::Impl::stop() {
  asio::post(context_, [this] {
    stopping_ = true;
    ErrorCode ignored;
    std::ignore = acceptor_.close(ignored);
    std::ignore = signals_.cancel(ignored);
    timer_.cancel();
    greetings_.cancel();
    for (auto& [node, peer] : peers_) {
      peer.resolver.cancel();
      peer.redial.cancel();
    }
    const auto all = connections_;
    for (const auto& [place, connection] : all) connection->close("");
    context_.stop();
  });
}

// ---- the public face

Result<std::unique_ptr<GroupLinks>> GroupLinks::make(Options options, Owner& owner) {
  if (const auto valid = validate(options.identity); !valid) return tl::unexpected<Error>(valid.error());
  auto tls = tcpcl::make_tls(options.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  auto impl = std::make_unique<Impl>(std::move(options), owner, std::move(*tls));
  if (const auto listening = impl->listen(); !listening) return tl::unexpected<Error>(listening.error());
  return std::unique_ptr<GroupLinks>(new GroupLinks(std::move(impl)));
}

GroupLinks::GroupLinks(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupLinks::~GroupLinks() = default;
std::uint16_t GroupLinks::port() const {
  return impl_->port();
}
void GroupLinks::add_peer(const Peer& peer) {
  impl_->add_peer(peer);
}
void GroupLinks::remove_peer(NodeId node) {
  impl_->remove_peer(node);
}
std::vector<GroupLinks::Peer> GroupLinks::peers() const {
  return impl_->peers();
}
void GroupLinks::send(NodeId member, FrameKind kind, std::span<const std::byte> value) {
  impl_->send(member, kind, value);
}
void GroupLinks::answer(GroupClient client, std::span<const std::byte> value) {
  impl_->answer(client, value);
}
void GroupLinks::wake_at(Instant at) {
  impl_->wake_at(at);
}
void GroupLinks::ask_for_turn() {
  impl_->ask_for_turn();
}
void GroupLinks::ask_for_turn_from_elsewhere() {
  impl_->ask_for_turn_from_elsewhere();
}
const GroupLinks::Counters& GroupLinks::counters() const {
  return impl_->counters();
}
std::vector<NodeId> GroupLinks::connected() const {
  return impl_->connected();
}
void GroupLinks::run() {
  impl_->run();
}
void GroupLinks::stop() {
  impl_->stop();
}

}  // namespace skywarden::shell
