#include "agents/watch_rehearsal.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "agents/conflict.h"
#include "agents/discovery.h"
#include "agents/greedy_giver.h"
#include "agents/task_desk.h"
#include "agents/watch_world.h"
#include "base/contract.h"
#include "base/random.h"

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;
using games::ContractMessage;
using games::Word;

constexpr Duration kStep = 1s, kHeartbeat = 20s, kLease = 180s, kTaskEvery = 30s, kTrialEvery = 1min;
constexpr std::uint32_t kTasksAtOnce = 3, kTrialViews = 16;
constexpr std::uint64_t kTrial = std::uint64_t{1} << 40;  // keys of trials begin here
constexpr NodeId kAreas[] = {NodeId(1), NodeId(2)};
const DeskOptions kDesk{20s, 8s, 4s, 6, 8, 100};

struct Heartbeat {
  NodeId from, to;
  Instant said_at;
};
using Message = std::variant<ContractMessage, ClaimMessage, Heartbeat>;

struct Leader {
  explicit Leader(std::uint32_t g)
      : group(g), desk(leader_of(g), GroupId(g), kDesk), greedy(leader_of(g), g, kDesk, 8min) {}
  std::uint32_t group;
  Registry registry;
  std::size_t applied = 0;
  TaskDesk desk;
  std::map<TaskKey, Claimant> claims;
  GreedyGiver greedy;
  std::map<NodeId, Instant> told;  // the last renewal entered for each
  std::uint64_t sequence = 0, trials = 0;
  Instant trial_at = kStart + 1min;
};

class Rehearsal {
 public:
  explicit Rehearsal(const RehearsalOptions& options)
      : options_(options), world_(options.seed), links_(world_.fork(1)), work_(world_.fork(2)) {
    Random draw = world_.fork(3);
    for (std::uint32_t g = 0; g < kGroups; ++g) {
      leaders_.emplace_back(g);
      for (std::uint32_t i = 0; i < options_.satellites; ++i)
        watchers_[satellite(g, i)] = drawn_watcher(draw, options_, i);
    }
    found();
  }

  RehearsalFigures play() {
    Random draw = world_.fork(4);
    const Instant end = kStart + options_.length;
    Instant next_task = kStart + 2min, next_beat = kStart;
    for (now_ = kStart; now_ <= end + kTaskTime + 1min; now_ += kStep) {
      if (now_ >= next_beat) {
        beat();
        next_beat += kHeartbeat;
      }
      for (; now_ >= next_task && next_task < end; next_task += kTaskEvery)
        for (std::uint32_t g = 0; g < kGroups; ++g) begin_task(draw, g);
      for (Leader& leader : leaders_) catch_up(leader.registry, leader.applied, false);
      catch_up(area_, area_applied_, false);
      deliver();
      for (Leader& leader : leaders_) lead(leader);
      for (const ClaimMessage& said : arbiter_.tick(now_)) send(said);
      for (auto& [name, watcher] : watchers_) watch(name, watcher);
    }
    return figures();
  }

 private:
  [[nodiscard]] bool rated() const { return options_.giving == Giving::kByRating; }
  [[nodiscard]] Duration lease() const { return rated() ? kLease : kLeaseMax; }

  // ---- the log: entries as bytes; each replica is some seconds behind, each by its own

