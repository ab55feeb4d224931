// How long a group is without commits when leaders fail or turn away, with patience that follows what is
// measured and foreseen and with five fixed timeouts. Five voters in virtual time; the delay between every
// two is calm most of the time and rough in spells: longer, with jitter and loss, as when traffic is led
// around a cut. Now and then a node's terminals turn to other neighbours and it is out of reach for some
// seconds, which is planned; and a leader crashes, which is not. A write is offered to whoever leads every 50
// ms. Outage: from the last commit under one leader to the first under the next, summed. False election: a
// leader is made while the one before is up.
//
// usage: bench-timeouts [SEEDS] [HOURS]   seeds 1..SEEDS choose the best fixed timeout, the next SEEDS judge
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "base/random.h"
#include "consensus/raft.h"
#include "planned_turns.h"

namespace {

using namespace skywarden;
using namespace skywarden::consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kVoters = 5;
constexpr Duration kOfferEvery = milliseconds(50);

struct Weather {
  Duration delay_min, delay_max;  // of a link, one way, drawn at the beginning of a spell
  Duration jitter;
  double loss;
  double mean_length_s;
};
constexpr Weather kCalm{milliseconds(20), milliseconds(40), milliseconds(5), 0.01, 180.0};
constexpr Weather kRough{milliseconds(60), milliseconds(200), milliseconds(150), 0.1, 60.0};
constexpr TurnPlan kTurns{150.0, 1.0, 4.0, kCalm.delay_max};
constexpr double kCrashEveryS = 60.0, kDownForS = 20.0;

struct Totals {
  double outage_s = 0.0, outage_rough_s = 0.0;  // the latter that which ended in a rough spell
  std::uint64_t false_elections = 0, hand_overs = 0, crashes = 0, messages = 0;
  void add(const Totals& other) {
    outage_s += other.outage_s;
    outage_rough_s += other.outage_rough_s;
    false_elections += other.false_elections;
    hand_overs += other.hand_overs;
    crashes += other.crashes;
    messages += other.messages;
  }
};

enum class Timing { kFixed, kAdaptive };

class Play {
 public:
  Play(RaftOptions options, Timing timing, std::uint64_t seed, Duration length)
      : options_(options),
        timing_(timing),
        faults_(seed),
        random_(seed + 1000003),
        turns_(Random(seed).fork(7), voters(), kTurns, length) {
    for (const NodeId id : voters()) shares_[id] = 1;
    for (const auto& [id, share] : shares_) start(id);
    change_weather();
    at(Instant(), [this] { offer(); });
    crash_later();
  }

  Totals run(Duration length) {
    const Instant end = Instant() + length;
    while (!events_.empty() && events_.top().at <= end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.perform();
    }
    return totals_;
  }

 private:
  struct Host {
    std::optional<Raft> raft;
    Persisted disk;
    std::uint64_t life = 0;
    Instant alarm = Instant::max();
  };
  struct Event {
    Instant at;
    std::uint64_t serial;
    std::function<void()> perform;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : serial > other.serial;
    }
  };

  static std::vector<NodeId> voters() {
    std::vector<NodeId> nodes;
    for (std::uint32_t id = 1; id <= kVoters; ++id) nodes.emplace_back(id);
    return nodes;
  }

  template <typename Perform>
  void at(Instant when, Perform perform) {
    events_.push({when, serial_++, std::move(perform)});
  }

  void start(NodeId id) {
    Host& host = hosts_[id];
    host.raft.emplace(id, shares_, host.disk, options_, random_.fork(serial_++), now_,
                      timing_ == Timing::kAdaptive ? &turns_ : nullptr);
    arm(id);
  }

  void arm(NodeId id) {
    Host& host = hosts_.at(id);
    const Instant due = std::max(host.raft->next_deadline(), now_);
    if (host.alarm <= due) return;
    host.alarm = due;
    at(due, [this, id, due, life = host.life] {
      Host& later = hosts_.at(id);
      if (!later.raft || later.life != life || later.alarm != due) return;
      later.alarm = Instant::max();
      take(id, later.raft->tick(now_));
    });
  }

  void take(NodeId id, RaftEffects effects) {
    Host& host = hosts_.at(id);
    consensus::apply(effects.persist, host.disk);
    for (const TraceEvent& event : effects.trace)
      if (event.kind == TraceKind::kBecameLeader) led_by(id);
    if (!effects.committed.empty() && effects.committed.back().index > committed_) {
      committed_ = effects.committed.back().index;
      const Term term = effects.committed.back().term;
      const double outage_s = term > term_ ? to_seconds(now_ - committed_at_) : 0.0;
      term_ = term;
      totals_.outage_s += outage_s;
      if (weather_ == &kRough) totals_.outage_rough_s += outage_s;
      committed_at_ = now_;
    }
    for (Message& message : effects.send) send(std::move(message));
    arm(id);
  }

  void led_by(NodeId id) {
    // Who was asked to take over was not elected in error.
    const bool up = leader_ != kNobody && leader_ != id && hosts_.at(leader_).raft;
    if (up && handed_to_ != id) ++totals_.false_elections;
    if (up && handed_to_ == id) ++totals_.hand_overs;
    handed_to_ = kNobody;
    leader_ = id;
  }

