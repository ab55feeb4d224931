// Many Raft machines in virtual time on the shell. A message travels hop by hop over the shortest way; each
// hop loses it with some chance, the link notices after a round trip and a margin, and sends it again, so
// that what is lost comes late. Everything follows from the seed. Checked at every step: one leader a term,
// one entry an index, leaders that lack nothing committed, commits that never go back.
//
// A link may send each frame several times in succession; the other end passes on the first that comes and
// drops the others by their number, so nodes see each message once. Whether copies are lost together decides
// what that is worth: see WorldOptions::lost_alike. In a real node this is the business of the link below the
// bundles, which knows that consensus is small and urgent; nothing above it changes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agreement/shell.h"
#include "consensus/raft.h"

namespace skywarden::agreement {

struct WorldOptions {
  consensus::RaftOptions raft;
  double loss = 0.05;                                      // of a frame on a hop
  Duration resend_margin = std::chrono::milliseconds(1);   // beyond the round trip of the hop
  std::uint32_t copies = 1;                                // of a frame, on each hop; 1 or more
  Duration copies_apart = std::chrono::microseconds(100);  // as long as 1.5 kB take at 120 Mbit/s
  double lost_alike = 0.0;  // chance that a copy shares the fate of the one before; 0: independent
  Duration delays_renewed = std::chrono::seconds(10);
  Duration routes_renewed = std::chrono::seconds(60);
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
  std::uint64_t hops = 0;          // frames that links were asked to carry
  std::uint64_t frames = 0;        // that they sent for it, copies and what was sent again included
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
  void set_away(NodeId node, bool away);
  [[nodiscard]] bool away(NodeId node) const { return away_.contains(node); }
  // How long something that leaves now takes, as messages do.
  [[nodiscard]] Duration travel(NodeId from, NodeId to);

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] NodeId leader() const { return leader_; }  // of the highest term, if it is up
  [[nodiscard]] bool alive(NodeId node) const { return hosts_[node.value()].raft.has_value(); }
  [[nodiscard]] consensus::Raft& raft(NodeId node) { return *host(node).raft; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] const Shell& shell() const { return shell_; }
  [[nodiscard]] bool is_agreed(consensus::LogPosition at) const;  // an entry of that term is committed there
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
  [[nodiscard]] std::span<const std::uint32_t> way(NodeId from, NodeId to);
  [[nodiscard]] Duration cross(Duration hop);
  void weigh(const consensus::Message& message, std::uint64_t hops);
  void renew_routes();
  void violated(std::string what);

  Random random_;
  Shell shell_;
  WorldOptions options_;
  consensus::Shares founding_;
  Instant now_{};
  std::vector<Host> hosts_;  // by NodeId
  std::size_t present_ = 0;
  NodeId leader_;
  Term leader_term_;
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
  std::vector<consensus::Message> messages_;
  std::vector<std::uint32_t> free_;
  std::vector<std::function<void()>> actions_;
  std::vector<std::uint32_t> free_actions_;
  std::set<NodeId> away_;

  Instant delays_due_{}, routes_due_{};
  std::optional<consensus::DelayGraph> graph_;
  std::map<NodeId, consensus::ShortestWays> hubs_;
  std::vector<std::uint32_t> way_at_;  // by pair: where in hops_; 0: not known yet
  std::vector<std::uint32_t> hops_;    // a count, then so many links
  std::uint64_t loss_below_ = 0, alike_below_ = 0;
  std::uint64_t posted_ = 0, weighed_hops_ = 0, weighed_bytes_ = 0;

  std::map<Term, NodeId> leaders_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> agreed_;  // by index: term and hash
  std::map<LogIndex, Write> open_;                               // writes not known to everybody
  std::optional<Instant> leader_lost_;
  Outcome outcome_;
};

}  // namespace skywarden::agreement
