#include "agreement/availability.h"

#include <algorithm>
#include <deque>

#include "agreement/group.h"
#include "base/contract.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSettling = seconds(20);
constexpr Duration kSilence = milliseconds(100);  // until the client asks another
constexpr Duration kRetry = milliseconds(20);     // after a refusal that names nobody
constexpr std::uint32_t kAround = 24;             // satellites next to the group that turn as its members do
constexpr std::size_t kWriteBytes = 64;

using WriteId = std::uint64_t;

class Run {
 public:
  Run(std::uint64_t seed, const AvailabilityPlan& plan)
      : plan_(plan),
        random_(seed),
        shell_(Delays::kFromOrbits, random_.fork(1)),
        order_(by_delay(shell_, satellite(static_cast<std::uint32_t>(random_.below(kSatellites))))),
        founding_(found()),
        turns_(random_.fork(2), turning(), plan.turns, kSettling + plan.length),
        world_(random_.next(), shell_, founding_, options(&turns_)) {}

  Availability play() {
    world_.measuring = false;
    world_.on_committed = [this](NodeId node) { commits_known(node); };
    for (const auto& [node, by_end] : turns_.by_end())
      for (const auto& [end, begin] : by_end) {
        world_.at(begin, [this, who = node] { turn(who); });
        world_.at(end, [this, who = node] { world_.set_away(who, false); });
      }
    for (const NodeId node : voters_) fail_later(node, Instant(kSettling));
    world_.at(Instant(kSettling), [this] {
      world_.measuring = true;
      submit_later();
    });
    const Instant end = Instant(kSettling) + plan_.length;
    world_.run_until(end);
    writing_ = false;
    world_.run_until(end + seconds(60));  // what was asked last is answered
    return result();
  }

 private:
  static WorldOptions options(const datum::ArrivalForecast* forecast) {
    WorldOptions options;
    options.raft.heartbeat = milliseconds(100);
    options.raft.election_timeout_min = milliseconds(400);
    options.raft.election_timeout_max = milliseconds(800);
    options.forecast = forecast;
    return options;
  }

  // The nearest, a few of each plane; the client is the nearest of the others.
  Membership found() {
    Membership founding;
    const std::uint32_t per_plane_max = std::max(1U, plan_.voters * 2 / 7);  // no plane can block the group
    std::map<std::uint32_t, std::uint32_t> in_plane;
    for (const Near& near : order_) {
      const bool full = voters_.size() == plan_.voters || in_plane[plane_of(near.node)] == per_plane_max;
      if (full && client_ == kNobody) client_ = near.node;
      if (full) continue;
      ++in_plane[plane_of(near.node)];
      voters_.push_back(near.node);
      founding.shares[near.node] = 1;
    }
    EXPECTS(voters_.size() == plan_.voters);
    leads_ = voters_.front();
    return founding;
  }

  [[nodiscard]] std::vector<NodeId> turning() const {
    std::vector<NodeId> nodes = voters_;
    for (std::size_t i = 0; nodes.size() < voters_.size() + kAround; ++i)
      if (order_[i].node != client_ && !founding_.shares.contains(order_[i].node))
        nodes.push_back(order_[i].node);
    return nodes;
  }

  // ---- what goes wrong

  void turn(NodeId node) {
    if (founding_.shares.contains(node)) ++result_.turns;
    if (node == world_.leader()) ++result_.leader_turns;
    world_.set_away(node, true);
  }

  void fail_later(NodeId node, Instant up) {
    world_.at(up + from_seconds(random_.exponential(to_seconds(plan_.fails_every))), [this, node] {
      ++result_.crashes;
      if (node == world_.leader()) ++result_.leader_crashes;
      world_.crash(node);
      taken_[node].clear();
      world_.at(world_.now() + plan_.down_for, [this, node] {
        world_.restart(node);
        fail_later(node, world_.now());
      });
    });
  }

  // ---- the client

  struct Write {
    Instant submitted;
    std::uint64_t attempt = 0;  // the latest
  };

  void submit_later() {
    const auto spread = static_cast<std::uint64_t>(plan_.write_every.count());
    world_.at(
        world_.now() + plan_.write_every / 2 + Duration(static_cast<std::int64_t>(random_.below(spread))),
        [this] {
          if (!writing_) return;
          const WriteId id = ++result_.writes;
          open_.emplace(id, Write{world_.now()});
          ask(id, leads_);
          submit_later();
        });
  }

