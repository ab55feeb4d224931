// One node that finds fires in real time: node/node.h over connections (group_links.h), with its log
// (member_log.h), its observations and what it told (storage/journal.h) on disk or in memory. One event loop
// on one thread, as RaftService: what arrives together is one turn, everything to persist waits for the disk,
// then messages leave, alerts are told (alert_folder.h) and clients are answered.
//
// Clients hand in observations at any node and ask any node for alerts (fire_message.h). Observations are
// acknowledged when this node has them on disk; it brings them to the others from then on. What a node lacks
// all the same, of what can still be judged, it fetches from whoever has it: node/catch_up.h. Time is the
// node's own: mission_time.h.
//
// What was agreed goes into a ledger beside the log, if there is one (ledger/ledger_file.h), when it is told.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "ledger/ledger_file.h"
#include "node/catch_up.h"
#include "node/node.h"
#include "shell/alert_folder.h"
#include "shell/fire_message.h"
#include "shell/group_links.h"
#include "shell/member_log.h"
#include "shell/mission_time.h"

namespace skywarden::shell {

class FireService final : private GroupLinks::Owner {
 public:
  struct Options {
    GroupLinks::Options links;
    std::vector<GroupLinks::Peer> peers;
    consensus::Shares founding;     // with this node; empty for one that joins later
    std::string own_address;        // HOST:PORT, as status() names it
    node::NodeOptions node;         // its cluster is that of `links`
    node::CatchUpOptions catch_up;  // what it holds, and for how long, is as in `node`
    std::optional<storage::SigningKeys> keys;
    std::uint64_t seed = 1;                // of election timeouts
    Duration clock_behind{};               // behind UTC, for exercises
    ledger::LedgerFile* ledger = nullptr;  // none: nullptr; outlives the service
  };
  struct Counters {
    std::uint64_t handed_in = 0;     // observations of clients that were news
    std::uint64_t bad_messages = 0;  // of members: cannot be read, or speak for others
  };
  using OnProblem = std::function<void(const std::string&)>;

  // `log` and `observations`, or neither: then everything is in memory, and a restart must be another node.
  // `observations` has been opened with node.journal_max. All that is given outlives it. Errors of
  // GroupLinks::make and of the disk; kMalformed, kConflict: the saved ledger cannot be read, or is not the
  // log's.
  [[nodiscard]] static Result<std::unique_ptr<FireService>> make(Options options,
                                                                 storage::LogStore::Opened* log,
                                                                 storage::Journal::Opened* observations,
                                                                 AlertFolder& alerts, OnProblem on_problem);
  ~FireService() override;

  [[nodiscard]] std::uint16_t port() const { return links_->port(); }
  void add_peer(const GroupLinks::Peer& peer) { links_->add_peer(peer); }

  // As RaftService::run.
  [[nodiscard]] Result<void> run();
  void stop() { links_->stop(); }  // from any thread

  [[nodiscard]] const node::Node& node() const { return node_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::string status() const;  // one line of JSON

 private:
  struct Reading {
    GroupClient client;
    std::uint64_t request = 0;
    AlertsQuestion question;
  };

  FireService(Options options, storage::LogStore::Opened* log, storage::Journal::Opened* observations,
              std::vector<datum::Hotspot> stored, AlertFolder& alerts, OnProblem on_problem);

  Result<void> from_member(NodeId member, const Frame& frame) override;
  Result<void> from_client(GroupClient client, const Frame& frame) override;
  void turn() override;
  void problem(const std::string& why) override { on_problem_(why); }

  [[nodiscard]] Result<void> resume(const storage::LogStore::Opened* log);
  void observe(GroupClient client, const Request& request);
  void ask(GroupClient client, const Request& request);
  void begin_reads(Instant now);
  void catch_up(Instant now);
  void follow(node::CatchUp::Step step, Instant now);
  void absorb(node::Effects effects);
  void carry_out();
  [[nodiscard]] Result<void> sync();
  void enter_ledger();
  void answer_reads();
  void refuse(GroupClient client, const Request& request, std::string_view why);
  [[nodiscard]] datum::Alert as_agreed(datum::Alert alert) const;
  void fail_with(Error error);

  Options options_;
  MissionTime clock_;
  OnProblem on_problem_;
  std::unique_ptr<GroupLinks> links_;
  MemberLog log_;
  storage::Journal* observations_;
  AlertFolder& alerts_;
  node::Node node_;
  node::CatchUp catch_up_;
  Counters counters_;
  std::optional<Error> failed_;

  // Of this turn: not carried out yet.
  std::vector<node::Outgoing> sending_;
  std::vector<std::pair<NodeId, std::vector<std::byte>>> catching_up_;  // messages
  std::vector<datum::Alert> telling_;
  std::optional<ledger::LedgerFile::Base> restored_;  // came before what is entered
  std::vector<node::Entered> entering_;
  std::vector<std::pair<GroupClient, Answer>> answering_;

  std::vector<Reading> reads_;  // not asked for yet
  std::uint64_t next_read_ = 1;
  std::map<consensus::ReadId, std::vector<Reading>> reads_asked_;
  std::deque<std::pair<LogIndex, std::vector<Reading>>> reads_ready_;  // once that is applied
};

// A journal's record of one observation, in node/messages.h's bytes; and back.
[[nodiscard]] std::vector<std::byte> encode_observation(const datum::Hotspot& hotspot);
[[nodiscard]] Result<datum::Hotspot> decode_observation(std::span<const std::byte> bytes);

}  // namespace skywarden::shell
