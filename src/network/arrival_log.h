// Which critical bundles a node knows to have reached their destination, in the order in which it learnt it,
// and up to where each neighbour has been told: bounded, first to expire first forgotten. A neighbour that
// told it itself is not told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "network/contact_graph.h"
#include "network/copy_news.h"

namespace skywarden::network {

class ArrivalLog {
 public:
  explicit ArrivalLog(std::size_t max) : max_(max) {}

  // False when it was known. `from`: the neighbour who told.
  bool add(const BundleId& id, Instant expires, std::optional<Vertex> from);
  [[nodiscard]] std::optional<Instant> expiry_of(const BundleId& id) const;  // nothing: not known to be there
  void expire(Instant now);

  struct Untold {
    std::vector<CopyNews::Arrived> arrived;  // oldest news first, `max` at most
    std::uint64_t up_to = 0;                 // give this to told() once the neighbour has them
  };
  // Leaves out what cannot be told.
  [[nodiscard]] Untold untold(Vertex neighbour, std::size_t max) const;
  void told(Vertex neighbour, std::uint64_t up_to);

  [[nodiscard]] std::uint64_t latest() const { return serial_; }  // up_to of whoever knows all
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    BundleId id;
    Instant expires{};
    std::optional<Vertex> from;
  };
  void forget_first();

  std::size_t max_;
  std::uint64_t serial_ = 0;
  std::map<std::uint64_t, Entry> entries_;  // by serial
  std::map<BundleId, std::uint64_t> serials_;
  std::set<std::pair<Instant, std::uint64_t>> by_expiry_;
  std::map<Vertex, std::uint64_t> told_;
};

}  // namespace skywarden::network
