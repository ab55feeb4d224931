// Many Raft machines of one group in virtual time on the shell. A message travels hop by hop over the
// shortest way, see ways.h. Everything follows from the seed. At every step one_history.h checks what Raft
// promises.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agreement/one_history.h"
#include "agreement/slots.h"
#include "agreement/ways.h"
#include "consensus/raft.h"

namespace skywarden::agreement {

struct WorldOptions {
  consensus::RaftOptions raft;
  WayOptions ways;
  std::uint64_t compact_after = 256;                 // entries
  const datum::ArrivalForecast* forecast = nullptr;  // of all hosts; outlives the world
};

struct Outcome {
  std::vector<double> commit_ms;                    // of writes whose leader stayed until they were committed
  std::vector<std::pair<double, double>> timed_ms;  // the same, with when they were written, in seconds
  std::vector<double> all_know_ms;                  // until the last member knew of the commit
  std::size_t writes = 0;
  std::size_t writes_refused = 0;  // nobody led, or the leader was handing over
  std::size_t writes_lost = 0;     // their leader went, or lost its leadership, before they were committed
  std::vector<double> outage_s;    // from a leader's crash to the next commit
  std::uint64_t handled = 0;       // messages and timers, by nodes
  Carried carried;                 // by links, until the last run ended
  double frame_bytes = 0.0;        // of a message as encoded, each hop counted; the mean of a sample
  std::size_t epochs = 0;          // committed
  std::string violation;           // empty: none
};

class World {
 public:
  World(std::uint64_t seed, Shell shell, consensus::Membership founding, WorldOptions options);

  void run_until(Instant end);
  void at(Instant time, std::function<void()> action);

  void crash(NodeId node);
  void restart(NodeId node);
  void join(NodeId node);
  void slow(NodeId node, Duration by) { host(node).slow = by; }  // whatever it sends leaves so much later
  bool write();                                                  // by whoever leads
  void post(consensus::Message message);
  void perform(NodeId node, consensus::RaftEffects effects);

  // Its links are down: what it sends, or should receive, is lost; what went over it takes another way.
  void set_away(NodeId node, bool away) { ways_.set_away(node, away); }
  [[nodiscard]] bool away(NodeId node) const { return ways_.away(node); }
  // How long something that leaves now takes, as messages do.
  [[nodiscard]] Duration travel(NodeId from, NodeId to) { return ways_.travel(from, to, now_, random_); }

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] NodeId leader() const { return leader_; }  // of the highest term, if it is up
  [[nodiscard]] bool alive(NodeId node) const { return hosts_[node.value()].raft.has_value(); }
  [[nodiscard]] consensus::Raft& raft(NodeId node) { return *host(node).raft; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] const Shell& shell() const { return ways_.shell(); }
  [[nodiscard]] bool is_agreed(consensus::LogPosition at) const { return history_.is_agreed(at); }
  [[nodiscard]] Outcome& outcome() { return outcome_; }
  [[nodiscard]] std::vector<NodeId> hosts() const;

  std::function<void(const consensus::Message&)> on_sent,
      on_delivered;                          // as their sender and receiver see it
  std::function<void(NodeId)> on_committed;  // a host knows of more commits than before
  // How much later it leaves; nothing: never. For members that do not do what they should.
  std::function<std::optional<Duration>(const consensus::Message&)> tampers;
  bool measuring = true;
  Instant measured_from{};

 private:
  enum class What : std::uint32_t { kMessage, kTimer, kAction };
  struct Event {
    Instant at;
    std::uint64_t sequence;
    What what;
    std::uint32_t which;                                     // message or action
    NodeId node;                                             // whom it is for; kNobody: an action
    friend bool operator<(const Event& a, const Event& b) {  // a heap's top is the earliest
      return std::pair(a.at, a.sequence) > std::pair(b.at, b.sequence);
    }
  };
  struct Host {
    bool present = false;
    consensus::Persisted disk;
    std::optional<consensus::Raft> raft;
    Instant timer = Instant::max();
    Duration slow{};
    LogIndex knows;  // the highest commit ever heard of
    std::uint64_t starts = 0;
  };
  struct Write {
    Instant at;
    Term term;
    std::size_t know = 0;  // members that know of its commit
    bool counts = false;
  };

  Host& host(NodeId node) { return hosts_[node.value()]; }
  void push(Instant at, What what, std::uint32_t which, NodeId node);
  void arm(NodeId node);
  void watch(NodeId node, const TraceEvent& event);
  void committed(NodeId node, LogIndex upto);
  void lead(NodeId node);
  void weigh(const consensus::Message& message, std::uint64_t hops);
  void violated(std::string what);

  Random random_;
  Ways ways_;
  WorldOptions options_;
  consensus::Shares founding_;
  Instant now_{};
  std::vector<Host> hosts_;  // by NodeId
  std::size_t present_ = 0;
  NodeId leader_;
  Term leader_term_;
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
  Slots<consensus::Message> messages_;
  Slots<std::function<void()>> actions_;

  std::uint64_t posted_ = 0, weighed_hops_ = 0, weighed_bytes_ = 0;
  OneHistory history_;
  std::map<LogIndex, Write> open_;  // writes not known to everybody
  std::optional<Instant> leader_lost_;
  Outcome outcome_;
};

}  // namespace skywarden::agreement
