// One connection of group_links.h: a socket with TLS or without, frames in, bytes gathered and sent together.
// Only group_links.cc includes it, because Asio takes long to compile.
#pragma once

#include "shell/group_links.h"
#include "shell/tcpcl_connection.h"

namespace skywarden::shell::group {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Lives as long as an operation of its is pending, hence shared_from_this.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void opened(Connection& connection) = 0;  // TLS is done, if there is any
    [[nodiscard]] virtual Result<void> said(Connection& connection, const Frame& frame) = 0;
    virtual void has_said() = 0;  // everything that had arrived
    // The last of a connection. `why` is empty when it ended as connections do.
    virtual void gone(Connection& connection, const std::string& why) = 0;
  };
  enum class Role { kUnknown, kMember, kClient };

  Connection(tcp::socket socket, ssl::context* tls, bool dialled, Owner& owner);

  void start();
  void append(FrameKind kind, std::span<const std::byte> value);
  void flush();
  void finish();  // once everything is written; nothing more is read
  void close(const std::string& why);

  [[nodiscard]] std::size_t unsent() const { return out_.size() + writing_.size(); }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool has_tls() const { return tls_.has_value(); }
  [[nodiscard]] std::vector<std::string> peer_names() const;  // URIs of its certificate

  // Noted by the owner.
  const bool dialled;
  const Instant began;
  Role role = Role::kUnknown;
  NodeId member;  // who it is, or who was dialled
  std::uint64_t incarnation = 0;
  GroupClient client;
  bool is_dirty = false;
  bool is_unreadable = false;  // what it says are no frames
  std::uint64_t bytes_received = 0, bytes_sent = 0;

 private:
  void read();
  [[nodiscard]] Result<void> take_frames();
  [[nodiscard]] std::size_t value_max() const {
    return role == Role::kUnknown ? kHelloBytesMax : kFrameBytesMax;
  }

  tcp::socket socket_;
  std::optional<ssl::stream<tcp::socket&>> tls_;
  Owner& owner_;
  std::string address_ = "unknown";
  std::vector<std::byte> in_;
  std::size_t filled_ = 0;
  std::vector<std::byte> out_, writing_;
  bool is_open_ = false, is_writing_ = false, is_finishing_ = false, is_gone_ = false;
};

}  // namespace skywarden::shell::group
