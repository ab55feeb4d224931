// For tests: a Raft group on a virtual network that loses, repeats, delays, reorders and cuts, with hosts
// that crash and come back with nothing but what they made durable. Everything follows from one seed. Raft's
// properties (Ongaro and Ousterhout 2014, figure 3) are checked at every step; the first violation is kept as
// text. Beyond them: at no time could two leaders be elected, or one be elected while another commits, by
// quorums that do not meet, and nobody could be elected who lacks something committed. And what clients see
// from outside is recorded, for linearizability.h: the replicated state holds a register, each proposal
// writes its number there, and each read reads it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/linearizability.h"
#include "consensus/raft.h"
#include "consensus/register_model.h"

namespace skywarden::consensus {

struct NetworkOptions {
  Duration delay_min = std::chrono::milliseconds(30);  // one way
  Duration delay_max = std::chrono::milliseconds(30);
  double loss = 0.0;
  double duplication = 0.0;
  double crash_in_step = 0.0;       // chance that a host dies while a step is being made durable
  std::uint32_t drift_max_ppm = 0;  // of a host's clock, drawn when it first starts
  // How long a disk takes for a write; meanwhile messages travel (Storage::kMeanwhile). 0 when the network is
  // made: every step waits for the disk, which takes no time.
  Duration disk_max{};
};

enum class Cut { kBothWays, kOutwards, kInwards };  // which messages do not cross, seen from a side

class RaftNetwork {
 public:
  // `forecast` is asked by all hosts, each by its own clock; outlives this.
  RaftNetwork(std::uint64_t seed, Shares founding, RaftOptions raft, NetworkOptions network,
              const datum::ArrivalForecast* forecast = nullptr);

  void run_for(Duration time);
  void crash(NodeId node);
  void restart(NodeId node);
  // Its disk kept less than it said, so it must not come back under this name (docs/agreement.md): the host
  // is gone for good, though messages of it may still be under way.
  void lose(NodeId node);
  // Whether every epoch that may still rule could decide without it, and without asking its witnesses: what
  // only they and the lost one hold is lost. Without this a loss may be the end of the group, which is
  // nobody's mistake.
  [[nodiscard]] bool can_spare(NodeId node) const;
  // What must never be done: it comes back under its name with nothing of what its disk said it kept.
  void forget(NodeId node);
  void split(std::set<NodeId> side, Cut cut = Cut::kBothWays);  // between `side` and the rest
  void cut(NodeId from, NodeId to) { cut_.emplace(from, to); }  // that way only
  void heal();
  void set_network(NetworkOptions network) { network_ = network; }

  void join(NodeId node);  // a new host that knows nothing; nobody knows it either until a change names it
  // As propose(), for a change of membership. Refusals are the machine's business.
  bool change(const Membership& to);
  // As propose(), for a read. An answer must contain whatever was committed when it was asked.
  bool read();
  bool transfer_leadership(NodeId to);
  void relay(NodeId node, RelayDuty duty);
  // The host stores a snapshot of what it has applied up to `upto`, or of all of it, and drops that from its
  // log.
  void compact(NodeId node, LogIndex upto);

