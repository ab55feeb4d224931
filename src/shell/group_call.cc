#include "shell/group_call.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <thread>
#include <utility>

#include "base/text.h"
#include "shell/group_connection.h"
#include "shell/steady_clock.h"

namespace skywarden::shell {
namespace {

using group::Connection;
using group::ErrorCode;
using group::tcp;
namespace asio = boost::asio;

constexpr std::chrono::milliseconds kTryAgain{50};
constexpr Duration kOneMemberMax = std::chrono::seconds(1);  // then the next one

class Call final : public Connection::Owner {
 public:
  Call(const GroupAddresses& group, const GroupLinks::Peer& member, const Request& request,
       boost::asio::ssl::context* tls)
      : group_(group), member_(member), request_(request), tls_(tls) {}

  Result<Answer> run(Duration time_max) {
    tcp::resolver resolver(context_);
    resolver.async_resolve(
        member_.host, std::to_string(member_.port),
        [this](ErrorCode error, const tcp::resolver::results_type& found) {
          if (error) return fail_with(error.message());
          asio::async_connect(socket_, found, [this](ErrorCode failed, const tcp::endpoint&) {
            if (failed) return fail_with(failed.message());
            connection_ = std::make_shared<Connection>(std::move(socket_), tls_, true, *this);
            connection_->start();
          });
        });
    context_.run_for(time_max);
    if (connection_) connection_->close("");
    if (answer_) return std::move(*answer_);
    return fail(refused_ ? Errc::kConflict : Errc::kUnavailable, "node {} at {}:{}: {}", member_.node.value(),
                member_.host, member_.port, why_.empty() ? "no answer in time" : why_);
  }

  void opened(Connection& connection) override {
    connection.append(FrameKind::kHello, encode(Hello{group_.cluster, kNobody, member_.node, 0}));
    connection.append(FrameKind::kRequest, encode(request_));
  }

  Result<void> said(Connection& connection, const Frame& frame) override {
    if (frame.kind == FrameKind::kHello) {
      const auto hello = decode_hello(frame.value);
      if (!hello) return tl::unexpected<Error>(hello.error());
      connection.role = Connection::Role::kClient;  // longer frames from now on
      const auto names = connection.peer_names();
      const std::string name = member_name({group_.cluster, member_.node});
      if (connection.has_tls() && std::find(names.begin(), names.end(), name) == names.end())
        return fail(Errc::kConflict, "its certificate does not name {}", name);
      return {};
    }
    if (frame.kind == FrameKind::kRefusal) {
      const auto why = decode_refusal(frame.value);
      refused_ = true;
      return fail(Errc::kConflict, "it refuses: {}", why ? printable(*why) : "without a reason");
    }
    if (frame.kind != FrameKind::kAnswer || connection.role != Connection::Role::kClient)
      return fail(Errc::kMalformed, "a frame of kind {}", static_cast<unsigned>(frame.kind));
    auto answer = decode_answer(frame.value);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->id == request_.id) answer_ = std::move(*answer);
    if (answer_) context_.stop();
    return {};
  }

  void has_said() override {}
  void gone(Connection&, const std::string& why) override {
    if (!answer_) fail_with(why.empty() ? "it closed the connection" : why);
  }

 private:
  void fail_with(const std::string& why) {
    if (why_.empty()) why_ = why;
    context_.stop();
  }

  const GroupAddresses& group_;
  const GroupLinks::Peer& member_;
  const Request& request_;
  boost::asio::ssl::context* tls_;
  asio::io_context context_{1};
  tcp::socket socket_{context_};
  std::shared_ptr<Connection> connection_;
  std::optional<Answer> answer_;
  std::string why_;
  bool refused_ = false;
};

}  // namespace

Result<Answer> call_member(const GroupAddresses& group, NodeId only, const Request& request,
                           Duration time_max) {
  const auto found = group.members.find(only);
  if (found == group.members.end()) return fail(Errc::kNotFound, "node {} is not a member", only.value());
  const auto tls = tcpcl::make_tls(group.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  return Call(group, found->second, request, tls->get()).run(time_max);
}

Result<Answer> call_group(const GroupAddresses& group, const Request& request, Duration time_max) {
  if (group.members.empty()) return fail(Errc::kNotFound, "nobody to ask");
  const Instant until = steady_now() + time_max;
  auto next = group.members.begin();
  Error last{Errc::kUnavailable, "no answer in time"};
  for (Instant now = steady_now(); now < until; now = steady_now()) {
    const NodeId node = next->first;
    const auto answer = call_member(group, node, request, std::min(until - now, kOneMemberMax));
    if (answer && answer->outcome != Outcome::kNotLeader && answer->outcome != Outcome::kLost) return answer;
    if (!answer && (answer.error().code == Errc::kConflict || answer.error().code == Errc::kInputOutput))
      return answer;
    last = answer ? Error{Errc::kUnavailable, fmt::format("node {} does not lead", node.value())}
                  : answer.error();
    const auto leader = answer ? group.members.find(answer->leader) : group.members.end();
    const bool hint = leader != group.members.end() && leader->first != node;
    next = hint ? leader : std::next(next);
    if (next == group.members.end()) next = group.members.begin();
    if (!hint) std::this_thread::sleep_for(kTryAgain);
  }
  return tl::unexpected<Error>(Error{Errc::kUnavailable, last.message});
}

}  // namespace skywarden::shell
