// How one node that has a contact plan treats bundles: keeps them in a bounded store, routes them (CCSDS
// 734.3-B-1) around what its volume book says is taken, sends the most critical first while a contact is
// open, and keeps custody until the link acknowledges. Values and `now` in, effects out: no clock, no I/O.
//
//  - A critical bundle is copied to every neighbour not known to have it (734.3-B-1 sends critical bundles
//    over every route; here every contact is one): no failure it could not foresee delays it. On a contact
//    those for the neighbour itself go first, then those whose best route begins there, by the moment when
//    they would come later for not having left and a hundredth of their delay, or miss a contact on the way
//    and no other way is as good, then the others, by when they would arrive. A copy interrupts the bulk
//    being sent, which goes on afterwards (links have parallel sessions, as LTP, RFC 5326).
//  - When a contact opens its ends tell each other which critical bundles they have (copy_news.h), before all
//    copies but those that cannot wait so long, if they are lost once; and while it lasts, when nothing
//    critical waits, which ones are known to have arrived, to who has not heard. A copy goes to nobody who is
//    known to have the bundle, goes away once it is known to have arrived, and is not taken again. Arrivals
//    are believed: neighbours are authenticated by the link. The destination alone takes the bundle whatever
//    it was told. Losing news costs duplicates, never a bundle. What is remembered of arrivals is bounded and
//    expires with the bundle.
//  - Any other bundle has one custodian and one route; only its first contact binds. When that is over, the
//    bundle is routed anew. Without a route it waits and is tried again when a contact opens.
//  - No loops: a route never leads to a node visited since the bundle's last recorded failure. A failure is a
//    contact that was not there, ended first, or left a bundle without acknowledgement; then the bundle may
//    go back. Failures are bounded, and so are hops.
//  - A planned contact unheard for `silence_max` after its start has failed, and later contacts to that
//    neighbour are not routed over until it is heard again.
//  - A bundle comes twice when an acknowledgement is lost, and over links known to lose (`lossy_links`),
//    where it may be sent twice unasked: it is acknowledged again and kept once. After a recorded failure a
//    second copy may travel; the destination takes the first only.
//
// Times are nanoseconds since the plan's epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "network/arrival_log.h"
#include "network/bundle_store.h"
#include "network/contact_graph.h"
#include "network/copy_news.h"
#include "network/copy_queue.h"
#include "network/route_memory.h"
#include "network/route_search.h"
#include "network/volume_book.h"

