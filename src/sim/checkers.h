// What must hold in every run, read from the trace and the effects while it plays: one leader a term, logs
// that agree, nothing committed is lost, ledgers restored from snapshots are ledgers that somebody had, every
// message to people told exactly once in the order of its chain (by a node that missed some, the last of
// each), and in the end every fire that nodes with half of the shares see has been told to everybody.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/world.h"

namespace skywarden::sim {

class Checkers : public Observer {
 public:
  // A follower may lack what was committed just before the end, for as long as the news of it may travel.
  Checkers(const World& world, Duration news_travels) : world_(world), news_travels_(news_travels) {}

  void on_effects(NodeId node, const node::Effects& effects, Instant now) override;
  void on_trace(const TraceEvent& event) override;

  // A fire that living nodes saw. In the end one of its observations must have been told, if nodes with half
  // of the shares find that it is a fire.
  void fire_seen(std::vector<ObservationId> fire);
  void check_end(Instant now);  // after the quiet time, everything healed
  void leader_killed(Instant now, Term term);

  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  [[nodiscard]] std::uint64_t commits() const { return committed_.size(); }
  [[nodiscard]] std::uint64_t alerts() const { return told_.size(); }
  [[nodiscard]] std::uint64_t elections() const { return leaders_.size(); }
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
  [[nodiscard]] std::uint64_t restored() const { return restored_; }
  [[nodiscard]] std::uint64_t fires_seen() const { return fires_.size(); }
  [[nodiscard]] std::uint64_t fires_due() const { return fires_due_; }  // of those, what had to be told
  [[nodiscard]] const std::vector<Duration>& leader_loss_to_commit() const { return recoveries_; }

 private:
  void violated(Instant at, std::string what);
  void alert_entered(const TraceEvent& event);
  void entry_committed(const TraceEvent& event);
  void check_ledgers(Instant now, const node::Node& leader);
  void check_fires(Instant now, const consensus::Shares& shares);
  void begin_from_ledger(NodeId node, Instant now);
  [[nodiscard]] bool is_found_by_half(const std::vector<ObservationId>& fire,
                                      const consensus::Shares& shares) const;

  struct EntryIdentity {
    std::uint64_t term = 0, payload = 0;
    friend bool operator==(const EntryIdentity&, const EntryIdentity&) = default;
  };
  struct Loss {
    Instant at{};
    Term term;
  };

  const World& world_;
  Duration news_travels_;
  std::vector<Violation> violations_;
  std::map<std::uint64_t, NodeId> leaders_;           // term → who led it
  std::map<std::uint64_t, EntryIdentity> committed_;  // index → what everybody committed there
  std::map<NodeId, std::uint64_t> commit_of_;         // in the node's present life
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> told_;  // event, sequence → fingerprint
  std::map<NodeId, std::map<std::uint64_t, std::uint64_t>> chain_of_;      // node → event → next sequence
  std::set<std::uint64_t> fingerprints_{0};                                // of ledgers, after each message
  std::map<ObservationId, std::uint64_t> opened_by_;  // observation → event whose chain opened with it
  std::map<std::uint64_t, Instant> committed_at_;     // index → when somebody committed it first
  std::vector<std::vector<ObservationId>> fires_;
  std::uint64_t fires_due_ = 0;
  std::set<ObservationId> told_observations_;
  std::uint64_t crashes_ = 0, restored_ = 0;
  std::optional<Loss> loss_;
  std::vector<Duration> recoveries_;
};

}  // namespace skywarden::sim
