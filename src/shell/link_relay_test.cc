// Sockets of this process through a relay. Times are checked from one side only: never earlier than the plan
// allows, because a busy machine may always be later.
#include "shell/link_relay.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <thread>

using namespace skywarden;
using network::Vertex;
using std::chrono::milliseconds;

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using udp = asio::ip::udp;

std::vector<network::PlannedContact> both_ways(Duration start, Duration end, Duration light,
                                               double rate_bps) {
  return {{Vertex(0), Vertex(1), start, end, light, BitsPerSecond(rate_bps)},
          {Vertex(1), Vertex(0), start, end, light, BitsPerSecond(rate_bps)}};
}

Duration since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - t);
}

TEST_CASE("a stream through the relay is whole, and takes the light time and the rate") {
  asio::io_context context;
  tcp::acceptor target(context, {asio::ip::address_v4::loopback(), 0});
  shell::RelayedPort port{Vertex(0), Vertex(1), false, 0, "127.0.0.1", target.local_endpoint().port()};
  constexpr std::size_t kBytes = 100'000;
  const auto relay =
      shell::LinkRelay::start(both_ways({}, std::chrono::hours(1), milliseconds(30), 8e6), {port}, {}, {});
  REQUIRE(relay.has_value());
  const auto began = std::chrono::steady_clock::now();
  std::vector<char> sent(kBytes), got(kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) sent[i] = static_cast<char>(i * 31);
  std::thread program([&] {
    asio::io_context own;
    tcp::socket socket(own);
    socket.connect({asio::ip::address_v4::loopback(), (*relay)->ports().at(0)});
    asio::write(socket, asio::buffer(sent));
    socket.shutdown(tcp::socket::shutdown_send);
    char answer = 0;
    boost::system::error_code error;
    asio::read(socket, asio::buffer(&answer, 1), error);
    CHECK(answer == 'k');
  });
  tcp::socket peer = target.accept();
  CHECK(since(began) >= milliseconds(30));
  asio::read(peer, asio::buffer(got));
  CHECK(got == sent);
  CHECK(since(began) >= milliseconds(130));  // 100 ms for 100 kB
  boost::system::error_code error;
  char more = 0;
  CHECK(asio::read(peer, asio::buffer(&more, 1), error) == 0);
  CHECK(error == asio::error::eof);
  asio::write(peer, asio::buffer("k", 1));
  program.join();
  CHECK(since(began) >= milliseconds(160));
  const auto counts = (*relay)->stop();
  CHECK(counts.at(0).bytes == kBytes);
  CHECK(counts.at(1).bytes == 1);
}

TEST_CASE("datagrams find their way and back, and are dropped outside contacts") {
  asio::io_context context;
  const asio::ip::address here = asio::ip::address_v4::loopback();
  udp::socket target(context, {here, 0});
  udp::socket program(context, {here, 0});
  shell::RelayedPort port{Vertex(0), Vertex(1), true, 0, "127.0.0.1", target.local_endpoint().port()};
  shell::LinkRelay::Options options;
  {
    const auto relay = shell::LinkRelay::start(both_ways({}, std::chrono::hours(1), milliseconds(20), 1e6),
                                               {port}, {}, options);
    const auto began = std::chrono::steady_clock::now();
    program.send_to(asio::buffer("ping", 4), {here, (*relay)->ports().at(0)});
    char bytes[16];
    udp::endpoint sender;
    CHECK(target.receive_from(asio::buffer(bytes), sender) == 4);
    target.send_to(asio::buffer("pong!", 5), sender);
    CHECK(program.receive(asio::buffer(bytes)) == 5);
    CHECK(since(began) >= milliseconds(40));
  }
  options.begin = std::chrono::hours(2);  // the contacts are over
  const auto relay = shell::LinkRelay::start(both_ways({}, std::chrono::hours(1), milliseconds(20), 1e6),
                                             {port}, {}, options);
  program.send_to(asio::buffer("ping", 4), {here, (*relay)->ports().at(0)});
  std::this_thread::sleep_for(milliseconds(50));
  const auto counts = (*relay)->stop();
  REQUIRE(counts.size() <= 1);  // when the machine was slow it has not seen it yet
  if (!counts.empty()) CHECK(counts[0].no_contact == 1);
}

TEST_CASE("what cannot be is refused in words") {
  const auto start = [](const std::vector<shell::RelayedPort>& ports,
                        const shell::LinkRelay::Options& options) {
    return shell::LinkRelay::start({}, ports, {}, options).error().message;
  };
  shell::LinkRelay::Options options;
  CHECK(start({{Vertex(0), Vertex(1), false, 0, "nobody", 1}}, options) == "'nobody' is not an address");
  options.speed = 0;
  CHECK(start({}, options) == "a speed of 0, expected above 0 to 1e6");
  options.speed = 1;
  options.link.loss = 2;
  CHECK(start({}, options) == "a loss of 2, expected 0 to below 1");
}

}  // namespace
