// Messages that have no path now, carried as bundles: a Forwarder at every node (network/forwarder.h) over
// the contacts that the plan promises, of which only those happen that the exercise leaves open. In virtual
// time, event by event; the same calls and seed give the same run. A bundle that is kept is on the node's
// disk: a crash loses what is on the air and what the forwarder knew, not what it has in custody.
//
// A contact sends one bundle at a time, or what its ends tell each other of copies; either is lost as a
// whole, and so is an answer. Each delivery tells its way: where the bundle waited, for which contact, and
// why it went there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "datum/contact_forecast.h"
#include "network/contact_graph.h"
#include "network/contact_windows.h"
#include "network/forwarder.h"
#include "network/route_search.h"
#include "node/carriage.h"
#include "sim/channels.h"
#include "sim/cuts.h"

namespace skywarden::sim {

struct BundleOptions {
  network::ForwarderOptions forwarder;
  Duration reply_margin = std::chrono::minutes(1);  // beyond there and back, before the same is sent again
  std::size_t under_way_max = 4096;                 // subjects a node remembers to have sent
};

enum class HopReason : std::uint8_t {
  kDestination,  // the neighbour is the receiver
  kRoute,        // the best route in the plan begins with this contact
  kCopy,         // critical: copied to a neighbour that did not have it
};
[[nodiscard]] std::string_view to_string(HopReason reason);

struct BundleHop {
  NodeId from, to;
  Instant received{};                      // at `from`, or made there
  Instant contact_start{}, contact_end{};  // as planned
  Instant sent{}, arrived{};               // first bit, last bit
  HopReason reason = HopReason::kRoute;
};

struct Delivery {
  NodeId from, to;
  Instant offered{}, delivered{};
  network::BundleCriticality criticality = network::BundleCriticality::kNormal;
  std::vector<BundleHop> hops;
  std::vector<std::byte> payload;
};

struct BundleCounts {
  std::uint64_t offered = 0;   // taken to be carried
  std::uint64_t repeated = 0;  // not taken: the same is under way
  std::uint64_t hopeless = 0;  // not taken: no planned route within the lifetime, or no room
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;  // copies expired or evicted
  std::uint64_t sends = 0;

  BundleCounts& operator+=(const BundleCounts& other);
};

class BundleLinks final : public datum::ArrivalForecast {
 public:
  // `windows` as contact_windows() gives them, in both directions; other nodes than `nodes` are left out. The
  // channels, which outlive this, decide what is lost.
  BundleLinks(std::vector<NodeId> nodes, std::span<const network::ContactWindow> windows,
              BundleOptions options, Channels& channels, Random random, Instant start);

  // False when it is not carried: see BundleCounts.
  bool offer(NodeId from, NodeId to, std::span<const std::byte> message, const node::Carriage& carriage,
             Instant now);

  // As planned, whatever was cut or crashed since.
  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override;

  [[nodiscard]] Instant next_event() const;  // Instant::max() when nothing is to come
  // Plays what happens up to and including `now` and gives what arrived at its receiver, in order.
  std::vector<Delivery> play(Instant now, const Cuts& cuts);

  void follow(const Cuts& cuts, Instant now);  // after `cuts` changed
  void crash(NodeId node);
  void restart(NodeId node, Instant now);

  struct Stored {
    std::size_t count = 0, bytes = 0;
  };
  [[nodiscard]] Stored stored(NodeId node) const;
  [[nodiscard]] const BundleCounts& counts() const { return counts_; }

 private:
  using Vertex = network::Vertex;
  using PlannedContactId = network::PlannedContactId;