  // Who is known to be out of reach need not be asked.
  void ask(WriteId id, NodeId node) {
    for (std::size_t skipped = 0; turns_.away(node, world_.now()) && skipped < voters_.size(); ++skipped)
      node = next_after(node);
    const std::uint64_t attempt = ++open_.at(id).attempt;
    over(client_, node, [this, id, attempt, node] { asked(id, attempt, node); });
    world_.at(world_.now() + kSilence, [this, id, attempt, node] {
      if (!waits(id, attempt)) return;
      ++result_.silences;
      ask(id, next_after(node));
    });
  }

  [[nodiscard]] NodeId next_after(NodeId node) const {
    const auto found = std::find(voters_.begin(), voters_.end(), node);
    return found == voters_.end() || found + 1 == voters_.end() ? voters_.front() : *(found + 1);
  }

  [[nodiscard]] bool waits(WriteId id, std::uint64_t attempt) const {
    const auto found = open_.find(id);
    return found != open_.end() && found->second.attempt == attempt;
  }

  void refused(WriteId id, std::uint64_t attempt, NodeId by, NodeId leads) {
    if (!waits(id, attempt)) return;
    ++result_.refusals;
    if (leads != kNobody && leads != by) return ask(id, leads);
    world_.at(world_.now() + kRetry, [this, id, attempt, by] {
      if (waits(id, attempt)) ask(id, next_after(by));
    });
  }

  void answered(WriteId id, NodeId by, LogPosition at) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;  // an earlier attempt was answered, too
    const Duration took = world_.now() - found->second.submitted;
    result_.answered_ms.push_back(to_seconds(took) * 1e3);
    if (took <= plan_.in_time) ++result_.in_time;
    promised_.push_back(at);
    leads_ = by;
    open_.erase(found);
  }

  // ---- the members' side of it

  void asked(WriteId id, std::uint64_t attempt, NodeId node) {
    if (!world_.alive(node)) return;
    Raft& raft = world_.raft(node);
    Payload payload(kWriteBytes);
    for (std::size_t i = 0; i < 8; ++i) payload[i] = static_cast<std::byte>(id >> (8 * i));
    const LogPosition at{raft.last_index().next(), raft.term()};
    auto effects = raft.propose(std::move(payload), world_.now());
    if (!effects) {
      over(node, client_,
           [this, id, attempt, node, leads = raft.leader()] { refused(id, attempt, node, leads); });
      return;
    }
    taken_[node].push_back({id, at});
    world_.perform(node, std::move(*effects));
  }

  // What stands where it was put, by its term, is what was put there.
  void commits_known(NodeId node) {
    auto& taken = taken_[node];
    const LogIndex commit = world_.raft(node).commit_index();
    while (!taken.empty() && taken.front().at.index <= commit) {
      const auto [id, at] = taken.front();
      taken.pop_front();
      if (world_.is_agreed(at)) over(node, client_, [this, id, node, at] { answered(id, node, at); });
    }
  }

  // Over the links, if both ends are in reach when it leaves and when it arrives.
  template <typename Arrives>
  void over(NodeId from, NodeId to, Arrives arrives) {
    if (world_.away(from) || world_.away(to)) return;
    world_.at(world_.now() + world_.travel(from, to), [this, to, arrives] {
      if (!world_.away(to)) arrives();
    });
  }

  Availability result() {
    const Outcome& outcome = world_.outcome();
    result_.unanswered = open_.size();
    result_.outages = outcome.outage_s.size();
    for (const double outage : outcome.outage_s)
      result_.recovery_longest_s = std::max(result_.recovery_longest_s, outage);
    LogIndex committed;
    if (const NodeId leader = world_.leader(); leader != kNobody && world_.alive(leader))
      committed = world_.raft(leader).commit_index();
    for (const LogPosition& at : promised_)
      if (at.index > committed || !world_.is_agreed(at)) ++result_.lost;
    result_.handled = outcome.handled;
    result_.violation = outcome.violation;
    return std::move(result_);
  }

  struct Taken {
    WriteId id;
    LogPosition at;
  };

  AvailabilityPlan plan_;
  Availability result_;
  Random random_;
  Shell shell_;
  std::vector<Near> order_;
  std::vector<NodeId> voters_;  // nearest first
  NodeId client_, leads_;       // the latter as far as the client knows
  Membership founding_;
  PlannedTurns turns_;
  World world_;
  bool writing_ = true;
  std::map<WriteId, Write> open_;
  std::map<NodeId, std::deque<Taken>> taken_;
  std::vector<LogPosition> promised_;
};

}  // namespace

Availability run_availability(std::uint64_t seed, const AvailabilityPlan& plan) {
  return Run(seed, plan).play();
}

}  // namespace skywarden::agreement
