// The routes that one node found last, so that it searches once for many bundles. A route found before is
// taken again while its promise can nearly be kept: while a bundle would arrive at most a thousandth of the
// way's time later than promised, or a second later if it is not critical. Until then no other route is
// earlier by more than that, because nothing else has become possible since: time has passed, volume has been
// booked, the bundle is no smaller and may visit no other nodes. That there was no route is remembered in the
// same way.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "network/route_search.h"
#include "network/volume_book.h"

namespace skywarden::network {

class RouteMemory {
 public:
  RouteMemory(const ContactGraph& plan, Vertex self);  // plan outlives it

  // The best route of a bundle of that many bytes that is at this node now and keeps away from `visited`.
  // Asked at no earlier time than before. Its arrival is the one promised at first. `onward`: what is left of
  // the route that the node before found in the same plan. It is taken like a remembered one: had this node
  // an earlier way, so would the node before have had.
  [[nodiscard]] std::optional<Route> best(Vertex destination, std::uint64_t bytes,
                                          BundleCriticality criticality, std::span<const Vertex> visited,
                                          Duration now, VolumeBook& book, const std::optional<Route>& onward);
  // When such a bundle would arrive on the route found last, though another may be better now. Nothing when
  // there is none or it can no longer be taken. Searches nothing.
  [[nodiscard]] std::optional<Duration> known_arrival(Vertex destination, std::uint64_t bytes,
                                                      BundleCriticality criticality, Duration now,
                                                      VolumeBook& book) const;
  [[nodiscard]] RouteSearch& search() { return search_; }  // for questions of other kinds
  void forget() { found_.clear(); }                        // more has become possible than the book knows of

 private:
  [[nodiscard]] bool leads_there(const Route& route, Vertex destination) const;

  struct Found {
    std::optional<Route> route;
    std::uint64_t bytes = 0;  // of the smallest bundle asked for, for which it was found
  };
  const ContactGraph* plan_;
  Vertex self_;
  std::uint64_t smallest_ = UINT64_MAX;  // bundle asked for
  RouteSearch search_;
  std::uint64_t reopened_ = 0;  // of the book, when all that is remembered was found
  std::map<std::pair<Vertex, BundleCriticality>, Found> found_;  // by destination
};

}  // namespace skywarden::network
