// Who does a task: the contract net, made safe for links that lose, repeat, delay and reorder messages. A
// manager announces, contractors bid, the best bid is awarded, the contractor commits, the manager orders,
// the contractor reports. R. G. Smith, "The contract net protocol", IEEE Transactions on Computers C-29
// (1980) 1104-1113; FIPA SC00029H (2002). What those leave open is when both sides may believe what:
//   - a contractor is bound from its commitment on, but works only when ordered;
//   - the manager orders once in its life, so that no two contractors ever work on one task;
//   - an award that is not answered passes to the next bid after `patience`; a commitment that comes too late
//   is
//     answered by a release, and one that was never ordered ends by itself at `due`;
//   - at `due` both sides have settled, whatever was lost. Who was ordered and said so, and did not report,
//   owes the
//     penalty.
// Pure machines: time and messages in, messages out. Every message is repeated until it is answered or too
// late. Deciding between what two sides claim afterwards is arbitration.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace skywarden::games {

using TaskId = Identity<struct TaskIdTag, std::uint64_t>;

struct Terms {
  Instant bid_by;             // later bids do not count
  Instant order_by;           // no award or order is given from here on
  Instant due;                // the report must have arrived
  Duration patience{};        // how long an award waits for a commitment; > 0
  Duration repeat{};          // how often an unanswered message is sent again; > 0
  std::uint64_t penalty = 0;  // owed for a task ordered, accepted and not reported
  friend bool operator==(const Terms&, const Terms&) = default;
};
[[nodiscard]] Result<void> validate(const Terms& terms);  // bid_by < order_by < due; kOutOfRange

enum class Word {
  kAnnounce,  // to everybody asked
  kBid,       // with an offer; higher is better
  kDecline,   // instead of a bid, or of a commitment
  kAward,     // will you?
  kCommit,    // I am bound
  kOrder,     // do it
  kAccept,    // I have heard the order: from here on the penalty counts
  kReport,    // done, with a result
  kReceived,  // the report has arrived
  kRelease,   // you are not needed
};

struct ContractMessage {
  Word word = Word::kAnnounce;
  TaskId task;
  NodeId from, to;
  std::uint64_t number = 0;  // the offer of a bid, the result of a report
  Terms terms;               // of an announcement
  friend bool operator==(const ContractMessage&, const ContractMessage&) = default;
};

enum class Settlement {
  kOpen,
  kDone,        // reported in time
  kFailed,      // accepted and not reported: the penalty is owed
  kUnanswered,  // nobody bid, committed, or heard the order in time; nobody owes anything
};

class ContractManager {
 public:
  // `asked`: the contractors, each once. The terms are valid.
  ContractManager(NodeId self, TaskId task, Terms terms, std::vector<NodeId> asked);

  // Both return what to send. Time never goes back.
  [[nodiscard]] std::vector<ContractMessage> receive(const ContractMessage& message, Instant now);
  [[nodiscard]] std::vector<ContractMessage> tick(Instant now);

  [[nodiscard]] Settlement settlement() const { return settlement_; }
  [[nodiscard]] std::optional<NodeId> ordered() const { return ordered_; }  // never changes once set
  [[nodiscard]] std::optional<std::uint64_t> result() const { return result_; }
  [[nodiscard]] std::uint64_t penalty_owed() const;  // by ordered(), once settled

 private:
  void settle_when_due(Instant now);
  void award_next(Instant now);
  [[nodiscard]] ContractMessage say(Word word, NodeId to) const;

  NodeId self_;
  TaskId task_;
  Terms terms_;
  std::vector<NodeId> asked_;
  std::map<NodeId, std::optional<std::uint64_t>> answers_;  // an offer, or a refusal
  std::optional<NodeId> awarded_, ordered_;
  Instant awarded_at_;
  bool accepted_ = false;
  std::optional<std::uint64_t> result_;
  std::optional<Instant> said_at_;  // when messages were last repeated
  Settlement settlement_ = Settlement::kOpen;
};

enum class Duty {
  kNone,       // heard of no task, or will not do it
  kBid,        // has offered
  kCommitted,  // bound, not ordered
  kOrdered,    // may work
  kReported,   // done, not yet confirmed
  kSettled,    // confirmed, released, or too late
};

class Contractor {
 public:
  Contractor(NodeId self, TaskId task) : self_(self), task_(task) {}

  // What it would do the task for, once; nothing: it declines. Counts at the first announcement.
  void offer(std::optional<std::uint64_t> offer) { offer_ = offer; }
  // It did the work. Only when ordered.
  void finish(std::uint64_t result);

  [[nodiscard]] std::vector<ContractMessage> receive(const ContractMessage& message, Instant now);
  [[nodiscard]] std::vector<ContractMessage> tick(Instant now);

  [[nodiscard]] Duty duty() const { return duty_; }
  [[nodiscard]] bool was_ordered() const { return was_ordered_; }
  [[nodiscard]] bool confirmed() const { return confirmed_; }  // the manager has its report

 private:
  [[nodiscard]] std::optional<ContractMessage> to_say() const;
  void settle_when_due(Instant now);

  NodeId self_;
  TaskId task_;
  std::optional<std::uint64_t> offer_;
  NodeId manager_;
  Terms terms_;
  Duty duty_ = Duty::kNone;
  bool was_ordered_ = false, confirmed_ = false;
  std::uint64_t result_ = 0;
  std::optional<Instant> said_at_;
};

}  // namespace skywarden::games
