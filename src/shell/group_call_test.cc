#include "shell/group_call.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace skywarden::shell {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// A member that greets whoever comes, takes what it is asked and then hangs up.
class HangsUp {
 public:
  explicit HangsUp(NodeId self) : self_(self), thread_([this] { serve(); }) {}
  ~HangsUp() {
    stopping_ = true;
    boost::system::error_code ignored;
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);  // the last one
    thread_.join();
  }
  [[nodiscard]] GroupLinks::Peer peer() const {
    return {self_, "127.0.0.1", acceptor_.local_endpoint().port()};
  }
  std::atomic<int> asked = 0;

 private:
  void serve() {
    while (!stopping_) {
      tcp::socket socket(context_);
      acceptor_.accept(socket);
      std::vector<std::byte> heard;
      std::array<std::byte, 4096> part{};
      boost::system::error_code error;
      for (bool is_done = false; !error && !is_done;) {
        const std::size_t size = socket.read_some(asio::buffer(part), error);
        heard.insert(heard.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size));
        const auto frame = read_frame(heard, kFrameBytesMax);
        if (error || !frame || !*frame) continue;
        is_done = (*frame)->kind == FrameKind::kRequest;
        if (is_done) {
          ++asked;
          continue;
        }
        std::vector<std::byte> hello;
        append_frame(hello, FrameKind::kHello, encode(Hello{"forest", self_, kNobody, 1}));
        asio::write(socket, asio::buffer(hello), error);
        heard.clear();
      }
    }
  }

  NodeId self_;
  std::atomic<bool> stopping_ = false;
  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a proposal that was handed over and not answered is not repeated, a read is") {
  HangsUp first(NodeId(1));
  HangsUp second(NodeId(2));
  const GroupAddresses group{"forest", {{NodeId(1), first.peer()}, {NodeId(2), second.peer()}}, {}};
  const auto proposed = call_group(group, {1, RequestKind::kPropose, {std::byte{1}}}, 1s);
  REQUIRE(proposed);
  CHECK(proposed->outcome == Outcome::kUnknown);
  CHECK(first.asked + second.asked == 1);

  const auto read = call_group(group, {2, RequestKind::kRead, {}}, 500ms);
  REQUIRE(!read);
  CHECK(read.error().code == Errc::kUnavailable);
  CHECK(first.asked + second.asked > 2);
}

TEST_CASE("nobody there: nothing was proposed, and the next member is asked") {
  HangsUp second(NodeId(2));
  const GroupAddresses group{
      "forest", {{NodeId(1), {NodeId(1), "127.0.0.1", 1}}, {NodeId(2), second.peer()}}, {}};
  const auto proposed = call_group(group, {1, RequestKind::kPropose, {std::byte{1}}}, 5s);
  REQUIRE(proposed);
  CHECK(proposed->outcome == Outcome::kUnknown);
  CHECK(second.asked == 1);

  const GroupAddresses empty{"forest", {{NodeId(1), {NodeId(1), "127.0.0.1", 1}}}, {}};
  const auto refused = call_group(empty, {1, RequestKind::kPropose, {std::byte{1}}}, 200ms);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kUnavailable);
}

}  // namespace skywarden::shell
