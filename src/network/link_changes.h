// The topology of a plan as a sequence of changes instead of snapshots: what opens, closes and changes, and
// when. Who keeps something up to date with it does so at these moments only, and knows when the next one
// comes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "network/connected_routes.h"
#include "network/contact_windows.h"

namespace skywarden::network {

enum class LinkEvent : std::uint8_t { kDown, kChange, kUp };  // in this order at one moment

struct LinkChange {
  Instant at{};
  LinkEvent event = LinkEvent::kDown;
  NodeId a, b;       // a < b
  Duration delay{};  // from now on; of kDown: what it was
  BitsPerSecond rate;

  friend bool operator==(const LinkChange&, const LinkChange&) = default;
};

// By time, event, pair. A window that begins where another of its pair ends, or before, changes the link and
// does not close it; where windows overlap the one that begins later counts from its beginning, and the one
// before counts again if it ends later still. Changes of nothing are left out.
[[nodiscard]] std::vector<LinkChange> link_changes(std::span<const ContactWindow> windows);

// Plays changes to connected routes as time goes on. Nodes are vertices by their place in a sorted list.
class LinkTimeline {
 public:
  // Changes of nodes not in the list are left out. Nodes: ascending, each once.
  LinkTimeline(std::vector<LinkChange> changes, std::vector<NodeId> nodes);

  // Applies what happens up to and including `now`; how many that were.
  std::size_t advance(Instant now, ConnectedRoutes& routes);
  [[nodiscard]] std::optional<Instant> next_change() const;  // nothing: no more to come
  [[nodiscard]] std::optional<Vertex> vertex(NodeId node) const;
  [[nodiscard]] NodeId node(Vertex vertex) const { return nodes_[vertex.value()]; }

 private:
  std::vector<LinkChange> changes_;
  std::vector<NodeId> nodes_;
  std::size_t applied_ = 0;
};

}  // namespace skywarden::network
