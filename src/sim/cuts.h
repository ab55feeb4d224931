// What an exercise takes away from the links that physics gives: crashed nodes, cut links, partitions.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace skywarden::sim {

class Cuts {
 public:
  void cut(NodeId a, NodeId b);
  void heal(NodeId a, NodeId b);
  void split(const std::vector<std::set<NodeId>>& sides);  // nodes on no side share the last one
  void unsplit();
  void set_down(NodeId node, bool down);

  [[nodiscard]] bool is_cut(NodeId a, NodeId b) const;
  // The lower node first.
  [[nodiscard]] const std::set<std::pair<NodeId, NodeId>>& cut_links() const { return cut_; }
  [[nodiscard]] bool is_down(NodeId node) const { return down_.contains(node); }
  [[nodiscard]] bool open(NodeId a, NodeId b) const;  // neither down, same side, link not cut
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  [[nodiscard]] int side_of(NodeId node) const;

  std::set<std::pair<NodeId, NodeId>> cut_;
  std::map<NodeId, int> side_;
  std::set<NodeId> down_;
  std::uint64_t version_ = 0;
};

}  // namespace skywarden::sim
