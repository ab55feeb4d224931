// One network namespace a node, each with a tun device, so that any unmodified program run in one (`ip netns
// exec NAME PROGRAM`) reaches the others only through a LinkRelay. Linux, as root, with iproute2. They are
// removed when this value goes; a namespace that was there before is left alone and is an error. Nodes reach
// those they have contacts with: nothing is routed through others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "shell/link_relay.h"

namespace skywarden::shell {

struct NamespaceNode {
  network::Vertex node;
  std::string name;     // of the namespace
  std::string address;  // 10.77.x.y of its device, filled in
};

class LinkNamespaces {
 public:
  static constexpr std::size_t kNodesMax = 250;

  // kLimitReached, kInputOutput with what `ip` or the kernel said.
  [[nodiscard]] static Result<std::unique_ptr<LinkNamespaces>> make(std::vector<NamespaceNode> nodes);
  ~LinkNamespaces();  // removes them
  LinkNamespaces(const LinkNamespaces&) = delete;
  LinkNamespaces& operator=(const LinkNamespaces&) = delete;

  [[nodiscard]] const std::vector<NamespaceNode>& nodes() const { return nodes_; }
  // For one LinkRelay, which closes them.
  [[nodiscard]] const std::vector<RelayedDevice>& devices() const { return devices_; }

 private:
  LinkNamespaces() = default;
  [[nodiscard]] Result<void> add(NamespaceNode node);
  std::vector<NamespaceNode> nodes_;
  std::vector<std::string> made_;
  std::vector<RelayedDevice> devices_;
};

}  // namespace skywarden::shell
