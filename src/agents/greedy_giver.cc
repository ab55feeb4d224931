#include "agents/greedy_giver.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace skywarden::agents {

using games::ContractMessage;
using games::Word;

GreedyGiver::GreedyGiver(NodeId self, std::uint64_t number, DeskOptions options, Duration work)
    : self_(self), number_(number), options_(options), work_(work) {}

void GreedyGiver::add(const DeskTask& task, Instant now) {
  Work work;
  work.due = task.due;
  for (const auto& [name, worth] : task.worth) work.order.push_back(name);
  std::sort(work.order.begin(), work.order.end(), [&](NodeId a, NodeId b) {
    return std::tuple(task.worth.at(b), a) < std::tuple(task.worth.at(a), b);
  });
  work.asked_at = now;
  work.said_at = now - options_.repeat;
  works_.emplace(task.key, std::move(work));
}

std::vector<ContractMessage> GreedyGiver::receive(const ContractMessage& message) {
  const auto found = works_.find(key_of(message.task));
  if (found == works_.end()) return {};
  Work& work = found->second;
  if (message.word == Word::kAccept && work.next < work.order.size() && work.order[work.next] == message.from)
    work.accepted = true;
  if (message.word != Word::kReport) return {};
  work.reported = true;
  verdicts_.push_back({found->first, message.from, message.number, 0});
  return {{Word::kReceived, message.task, self_, message.from, 0, {}}};
}

std::vector<ContractMessage> GreedyGiver::tick(Instant now) {
  std::vector<ContractMessage> out;
  for (auto& [key, work] : works_) {
    if (work.accepted || work.reported || work.order.empty() || now >= work.due - work_) continue;
    if (now >= work.asked_at + 4 * options_.patience) {
      work.next = (work.next + 1) % work.order.size();  // at the end begins again: all may have been busy
      work.asked_at = now;
    }
    if (now < work.said_at + options_.repeat) continue;
    work.said_at = now;
    const Duration little = (work.due - now) / 16;
    const games::Terms terms{now + little,      work.due - little, work.due,
                             options_.patience, options_.repeat,   0};
    out.push_back({Word::kOrder, task_id(key, number_), self_, work.order[work.next], 0, terms});
  }
  return out;
}

std::vector<Verdict> GreedyGiver::take_verdicts() {
  return std::exchange(verdicts_, {});
}

}  // namespace skywarden::agents
