// What is promised already on each planned contact: volume accounting as schedule-aware bundle routing has it
// (CCSDS 734.3-B-1, volumes by contact and by priority, overbooking), kept by one node about what it sends
// itself. Bookings of equal or higher criticality are ahead of a bundle; lower ones yield, and who books over
// them learns which bundles have lost their place. Volume is counted as time on the contact: what is booked
// is sent from the contact's start on, without gaps. Other nodes' bookings are not known here.
//
// Bundles are named by numbers of the owner's choice, ascending as they come. Times are nanoseconds since the
// plan's epoch.
#pragma once

#include <array>
#include <map>
#include <span>
#include <vector>

#include "network/bundle.h"
#include "network/contact_graph.h"
#include "network/route_search.h"

namespace skywarden::network {

class VolumeBook {
 public:
  explicit VolumeBook(const ContactGraph& graph);  // which must outlive the book

  // What a route of a bundle of this criticality may use. Holds until the next call of any function.
  [[nodiscard]] const PlanState& state(BundleCriticality criticality, std::span<const Vertex> excluded = {});

  // Books every contact of a route found under that state. Gives the bundles that no longer fit somewhere:
  // less critical ones, the least critical first and of those the last to come; all their bookings are gone.
  // The bundle must not be booked yet.
  std::vector<std::uint64_t> book(std::uint64_t bundle, BundleCriticality criticality, std::uint64_t bytes,
                                  std::span<const PlannedContactId> contacts);
  void release(std::uint64_t bundle);                            // expired, thrown away, or to be routed anew
  void settle(std::uint64_t bundle);                             // has arrived: its volume was used
  void release(std::uint64_t bundle, PlannedContactId contact);  // sent there; booked further on
  void advance(PlannedContactId contact, Duration now);          // what is still booked is sent from now on
  void close(PlannedContactId contact);                          // nothing can be sent; bookings stay
  void open(PlannedContactId contact);
  void forget_ended(Duration now);  // contacts that ended before

  [[nodiscard]] std::size_t bookings() const { return bookings_.size(); }
  // How often something has become possible that was not: a booking was given back, a contact opened again.
  [[nodiscard]] std::uint64_t reopened() const { return reopened_; }

 private:
  static constexpr std::size_t kCriticalities = 4;
  using Place = std::pair<std::size_t, std::uint64_t>;  // criticality, −bundle: who yields first comes first
  struct Ledger {
    Duration from{};
    std::map<Place, Duration> entries;  // how long each takes
    std::array<Duration, kCriticalities> taken{};
    bool closed = false;
  };
  struct Booking {
    std::size_t criticality = 0;
    std::vector<PlannedContactId> contacts;
  };

  Ledger& ledger(PlannedContactId contact);
  void erase(std::uint64_t bundle, std::size_t criticality, PlannedContactId contact);
  void refresh(PlannedContactId contact);  // the states, and drops a ledger that says nothing

  const ContactGraph* graph_;
  std::map<PlannedContactId, Ledger> ledgers_;
  std::map<std::uint64_t, Booking> bookings_;
  std::array<PlanState, kCriticalities> states_;
  std::uint64_t reopened_ = 0;
};

}  // namespace skywarden::network
