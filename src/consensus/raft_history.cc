#include "consensus/raft_history.h"

#include <algorithm>
#include <span>

#include "consensus/raft_network.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kNodesMax = 8;
constexpr int kBurstsMin = 8, kBurstsMax = 1000;
constexpr std::uint32_t kDriftMaxPpm = 50'000;
constexpr double kWitnessChance = 0.4;  // of one that joins

template <typename Container>
auto any_of(const Container& items, Random& random) {
  return std::next(items.begin(), static_cast<std::ptrdiff_t>(random.below(items.size())));
}

Shares founding_shares(std::span<const NodeId> names, Random& random) {
  Shares shares;
  const auto voters = 1 + random.below(5);
  for (const NodeId node : names.first(voters)) shares[node] = random.chance(0.6) ? 1 : 1 + random.below(4);
  return shares;
}

// One to three small edits, or everything anew. What it yields may be refused, which is part of the history.
Membership edited(Membership from, std::span<const NodeId> names, Random& random) {
  Shares& shares = from.shares;
  from.failures_max = random.chance(0.15) ? 1 : 0;
  if (random.chance(0.1)) shares = founding_shares(names, random);
  for (auto edits = 1 + random.below(3); edits > 0; --edits) {
    const auto one = any_of(shares, random)->first;
    switch (random.below(6)) {
      case 0:  // one unit from hand to hand
      case 1: {
        const auto other = any_of(shares, random)->first;
        if (shares[one] > 0) {
          --shares[one];
          ++shares[other];
        }
        break;
      }
      case 2:
        shares[one] = random.below(4);
        break;
      case 3:
        if (shares.size() > 1) shares.erase(one);
        break;
      default: {
        const NodeId node = *any_of(names, random);
        shares[node] = random.below(3);
      }
    }
  }
  return from;
}

std::vector<NodeId> first_names() {
  std::vector<NodeId> names;
  for (std::uint32_t id = 1; id <= kNodesMax; ++id) names.emplace_back(id);
  return names;
}

// What is foreseen is drawn, for each half second anew, and mostly wrong: nothing safe may rest on it. From
// some time on it is right.
class Foresight final : public datum::ArrivalForecast {
 public:
  explicit Foresight(std::uint64_t seed) : seed_(seed) {}
  void tell_the_truth() { wrong_ = false; }

  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override {
    const auto half_seconds = static_cast<std::uint64_t>(t.time_since_epoch() / milliseconds(500));
    std::uint64_t state = seed_ ^ (half_seconds << 32) ^ (std::uint64_t{from.value()} << 16) ^ to.value();
    const std::uint64_t drawn = splitmix64(state);
    if (!wrong_ || drawn % 4 == 0) return t + milliseconds(30);
    if (drawn % 4 == 1) return std::nullopt;
    return t + milliseconds(drawn / 4 % 3000);
  }

 private:
  std::uint64_t seed_;
  bool wrong_ = true;
};

class Player {
 public:
  explicit Player(std::uint64_t seed) : Player(Random(seed)) {}

  History play() {
    for (int burst = 0; goes_on(burst); ++burst) {
      if (random_.chance(0.6)) fault();
      if (random_.chance(0.15)) hurry(20);
      if (random_.chance(0.3)) draw_duties();
      if (random_.chance(0.08)) storm();
      for (auto left = random_.below(6); left > 0 && goes_on(burst); --left) {
        if (random_.chance(0.35)) change();
        network_.propose();
        if (random_.chance(0.1)) network_.transfer_leadership(random_.chance(0.5) ? kNobody : any_host());
        network_.run_for(milliseconds(random_.below(40)));
        network_.read();
        network_.run_for(milliseconds(random_.below(40)));
      }
      network_.run_for(milliseconds(random_.below(400)));
      network_.check_logs_match();
      network_.check_who_could_decide();
    }
    std::string violation = network_.violation();
    if (violation.empty()) violation = peace();
    std::string misled = network_.check_clients();
    if (violation.empty()) violation = misled;
    faults_.torn_writes = network_.torn_writes();
    return {std::move(violation),
            std::move(misled),
            network_.trace_hash(),
            faults_,
            network_.delivered(),
            network_.elections(),
            network_.epochs(),
            network_.epochs_committed(),
            network_.proposals_committed(),
            network_.installs(),
            network_.reads_answered(),
            network_.clients().size(),
            network_.relayed(),
            network_.witnessed(),
            network_.withheld()};
  }

 private:
  explicit Player(Random random)
      : names_(first_names()),
        foresight_(random.fork(1).next()),
        network_(founded(random, names_, foresight_)),
        random_(random) {
    for (const NodeId name : names_)
      if (!network_.exists(name)) draw_side(name);
  }

  // Once for each name: whoever changed sides would acknowledge what it does not keep (configuration.h).
  void draw_side(NodeId name) {
    if (random_.chance(kWitnessChance)) witness_names_.insert(name);
  }

