// Shortest ways through a constellation at one moment: satellites joined by inter-satellite links, stations
// by the satellites in reach; a station never relays. Distances, not hops, are what is short, as in Hypatia
// (Kassing et al., IMC 2020), whose rules for "free, one interface, only over inter-satellite links" these
// are.
//
// Nodes are numbered as users of such tools number them: satellites from 0 in the order of the element file,
// then stations. For each destination one tree is grown over the satellites with a queue of distance buckets,
// which on such graphs takes a few operations a link and no comparisons between far-apart nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/frames.h"
#include "base/result.h"
#include "base/units.h"

namespace skywarden::network {

inline constexpr double kSpeedOfLightMs = 299'792'458.0;

struct SatelliteLink {  // both directions
  std::uint32_t a = 0, b = 0;
  friend auto operator<=>(const SatelliteLink&, const SatelliteLink&) = default;
};

struct TopologyShape {
  std::uint32_t satellites = 0;
  std::uint32_t stations = 0;
  std::vector<SatelliteLink> links;
  double ground_range_max_km = 0.0;  // a station reaches satellites at most this far away

  // kOutOfRange for links of unknown satellites or of one with itself, and for sizes past 100,000 satellites
  // or 10,000 stations.
  [[nodiscard]] Result<bool> validate() const;
};

struct GroundPath {
  double length_km = 0.0;
  std::vector<std::uint32_t> nodes;  // from source to destination, both named
};

class Topology {
 public:
  explicit Topology(const TopologyShape& shape);  // validated

  // Where everything is, in one Earth-fixed frame. A satellite without a position (its theory fails) has no
  // links.
  void move(std::span<const std::optional<Position<Ecef>>> satellites,
            std::span<const Position<Ecef>> stations);

  // Brings the tree of ways to one destination, satellite or station, up to date.
  void aim(std::uint32_t destination);
  // The way from a node to the destination last aimed at; nothing when there is none.
  [[nodiscard]] std::optional<GroundPath> path_from(std::uint32_t source) const;

 private:
  struct Neighbour {
    std::uint32_t satellite;
    std::uint32_t link;
  };
  struct Reach {
    std::uint32_t satellite;
    double range_km;
  };

  // The ways to one destination as they were when it was aimed at last.
  struct Tree {
    std::vector<std::uint32_t> order;  // satellites, nearest first
    std::vector<std::uint32_t> next;   // by satellite: towards the destination; kNowhere for no way
    std::vector<std::uint32_t> link;   // by satellite: the link to it
  };

  void renew_lengths(const Tree& tree);
  void offer_direct_ways(Tree& tree);
  bool mend(Tree& tree);
  void put(std::uint32_t satellite);
  [[nodiscard]] std::size_t bucket_of(double km) const;

  std::uint32_t satellites_, stations_;
  double ground_range_max_km_;
  std::vector<SatelliteLink> links_;
  std::vector<std::uint32_t> first_neighbour_;  // satellites + 1
  std::vector<Neighbour> neighbours_;
  std::vector<double> link_km_;  // infinity when one of the two is gone
  double link_km_min_ = 0.0;
  std::vector<double> x_, y_, z_;           // of satellites, km; far away when gone
  std::vector<std::uint32_t> first_reach_;  // stations + 1
  std::vector<Reach> reach_;                // satellites a station reaches
  std::uint32_t destination_ = 0;
  std::vector<Tree> trees_;  // by destination; empty until aimed at
  std::size_t trees_kept_ = 0;
  std::vector<double> to_go_km_;   // by satellite, to the destination
  std::vector<double> direct_km_;  // by satellite, to the destination without another satellite
  double buckets_per_km_ = 0.0;
  std::size_t last_bucket_ = 0;
  std::vector<std::vector<std::uint32_t>> buckets_;
};

}  // namespace skywarden::network
