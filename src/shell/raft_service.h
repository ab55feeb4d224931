// One member of a consensus group in real time: the Raft machine over connections (group_links.h) and a log
// on disk (storage/log_store.h) or in memory, with a state machine of the caller's on top. One event loop on
// one thread. All that arrives together is one turn: proposals are appended as one batch, what may travel
// before the disk is done leaves, everything to persist goes to the disk together, commits are applied and
// clients are answered; what promises something leaves in the turn after the disk is done. Meanwhile the loop
// goes on. Members come and go by signed statements: group_roster.h. What it keeps of the log: member_log.h.
// A leader that is told to measures the others and moves vote shares: node/share_desk.h.
// The clock is steady, so one that is set back changes nothing.
//
// What a client is told: see Outcome. A request whose answer was lost may be repeated by the client and is
// then applied twice, unless its state machine knows better.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "consensus/raft.h"
#include "ledger/ledger_file.h"
#include "node/share_desk.h"
#include "shell/admission.h"
#include "shell/group_links.h"
#include "shell/member_log.h"

namespace skywarden::shell {

// What the group agrees on. The same entries in the same order give the same state everywhere.
class StateMachine {
 public:
  virtual ~StateMachine() = default;
  // The answer reaches whoever proposed it, if that was here. Never a reason to fail: bad input is an answer.
  virtual std::vector<std::byte> apply(const consensus::Entry& entry) = 0;
  [[nodiscard]] virtual std::vector<std::byte> read(std::span<const std::byte> question) const = 0;
  [[nodiscard]] virtual std::vector<std::byte> snapshot() const = 0;
  [[nodiscard]] virtual Result<void> restore(std::span<const std::byte> snapshot) = 0;
};

class RaftService final : private GroupLinks::Owner {
 public:
  struct Options {
    GroupLinks::Options links;
    std::vector<GroupLinks::Peer> peers;
    consensus::Shares founding;                        // with this node; empty for one that joins later
    std::string own_address;                           // HOST:PORT, as status() names it
    std::optional<storage::SigningKey> admission_key;  // public: whose statements change the members
    consensus::RaftOptions raft;
    std::optional<storage::SigningKeys> keys;
    std::uint64_t seed = 1;                             // of election timeouts
    std::size_t compact_bytes = std::size_t{64} << 20;  // of log in memory, then a snapshot is made
    ledger::LedgerFile* ledger = nullptr;               // none: nullptr; outlives the service
    std::optional<node::ShareDeskOptions> share_desk;   // nothing: shares stay as they are
  };
  struct Counters {
    std::uint64_t proposals = 0, batches = 0, applied = 0, reads = 0, snapshots = 0;
    std::uint64_t refused_changes = 0;  // of members: not signed, used ids, no group without them
    std::uint64_t bad_messages = 0;     // consensus messages that cannot be read, or speak for others
  };
  using OnProblem = std::function<void(const std::string&)>;
  // Answers to propose() below.
  using OnAnswer = std::function<void(const Answer&)>;

  // `log`: nullptr keeps everything in memory, and a restart must be another node. Errors of
  // GroupLinks::make, and of `found` or `open` of the log. All that is given outlives it.
  [[nodiscard]] static Result<std::unique_ptr<RaftService>> make(Options options, StateMachine& machine,
                                                                 storage::LogStore::Opened* log,
                                                                 OnProblem on_problem);
  ~RaftService() override;

  [[nodiscard]] std::uint16_t port() const { return links_->port(); }
  void add_peer(const GroupLinks::Peer& peer) { links_->add_peer(peer); }
  // From the thread of run(), the callbacks included: as a client would, without a connection.
  void propose(std::uint64_t id, consensus::Payload payload);
  void on_answer(OnAnswer on_answer) { on_answer_ = std::move(on_answer); }