namespace skywarden::network {

// What travels with a bundle from node to node.
struct Passage {
  Vertex destination;
  std::vector<Vertex> visited;  // since the last failure, in order; ends with the sender
  std::uint32_t failures = 0;   // recorded
  // The rest of the route that the sender saw; only between nodes that have the same plan. It saves the next
  // node a search.
  std::optional<Route> onward = std::nullopt;
};

struct ForwarderOptions {
  Instant epoch{};  // of the plan
  Duration born{};  // contacts that began before are not expected to be heard
  BundleStoreOptions store;
  Duration silence_max = std::chrono::seconds(10);
  Duration acknowledgement_margin = std::chrono::milliseconds(5);  // beyond twice the light time
  Duration sweep = std::chrono::minutes(1);                        // between looks for what has expired
  std::size_t flying_max = 64;         // sent and not acknowledged yet, by contact
  std::size_t retries_max = 16;        // bundles without a route tried again when a contact opens
  std::uint32_t failures_max = 16;     // recorded by bundle; later ones no longer let it go back
  std::size_t known_max = 500'000;     // bundles remembered so as not to take them twice
  std::size_t news_max = 256;          // of critical bundles told of in one message; 0: no news at all
  std::size_t arrivals_told_max = 8;   // the same when nothing urges: a critical bundle may come meanwhile
  std::size_t arrivals_max = 100'000;  // critical bundles remembered to have arrived
  // Links lose bundles as a whole and can give up what they are sending, as LTP over radio. Then a critical
  // bundle that would come late if it were sent again only for want of an answer is sent twice at once over
  // the contact that is best for it, until it is answered; and what can wait gives way to a critical one that
  // cannot. Off where links repeat by themselves and finish what they begin, as TCPCL sessions: everything
  // pressing would travel twice for nothing.
  bool lossy_links = false;
};

struct Send {
  PlannedContactId contact;
  std::uint64_t slot = 0;
  Duration takes{};      // of what is left to send
  bool resumed = false;  // the rest of what was suspended
};
struct Suspend {
  PlannedContactId contact;
  std::uint64_t slot = 0;
};
// Occupies the contact as a Send does; when it has arrived, the neighbour hears it and answers.
struct Tell {
  PlannedContactId contact;
  Duration takes{};
  std::vector<std::byte> news;
};
// What the contact is busy with ends unfinished and does not arrive: news, or a critical bundle that gives
// way.
struct Abort {
  PlannedContactId contact;
};
enum class DropReason : std::uint8_t { kExpired, kEvicted };
struct Drop {
  std::uint64_t slot = 0;
  BundleCriticality criticality = BundleCriticality::kNormal;
  DropReason reason = DropReason::kExpired;
};
using Effect = std::variant<Send, Suspend, Tell, Abort, Drop>;
using Effects = std::vector<Effect>;

// kDelivered: it was for this node; the caller has the bytes. kDuplicate: it was here before. kArrived: so it
// was, and is known to have reached its destination. kRefused: expired, malformed, or no room.
enum class Acceptance : std::uint8_t { kKept, kDelivered, kDuplicate, kArrived, kRefused };
// What the link tells the sender.
enum class Answer : std::uint8_t { kTaken, kArrived, kRefused };
[[nodiscard]] Answer answer_of(Acceptance acceptance);

class Forwarder {
 public:
  Forwarder(const ContactGraph& plan, Vertex self, const ForwarderOptions& options);  // plan outlives it

  // A bundle of its own, or received from a neighbour.
  Acceptance accept(std::vector<std::byte> bundle, Passage passage, Duration now, Effects& effects);
  // One that this node had in custody before it restarted. What else it knew then it has forgotten; bundles
  // delivered should be told again, so that they are not delivered twice.
  Acceptance restore(KeptBundle kept, Passage passage, Duration now, Effects& effects);
  void restore_delivered(const BundleId& id, Instant expires);
  // It could not be kept or delivered after all: as if it had never come.
  void withdraw(const BundleId& id);
  void link_up(PlannedContactId contact, Duration now, Effects& effects);  // heard; contact.from is this node
  void link_down(PlannedContactId contact, Duration now, Effects& effects);
  void sent(PlannedContactId contact, Duration now, Effects& effects);  // the last bit has left
  void answered(PlannedContactId contact, std::uint64_t slot, Answer answer, Duration now, Effects& effects);
  void hear(Vertex neighbour, std::span<const std::byte> news, Duration now, Effects& effects);
  void heard(PlannedContactId contact, Duration now, Effects& effects);  // the answer to a Tell
  // The link knows that no answer will come: its session has ended.
  void lost(PlannedContactId contact, std::uint64_t slot, Duration now, Effects& effects);
  void tick(Duration now, Effects& effects);
  [[nodiscard]] Duration wake_at() const;  // call tick() then

  // When a bundle that is here now would reach its destination, as far as this node knows.
  [[nodiscard]] std::optional<Duration> expected_arrival(Vertex destination, std::uint64_t bytes,
                                                         BundleCriticality criticality, Duration now);
  // The same on the way found last, without a search; nothing when that can no longer be taken.
  [[nodiscard]] std::optional<Duration> known_arrival(Vertex destination, std::uint64_t bytes,
                                                      BundleCriticality criticality, Duration now) {
    return routes_.known_arrival(destination, bytes, criticality, now, book_);
  }

