// A group of real members on loopback, each on a thread of its own, and who knocks at their doors; for tests.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "shell/group_call.h"
#include "storage/log_store.h"
#include "storage/memory_disk.h"

namespace skywarden::shell::example {

// A loaded machine may be slow; nothing waits that long otherwise.
inline constexpr Duration kPatience = std::chrono::seconds(20);

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What each member has. The kind of member adds its `service`, and
//   void open(typename Service::Options options);
// which begins with what is on the disk.
template <typename ServiceType>
struct MemberBase {
  using Service = ServiceType;

  std::unique_ptr<storage::MemoryDisk> disk = std::make_unique<storage::MemoryDisk>();
  std::unique_ptr<Service> service;
  std::thread thread;
  Result<void> ended;
  std::mutex mutex;
  std::vector<std::string> problems;

  [[nodiscard]] auto complain() {
    return [this](const std::string& why) {
      const std::scoped_lock lock(mutex);
      problems.push_back(why);
    };
  }
};

template <typename Member>
class Group {
 public:
  using Options = typename Member::Service::Options;

  // Founded by all of them with a share each. `options` are everybody's; who a member is, is filled in.
  explicit Group(std::uint32_t size, Options options = {}) : size_(size), options_(std::move(options)) {
    for (std::uint32_t id = 1; id <= size; ++id) make(id, nullptr);
    for (std::uint32_t id = 1; id <= size; ++id) begin(id);
  }
  ~Group() {
    for (auto& [id, member] : members_) stop(id);
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  Member& operator[](std::uint32_t id) { return *members_.at(id); }
  [[nodiscard]] GroupAddresses addresses() const { return {"forest", addresses_, {}}; }
  [[nodiscard]] const GroupLinks::Peer& address(std::uint32_t id) const { return addresses_.at(NodeId(id)); }
  [[nodiscard]] bool runs(std::uint32_t id) { return (*this)[id].thread.joinable(); }

  void stop(std::uint32_t id) {
    if (!runs(id)) return;
    (*this)[id].service->stop();
    (*this)[id].thread.join();
  }
  // With its disk as a crash leaves it.
  void restart(std::uint32_t id, Random& random) {
    stop(id);
    auto disk = std::move((*this)[id].disk);
    members_.erase(id);
    disk->crash(random);
    make(id, std::move(disk));
    begin(id);
  }

  Answer call(RequestKind kind, std::vector<std::byte> bytes) {
    auto answer = call_group(addresses(), {next_++, kind, std::move(bytes)}, kPatience);
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
    return std::move(*answer);
  }
  // Empty: it does not answer.
  std::string status(std::uint32_t id) {
    const auto answer = call_member(addresses(), NodeId(id), {next_++, RequestKind::kStatus, {}}, kPatience);
    return answer ? text_of(answer->bytes) : "";
  }
  bool says(std::uint32_t id, std::string_view part) { return status(id).find(part) != std::string::npos; }
  // Whether it has told of a problem.
  bool complained(std::uint32_t id, std::string_view part) {
    Member& member = (*this)[id];
    const std::scoped_lock lock(member.mutex);
    return std::any_of(member.problems.begin(), member.problems.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  std::uint32_t leader() {
    for (int tries = 0; tries < 1000; ++tries, pause())
      for (auto& [id, member] : members_)
        if (runs(id) && says(id, R"("role":"leader")")) return id;
    FAIL("nobody leads");
    return 0;
  }
  template <typename Condition>
  void wait(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) pause();
    CHECK(condition());
  }

 private:
  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

  // Without a disk: it never ran before.
  void make(std::uint32_t id, std::unique_ptr<storage::MemoryDisk> disk) {
    auto member = std::make_unique<Member>();
    const bool first = disk == nullptr;
    if (!first) member->disk = std::move(disk);
    Options options = options_;
    options.links.identity = {"forest", NodeId(id)};
    options.links.incarnation = ++incarnation_;
    if (const auto known = addresses_.find(NodeId(id)); known != addresses_.end())
      options.links.port = known->second.port;
    for (std::uint32_t each = 1; each <= size_; ++each) options.founding[NodeId(each)] = 1;
    options.seed = id;
    if (first) REQUIRE(storage::LogStore::found(*member->disk, options.links.identity, {}));
    member->open(std::move(options));
    addresses_[NodeId(id)] = {NodeId(id), "127.0.0.1", member->service->port()};
    members_[id] = std::move(member);
  }
  void begin(std::uint32_t id) {
    Member& member = (*this)[id];
    for (const auto& [node, peer] : addresses_)
      if (node != NodeId(id)) member.service->add_peer(peer);
    member.thread = std::thread([&member] { member.ended = member.service->run(); });
  }

  std::uint32_t size_;
  Options options_;
  std::uint64_t incarnation_ = 0, next_ = 1;
  std::map<NodeId, GroupLinks::Peer> addresses_;
  std::map<std::uint32_t, std::unique_ptr<Member>> members_;
};

// One connection that says what it wants, and what it is told.
class Stranger {
 public:
  explicit Stranger(const GroupLinks::Peer& member) {
    socket_.connect({boost::asio::ip::make_address(member.host), member.port});
    const timeval patience{5, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void say(FrameKind kind, std::span<const std::byte> value) {
    std::vector<std::byte> out;
    append_frame(out, kind, value);
    say(out);
  }
  void say(std::span<const std::byte> raw) {
    boost::system::error_code ignored;
    boost::asio::write(socket_, boost::asio::buffer(raw.data(), raw.size()), ignored);
  }
  // Everything until the member ends the connection.
  std::vector<std::byte> rest() {
    std::vector<std::byte> all;
    std::array<std::byte, 4096> part{};
    boost::system::error_code error;
    while (!error) {
      const std::size_t size = socket_.read_some(boost::asio::buffer(part), error);
      all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return all;
  }
  std::string refusal() {
    const auto all = rest();
    const auto frame = read_frame(all, kFrameBytesMax);
    if (!frame || !*frame || (*frame)->kind != FrameKind::kRefusal) return "no refusal";
    return decode_refusal((*frame)->value).value_or("unreadable");
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
};

}  // namespace skywarden::shell::example
