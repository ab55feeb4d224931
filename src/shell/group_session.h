// One connection of a client to one member of a group, for requests one after the other, each waited for. The
// member has said who it is, and with TLS shown its certificate, before anything is asked. For programs that
// may wait; it has no thread of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "shell/group_links.h"

namespace skywarden::shell {

struct GroupAddresses {
  std::string cluster;
  std::map<NodeId, GroupLinks::Peer> members;
  std::optional<TlsFiles> tls;
};

class GroupSession {
 public:
  // kUnavailable: nobody there in time; kConflict: it refuses, or is somebody else, and why; kNotFound: no
  // such member; errors of make_tls. `group` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<GroupSession>> open(const GroupAddresses& group, NodeId member,
                                                                  Duration time_max);
  ~GroupSession();
  GroupSession(const GroupSession&) = delete;
  GroupSession& operator=(const GroupSession&) = delete;

  // Any error ends the session, and then whether it happened cannot be told: a late answer reaches nobody.
  [[nodiscard]] Result<Answer> ask(const Request& request, Duration time_max);

 private:
  class Impl;
  explicit GroupSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
