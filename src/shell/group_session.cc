#include "shell/group_session.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <utility>

#include "base/text.h"
#include "shell/group_connection.h"

namespace skywarden::shell {

using group::Connection;
using group::ErrorCode;
using group::tcp;
namespace asio = boost::asio;

class GroupSession::Impl final : public Connection::Owner {
 public:
  Impl(const GroupAddresses& group, const GroupLinks::Peer& member, tcpcl::TlsContext tls)
      : group_(group), member_(member), tls_(std::move(tls)) {}
  ~Impl() override {
    if (connection_) connection_->close("");
  }

  Result<void> open(Duration time_max) {
    tcp::resolver resolver(context_);
    resolver.async_resolve(
        member_.host, std::to_string(member_.port),
        [this](ErrorCode error, const tcp::resolver::results_type& found) {
          if (error) return end(error.message());
          asio::async_connect(socket_, found, [this](ErrorCode failed, const tcp::endpoint&) {
            if (failed) return end(failed.message());
            connection_ = std::make_shared<Connection>(std::move(socket_), tls_.get(), true, *this);
            connection_->start();
          });
        });
    run(time_max);
    if (connection_ && connection_->role == Connection::Role::kClient && why_.empty()) return {};
    return failed();
  }

  Result<Answer> ask(const Request& request, Duration time_max) {
    asked_ = request.id;
    answer_.reset();
    if (why_.empty()) {
      connection_->append(FrameKind::kRequest, encode(request));
      connection_->flush();
      run(time_max);
    }
    if (answer_) return std::move(*answer_);
    if (why_.empty()) why_ = "no answer in time";
    return failed();
  }

  void opened(Connection& connection) override {
    connection.append(FrameKind::kHello, encode(Hello{group_.cluster, kNobody, member_.node, 0}));
  }

  Result<void> said(Connection& connection, const Frame& frame) override {
    if (frame.kind == FrameKind::kHello) return greeted(connection, frame);
    if (frame.kind == FrameKind::kRefusal) {
      const auto why = decode_refusal(frame.value);
      refused_ = true;
      return fail(Errc::kConflict, "it refuses: {}", why ? printable(*why) : "without a reason");
    }
    if (frame.kind != FrameKind::kAnswer || connection.role != Connection::Role::kClient)
      return fail(Errc::kMalformed, "a frame of kind {}", static_cast<unsigned>(frame.kind));
    auto answer = decode_answer(frame.value);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->id != asked_) return {};
    answer_ = std::move(*answer);
    context_.stop();
    return {};
  }

  void has_said() override {}
  void gone(Connection&, const std::string& why) override {
    end(why.empty() ? "it closed the connection" : why);
  }

 private:
  Result<void> greeted(Connection& connection, const Frame& frame) {
    const auto hello = decode_hello(frame.value);
    if (!hello) return tl::unexpected<Error>(hello.error());
    const auto names = connection.peer_names();
    const std::string name = member_name({group_.cluster, member_.node});
    refused_ = connection.has_tls() && std::find(names.begin(), names.end(), name) == names.end();
    if (refused_) return fail(Errc::kConflict, "its certificate does not name {}", name);
    connection.role = Connection::Role::kClient;  // longer frames from now on
    context_.stop();
    return {};
  }

  void run(Duration time_max) {
    context_.restart();
    context_.run_for(time_max);
  }
  void end(const std::string& why) {
    if (why_.empty()) why_ = why;
    context_.stop();
  }
  [[nodiscard]] tl::unexpected<Error> failed() const {
    return fail(refused_ ? Errc::kConflict : Errc::kUnavailable, "node {} at {}:{}: {}", member_.node.value(),
                member_.host, member_.port, why_.empty() ? "no answer in time" : why_);
  }

  const GroupAddresses& group_;
  const GroupLinks::Peer member_;
  tcpcl::TlsContext tls_;
  asio::io_context context_{1};
  tcp::socket socket_{context_};
  std::shared_ptr<Connection> connection_;
  std::uint64_t asked_ = 0;
  std::optional<Answer> answer_;
  std::string why_;  // it is over
  bool refused_ = false;
};

Result<std::unique_ptr<GroupSession>> GroupSession::open(const GroupAddresses& group, NodeId member,
                                                         Duration time_max) {
  const auto found = group.members.find(member);
  if (found == group.members.end()) return fail(Errc::kNotFound, "node {} is not a member", member.value());
  auto tls = tcpcl::make_tls(group.tls);
  if (!tls) return tl::unexpected<Error>(tls.error());
  auto impl = std::make_unique<Impl>(group, found->second, std::move(*tls));
  if (const auto opened = impl->open(time_max); !opened) return tl::unexpected<Error>(opened.error());
  return std::unique_ptr<GroupSession>(new GroupSession(std::move(impl)));
}

GroupSession::GroupSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupSession::~GroupSession() = default;
Result<Answer> GroupSession::ask(const Request& request, Duration time_max) {
  return impl_->ask(request, time_max);
}

}  // namespace skywarden::shell
