#include "consensus/raft_history.h"

#include <algorithm>

#include "consensus/raft_network.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kNodesMax = 8;
constexpr int kBursts = 50;
constexpr std::uint32_t kDriftMaxPpm = 50'000;

template <typename Container>
auto any_of(const Container& items, Random& random) {
  return std::next(items.begin(), static_cast<std::ptrdiff_t>(random.below(items.size())));
}

Shares founding_shares(Random& random) {
  Shares shares;
  const auto voters = static_cast<std::uint32_t>(1 + random.below(5));
  for (std::uint32_t id = 1; id <= voters; ++id)
    shares[NodeId(id)] = random.chance(0.6) ? 1 : 1 + random.below(4);
  return shares;
}

// One to three small edits, or everything anew. What it yields may be refused, which is part of the history.
Membership edited(Membership from, Random& random) {
  Shares& shares = from.shares;
  from.failures_max = random.chance(0.15) ? 1 : 0;
  if (random.chance(0.1)) shares = founding_shares(random);
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
      default:
        shares[NodeId(static_cast<std::uint32_t>(1 + random.below(kNodesMax)))] = random.below(3);
    }
  }
  return from;
}

class Player {
 public:
  explicit Player(std::uint64_t seed)
      : random_(seed), network_(random_.next(), founding_shares(random_), options(), harsh()) {}

  History play() {
    for (int burst = 0; burst < kBursts && network_.violation().empty(); ++burst) {
      if (random_.chance(0.6)) fault();
      if (random_.chance(0.15)) hurry(20);
      if (random_.chance(0.3)) draw_duties();
      if (random_.chance(0.05)) storm();
      for (auto left = random_.below(6); left > 0; --left) {
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
    return {std::move(violation),
            std::move(misled),
            network_.trace_hash(),
            network_.delivered(),
            faults_,
            network_.elections(),
            network_.epochs(),
            network_.proposals_committed(),
            network_.installs(),
            network_.reads_answered(),
            network_.clients().size(),
            network_.relayed()};
  }

 private:
  RaftOptions options() {
    RaftOptions options;
    options.entries_per_message_max = 1 + random_.below(4);  // small, so that windows and batches fill
    options.lease = random_.chance(0.5);
    options.clock_drift_max_ppm = kDriftMaxPpm;
    options.bytes_per_message_max = 32 + random_.below(200);
    options.inflight_max = 1 + random_.below(4);
    return options;
  }
  NetworkOptions harsh() {
    NetworkOptions network;
    network.delay_min = milliseconds(1);
    network.delay_max = milliseconds(1 + random_.below(90));
    network.loss = random_.uniform(0.0, 0.2);
    network.duplication = random_.uniform(0.0, 0.2);
    network.crash_in_step = random_.chance(0.5) ? 0.005 : 0.0;
    network.drift_max_ppm = kDriftMaxPpm;
    if (random_.chance(0.5)) network.disk_max = milliseconds(1 + random_.below(150));
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
    network_.split({any_host()});
    network_.run_for(milliseconds(300 + random_.below(400)));
    const auto leader = network_.leader();
    if (!leader) return;
    network_.split({*leader});
    for (const NodeId node : network_.hosts()) {
      if (node == *leader || !network_.alive(node) || random_.chance(0.3)) continue;
      network_.crash(node);
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
    const Membership to = edited(membership_of(network_.raft(*leader).configuration()), random_);
    for (const auto& [node, share] : to.shares) network_.join(node);
    network_.change(to);
  }

  void fault() {
    ++faults_;
    const auto hosts = network_.hosts();
    if (random_.chance(0.4)) compact(*any_of(hosts, random_));
    switch (random_.below(8)) {
      case 0:
      case 1: {
        std::set<NodeId> side;
        for (const NodeId node : hosts)
          if (random_.chance(0.4)) side.insert(node);
        network_.split(std::move(side));
        break;
      }
      case 2:
        network_.heal();
        break;
      case 3:
        network_.crash(*any_of(hosts, random_));
        break;
      case 4:
        if (const auto leader = network_.leader()) network_.crash(*leader);
        break;
      case 5:
        for (const NodeId node : hosts) network_.restart(node);
        break;
      default: {  // too short for anybody else to notice: only what was durable comes back
        const NodeId node = *any_of(hosts, random_);
        network_.crash(node);
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
    network_.run_for(seconds(5));
    const std::size_t commits = network_.proposals_committed();
    const std::size_t elections = network_.elections();
    if (!network_.propose() && network_.violation().empty()) return "nobody leads five seconds after healing";
    network_.run_for(seconds(2));
    network_.check_logs_match();
    network_.check_who_could_decide();
    if (!network_.violation().empty()) return network_.violation();
    if (network_.elections() != elections) return "somebody disturbs a group that is whole";
    if (network_.proposals_committed() == commits) return "no commit after healing";
    const Raft& leader = network_.raft(*network_.leader());
    if (leader.configuration().joint() || !leader.configuration_committed())
      return "a change is not finished after healing";
    for (const auto& [node, share] : leader.shares())
      if (network_.raft(node).commit_index() != leader.commit_index())
        return fmt::format("node {} did not catch up", node.value());
    return "";
  }

  Random random_;
  RaftNetwork network_;
  std::size_t faults_ = 0;
};

}  // namespace

History play_history(std::uint64_t seed) {
  return Player(seed).play();
}

}  // namespace skywarden::consensus
