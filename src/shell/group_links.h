// The connections of one member of a group on one event loop: to the other members, and from clients. Bytes,
// certificates and identities are settled here; what is said, and what becomes of it, is the owner's
// (raft_service.h is one). One connection a pair: the member with the smaller id dials, again and again.
//
// Who may talk: a member must name this cluster, itself as one of the configured members, and this node; with
// TLS (1.3, both sides show certificates) its certificate must carry the URI name
// skywarden://CLUSTER/ID. A second program with the identity of a member that is connected is refused. A
// client needs the cluster's name and, with TLS, any certificate of the authorities. What cannot be read, is
// too long or speaks for another node ends its connection with one line and a count, and harms no other.
//
// Members come and go while it runs. One thread: make(), add_peer(), then run() on the caller's; everything
// else is called between the two or from the owner's functions, but for stop().
#pragma once

#include <map>
#include <memory>

#include "shell/group_message.h"
#include "shell/tcpcl_link.h"
#include "storage/segment.h"

namespace skywarden::shell {

using GroupClient = Identity<struct GroupClientTag, std::uint64_t>;

[[nodiscard]] std::string member_name(const storage::LogIdentity& member);  // skywarden://CLUSTER/ID

// HOST:PORT, with [HOST] for IPv6; nothing: something else.
struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<HostAndPort> parse_address(std::string_view text);

class GroupLinks {
 public:
  struct Peer {
    NodeId node;
    std::string host;
    std::uint16_t port = 0;
    [[nodiscard]] std::string address() const;  // HOST:PORT
  };
  struct Options {
    storage::LogIdentity identity;
    std::uint64_t incarnation = 0;  // another one at each start of the program
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::optional<TlsFiles> tls;
    std::size_t connections_max = 1024;
    std::size_t unsent_bytes_max = std::size_t{32} << 20;  // a connection; beyond, messages to members are
                                                           // dropped and clients disconnected
  };
  struct Counters {
    std::uint64_t frames_received = 0, bytes_received = 0, bytes_sent = 0;
    std::uint64_t refused_hello = 0;     // other clusters, strangers, other versions, certificates
    std::uint64_t refused_identity = 0;  // a member that is connected already
    std::uint64_t malformed = 0;         // connections that ended because of what they said
    std::uint64_t dropped = 0;           // messages to members that do not keep up, or are not there
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // False ends the connection: it was not fit to be read.
    [[nodiscard]] virtual Result<void> from_member(NodeId member, const Frame& frame) = 0;
    [[nodiscard]] virtual Result<void> from_client(GroupClient client, const Frame& frame) = 0;
    // Everything that had arrived was told, or the time asked for has come: now act. What is sent meanwhile
    // leaves together afterwards.
    virtual void turn() = 0;
    virtual void problem(const std::string& why) = 0;  // one line
  };

  // Listens. kOutOfRange for a bad address, kInputOutput for certificates, kUnavailable for a taken port. The
  // owner outlives it.
  [[nodiscard]] static Result<std::unique_ptr<GroupLinks>> make(Options options, Owner& owner);
  ~GroupLinks();
  GroupLinks(const GroupLinks&) = delete;
  GroupLinks& operator=(const GroupLinks&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void add_peer(const Peer& peer);  // nothing if that id is known, or has left
  void remove_peer(NodeId node);    // for good: what it was told still leaves, then it is a stranger
  [[nodiscard]] std::vector<Peer> peers() const;
  void send(NodeId member, FrameKind kind, std::span<const std::byte> value);  // may be lost
  void answer(GroupClient client, std::span<const std::byte> value);           // nothing if it has gone
  void wake_at(Instant at);  // turn() then at the latest; the last call counts. The clock is steady_now()'s
  void ask_for_turn();
  void ask_for_turn_from_elsewhere();  // from any thread
  [[nodiscard]] const Counters& counters() const;
  [[nodiscard]] std::vector<NodeId> connected() const;
  void run();   // until stop(), SIGINT or SIGTERM
  void stop();  // from any thread

 private:
  class Impl;
  explicit GroupLinks(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