  void send(Message message) {
    ++totals_.messages;
    if (std::holds_alternative<TimeoutNow>(message.body)) handed_to_ = message.to;
    if (turns_.away(message.from, now_) || turns_.away(message.to, now_)) return;
    if (random_.chance(weather_->loss)) return;
    const Duration jitter(
        static_cast<std::int64_t>(random_.uniform() * static_cast<double>(weather_->jitter.count())));
    const Instant arrives = now_ + delays_.at(std::minmax(message.from, message.to)) + jitter;
    at(arrives, [this, message = std::move(message)] {
      if (Host& host = hosts_.at(message.to); host.raft) take(message.to, host.raft->receive(message, now_));
    });
  }

  void offer() {
    if (leader_ != kNobody)
      if (Host& host = hosts_.at(leader_); host.raft)
        if (auto effects = host.raft->propose(Payload(64), now_)) take(leader_, std::move(*effects));
    at(now_ + kOfferEvery, [this] { offer(); });
  }

  // The same faults and spells for every choice of timeouts.
  void change_weather() {
    weather_ = weather_ == &kCalm ? &kRough : &kCalm;
    for (const auto& [a, share_a] : shares_)
      for (const auto& [b, share_b] : shares_)
        if (a < b)
          delays_[{a, b}] =
              from_seconds(faults_.uniform(to_seconds(weather_->delay_min), to_seconds(weather_->delay_max)));
    at(now_ + from_seconds(faults_.exponential(weather_->mean_length_s)), [this] { change_weather(); });
  }

  void crash_later() {
    at(now_ + from_seconds(faults_.exponential(kCrashEveryS)), [this] {
      if (leader_ != kNobody && hosts_.at(leader_).raft && down_ < 2) {  // a quorum stays
        const NodeId victim = leader_;
        Host& host = hosts_.at(victim);
        ++totals_.crashes;
        ++down_;
        host.raft.reset();
        ++host.life;
        host.alarm = Instant::max();
        at(now_ + from_seconds(kDownForS), [this, victim] {
          --down_;
          start(victim);
        });
      }
      crash_later();
    });
  }

  RaftOptions options_;
  Timing timing_;
  Shares shares_;
  Random faults_, random_;
  PlannedTurns turns_;
  NodeId handed_to_;  // whom the last leader asked to take over
  Instant now_{}, committed_at_{};
  std::map<NodeId, Host> hosts_;
  std::map<std::pair<NodeId, NodeId>, Duration> delays_;
  const Weather* weather_ = nullptr;
  std::priority_queue<Event> events_;
  std::uint64_t serial_ = 0;
  NodeId leader_;
  int down_ = 0;
  LogIndex committed_;
  Term term_;  // of that
  Totals totals_;
};

Totals play(const RaftOptions& options, Timing timing, std::uint64_t first, std::uint64_t seeds,
            Duration length) {
  Totals all;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed)
    all.add(Play(options, timing, seed, length).run(length));
  return all;
}

RaftOptions fixed(Duration timeout) {
  RaftOptions options;
  options.election_timeout_min = timeout;
  options.election_timeout_max = 2 * timeout;
  options.patience_growth_max = 1;
  return options;
}

// Patience may begin so low because it grows with what is measured.
RaftOptions adaptive() {
  RaftOptions options;
  options.election_timeout_min = milliseconds(100);
  options.election_timeout_max = milliseconds(150);
  options.patience_growth_max = 40;
  return options;
}

void print(const char* name, const Totals& t) {
  fmt::print(
      "{{\"figure\":\"{}\",\"outage_s\":{:.1f},\"outage_rough_s\":{:.1f},\"false_elections\":{},\"hand_"
      "overs\":{},\"crashes\":{"
      "},\"messages\":{}}}\n",
      name, t.outage_s, t.outage_rough_s, t.false_elections, t.hand_overs, t.crashes, t.messages);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  const auto number = [&](std::size_t place, std::uint64_t otherwise) {
    return arguments.size() > place ? std::strtoull(arguments[place], nullptr, 10) : otherwise;
  };
  const std::uint64_t seeds = number(0, 10);
  const Duration length = std::chrono::hours(number(1, 2));
  const Duration candidates[] = {milliseconds(200), milliseconds(400), milliseconds(800), milliseconds(1600),
                                 milliseconds(3200)};
  Duration best = candidates[0];
  double least = 0.0;
  for (const Duration candidate : candidates) {
    const Totals chosen_on = play(fixed(candidate), Timing::kFixed, 1, seeds, length);
    print(fmt::format("fixed {} ms, choosing", std::chrono::duration_cast<milliseconds>(candidate).count())
              .c_str(),
          chosen_on);
    if (candidate == candidates[0] || chosen_on.outage_s < least) {
      best = candidate;
      least = chosen_on.outage_s;
    }
  }
  const Totals of_fixed = play(fixed(best), Timing::kFixed, seeds + 1, seeds, length);
  const Totals of_adaptive = play(adaptive(), Timing::kAdaptive, seeds + 1, seeds, length);
  print(fmt::format("fixed {} ms, judged", std::chrono::duration_cast<milliseconds>(best).count()).c_str(),
        of_fixed);
  print("adaptive, judged", of_adaptive);
  fmt::print("{{\"figure\":\"outage saved\",\"percent\":{:.1f}}}\n",
             100.0 * (1.0 - of_adaptive.outage_s / of_fixed.outage_s));
}