  // One draw after the other, so that compilers agree on the order.
  static RaftNetwork founded(Random& random, std::span<const NodeId> names, const Foresight& foresight) {
    const NetworkOptions network = harsh(random);
    const RaftOptions raft = options(random);
    Shares founding = founding_shares(names, random);
    const bool foresees = random.chance(0.5);
    return RaftNetwork(random.next(), std::move(founding), raft, network, foresees ? &foresight : nullptr);
  }

  [[nodiscard]] bool goes_on(int burst) const {
    const bool enough = burst >= kBurstsMin && network_.delivered() >= kDeliveredMin;
    return network_.violation().empty() && !enough && burst < kBurstsMax;
  }

  static RaftOptions options(Random& random) {
    RaftOptions options;
    options.entries_per_message_max = 1 + random.below(4);  // small, so that windows and batches fill
    options.lease = random.chance(0.5);
    options.clock_drift_max_ppm = kDriftMaxPpm;
    options.bytes_per_message_max = 32 + random.below(200);
    options.inflight_max = 1 + random.below(4);
    return options;
  }
  static NetworkOptions harsh(Random& random) {
    NetworkOptions network;
    network.delay_min = milliseconds(1);
    const std::uint64_t delay_bound_ms = random.chance(0.1) ? 400 : 90;
    network.delay_max = milliseconds(1 + random.below(delay_bound_ms));
    network.loss = random.uniform(0.0, 0.2);
    network.duplication = random.uniform(0.0, 0.2);
    network.crash_in_step = random.chance(0.5) ? 0.005 : 0.0;
    network.drift_max_ppm = kDriftMaxPpm;
    if (random.chance(0.5)) network.disk_max = milliseconds(1 + random.below(150));
    return network;
  }

  // Changes and reads as fast as they are taken, so that they meet every stage of an election.
  void hurry(int steps) {
    for (; steps > 0; --steps) {
      if (random_.chance(0.5)) change();
      network_.read();
      network_.run_for(milliseconds(1 + random_.below(25)));
    }
  }

  // One is cut off until it campaigns. Then the leader is cut off instead, and some of those who may have
  // promised it not to vote start again.
  void storm() {
    network_.heal();
    cut_off(any_host());
    network_.run_for(milliseconds(300 + random_.below(400)));
    const auto leader = network_.leader();
    if (!leader) return;
    cut_off(*leader);
    for (const NodeId node : network_.hosts()) {
      if (node == *leader || !network_.alive(node) || random_.chance(0.3)) continue;
      crash(node);
      network_.restart(node);
    }
    for (int i = 0; i < 20; ++i) {
      network_.propose();
      network_.read();
      network_.run_for(milliseconds(5 + random_.below(10)));
    }
  }

  // Anybody hands commits on to anybody, in circles too; the leader may believe that others do what nobody
  // does.
  void draw_duties() {
    const auto hosts = network_.hosts();
    const double children = random_.chance(0.2) ? 0.0 : random_.uniform(0.0, 0.5);
    for (const NodeId node : hosts) {
      RelayDuty duty;
      for (const NodeId other : hosts) {
        if (random_.chance(children)) duty.children.insert(other);
        if (random_.chance(0.5)) duty.fed.insert(other);
      }
      network_.relay(node, std::move(duty));
    }
  }

  NodeId any_host() {
    const auto hosts = network_.hosts();
    return *any_of(hosts, random_);
  }

  void change() {
    const auto leader = network_.leader();
    if (!leader) return;
    Membership to = edited(membership_of(network_.raft(*leader).configuration()), names_, random_);
    to.witnesses.clear();
    for (const auto& [node, share] : to.shares)
      if (witness_names_.contains(node)) to.witnesses.insert(node);
    if (relies_on_the_lost(to)) return;
    for (const auto& [node, share] : to.shares)
      if (!is_lost(node)) network_.join(node);
    network_.change(to);
  }

  // Nobody could ever finish it; or the group would need a witness that may know more than everybody who is
  // left, and does not stand (docs/agreement.md).
  [[nodiscard]] bool relies_on_the_lost(const Membership& to) const {
    bool any_lost = false;
    std::uint64_t left = 0;  // of those that may lead
    for (const auto& [node, share] : to.shares) {
      any_lost |= is_lost(node) && share > 0;
      if (!is_lost(node) && !to.witnesses.contains(node)) left += share;
    }
    return any_lost && 2 * left <= total_shares(to.shares);
  }

  // Under a name that is not used any more.
  [[nodiscard]] bool is_lost(NodeId node) const {
    return std::find(names_.begin(), names_.end(), node) == names_.end();
  }

  void crash(NodeId node) {
    if (!network_.alive(node)) return;
    ++faults_.crashes;
    network_.crash(node);
  }

  void cut_off(NodeId node) {
    ++faults_.splits;
    network_.split({node});
  }