  // To every host that believes it leads, for in a split there may be two. True if anybody took it.
  bool propose();
  [[nodiscard]] std::optional<NodeId> leader() const;  // of the highest term
  [[nodiscard]] bool alive(NodeId node) const { return hosts_.at(node).raft.has_value(); }
  [[nodiscard]] bool exists(NodeId node) const { return hosts_.contains(node); }
  [[nodiscard]] const Raft& raft(NodeId node) const { return *hosts_.at(node).raft; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::size_t proposals_committed() const { return proposals_committed_; }
  [[nodiscard]] std::size_t elections() const { return leaders_.size(); }
  [[nodiscard]] std::size_t reads_answered() const { return reads_answered_; }
  [[nodiscard]] std::size_t installs() const { return installs_; }
  [[nodiscard]] std::size_t relayed() const { return relayed_; }
  [[nodiscard]] std::size_t epochs() const { return epochs_begun_; }
  [[nodiscard]] std::size_t epochs_committed() const { return epochs_committed_; }
  [[nodiscard]] std::size_t witnessed() const { return witnessed_; }      // epochs with witnesses, committed
  [[nodiscard]] std::size_t withheld() const { return withheld_; }        // entries as witnesses store them
  [[nodiscard]] std::size_t torn_writes() const { return torn_writes_; }  // hosts that died in a step
  [[nodiscard]] std::size_t delivered() const { return delivered_; }
  [[nodiscard]] std::vector<NodeId> hosts() const;
  [[nodiscard]] std::size_t applied(NodeId node) const { return hosts_.at(node).applied; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.value(); }
  [[nodiscard]] Random& random() { return random_; }

  void check_logs_match();  // log matching, over all durable logs; costs their length
  // Over all that could happen next; costs 2^hosts at worst, and with more than kHostsJudgedMax does nothing.
  void check_who_could_decide();
  [[nodiscard]] const std::string& violation() const { return violation_; }

  // In the order of events, which the test knows better than any clock.
  [[nodiscard]] const ClientHistory<RegisterOperation>& clients() const { return clients_; }
  // Empty: what clients saw so far is linearizable.
  [[nodiscard]] std::string check_clients() const;

  static constexpr std::size_t kHostsJudgedMax = 12;

 private:
  struct Host {
    Shares founding;
    Persisted disk;
    std::vector<std::pair<LogIndex, Configuration>> epochs;  // of the log on disk, read without the machine
    std::optional<Raft> raft;
    std::size_t applied = 0;  // what its state contains: so many entries, restored or delivered
    std::uint64_t restarts = 0;
    std::int64_t drift_ppm = 0;
    struct AskedRead {
      std::size_t committed;  // when it was asked
      std::size_t place;      // in clients_
    };
    std::map<ReadId, AskedRead> reads;            // asked since the last restart
    std::map<std::uint64_t, std::size_t> writes;  // proposals taken since then: their place in clients_
    RegisterValue value;                          // what its state holds
    struct Writing {
      Instant done;
      Persist step;
      Write write;
      std::vector<Message> waiting;
    };
    std::deque<Writing> writing;   // in this order; what only waits has an empty step
    Instant due = Instant::max();  // true time
    // By set of hosts, as bits in their order: 1 if it makes a quorum of the epoch that rules here. Counted
    // without the machine's arithmetic.
    std::vector<unsigned char> quorums;
  };

  [[nodiscard]] static Instant local_time(const Host& host, Instant true_time);
  [[nodiscard]] static Instant true_time(const Host& host, Instant local);  // the first that shows `local`
  [[nodiscard]] static Instant deadline(const Host& host);                  // true time; down: Instant::max()
  void check_reads(NodeId node, Host& host, const std::vector<ReadAnswer>& answers);
  template <typename Ask>
  bool ask_everybody(const Ask& ask);
  void perform(NodeId node, RaftEffects effects);
  void make_durable(NodeId node, Host& host, const Persist& step);
  void begin_write(NodeId node, Host& host, RaftEffects effects);
  void finish_write(NodeId node);
  void tear_writes(NodeId node, Host& host);
  [[nodiscard]] std::pair<Instant, NodeId> next_write() const;
  [[nodiscard]] bool holds_entry(const Host& host, const Entry& entry) const;
  void apply_commits(NodeId node, Host& host, const std::vector<Entry>& committed);
  [[nodiscard]] const JointShares& ruling(const Host& host) const;
  [[nodiscard]] static const Configuration* latest_epoch(const Host& host);  // nullptr: none in its log
  [[nodiscard]] bool crosses(NodeId from, NodeId to) const;
  [[nodiscard]] std::vector<unsigned char> quorums_of(const JointShares& shares) const;
  void count_quorums(Host& host) const;
  void count_all_quorums();
  void check_restored(NodeId node, const Snapshot& snapshot);
  std::size_t client_asks(RegisterOperation what);
  void client_is_answered(std::size_t place, RegisterValue value);
  [[nodiscard]] static LogPosition last_of(const Persisted& disk);
  [[nodiscard]] static const Entry* entry_at(const Persisted& disk, LogIndex index);  // nullptr: not there
  void note_epochs(Host& host, const Persist& step);
  void check_sides(NodeId node, const Host& host, const Persist& step);
  void check_kept(const Entry& entry);
  void watch_leader(const TraceEvent& event, const Host& host);
  void check_promise(const Host& host, const Message& message);
  void check_ahead(const Host& host, const Message& message);
  void post(const Message& message);
  void violated(std::string what);

  Random random_;
  RaftOptions options_;
  NetworkOptions network_;
  const datum::ArrivalForecast* forecast_;
  Storage storage_;
  Instant now_{};
  JointShares founding_;
  std::map<NodeId, Host> hosts_;
  std::map<std::pair<Instant, std::uint64_t>, Message> under_way_;
  std::uint64_t posted_ = 0;
  std::uint64_t proposed_ = 0;
  std::set<NodeId> side_;
  Cut side_cut_ = Cut::kBothWays;
  std::set<std::pair<NodeId, NodeId>> cut_;  // from, to

  std::map<Term, NodeId> leaders_;
  std::vector<Entry> committed_;            // by anybody, ever
  std::vector<Term> committed_in_;          // the term of who committed it first, a leader
  std::vector<std::uint64_t> state_after_;  // a hash: what the application's state is
  std::vector<RegisterValue> value_after_;  // what the register holds then
  std::size_t proposals_committed_ = 0;
  ClientHistory<RegisterOperation> clients_;
  std::int64_t client_events_ = 0;
  std::size_t epochs_begun_ = 0;
  std::size_t epochs_committed_ = 0;
  std::size_t witnessed_ = 0;
  std::size_t withheld_ = 0;
  std::size_t torn_writes_ = 0;
  std::size_t installs_ = 0;
  std::size_t relayed_ = 0;
  std::uint64_t reads_asked_ = 0;
  std::size_t reads_answered_ = 0;
  std::size_t delivered_ = 0;
  TraceHash trace_;
  std::string violation_;
};

}  // namespace skywarden::consensus
