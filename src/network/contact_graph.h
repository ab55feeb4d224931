// A contact plan laid out for route searches: who can send to whom, from when until when, how fast and with
// what one-way light time. Directed, immutable, and indexed by pair, because a search asks one question many
// times: "being at u at time t, when is the earliest arrival at v?" Contacts of one pair may overlap, as real
// plans have it. Times are nanoseconds since the plan's epoch; a contact is usable at both of its ends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::network {

using Vertex = Identity<struct VertexTag, std::uint32_t>;                    // 0 … vertices − 1
using PlannedContactId = Identity<struct PlannedContactTag, std::uint32_t>;  // place in the graph's list

struct PlannedContact {
  Vertex from, to;
  Duration start{}, end{};  // both usable
  Duration light_time{};    // one way, margin included
  BitsPerSecond rate;

  friend bool operator==(const PlannedContact&, const PlannedContact&) = default;
};

// How long the bytes occupy the contact, rounded up. `rate` > 0.
[[nodiscard]] Duration transmission_time(std::uint64_t bytes, BitsPerSecond rate);

class ContactGraph {
 public:
  // One direction of one pair: its contacts are [first, last) of contacts(), by start.
  struct Edge {
    Vertex from, to;
    std::uint32_t first = 0, last = 0;
    Duration light_time_min{};
  };

  static constexpr std::uint32_t kVerticesMax = 1'000'000;
  static constexpr std::size_t kContactsMax = 50'000'000;
  // Times stay this far from what 64 bits hold, so that sums of them do.
  static constexpr Duration kTimeMax = std::chrono::hours(24 * 366 * 50);

  ContactGraph() = default;
  // kOutOfRange for a contact that names a vertex outside 0 … vertices − 1, is one of a vertex with itself,
  // ends before it starts, has no rate, or a negative light time; kLimitReached past the limits above. The
  // message counts contacts from 0.
  [[nodiscard]] static Result<ContactGraph> make(std::uint32_t vertices,
                                                 std::vector<PlannedContact> contacts);

  [[nodiscard]] std::uint32_t vertices() const { return vertices_; }
  // By sender, receiver, start, end.
  [[nodiscard]] std::span<const PlannedContact> contacts() const { return contacts_; }
  [[nodiscard]] const PlannedContact& contact(PlannedContactId id) const { return contacts_[id.value()]; }
  // The latest end among the contacts of the same edge up to and including this one.
  [[nodiscard]] Duration end_so_far(std::uint32_t contact) const { return end_so_far_[contact]; }

  // Of any contact; zero when there is none.
  [[nodiscard]] Duration light_time_min() const { return light_time_min_; }

  [[nodiscard]] std::span<const Edge> edges() const { return edges_; }  // by sender, then receiver
  [[nodiscard]] std::span<const Edge> edges_from(Vertex vertex) const;
  [[nodiscard]] std::span<const std::uint32_t> edges_to(Vertex vertex) const;  // places in edges(), by sender

 private:
  std::uint32_t vertices_ = 0;
  Duration light_time_min_{};
  std::vector<PlannedContact> contacts_;
  std::vector<Duration> end_so_far_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> out_;  // vertices + 1 places in edges_
  std::vector<std::uint32_t> in_;   // vertices + 1 places in in_edges_
  std::vector<std::uint32_t> in_edges_;
};

}  // namespace skywarden::network
