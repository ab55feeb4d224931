// What desks are measured against: tasks given as most schedulers do, each to whoever claims most, with an
// order that is repeated until somebody accepts it. Who accepted is believed; there is no registry and no
// second look.
#pragma once

#include <map>
#include <vector>

#include "agents/task_desk.h"

namespace skywarden::agents {

class GreedyGiver {
 public:
  // `number`: of the attempt by which this one's tasks are known in messages, so that two may share a key. No
  // order is given less than `work` before a task is due.
  GreedyGiver(NodeId self, std::uint64_t number, DeskOptions options, Duration work);

  void add(const DeskTask& task, Instant now);  // worth as claimed
  [[nodiscard]] std::vector<games::ContractMessage> receive(const games::ContractMessage& message);
  [[nodiscard]] std::vector<games::ContractMessage> tick(Instant now);
  [[nodiscard]] std::vector<Verdict> take_verdicts();  // reports, since the last call

 private:
  struct Work {
    Instant due;
    std::vector<NodeId> order;  // best first
    std::size_t next = 0;
    Instant asked_at, said_at;
    bool accepted = false, reported = false;
  };

  NodeId self_;
  std::uint64_t number_;
  DeskOptions options_;
  Duration work_;
  std::map<TaskKey, Work> works_;
  std::vector<Verdict> verdicts_;
};

}  // namespace skywarden::agents