  [[nodiscard]] const BundleStore& store() const { return store_; }
  struct Holdings {
    std::size_t known = 0;     // bundles remembered so as not to take them twice
    std::size_t arrivals = 0;  // critical ones remembered to have arrived
    std::size_t booked = 0;
  };
  [[nodiscard]] Holdings holdings() const { return {known_.size(), arrivals_.size(), book_.bookings()}; }
  [[nodiscard]] std::optional<std::uint64_t> slot_of(const BundleId& id) const;  // while it is in the store
  [[nodiscard]] const Passage* passage(std::uint64_t slot) const;

 private:
  struct Custody {
    Passage passage;
    BundleCriticality criticality = BundleCriticality::kNormal;
    std::uint64_t bytes = 0;
    Duration created{}, expires{};
    std::optional<PlannedContactId> next;  // queued, being sent or flying there
    Duration arrival{};                    // by the route booked last
    std::set<Vertex> holders;              // of a critical bundle: have it, or are being sent it
    std::set<Vertex> aware;                // of that: those who know that this node has it
    [[nodiscard]] bool critical() const { return criticality == BundleCriticality::kCritical; }
  };
  static constexpr std::uint64_t kNewsSlot = 0;  // none of the store
  struct Sending {
    std::uint64_t slot = 0;
    Duration since{}, takes{};
    bool critical = false;  // or news: not suspended
    bool repeat = false;    // not answered yet, but sent before
    WaitingCopy copy{};     // that it was
  };
  struct Flying {
    std::uint64_t slot = 0;
    Duration due{};       // of the answer
    Duration pressing{};  // when it has to leave again if it was lost
  };
  using Urgency = std::pair<int, std::uint64_t>;  // smaller is more urgent
  // Of what goes over a contact to a destination: 0 when the neighbour is that; 1: the best route as planned
  // begins there; 2: any other.
  static constexpr int kToBest = 1, kToOther = 2;
  struct Standing {
    int rank = kToOther;
    Duration arrival{};  // by the best route, or by the best one over the neighbour
    Duration latest{};   // to leave and arrive then
    Duration over{};     // by then even nothing at all can go that way: a contact on it ends
    Duration last{};     // to leave at all on that way
    Duration after{};    // arrival of what leaves later still
  };
  struct Telling {  // not answered yet
    std::vector<std::uint64_t> held;
    std::vector<CopyNews::Arrived> replies;
    std::uint64_t up_to = 0;  // of the log
  };
  struct Link {
    bool open = true;
    std::optional<Sending> current, suspended;
    std::vector<Flying> flying;           // by due
    CopyQueue copies;                     // critical bundles to copy there
    CopyQueue repeats;                    // and those sent there once, not answered yet
    std::map<Vertex, Standing> standing;  // by destination, of what was here when it came up
    std::set<std::uint64_t> announced;    // critical bundles here of which it is to be told
    std::map<BundleId, Instant> replies;  // it said to hold these, which have arrived
    std::optional<Telling> telling;
    std::uint64_t arrivals_told = 0;  // of the log, up to here; only a hint
    bool told_out = false;            // what is to be told does not fit into the rest of the contact
  };
  struct Known {
    std::uint32_t failures = 0;
    Instant expires{};
    std::uint64_t slot = 0;  // the last it had; none for the destination
    bool arrived = false;
  };

  [[nodiscard]] const PlannedContact& planned(PlannedContactId contact) const {
    return plan_->contact(contact);
  }
  [[nodiscard]] Duration takes(const Custody& custody, PlannedContactId contact) const {
    return transmission_time(custody.bytes, planned(contact).rate);
  }
  // Longest wait for an answer.
  [[nodiscard]] Duration round_trip(PlannedContactId contact) const {
    return 2 * planned(contact).light_time + options_.acknowledgement_margin;
  }
  [[nodiscard]] static Urgency urgency(const Custody& custody, std::uint64_t slot) {
    return {-static_cast<int>(custody.criticality), slot};
  }

