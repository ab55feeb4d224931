// A node's sessions on its loop, against a server. What nodes do with them: tests/check_relay.py.
#include "shell/tcpcl_node.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>

using namespace skywarden;
using shell::TcpclFate;
using shell::TcpclNode;
using shell::TcpclServer;
using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

namespace {

// Plays `on_...` and stops when told, at the latest when the deadline wakes it.
struct Script final : TcpclNode::Owner {
  std::function<void(Script&, TcpclNode::Session)> on_up, on_settled, on_down;
  std::map<std::uint64_t, TcpclFate> fates;
  std::map<TcpclNode::Session, std::pair<std::string, bool>> ends;  // why, clean
  std::vector<Bytes> kept;
  std::string peer;
  bool late = false;
  std::unique_ptr<TcpclNode> node;

  Script() {
    TcpclNode::Options options;
    options.port = 0;
    options.link.session.node_id = "ipn:1.0";
    node = TcpclNode::make(options, *this).value();
    node->wake_after(30s);
  }
  [[nodiscard]] static TcpclNode::Call call(std::uint16_t port) {
    TcpclNode::Call call;
    call.port = port;
    return call;
  }

  std::optional<network::TcpclRefuseReason> received(TcpclServer::Received received) override {
    kept.push_back(std::move(received.bundle));
    return std::nullopt;
  }
  void up(TcpclNode::Session session, const network::TcpclUp& told) override {
    peer = told.peer_node;
    if (on_up) on_up(*this, session);
  }
  void settled(TcpclNode::Session session, std::uint64_t token, const shell::TcpclOutcome& outcome) override {
    fates[token] = outcome.fate;
    if (on_settled) on_settled(*this, session);
  }
  void down(TcpclNode::Session session, const std::string& why, bool clean) override {
    ends[session] = {why, clean};
    if (on_down) on_down(*this, session);
  }
  void woken() override {
    late = true;
    node->stop();
  }
  void problem(const std::string&) override {}
};

std::unique_ptr<TcpclServer> server_that(
    std::function<std::optional<network::TcpclRefuseReason>(Bytes)> takes) {
  TcpclServer::Options options;
  options.port = 0;
  options.link.session.node_id = "ipn:2.0";
  options.link.session.transfer_mru = 1000;
  return TcpclServer::start(
             options,
             [takes = std::move(takes)](TcpclServer::Received r) { return takes(std::move(r.bundle)); },
             nullptr)
      .value();
}

}  // namespace

TEST_CASE("a session lasts longer than its bundles, and each bundle's fate is told") {
  std::mutex mutex;
  std::vector<Bytes> taken;
  const auto server = server_that([&](Bytes bytes) -> std::optional<network::TcpclRefuseReason> {
    const std::lock_guard lock(mutex);
    if (bytes.empty()) return network::TcpclRefuseReason::kNotAcceptable;
    taken.push_back(std::move(bytes));
    return std::nullopt;
  });
  Script script;
  script.on_up = [](Script& s, TcpclNode::Session session) {
    REQUIRE(s.node->send(session, 70, Bytes(10)).has_value());
    CHECK(s.node->send(session, 71, Bytes(1001)).error().code == Errc::kLimitReached);
    CHECK(s.node->send(9, 72, Bytes(1)).error().code == Errc::kUnavailable);
  };
  script.on_settled = [](Script& s, TcpclNode::Session session) {
    if (s.fates.size() == 1) REQUIRE(s.node->send(session, 73, Bytes(20)).has_value());  // after a while
    if (s.fates.size() == 2) REQUIRE(s.node->send(session, 74, {}).has_value());
    if (s.fates.size() == 3) s.node->end(session);
  };
  script.on_down = [](Script& s, TcpclNode::Session) { s.node->stop(); };
  script.node->dial(5, Script::call(server->port()));
  script.node->run();
  CHECK_FALSE(script.late);
  CHECK(script.peer == "ipn:2.0");
  CHECK(script.fates == std::map<std::uint64_t, TcpclFate>{{70, TcpclFate::kDelivered},
                                                           {73, TcpclFate::kDelivered},
                                                           {74, TcpclFate::kRefused}});
  CHECK(taken == std::vector<Bytes>{Bytes(10), Bytes(20)});
  CHECK(script.ends.at(5).second);  // clean
}

TEST_CASE("a session that never was up comes down too: nobody there, another node, ended at once") {
  const auto server = server_that([](const Bytes&) { return std::nullopt; });
  std::uint16_t nobody = 0;
  {
    const auto gone = server_that([](const Bytes&) { return std::nullopt; });
    nobody = gone->port();
  }
  Script script;
  script.on_down = [](Script& s, TcpclNode::Session) {
    if (s.ends.size() == 3) s.node->stop();
  };
  script.node->dial(1, Script::call(nobody));
  auto other = Script::call(server->port());
  other.peer_node = "ipn:3.0";
  script.node->dial(2, other);
  script.node->dial(3, Script::call(server->port()));
  script.node->end(3);
  script.node->run();
  CHECK_FALSE(script.late);
  CHECK(script.peer.empty());
  REQUIRE(script.ends.size() == 3);
  CHECK(script.ends.at(1).first.find("refused") != std::string::npos);
  CHECK(script.ends.at(2).first.find("the peer is 'ipn:2.0', expected ipn:3.0") != std::string::npos);
  CHECK(script.ends.at(3).first == "ended before it was up");
}

TEST_CASE("what is under way when the peer goes is told as failed") {
  std::mutex mutex;
  std::unique_ptr<TcpclServer> server;
  Script script;
  {
    TcpclServer::Options options;
    options.port = 0;
    options.stop_time_max = 0ms;
    server = TcpclServer::start(
                 options,
                 [&](const TcpclServer::Received&) {
                   const std::lock_guard waits_for_the_end(mutex);
                   return std::nullopt;
                 },
                 nullptr)
                 .value();
  }
  mutex.lock();
  script.on_up = [&](Script& s, TcpclNode::Session session) {
    REQUIRE(s.node->send(session, 1, Bytes(10)).has_value());
    REQUIRE(s.node->send(session, 2, Bytes(10)).has_value());
    s.node->end(session);
  };
  script.on_down = [](Script& s, TcpclNode::Session) { s.node->stop(); };
  auto call = Script::call(server->port());
  call.ending_max = 50ms;  // the peer takes nothing any more
  script.node->dial(1, call);
  script.node->run();
  mutex.unlock();
  CHECK_FALSE(script.late);
  CHECK(script.fates == std::map<std::uint64_t, TcpclFate>{{1, TcpclFate::kFailed}, {2, TcpclFate::kFailed}});
  CHECK_FALSE(script.ends.at(1).second);
}
