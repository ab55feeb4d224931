// Real sessions over loopback. With TLS they are tested by tests/check_bundle.py, which makes certificates.
#include "shell/tcpcl_link.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <mutex>

using namespace skywarden;
using shell::TcpclFate;
using shell::TcpclServer;
using Bytes = std::vector<std::byte>;

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// A node that keeps what it gets, except empty bundles.
struct Keeper {
  std::mutex mutex;
  std::vector<Bytes> kept;
  std::vector<std::string> peers, problems;
  std::unique_ptr<TcpclServer> server;

  explicit Keeper(TcpclServer::Options options = {}) {
    options.port = 0;
    options.link.session.node_id = "ipn:1.0";
    server = TcpclServer::start(
                 options,
                 [this](TcpclServer::Received received) -> std::optional<network::TcpclRefuseReason> {
                   const std::lock_guard lock(mutex);
                   if (received.bundle.empty()) return network::TcpclRefuseReason::kNotAcceptable;
                   kept.push_back(std::move(received.bundle));
                   peers.push_back(received.peer_node);
                   return std::nullopt;
                 },
                 [this](std::string why) {
                   const std::lock_guard lock(mutex);
                   problems.push_back(std::move(why));
                 })
                 .value();
  }
  shell::TcpclSending sending() const {
    shell::TcpclSending sending;
    sending.port = server->port();
    sending.link.session.node_id = "ipn:7.0";
    return sending;
  }
};

shell::TcpclSource source_of(const std::vector<Bytes>& bundles) {
  return [&bundles, next = std::size_t{0}]() mutable -> std::optional<Bytes> {
    if (next == bundles.size()) return std::nullopt;
    return bundles[next++];
  };
}

TEST_CASE("bundles of any size arrive in order, and the sender knows which were kept") {
  Keeper keeper;
  std::vector<Bytes> bundles;
  for (std::size_t i = 0; i < 100; ++i) bundles.emplace_back(1 + i * 997, static_cast<std::byte>(i));
  bundles.emplace_back(std::size_t{5} << 20, std::byte{7});
  bundles.emplace_back();  // not wanted
  const auto outcomes = shell::send_by_tcpcl(keeper.sending(), source_of(bundles));
  REQUIRE(outcomes.has_value());
  REQUIRE(outcomes->size() == bundles.size());
  CHECK(outcomes->back().fate == TcpclFate::kRefused);
  CHECK(outcomes->back().refused == network::TcpclRefuseReason::kNotAcceptable);
  bundles.pop_back();
  for (std::size_t i = 0; i < bundles.size(); ++i) CHECK((*outcomes)[i].fate == TcpclFate::kDelivered);
  CHECK(keeper.kept == bundles);
  CHECK(keeper.peers.front() == "ipn:7.0");
}

TEST_CASE("what is too long for the peer fails alone") {
  TcpclServer::Options options;
  options.link.session.transfer_mru = 10;
  Keeper keeper(options);
  const std::vector<Bytes> bundles = {Bytes(11), Bytes(10)};
  const auto outcomes = shell::send_by_tcpcl(keeper.sending(), source_of(bundles)).value();
  CHECK(outcomes[0].fate == TcpclFate::kFailed);
  CHECK(outcomes[0].why == "a bundle of 11 bytes, the peer takes 10");
  CHECK(outcomes[1].fate == TcpclFate::kDelivered);
}

TEST_CASE("nobody there, or another node than expected, is one error") {
  Keeper keeper;
  const std::vector<Bytes> bundles = {Bytes(1)};
  auto other = keeper.sending();
  other.link.session.peer_node = "ipn:2.0";
  const auto refused = shell::send_by_tcpcl(other, source_of(bundles));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::kConflict);
  CHECK(refused.error().message.find("the peer is 'ipn:1.0', expected ipn:2.0") != std::string::npos);
  auto nobody = keeper.sending();
  keeper.server->stop();
  const auto absent = shell::send_by_tcpcl(nobody, source_of(bundles));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == Errc::kUnavailable);
}

TEST_CASE("who does not speak the protocol is dropped, as is who comes when all places are taken") {
  TcpclServer::Options options;
  options.connections_max = 1;
  Keeper keeper(options);
  asio::io_context context;
  const tcp::endpoint there(asio::ip::address_v4::loopback(), keeper.server->port());
  tcp::socket first(context), second(context);
  first.connect(there);
  asio::write(first, asio::buffer("dtn!", 4));  // half a contact header
  second.connect(there);
  boost::system::error_code error;
  char byte = 0;
  asio::read(second, asio::buffer(&byte, 1), error);
  CHECK(error == asio::error::eof);
  asio::write(first, asio::buffer("\x04\x00\x09", 3));  // and a message that does not exist
  char answer[9] = {};
  CHECK(asio::read(first, asio::buffer(answer), error) == 9);  // contact header and MSG_REJECT
  CHECK(std::string(answer, 9) == std::string("dtn!\x04\x00\x06\x01\x09", 9));
  CHECK(asio::read(first, asio::buffer(&byte, 1), error) == 0);
  CHECK(error == asio::error::eof);
}

TEST_CASE("options that cannot be are refused in words") {
  TcpclServer::Options options;
  options.address = "nowhere";
  const auto start = [&] {
    return TcpclServer::start(options, [](auto) { return std::nullopt; }, nullptr).error().message;
  };
  CHECK(start() == "'nowhere' is not an address");
  options.link.session.node_id = "ipn:7.1";
  CHECK(start() == "'ipn:7.1' is no Node ID such as ipn:7.0 or dtn://node/");
  options.link.session.node_id.clear();
  options.link.tls = shell::TlsFiles{"no-such-file.pem", "no-such-file.pem", "no-such-file.pem"};
  CHECK(start().starts_with("no-such-file.pem: "));
}

}  // namespace
