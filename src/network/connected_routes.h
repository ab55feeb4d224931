// Ways of least delay through the links that are open now, kept up to date while links come, go and change.
// For meshes in which a path mostly exists; what must wait for a contact is route_search.h's business.
//
// A tree of lengths is grown for a source when a way from it is first asked for, and mended on the next
// question after changes: all changes since then at once, by the algorithm of Ramalingam and Reps (J.
// Algorithms 21, 1996; SWSF-FP), which touches only what became longer or shorter. After many changes it is
// grown afresh, which is cheaper then. Either way gives the same: lengths are whole nanoseconds, then hops,
// and of equal ways the one whose last relay has the smallest number, then the one before it, and so on. A
// way depends on the links as they are and on nothing that happened before.
//
// Load-aware: what packets wait in front of a link counts as length, directed. As ARPANET learned (Khanna and
// Zinky, SIGCOMM 1989), it counts averaged, in steps with hysteresis, and at most so much, or else all
// traffic swings between two ways. Not equal-cost splitting, and no reservations.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "network/contact_graph.h"

namespace skywarden::network {

struct ConnectedRoutesOptions {
  Duration forwarding{0};                             // added to the delay of every hop; 0…1 h
  Duration wait_step = std::chrono::milliseconds(2);  // waits count in these; above 0
  Duration wait_max = std::chrono::milliseconds(50);  // and at most so much a link; 0: load does not matter

  [[nodiscard]] Result<bool> validate() const;
};

struct ConnectedPath {
  Duration delay{};              // light and forwarding of every hop, without waits
  Duration wait{};               // what the links of the way were counted longer for their load
  BitsPerSecond rate;            // of the slowest link; infinite when from and to are one
  std::vector<Vertex> vertices;  // both ends named

  friend bool operator==(const ConnectedPath&, const ConnectedPath&) = default;
};

// What a packet waits on average in front of a link that is busy this part of the time, after packets of this
// mean size came at random: an M/M/1 queue (Kleinrock, Queueing Systems I, 3.2), ρ/(1 − ρ) of its
// transmission. Loads from 0.99 up read as 0.99. `rate` > 0.
[[nodiscard]] Duration mean_wait(Fraction load, std::uint64_t packet_bytes, BitsPerSecond rate);

// Not shared between threads: questions mend trees.
class ConnectedRoutes {
 public:
  static constexpr std::uint32_t kVerticesMax = 1'000'000;
  static constexpr Duration kDelayMax = std::chrono::hours(1);
  // Lengths of all trees together; past it the trees not asked for longest are grown anew when needed.
  static constexpr std::size_t kLengthsMax = 20'000'000;

  // At most kVerticesMax vertices, 0 … vertices − 1; options validated. Every vertex relays.
  explicit ConnectedRoutes(std::uint32_t vertices, const ConnectedRoutesOptions& options = {});

  [[nodiscard]] std::uint32_t vertices() const { return static_cast<std::uint32_t>(neighbours_.size()); }
  [[nodiscard]] std::size_t links() const { return links_; }

  // Opens a link of two different vertices in both directions, or changes it, keeping its load. Delay
  // 0…kDelayMax, rate above 0.
  void set_link(Vertex a, Vertex b, Duration delay, BitsPerSecond rate);
  bool remove_link(Vertex a, Vertex b);  // false: there was none
  // A vertex that does not relay is only ever the first or last of a way.
  void set_relay(Vertex vertex, bool relays);
  // What a packet from `from` to `to` would wait now before its first bit leaves. Without such a link: no
  // effect. True when the length of the link changed.
  bool set_load(Vertex from, Vertex to, Duration wait);

  // Nothing when no way is open.
  [[nodiscard]] std::optional<ConnectedPath> path(Vertex from, Vertex to);

  struct Work {                                        // for benchmarks: how trees were brought up to date
    std::uint64_t grown = 0, mended = 0, settled = 0;  // settled: vertices taken from the queue
  };
  [[nodiscard]] const Work& work() const { return work_; }

 private:
  // Delay first, then hops: every link makes a way longer, so ways of least length have no circles.
  struct Length {
    std::int64_t nanoseconds = std::numeric_limits<std::int64_t>::max();
    std::int32_t hops = std::numeric_limits<std::int32_t>::max();

    [[nodiscard]] bool is_finite() const { return hops != std::numeric_limits<std::int32_t>::max(); }
    [[nodiscard]] Length plus(Duration link) const {
      return is_finite() ? Length{nanoseconds + link.count(), hops + 1} : Length{};
    }
    friend auto operator<=>(const Length&, const Length&) = default;
  };
  // The load of one direction, smoothed, and what it counts for.
  struct Load {
    Duration wait{};
    std::int64_t steps = 0;
  };
  struct Neighbour {
    std::uint32_t vertex;
    Duration there{}, back{};  // lengths of the two directions, everything included
    Duration delay{};
    BitsPerSecond rate;
    Load load;  // of the direction there
  };
  struct Tree {
    std::uint32_t source = 0;
    std::vector<Length> lengths;  // by vertex
    std::uint64_t as_of = 0;      // changes known to it
    std::uint64_t asked = 0;      // when, in questions
  };
  struct Entry {  // of the queue
    Length key;
    std::uint32_t vertex;
  };

  [[nodiscard]] Neighbour* find(std::uint32_t vertex, std::uint32_t neighbour);
  [[nodiscard]] Duration length_of(const Neighbour& link) const;
  void note_change(std::uint32_t from, std::uint32_t to);
  void set_lengths(std::uint32_t a, std::uint32_t b);

  Tree& tree_from(std::uint32_t source);
  void make_room();
  void grow(Tree& tree);
  void mend(Tree& tree);
  void settle_all(Tree& tree);
  void settle_longer(Tree& tree, std::uint32_t vertex);
  [[nodiscard]] bool leads_on(const Tree& tree, std::uint32_t vertex) const {
    return relays_[vertex] != 0 || vertex == tree.source;
  }
  [[nodiscard]] Length best_by_neighbours(const Tree& tree, std::uint32_t vertex) const;
  Length& ahead(const Tree& tree, std::uint32_t vertex);
  void put(const Tree& tree, std::uint32_t vertex);
  [[nodiscard]] const Neighbour& step_towards_source(const Tree& tree, std::uint32_t vertex) const;

  ConnectedRoutesOptions options_;
  std::vector<std::vector<Neighbour>> neighbours_;  // by vertex, each by number
  std::vector<std::uint8_t> relays_;
  std::size_t links_ = 0;

  struct Change {  // of the length of one direction
    std::uint32_t from, to;
  };
  std::vector<Change> changes_;
  std::uint64_t changes_forgotten_ = 0;  // came before those

  std::vector<Tree> trees_;
  std::vector<std::uint32_t> tree_of_;  // by source: place in trees_, or kNoTree
  std::uint64_t questions_ = 0;

  // Working memory of one mending: the length a vertex would have by its neighbours.
  std::vector<Length> ahead_;
  std::vector<std::uint64_t> ahead_round_;
  std::uint64_t round_ = 0;
  std::vector<Entry> queue_;  // a heap, least first; stale entries are skipped
  Work work_;
};

}  // namespace skywarden::network