  // Until stop(), a signal, or what must not go on: then it says why. kLimitReached, kInputOutput: the disk;
  // kConflict: the leader's signed head is not this node's.
  [[nodiscard]] Result<void> run();
  void stop() { links_->stop(); }  // from any thread

  [[nodiscard]] const consensus::Raft& raft() const { return raft_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const MemberLog& log() const { return log_; }
  [[nodiscard]] std::string status() const;  // one line of JSON

 private:
  struct Waiting {  // for the entry at `index` of `term`
    LogIndex index;
    Term term;
    GroupClient client;  // none: propose()
    std::uint64_t request = 0;
  };
  struct Reading {
    GroupClient client;
    Request request;
  };

  RaftService(Options options, StateMachine& machine, storage::LogStore::Opened* log, OnProblem on_problem);

  Result<void> from_member(NodeId member, const Frame& frame) override;
  Result<void> from_client(GroupClient client, const Frame& frame) override;
  void turn() override;
  void problem(const std::string& why) override { on_problem_(why); }

  void absorb(consensus::RaftEffects effects);
  void hear_of_disk(Instant now);
  void propose_waiting(Instant now);
  void wait_for(LogIndex index, Waiting waiting);
  [[nodiscard]] Answer not_leader(std::uint64_t request) const;
  void begin_reads(Instant now);
  void send_messages(Instant now);
  void apply_commits();
  void apply(const consensus::Entry& entry);
  void enter_ledger(std::vector<consensus::Entry> applied);
  void answer_reads();
  void restore(const consensus::Snapshot& snapshot);
  void compact(Instant now);
  void answer(GroupClient client, const Answer& answer);
  void answer_waiting(const Waiting& waiting, Outcome outcome, std::vector<std::byte> bytes = {});
  void fail_with(Error error);

  // Members that come and go: raft_service_members.cc.
  void ask_for_change(GroupClient client, Request request);
  void change_members(Instant now);
  void refuse_change(GroupClient client, std::uint64_t request, const Error& error);
  void promote(Instant now);
  void follow_members();

  // Vote shares that are measured: raft_service_shares.cc.
  void keep_shares(Instant now);
  [[nodiscard]] Instant shares_due() const;

  Options options_;
  StateMachine& machine_;
  OnProblem on_problem_;
  OnAnswer on_answer_;
  std::unique_ptr<GroupLinks> links_;
  MemberLog log_;
  consensus::Raft raft_;
  Counters counters_;
  std::optional<Error> failed_;

  // Wait for the disk, in the order of writes.
  std::deque<std::pair<consensus::Write, std::vector<consensus::Message>>> promising_;
  consensus::Write durable_;

  // Of this turn.
  std::vector<consensus::Message> sending_;
  std::vector<consensus::Entry> committed_;
  std::optional<consensus::Snapshot> restored_;

  bool members_changed_ = false;

  std::vector<consensus::Payload> proposals_;
  std::vector<Waiting> proposers_;  // one a proposal
  std::deque<Waiting> waiting_;     // ascending indices
  std::vector<Reading> reads_;      // not asked for yet
  std::uint64_t next_read_ = 1;
  std::map<consensus::ReadId, std::vector<Reading>> reads_asked_;
  std::deque<std::pair<LogIndex, std::vector<Reading>>> reads_ready_;  // once that is applied
  LogIndex applied_;

  std::deque<Reading> changes_;  // of members, not begun yet
  std::map<NodeId, Admission> admitted_;
  std::optional<consensus::Epoch> not_promoted_in_;
  Instant leaves_at_ = Instant::max();

  node::JoinedMembers joined_;
  std::optional<node::ShareDesk> share_desk_;  // as a leader, in desk_term_
  Term desk_term_;

  struct TakenSnapshot {
    LogIndex index;
    consensus::Payload data;
  };
  std::size_t log_bytes_ = 0;           // since the last snapshot
  std::optional<TakenSnapshot> taken_;  // waits for members that are only a little late
};

}  // namespace skywarden::shell