  void propose(NodeId by, decltype(AgentEvent::what) what) {
    log_.emplace_back(now_, encode(AgentEvent{now_, by, std::move(what)}));
  }
  void catch_up(Registry& registry, std::size_t& applied, bool all) {
    const Duration behind = 1s + (&registry == &area_ ? 2s : 0s);
    for (; applied < log_.size() && (all || log_[applied].first + behind <= now_); ++applied) {
      const Applied entered = registry.apply(log_[applied].second);
      if (&registry != &area_) continue;
      for (const Change& change : entered.changes)
        if (change.to == AgentState::kLost && watchers_.contains(change.agent) &&
            watchers_.at(change.agent).dies > now_)
          ++figures_.false_losses;
    }
  }
  void register_agent(NodeId by, NodeId name, Tier tier, std::uint32_t group, Duration lease) {
    propose(by,
            Registered{
                name, Hull(90'000 + name.value()), tier, GroupId(group), lease, {}, {{Ability::kWatch, 10}}});
  }
  void found() {
    register_agent(kAreas[0], kAreas[0], Tier::kArea, 100, kLeaseMax);
    propose(kAreas[0], Renewed{kAreas[0], now_});
    register_agent(kAreas[0], kAreas[1], Tier::kArea, 100, kLeaseMax);
    propose(kAreas[1], Renewed{kAreas[1], now_});
    for (const Leader& leader : leaders_) {
      register_agent(kAreas[0], leader_of(leader.group), Tier::kSatellite, leader.group, kLeaseMax);
      propose(kAreas[0], Renewed{leader_of(leader.group), now_});
      propose(kAreas[0], Appointed{leader_of(leader.group), Term(1)});
    }
    for (const auto& [name, watcher] : watchers_) {
      register_agent(leader_of(group_of(name)), name, Tier::kSatellite, group_of(name), lease());
      if (!rated()) propose(leader_of(group_of(name)), Renewed{name, now_});
    }
  }

  // ---- links

  void send(const Message& message) {
    ++figures_.messages;
    const auto delay = Duration(static_cast<std::int64_t>(links_.uniform(0.2e9, 3e9)));
    if (!links_.chance(options_.loss)) under_way_.emplace(now_ + delay, message);
  }
  void deliver() {
    while (!under_way_.empty() && under_way_.begin()->first <= now_) {
      const Message message = under_way_.begin()->second;
      under_way_.erase(under_way_.begin());
      std::visit([this](const auto& m) { hear(m); }, message);
    }
  }
  void hear(const Heartbeat& beat) {
    Leader& leader = leaders_[group_of(beat.to)];
    const Agent* agent = leader.registry.find(beat.from);
    Instant& told = leader.told.try_emplace(beat.from, Instant::min()).first->second;
    if (agent == nullptr || (told != Instant::min() && beat.said_at < told + 2 * kHeartbeat)) return;
    told = beat.said_at;
    if (agent->state == AgentState::kLost)
      register_agent(beat.to, beat.from, Tier::kSatellite, leader.group, lease());
    else
      propose(beat.to, Renewed{beat.from, beat.said_at});
  }
  void hear(const ClaimMessage& claim) {
    if (claim.to == kAreas[0])
      for (const ClaimMessage& said : arbiter_.receive(claim, area_, now_)) send(said);
    else if (auto& claims = leaders_[group_of(claim.to)].claims;
             claims.contains(TaskKey(claim.matter.value())))
      claims.at(TaskKey(claim.matter.value())).receive(claim, now_);
  }
  void hear(const ContractMessage& message) {
    if (message.to.value() < 1000)
      hear_as_leader(leaders_[group_of(message.to)], message);
    else if (Watcher& watcher = watchers_.at(message.to); now_ < watcher.dies)
      hear_as_watcher(message.to, watcher, message);
  }

  // ---- satellites

  void beat() {
    if (!rated()) return;
    for (const auto& [name, watcher] : watchers_)
      if (now_ < watcher.dies) send(Heartbeat{name, leader_of(group_of(name)), now_});
  }
  static std::size_t busy(const Watcher& watcher) {
    return static_cast<std::size_t>(
        std::count_if(watcher.jobs.begin(), watcher.jobs.end(), [](const auto& job) {
          const games::Duty duty = job.second.contractor.duty();
          return duty == games::Duty::kCommitted || duty == games::Duty::kOrdered;
        }));
  }
  void hear_as_watcher(NodeId self, Watcher& watcher, const ContractMessage& message) {
    const bool is_new = !watcher.jobs.contains(message.task);
    if (is_new && message.word != Word::kAnnounce && options_.giving != Giving::kGreedy) return;
    Job& job =
        watcher.jobs.try_emplace(message.task, Job{games::Contractor(self, message.task)}).first->second;
    if (job.contractor.duty() == games::Duty::kNone && busy(watcher) < kTasksAtOnce) job.contractor.offer(1);
    // Greedily: an order out of the blue is an announcement, an award and an order.
    if (options_.giving == Giving::kGreedy && message.word == Word::kOrder) {
      for (const Word word : {Word::kAnnounce, Word::kAward, Word::kOrder}) {
        ContractMessage part = message;
        part.word = word;
        const auto answers = job.contractor.receive(part, now_);
        if (word == Word::kOrder)
          for (const ContractMessage& said : answers) send(said);
      }
      return;
    }
    for (const ContractMessage& said : job.contractor.receive(message, now_)) send(said);
  }
  void watch(NodeId name, Watcher& watcher) {
    if (now_ == watcher.dies || (now_ > watcher.dies && now_ - watcher.dies < kStep))
      note_death(name, watcher);
    if (now_ >= watcher.dies) return;
    for (auto& [task, job] : watcher.jobs) {
      if (job.contractor.duty() == games::Duty::kOrdered && job.done_at == Instant::max())
        job.done_at =
            now_ + Duration(static_cast<std::int64_t>(work_.uniform(60e9, 360e9)));  // its next pass
      if (job.contractor.duty() == games::Duty::kOrdered && now_ >= job.done_at) {
        job.contractor.finish(1);
        if (const auto cell = cells_.find(key_of(task)); cell != cells_.end()) cell->second.did.insert(name);
      }
      for (const ContractMessage& said : job.contractor.tick(now_)) send(said);
    }
  }
  void note_death(NodeId name, const Watcher& watcher) {
    for (const auto& [task, job] : watcher.jobs)
      if (const auto cell = cells_.find(key_of(task));
          cell != cells_.end() && job.contractor.duty() == games::Duty::kOrdered && !cell->second.first)
        cell->second.died_with.insert(name);
  }

  // ---- leaders

  void begin_task(Random& draw, std::uint32_t group) {
    CellTask cell = drawn_task(draw, options_, TaskKey(++tasks_), group, watchers_, now_);
    for (Leader& leader : leaders_)
      if (cell.shared || leader.group == group) take(leader, cell);
    cells_.emplace(cell.key, std::move(cell));
  }
  [[nodiscard]] DeskTask task_of(const Leader& leader, const CellTask& cell) const {
    DeskTask task{cell.key, Ability::kWatch, cell.due, {}};
    for (const auto& [name, geometry] : cell.geometry)
      if (group_of(name) == leader.group)
        task.worth[name] = cell.value * geometry * (rated() ? 1 : watchers_.at(name).claimed);
    return task;
  }
  void take(Leader& leader, const CellTask& cell) {
    const DeskTask task = task_of(leader, cell);
    if (options_.giving == Giving::kGreedy) {
      leader.greedy.add(task, now_);
    } else if (cell.shared && rated()) {
      claim(leader, cell, task);
    } else {
      leader.desk.add(task);
    }
  }
  // The group's best watcher speaks for the claim.
  void claim(Leader& leader, const CellTask& cell, const DeskTask& task) {
    const auto arbiter = arbiter_of(leader.registry, {leader_of(0), leader_of(1)});
    std::pair<std::uint64_t, NodeId> best{0, kNobody};
    for (const auto& [name, worth] : task.worth) {
      const Agent* agent = leader.registry.find(name);
      if (agent != nullptr && is_present(agent->state))
        best = std::max(best, std::pair(worth * (leader.registry.rating(name, Ability::kWatch) + 1), name));
    }
    if (!arbiter || best.second == kNobody) return;
    const ClaimMessage message{MatterId(cell.key.value()),
                               leader_of(leader.group),
                               *arbiter,
                               best.second,
                               task.worth.at(best.second),
                               kNobody};
    leader.claims.emplace(cell.key, Claimant(message, 4s, now_ + 90s));
    disputed_[cell.key].insert(leader.group);
  }
  void hear_as_leader(Leader& leader, const ContractMessage& message) {
    const bool greedily = options_.giving == Giving::kGreedy;
    for (const ContractMessage& said :
         greedily ? leader.greedy.receive(message) : leader.desk.receive(message, leader.registry, now_))
      send(said);
  }
  void lead(Leader& leader) {
    if (options_.giving == Giving::kGreedy) return lead_greedily(leader);
    for (auto& [key, claimant] : leader.claims) {
      const ClaimEnd before = claimant.end();
      for (const ClaimMessage& said : claimant.tick(now_)) send(said);
      if (claimant.end() == ClaimEnd::kUnheard && before == ClaimEnd::kOpen) unheard_.insert(key);
      const bool goes_on = claimant.end() == ClaimEnd::kOurs || claimant.end() == ClaimEnd::kUnheard;
      if (goes_on && taken_.emplace(leader.group, key).second)
        leader.desk.add(task_of(leader, cells_.at(key)));
    }
    if (rated() && now_ >= leader.trial_at) give_trial(leader);
    for (const ContractMessage& said : leader.desk.tick(leader.registry, now_)) send(said);
    for (const Verdict& verdict : leader.desk.take_verdicts()) judge(leader, verdict);
    if (rated() && leader.group == 0 && now_ - log_.back().first >= 5s) propose(leader_of(0), TimePassed{});
  }
  // Views whose truth is known already: they earn nothing and make a newcomer known.
  void give_trial(Leader& leader) {
    leader.trial_at = now_ + kTrialEvery;
    Query query;
    query.group = GroupId(leader.group);
    query.ability = Ability::kWatch;
    query.views_max = kTrialViews;
    const auto unknown = discover(leader.registry, query);
    for (const Found& found : unknown) {
      if (!watchers_.contains(found.agent)) continue;
      const TaskKey key(kTrial + 2 * leader.trials++ + leader.group);
      leader.desk.add({key, Ability::kWatch, now_ + kTaskTime / 2, {{found.agent, 1}}});
      return;
    }
  }
  void judge(Leader& leader, const Verdict& verdict) {
    if (verdict.result && verdict.task.value() < kTrial) note_report(verdict.task, verdict.agent);
    if (!rated()) return;
    const std::uint32_t useful =
        verdict.result ? useful_views(world_, verdict.task, verdict.agent, watchers_.at(verdict.agent)) : 0;
    propose(leader_of(leader.group),
            Measured{verdict.agent, Ability::kWatch, useful, kViews, ++leader.sequence});
  }
  void lead_greedily(Leader& leader) {
    for (const Verdict& verdict : leader.greedy.take_verdicts()) note_report(verdict.task, verdict.agent);
    for (const ContractMessage& said : leader.greedy.tick(now_)) send(said);
  }

  // ---- what came of it

  void note_report(TaskKey key, NodeId by) {
    CellTask& cell = cells_.at(key);
    if (now_ <= cell.due && !cell.first) cell.first = by;
  }
  RehearsalFigures figures() {
    for (const auto& [key, cell] : cells_) count(cell, options_, world_, watchers_, figures_);
    figures_.disputed = static_cast<std::uint64_t>(std::count_if(
        disputed_.begin(), disputed_.end(), [](const auto& by) { return by.second.size() > 1; }));
    figures_.unheard = unheard_.size();
    figures_.entries = log_.size();
    catch_up(area_, area_applied_, true);
    figures_.replicas_agree = true;
    for (Leader& leader : leaders_) {
      catch_up(leader.registry, leader.applied, true);
      figures_.replicas_agree = figures_.replicas_agree && leader.registry.save() == area_.save();
    }
    return figures_;
  }

  RehearsalOptions options_;
  Random world_, links_, work_;
  Instant now_ = kStart;
  std::vector<Leader> leaders_;
  Registry area_;
  std::size_t area_applied_ = 0;
  Arbiter arbiter_{kAreas[0], Ability::kWatch, 25s};
  std::map<NodeId, Watcher> watchers_;
  std::map<TaskKey, CellTask> cells_;
  std::uint64_t tasks_ = 0;
  std::multimap<Instant, Message> under_way_;
  std::vector<std::pair<Instant, std::vector<std::byte>>> log_;
  std::map<TaskKey, std::set<std::uint32_t>> disputed_;
  std::set<TaskKey> unheard_;
  std::set<std::pair<std::uint32_t, TaskKey>> taken_;
  RehearsalFigures figures_;
};

}  // namespace

RehearsalFigures rehearse(const RehearsalOptions& options) {
  EXPECTS(options.loss >= 0 && options.loss <= 0.9 && options.satellites < 900);
  EXPECTS(options.dying + options.overstating <= options.satellites && options.length >= kTaskTime);
  return Rehearsal(options).play();
}

}  // namespace skywarden::agents
