#include "agents/task_desk.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "agents/discovery.h"
#include "base/contract.h"

namespace skywarden::agents {
namespace {

// Even an unknown agent is worth asking when nobody better is there.
std::uint64_t worth_by_rating(std::uint64_t worth, std::uint32_t rating) {
  return worth * (rating + 1ULL);
}

}  // namespace

games::TaskId task_id(TaskKey key, std::uint64_t attempt) {
  EXPECTS(attempt < kAttemptsMax && key.value() < (std::uint64_t{1} << 60));
  return games::TaskId(key.value() * kAttemptsMax + attempt);
}
TaskKey key_of(games::TaskId task) {
  return TaskKey(task.value() / kAttemptsMax);
}

Result<void> validate(const DeskOptions& options) {
  if (options.bid_for <= Duration::zero() || options.patience <= Duration::zero() ||
      options.repeat <= Duration::zero())
    return fail(Errc::kOutOfRange, "desk: expected times above 0");
  if (options.attempts_max == 0 || options.attempts_max > kAttemptsMax || options.asked_max == 0)
    return fail(Errc::kOutOfRange, "desk: expected 1…{} attempts and somebody to ask", kAttemptsMax);
  return {};
}

TaskDesk::TaskDesk(NodeId self, GroupId group, DeskOptions options)
    : self_(self), group_(group), options_(options) {
  EXPECTS(validate(options_).has_value());
}

void TaskDesk::add(DeskTask task) {
  EXPECTS(task_id(task.key, 0).value() % kAttemptsMax == 0 && !works_.contains(task.key));
  for (const auto& [node, worth] : task.worth) EXPECTS(worth <= kTaskWorthMax);
  const TaskKey key = task.key;
  works_.emplace(key, Work{std::move(task), {}, {}, TaskEnd::kOpen, std::nullopt});
}

TaskEnd TaskDesk::end(TaskKey task) const {
  return works_.at(task).end;
}
std::optional<NodeId> TaskDesk::done_by(TaskKey task) const {
  return works_.at(task).done_by;
}
std::uint64_t TaskDesk::attempts(TaskKey task) const {
  return works_.at(task).attempts.size();
}
std::vector<Verdict> TaskDesk::take_verdicts() {
  return std::exchange(verdicts_, {});
}

// What the attempts have come to.
void TaskDesk::judge(Work& work, Instant now) {
  for (Attempt& attempt : work.attempts) {
    const games::ContractManager& manager = attempt.manager;
    if (const auto ordered = manager.ordered()) work.tried.insert(*ordered);
    if (attempt.judged || manager.settlement() == games::Settlement::kOpen) continue;
    attempt.judged = true;
    if (manager.settlement() == games::Settlement::kUnanswered) continue;
    verdicts_.push_back({work.task.key, *manager.ordered(), manager.result(), manager.penalty_owed()});
    if (manager.result() && work.end == TaskEnd::kOpen) {
      work.end = TaskEnd::kReported;
      work.done_by = manager.ordered();
    }
  }
  if (work.end == TaskEnd::kOpen && now >= work.task.due) work.end = TaskEnd::kMissed;
}

// Nothing more will come of the latest attempt, by what is known.
bool TaskDesk::is_hopeless(const Work& work, const Registry& registry, Instant now) {
  if (work.attempts.empty()) return true;
  const Attempt& latest = work.attempts.back();
  if (latest.manager.settlement() != games::Settlement::kOpen) return true;
  const auto ordered = latest.manager.ordered();
  if (!ordered) return now >= latest.order_by;
  const Agent* agent = registry.find(*ordered);
  return agent == nullptr || !is_present(agent->state);
}

// Takes half of the time left, so that another one fits in; the last attempt takes all.
bool TaskDesk::begin_attempt(Work& work, const Registry& registry, Instant now) {
  const std::uint64_t number = work.attempts.size();
  const Duration left = work.task.due - now;
  const Duration needed = options_.bid_for + 2 * options_.patience;
  if (number >= options_.attempts_max || left <= needed) return false;
  Query query;
  query.group = group_;
  query.ability = work.task.ability;
  std::vector<std::tuple<std::uint64_t, std::size_t, NodeId>>
      able;  // best first; of equals as they were found
  for (const Found& found : discover(registry, query))
    if (const auto worth = work.task.worth.find(found.agent);
        worth != work.task.worth.end() && !work.tried.contains(found.agent))
      able.emplace_back(~worth_by_rating(worth->second, found.rating), able.size(), found.agent);
  std::sort(able.begin(), able.end());
  if (able.size() > options_.asked_max) able.resize(options_.asked_max);
  if (able.empty()) return false;

  const bool last = number + 1 == options_.attempts_max || left / 2 <= needed;
  games::Terms terms;
  terms.bid_by = now + options_.bid_for;
  terms.due = last ? work.task.due : now + left / 2;
  terms.order_by =
      std::min(terms.bid_by + 6 * options_.patience, terms.bid_by + (terms.due - terms.bid_by) / 2);
  terms.patience = options_.patience;
  terms.repeat = options_.repeat;
  terms.penalty = options_.penalty;
  std::vector<NodeId> asked;
  for (const auto& [worth, place, node] : able) asked.push_back(node);
  work.attempts.push_back(
      {games::ContractManager(self_, task_id(work.task.key, number), terms, std::move(asked)), terms.order_by,
       false});
  return true;
}

std::vector<games::ContractMessage> TaskDesk::receive(const games::ContractMessage& message,
                                                      const Registry& registry, Instant now) {
  const auto found = works_.find(key_of(message.task));
  const std::uint64_t number = message.task.value() % kAttemptsMax;
  if (found == works_.end() || number >= found->second.attempts.size()) return {};
  Work& work = found->second;
  games::ContractManager& manager = work.attempts[number].manager;
  if (work.end != TaskEnd::kOpen && !manager.ordered()) {  // no order is given any more
    if (message.word != games::Word::kCommit) return {};
    return {{games::Word::kRelease, message.task, self_, message.from, 0, {}}};
  }
  games::ContractMessage heard = message;
  if (heard.word == games::Word::kBid) {
    const auto worth = work.task.worth.find(message.from);
    if (worth == work.task.worth.end()) return {};
    heard.number = worth_by_rating(worth->second, registry.rating(message.from, work.task.ability));
  }
  auto answers = manager.receive(heard, now);
  judge(work, now);
  return answers;
}

std::vector<games::ContractMessage> TaskDesk::tick(const Registry& registry, Instant now) {
  std::vector<games::ContractMessage> out;
  const auto say = [&](Attempt& attempt) {
    const auto said = attempt.manager.tick(now);
    out.insert(out.end(), said.begin(), said.end());
  };
  for (auto& [key, work] : works_) {
    for (Attempt& attempt : work.attempts)
      // What nobody was ordered to do need not be done any more; who committed is released by its terms.
      if (work.end == TaskEnd::kOpen || attempt.manager.ordered()) say(attempt);
    judge(work, now);
    if (work.end == TaskEnd::kOpen && is_hopeless(work, registry, now) && begin_attempt(work, registry, now))
      say(work.attempts.back());
  }
  return out;
}

}  // namespace skywarden::agents
