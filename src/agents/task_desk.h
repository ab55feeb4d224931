// The tasks of one group, given out by its leader over links that lose messages: the contract net
// (games/contract_net.h) with the registry beside it. The registry says whom to ask (active agents of the
// group that offer the ability) and what an offer is worth (what the task would bring at full ability, from
// public facts, times the rating): what a bidder says counts as "I can" and no more. Who is lost, suspended
// or late is replaced while there is time.
//
// One attempt orders one agent at most. A later attempt begins only after the former can bring nothing by
// what is known: refused by all, overdue, or its agent left the registry. So two may work on one task only
// when one of them was lost for everybody; the first report counts.
//
// A pure machine: time, messages and the registry in, messages out. The reports' truth is not its business:
// whoever checks them enters `Measured` events.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "agents/registry.h"
#include "base/result.h"
#include "games/contract_net.h"

namespace skywarden::agents {

using TaskKey = Identity<struct TaskKeyTag, std::uint64_t>;
inline constexpr std::uint64_t kAttemptsMax = 8;
inline constexpr std::uint64_t kTaskWorthMax = std::uint64_t{1} << 40;

// What attempts are called in messages; key below 2⁶⁰.
[[nodiscard]] games::TaskId task_id(TaskKey key, std::uint64_t attempt);
[[nodiscard]] TaskKey key_of(games::TaskId task);

struct DeskTask {
  TaskKey key;
  Ability ability = Ability::kWatch;
  Instant due;
  std::map<NodeId, std::uint64_t>
      worth;  // done at full ability, by who can do it at all; up to kTaskWorthMax
};

struct DeskOptions {
  Duration bid_for{};              // how long bids are taken
  Duration patience{};             // how long an award waits for a commitment
  Duration repeat{};               // of unanswered messages
  std::uint64_t attempts_max = 4;  // 1…kAttemptsMax
  std::size_t asked_max = 8;       // agents at once, best first
  std::uint64_t penalty = 0;
};
[[nodiscard]] Result<void> validate(const DeskOptions& options);

enum class TaskEnd { kOpen, kReported, kMissed };

// How an order ended: what the registry will hear of it.
struct Verdict {
  TaskKey task;
  NodeId agent;
  std::optional<std::uint64_t>
      result;  // nothing: accepted the order and did not report in time, owes the penalty
  std::uint64_t penalty = 0;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

class TaskDesk {
 public:
  TaskDesk(NodeId self, GroupId group, DeskOptions options);  // options are valid

  void add(DeskTask task);  // a new key below 2⁶⁰
  [[nodiscard]] std::vector<games::ContractMessage> receive(const games::ContractMessage& message,
                                                            const Registry& registry, Instant now);
  // Time never goes back.
  [[nodiscard]] std::vector<games::ContractMessage> tick(const Registry& registry, Instant now);
  [[nodiscard]] std::vector<Verdict> take_verdicts();  // since the last call, each order once

  [[nodiscard]] TaskEnd end(TaskKey task) const;                    // expects a task that was added
  [[nodiscard]] std::optional<NodeId> done_by(TaskKey task) const;  // once kReported
  [[nodiscard]] std::uint64_t attempts(TaskKey task) const;

 private:
  struct Attempt {
    games::ContractManager manager;
    Instant order_by;
    bool judged = false;
  };
  struct Work {
    DeskTask task;
    std::vector<Attempt> attempts;
    std::set<NodeId> tried;  // was ordered: not asked again
    TaskEnd end = TaskEnd::kOpen;
    std::optional<NodeId> done_by;
  };
  void judge(Work& work, Instant now);
  bool begin_attempt(Work& work, const Registry& registry, Instant now);
  [[nodiscard]] static bool is_hopeless(const Work& work, const Registry& registry, Instant now);

  NodeId self_;
  GroupId group_;
  DeskOptions options_;
  std::map<TaskKey, Work> works_;
  std::vector<Verdict> verdicts_;
};

}  // namespace skywarden::agents