  void split() {
    std::set<NodeId> side;
    const auto hosts = network_.hosts();
    for (const NodeId node : hosts)
      if (random_.chance(0.4)) side.insert(node);
    if (side.empty() || side.size() == hosts.size()) return;
    const Cut ways[] = {Cut::kBothWays, Cut::kBothWays, Cut::kOutwards, Cut::kInwards};
    const Cut way = ways[random_.below(4)];
    ++(way == Cut::kBothWays ? faults_.splits : faults_.one_way_cuts);
    network_.split(std::move(side), way);
  }

  void cut_one_way() {
    const NodeId from = any_host();
    const NodeId to = any_host();
    if (from == to) return;
    ++faults_.one_way_cuts;
    network_.cut(from, to);
  }

  void lose_disk() {
    const NodeId node = any_host();
    if (!network_.can_spare(node)) return;
    ++faults_.disks_lost;
    network_.lose(node);
    NodeId& name = *std::find(names_.begin(), names_.end(), node);
    name = NodeId(++last_name_);
    draw_side(name);
    network_.join(name);
  }

  void fault() {
    const auto hosts = network_.hosts();
    if (random_.chance(0.4)) compact(*any_of(hosts, random_));
    switch (random_.below(11)) {
      case 0:
      case 1:
        split();
        break;
      case 2:
        network_.heal();
        break;
      case 3:
        crash(*any_of(hosts, random_));
        break;
      case 4:
        if (const auto leader = network_.leader()) crash(*leader);
        break;
      case 5:
        for (const NodeId node : hosts) network_.restart(node);
        break;
      case 6:
        cut_one_way();
        break;
      case 7:
        if (random_.chance(0.5)) lose_disk();
        break;
      case 8:
        if (random_.chance(0.3)) {
          ++faults_.delay_changes;
          network_.set_network(harsh(random_));
        }
        break;
      default: {  // too short for anybody else to notice: only what was durable comes back
        const NodeId node = *any_of(hosts, random_);
        crash(node);
        network_.restart(node);
      }
    }
  }

  void compact(NodeId node) {
    if (!network_.alive(node)) return;
    const std::uint64_t commit = network_.raft(node).commit_index().value();
    network_.compact(node, LogIndex(commit - random_.below(std::min<std::uint64_t>(commit, 5) + 1)));
  }

  // The network is whole, everybody is up, those who left included.
  std::string peace() {
    network_.heal();
    for (const NodeId node : network_.hosts()) network_.restart(node);
    network_.set_network({milliseconds(5), milliseconds(30), 0.0, 0.0, 0.0});
    foresight_.tell_the_truth();
    if (std::string wrong = settle(); !wrong.empty()) return wrong;
    const std::size_t commits = network_.proposals_committed();
    const std::size_t elections = network_.elections();
    network_.propose();
    network_.run_for(seconds(1));
    network_.check_logs_match();
    network_.check_who_could_decide();
    if (!network_.violation().empty()) return network_.violation();
    if (network_.elections() != elections) return "somebody disturbs a group that is whole";
    if (network_.proposals_committed() == commits) return "no commit after healing";
    return what_is_unsettled();
  }

  // With windows of one entry a long backlog takes its time; but it must move.
  std::string settle() {
    constexpr int kQuietMax = 100, kStepsMax = 1200;  // of a tenth of a second
    network_.run_for(milliseconds(500));  // what was asked before, to take over for one, has come about
    std::uint64_t stood = 0;
    std::string unsettled = "nobody was asked";
    for (int step = 0, quiet = 0; step < kStepsMax && quiet < kQuietMax && !unsettled.empty(); ++step) {
      network_.run_for(milliseconds(100));
      if (!network_.violation().empty()) return network_.violation();
      unsettled = what_is_unsettled();
      std::uint64_t stands = 0;
      for (const NodeId node : network_.hosts())
        stands += network_.raft(node).commit_index().value() + network_.raft(node).last_index().value();
      quiet = stands == stood ? quiet + 1 : 0;
      stood = stands;
    }
    return unsettled.empty() ? "" : unsettled + " after healing";
  }

  std::string what_is_unsettled() {
    const auto leads = network_.leader();
    if (!leads) return "nobody leads";
    const Raft& leader = network_.raft(*leads);
    if (leader.configuration().joint() || !leader.configuration_committed())
      return "a change is not finished";
    if (leader.commit_index() != leader.last_index()) return "an entry is not committed";
    for (const auto& [node, share] : leader.shares()) {
      if (!network_.exists(node)) continue;
      if (network_.raft(node).leader() != *leads) return fmt::format("node {} does not follow", node.value());
      if (network_.raft(node).commit_index() != leader.commit_index())
        return fmt::format("node {} did not catch up", node.value());
    }
    return "";
  }

  std::vector<NodeId> names_;  // of the hosts that are there or may join
  std::uint32_t last_name_ = kNodesMax;
  std::set<NodeId> witness_names_;
  Foresight foresight_;
  RaftNetwork network_;
  Random random_;
  Faults faults_;
};

}  // namespace

History play_history(std::uint64_t seed) {
  return Player(seed).play();
}

}  // namespace skywarden::consensus