  // In the order in which those of one moment happen: what ends before what begins.
  enum class Kind : std::uint8_t { kSent, kArrive, kAnswer, kDown, kWake };
  struct Event {
    Duration at{};
    Kind kind = Kind::kWake;
    std::uint64_t serial = 0;
    std::uint32_t subject = 0;  // vertex or contact
    std::uint64_t flight = 0;
    network::Answer answer = network::Answer::kTaken;
    friend bool operator>(const Event& a, const Event& b) {
      return std::tie(a.at, a.kind, a.serial) > std::tie(b.at, b.kind, b.serial);
    }
  };
  struct UnderWay {
    Instant first{};      // when this was first sent; repeats come ever more slowly
    bool here = true;     // nobody has taken it over yet
    Instant answer_by{};  // afterwards: when an answer could have come
    Instant expires{};
    [[nodiscard]] bool over(Instant now) const { return expires <= now || (!here && answer_by <= now); }
  };
  struct Machine {
    std::unique_ptr<network::Forwarder> forwarder;  // its store survives a crash
    bool up = true;
    std::uint32_t life = 0;  // slots of an earlier life mean nothing
    Duration wake = Duration::max();
    std::map<std::pair<NodeId, std::uint64_t>, UnderWay> under_way;  // by receiver and subject
  };
  struct Radio {
    bool up = false;
    std::uint64_t token = 0;                   // of the end of what it sends; 0 for nothing
    std::uint64_t sending = 0, suspended = 0;  // flights
  };
  struct Flight {
    PlannedContactId contact;
    std::uint64_t slot = 0;
    std::uint32_t life = 0;    // of the sender
    std::uint64_t bundle = 0;  // sequence number; 0: news of copies
    std::vector<std::byte> bytes;
    network::Passage passage;
    Duration begun{};
  };
  struct Origin {  // of a bundle, by its sequence number
    NodeId from, to;
    std::uint64_t subject = 0;
    Instant offered{};
    Instant expires{};
    network::BundleCriticality criticality = network::BundleCriticality::kNormal;
    std::map<Vertex, std::vector<BundleHop>> ways;  // to each node that took it
  };

  [[nodiscard]] NodeId node_of(Vertex vertex) const { return nodes_[vertex.value()]; }
  [[nodiscard]] std::optional<Vertex> vertex_of(NodeId node) const;
  [[nodiscard]] const network::PlannedContact& planned(std::uint32_t contact) const {
    return plan_->contact(PlannedContactId(contact));
  }
  [[nodiscard]] Instant instant(Duration at) const { return start_ + at; }
  [[nodiscard]] bool arrives_within(Vertex from, Vertex to, std::uint64_t bytes,
                                    const node::Carriage& carriage);
  bool repeats(Machine& machine, NodeId to, std::uint64_t subject, Instant now) const;
  void taken_over(const Origin& origin, Vertex by, std::uint64_t bytes);

  void add(Duration at, Kind kind, std::uint32_t subject, std::uint64_t flight = 0,
           network::Answer answer = network::Answer::kTaken);
  void open_windows(const Cuts& cuts);
  void set_link(std::uint32_t contact, bool up);
  void handle(const Event& event, std::vector<Delivery>& delivered);
  void sent(const Event& event);
  void arrive(std::uint64_t id, std::vector<Delivery>& delivered);
  void answer(std::uint64_t id, Flight flight, network::Answer answer);
  [[nodiscard]] Delivery delivery(std::uint64_t bundle, std::vector<BundleHop> hops,
                                  std::span<const std::byte> bytes) const;
  void answered(const Event& event);
  template <typename Action>
  void act(Vertex vertex, const Action& action);
  void apply(network::Forwarder& node, const network::Send& send);
  void apply(network::Forwarder& node, const network::Suspend& suspend);
  void apply(network::Forwarder& node, const network::Tell& tell);
  void apply(network::Forwarder& node, const network::Abort& abort);
  void apply(network::Forwarder& node, const network::Drop& drop);
  void reschedule(Vertex vertex);
  void forget_expired();

  std::vector<NodeId> nodes_;  // by vertex
  std::map<NodeId, Vertex> vertices_;
  std::unique_ptr<const network::ContactGraph> plan_;
  BundleOptions options_;
  Channels* channels_;
  Random random_;
  Instant start_;
  Duration now_{};
  mutable network::RouteSearch search_;  // its working memory
  std::vector<Duration> arrives_after_;  // by source and destination: no later message arrives before
  std::vector<Machine> machines_;        // by vertex
  std::vector<std::uint32_t> by_start_;  // contacts
  std::size_t next_start_ = 0;
  std::set<std::uint32_t> in_window_;
  std::map<std::uint32_t, Radio> radios_;  // of contacts in their window
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<std::uint64_t, Flight> flights_;
  std::map<std::uint64_t, Origin> origins_;
  std::size_t origins_checked_ = 0;  // how many there were after the last look for expired ones
  std::uint64_t serial_ = 0;
  std::uint64_t next_bundle_ = 1;
  BundleCounts counts_;
};

}  // namespace skywarden::sim
