#include "sim/cuts.h"

namespace skywarden::sim {
namespace {

std::pair<NodeId, NodeId> ordered(NodeId a, NodeId b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

}  // namespace

void Cuts::cut(NodeId a, NodeId b) {
  cut_.insert(ordered(a, b));
  ++version_;
}

void Cuts::heal(NodeId a, NodeId b) {
  cut_.erase(ordered(a, b));
  ++version_;
}

void Cuts::split(const std::vector<std::set<NodeId>>& sides) {
  side_.clear();
  for (std::size_t i = 0; i < sides.size(); ++i)
    for (const NodeId node : sides[i]) side_[node] = static_cast<int>(i) + 1;
  ++version_;
}

void Cuts::unsplit() {
  side_.clear();
  ++version_;
}

void Cuts::set_down(NodeId node, bool down) {
  if (down)
    down_.insert(node);
  else
    down_.erase(node);
  ++version_;
}

bool Cuts::is_cut(NodeId a, NodeId b) const {
  return cut_.contains(ordered(a, b));
}

bool Cuts::open(NodeId a, NodeId b) const {
  return !down_.contains(a) && !down_.contains(b) && side_of(a) == side_of(b) && !is_cut(a, b);
}

int Cuts::side_of(NodeId node) const {
  const auto found = side_.find(node);
  return found == side_.end() ? 0 : found->second;
}

}  // namespace skywarden::sim