  Acceptance take_in(std::vector<std::byte> bundle, Passage passage, Instant received, Duration now,
                     Effects& effects);
  [[nodiscard]] bool remember(const BundleId& id, const Known& news);
  Acceptance known_already(const Known& known, const Passage& passage);
  [[nodiscard]] std::optional<Route> best_route(const Custody& custody, Duration now);
  [[nodiscard]] bool is_best(const Custody& custody, PlannedContactId contact, Duration now);
  [[nodiscard]] Duration latest_departure(const Route& route, std::uint64_t bytes, Duration arrival) const;
  [[nodiscard]] Standing standing(const Custody& custody, PlannedContactId contact, Duration now);
  [[nodiscard]] static WaitingCopy waiting(const Custody& custody, const Standing& standing,
                                           std::uint64_t slot);
  void route(std::uint64_t slot, Duration now);
  void retry(Duration now);
  void unqueue(std::uint64_t slot, Custody& custody);
  void fail_way(std::uint64_t slot, Duration now);  // records a failure and routes anew
  void offer_copies(std::uint64_t slot, const Custody& custody, Duration now);
  void copy_again(std::uint64_t slot, PlannedContactId contact, Duration now);
  void forget(std::uint64_t slot);  // it has left the store
  void withdraw_copies(std::uint64_t slot);
  void expire(Duration now, Effects& effects);
  void mark_silent(Duration now);
  void trust(Vertex neighbour, bool heard);
  void end_waits(Duration now);
  void start_sending(PlannedContactId contact, Link& link, Duration now, Effects& effects);
  [[nodiscard]] bool interrupt(PlannedContactId contact, Link& link, Duration now, Effects& effects);
  [[nodiscard]] bool give_way(PlannedContactId contact, Link& link, Duration now, Effects& effects);
  [[nodiscard]] std::optional<Sending> next_copy(PlannedContactId contact, Link& link, int rank_max,
                                                 Duration now);
  [[nodiscard]] std::optional<Sending> next_repeat(PlannedContactId contact, Link& link, Duration now);
  void may_repeat(PlannedContactId contact, Link& link, const Sending& sent, Duration now) const;
  void need_not_repeat(PlannedContactId contact, Link& link, std::uint64_t slot, Effects& effects);
  [[nodiscard]] static Duration pressing(const Sending& sending);
  [[nodiscard]] static bool underway(const Link& link, std::uint64_t slot);
  void add_holder(std::uint64_t slot, Vertex holder);
  void learn_arrival(const BundleId& id, Instant expires, Vertex neighbour, Duration now);
  [[nodiscard]] std::optional<Tell> next_news(PlannedContactId contact, Link& link, Duration now);
  [[nodiscard]] std::optional<Tell> next_arrivals(PlannedContactId contact, Link& link, Duration now);
  [[nodiscard]] std::optional<Tell> tell(PlannedContactId contact, Link& link, Telling telling, CopyNews news,
                                         Duration now);
  [[nodiscard]] bool can_wait(PlannedContactId contact, const Link& link, Duration until) const;
  void announce(Link& link, std::uint64_t slot) const;
  void tell_again(Link& link) const;
  [[nodiscard]] bool has_news(PlannedContactId contact, const Link& link);
  [[nodiscard]] std::optional<Sending> next_single(PlannedContactId contact, Duration now);
  void pump(Duration now, Effects& effects);

  const ContactGraph* plan_;
  Vertex self_;
  ForwarderOptions options_;
  BundleStore store_;
  VolumeBook book_;
  RouteMemory routes_;
  std::vector<PlannedContactId> own_;  // contacts this node sends on, by start
  std::size_t own_checked_ = 0;        // of own_: heard, or found silent
  std::set<PlannedContactId> heard_;
  std::set<Vertex> silent_;
  std::map<std::uint64_t, Custody> custody_;
  std::set<std::uint64_t> critical_;
  std::map<PlannedContactId, std::set<Urgency>> queues_;
  std::set<std::pair<Duration, std::uint64_t>> handed_over_;  // by planned arrival: bookings further on
  std::set<Urgency> unrouted_;
  Urgency retried_{};  // the last one tried again
  std::map<PlannedContactId, Link> links_;
  ArrivalLog arrivals_;
  std::map<BundleId, Known> known_;
  std::set<std::pair<Instant, BundleId>> known_by_expiry_;
  Duration swept_{};
};

}  // namespace skywarden::network
