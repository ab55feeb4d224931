#include "agreement/group.h"

#include <algorithm>

#include "agreement/keeper.h"
#include "base/contract.h"
#include "consensus/relay_tree.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kHeavy = 1000;
constexpr Duration kSettling = seconds(20);  // before anything is measured
constexpr Duration kSlowBy = milliseconds(100);
constexpr std::uint32_t kNeighbours = 48;  // of a new leader, that join
constexpr Duration kLateBy = milliseconds(333);

double to_ms(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

class Run {
 public:
  Run(std::uint64_t seed, const GroupPlan& plan)
      : plan_(plan),
        random_(seed),
        shell_(plan.delays, random_.fork(1)),
        home_(satellite(static_cast<std::uint32_t>(random_.below(plan.among)))),
        founding_(found()),
        world_(random_.next(), shell_, founding_, options()),
        keeper_(world_, plan.shares == ShareRule::kPolicy || plan.shares == ShareRule::kPolicyFromNearest) {}

  GroupRun play() {
    world_.measuring = false;
    world_.on_sent = [this](const Message& m) { keeper_.sent(m); };
    world_.on_delivered = [this](const Message& m) { keeper_.delivered(m); };
    world_.at(Instant(seconds(5)), [this] { declare(); });
    // Equal and frozen shares need no measuring, but a slow leader does.
    const bool follows = plan_.shares == ShareRule::kPolicy || plan_.shares == ShareRule::kPolicyFromNearest;
    const bool measures = plan_.learners == 0 && (follows || plan_.slows);
    if (measures) repeat(milliseconds(100), milliseconds(100), [this] { keeper_.step(); });
    repeat(seconds(1), seconds(1), [this] { keep_leader(); });
    if (plan_.feeds > 0 && plan_.learners > 0) repeat(seconds(10), seconds(30), [this] { renew_relays(); });
    if (plan_.crashes) repeat(kSettling + seconds(30), seconds(60), [this] { crash_somebody(); });
    if (plan_.slows) repeat(kSettling, seconds(60), [this] { slow_a_tenth(); });
    if (plan_.moves) repeat(kSettling + seconds(120), seconds(480), [this] { move(); });
    if (plan_.heaviest_slows_at != Duration::max())
      world_.at(begin_ + plan_.heaviest_slows_at, [this] { world_.slow(heaviest(), kSlowBy); });
    if (plan_.lie != Lie::kNone) lie();
    world_.at(begin_, [this] { world_.measuring = true; });
    world_.measured_from = begin_;
    write();
    world_.run_until(begin_ + plan_.length);
    result_.outcome = std::move(world_.outcome());
    result_.share_changes = keeper_.changes();
    result_.members = world_.hosts().size();
    return std::move(result_);
  }

 private:
  [[nodiscard]] WorldOptions options() const {
    WorldOptions options;
    options.ways.copies = plan_.copies;
    options.ways.lost_alike = plan_.lost_alike;
    options.raft.heartbeat = milliseconds(500);
    options.raft.election_timeout_min = milliseconds(2000);
    options.raft.election_timeout_max = milliseconds(4000);
    return options;
  }

  Membership found() {
    Membership founding{{}, {}, plan_.failures_max};
    const auto order = by_delay(shell_, home_);
    const bool concentrated = plan_.shares != ShareRule::kEqual && plan_.shares != ShareRule::kPolicy;
    std::map<std::uint32_t, std::uint32_t> in_plane;
    std::vector<Duration> heavy;
    for (std::uint32_t i = 0; i < plan_.voters; ++i) {
      const auto [delay, node] = order[i];
      voters_.push_back(node);
      founding.shares[node] = 1;
      if (heavy.size() > 2 * plan_.failures_max || ++in_plane[plane_of(node)] > plan_.failures_max) continue;
      heavy.push_back(delay);
      if (concentrated) founding.shares[node] = kHeavy;
    }
    result_.floor_commit_ms = 2 * to_ms(heavy[plan_.failures_max]);
    std::vector<NodeId> others;
    for (std::uint32_t p = 0; p < plan_.among; ++p)
      if (!founding.shares.contains(satellite(p))) others.push_back(satellite(p));
    random_.shuffle(std::span(others));
    for (std::uint32_t i = 0; i < plan_.learners; ++i) {
      founding.shares[others[i]] = 0;
      learners_.insert(others[i]);
    }
    for (const Near& near : order)
      if (learners_.contains(near.node))
        result_.floor_all_know_ms = result_.floor_commit_ms + to_ms(near.delay);
    for (const auto& [node, share] : founding.shares)
      if (share > 0) founding.domains[node] = FailureDomain(plane_of(node) + 1);
    EXPECTS(validate(founding));
    return founding;
  }

  void repeat(Duration first, Duration every, std::function<void()> action) {
    world_.at(Instant(first), [this, first, every, action = std::move(action)] {
      action();
      repeat(first + every, every, action);
    });
  }

  // What a group is founded with says nothing of domains and failures; the first change does.
  void declare() {
    const NodeId leader = world_.leader();
    if (leader != kNobody && world_.alive(leader))
      if (auto effects = world_.raft(leader).change_membership(founding_, world_.now())) {
        world_.perform(leader, std::move(*effects));
        return;
      }
    world_.at(world_.now() + seconds(1), [this] { declare(); });
  }

  void write() {
    const auto spread = static_cast<std::uint64_t>(plan_.write_every.count());
    world_.at(
        world_.now() + plan_.write_every / 2 + Duration(static_cast<std::int64_t>(random_.below(spread))),
        [this] {
          if (world_.measuring) world_.write();
          write();
        });
  }

  void hand_over(NodeId leader, NodeId to) {
    if (auto effects = world_.raft(leader).transfer_leadership(to, world_.now()))
      world_.perform(leader, std::move(*effects));
  }

  // Whoever leads hands over to the one in the middle as soon as that is up; a slow leader to a neighbour.
  void keep_leader() {
    const NodeId leader = world_.leader();
    if (leader == kNobody || !world_.alive(leader)) return;
    if (leader == home_) {
      if (const NodeId better = keeper_.who_should_lead_instead(); plan_.slows && better != kNobody)
        home_ = better;
    }
    if (leader != home_ && world_.alive(home_) && world_.raft(leader).lag(home_) == 0)
      hand_over(leader, home_);
  }

  void renew_relays() {
    const auto order = by_delay(world_.shell(), home_);
    std::map<NodeId, Duration> sources;
    for (const Near& near : order)
      if (share_of(founding_.shares, near.node) > 0) sources.emplace(near.node, near.delay);
    RelayOptions relay;
    relay.feeds = plan_.feeds;
    const auto children = make_relay_tree(world_.shell().links(), sources, learners_, relay).children();
    for (const NodeId node : world_.hosts()) {
      const auto mine = children.find(node);
      RelayDuty duty{mine == children.end() ? std::set<NodeId>{} : mine->second, {}};
      if (sources.contains(node)) duty.fed = learners_;  // nobody else can come to lead
      world_.perform(node, world_.raft(node).relay(std::move(duty), world_.now()));
    }
  }

  void crash_somebody() {
    const NodeId victim = voters_[random_.below(voters_.size())];
    if (!world_.alive(victim)) return;
    world_.crash(victim);
    world_.at(world_.now() + seconds(20), [this, victim] { world_.restart(victim); });
  }

  void slow_a_tenth() {
    auto members = world_.hosts();
    for (const NodeId node : members) world_.slow(node, Duration::zero());
    random_.shuffle(std::span(members));
    members.resize(members.size() / 10);
    for (const NodeId node : members) world_.slow(node, kSlowBy);
  }

  // Leadership goes elsewhere in the group, and the satellites around there join: first to learn, then with
  // one share each.
  void move() {
    home_ = voters_[random_.below(voters_.size())];
    joining_.clear();
    const auto order = by_delay(world_.shell(), home_);
    for (std::uint32_t i = 0; i < kNeighbours; ++i)
      if (std::find(voters_.begin(), voters_.end(), order[i].node) == voters_.end())
        joining_.push_back(order[i].node);
    admit(0);
  }

  void admit(std::uint64_t share) {
    if (joining_.empty()) return;
    const NodeId leader = world_.leader();
    if (leader == kNobody || !world_.alive(leader)) return again(share);
    Membership to = membership_of(world_.raft(leader).configuration());
    for (const NodeId node : joining_) {
      if (share > 0 && world_.raft(leader).lag(node).value_or(UINT64_MAX) > 16) return again(share);
      if (share == 0) world_.join(node);
      to.shares[node] = std::max(share, share_of(to.shares, node));
      to.domains[node] = FailureDomain(plane_of(node) + 1);
    }
    auto effects = world_.raft(leader).change_membership(to, world_.now());
    if (!effects && effects.error().code == Errc::kUnavailable) return again(share);
    if (effects) world_.perform(leader, std::move(*effects));
    if (share == 0) return again(1);
    for (const NodeId node : joining_) {
      voters_.push_back(node);
      keeper_.joined(node);
    }
    joining_.clear();
  }
  void again(std::uint64_t share) {
    world_.at(world_.now() + milliseconds(700), [this, share] { admit(share); });
  }

  NodeId heaviest() {
    const NodeId leader = world_.leader();
    std::pair<std::uint64_t, NodeId> most{0, kNobody};
    for (const auto& [node, share] : world_.raft(leader).shares())
      if (node != leader) most = std::max(most, {share, node});
    return most.second;
  }

  void lie() {
    liar_ = voters_[1];
    const auto about_entries = [](const Message& m) { return std::holds_alternative<AppendReply>(m.body); };
    world_.tampers = [this, about_entries](const Message& m) -> std::optional<Duration> {
      if (m.from != liar_ || world_.now() < Instant(kSettling)) return Duration::zero();
      const auto minute = std::chrono::duration_cast<std::chrono::minutes>(world_.now().time_since_epoch());
      if (plan_.lie == Lie::kNeverHolds && about_entries(m)) return std::nullopt;
      const bool late = (plan_.lie == Lie::kTwoFaced && about_entries(m)) ||
                        (plan_.lie == Lie::kOscillates && minute.count() % 2 == 1);
      return late ? kLateBy : Duration::zero();
    };
    repeat(milliseconds(100), milliseconds(100), [this] { watch_liar(); });
    if (plan_.lie == Lie::kEager) repeat(kSettling, milliseconds(20), [this] { acknowledge_early(); });
  }

  void watch_liar() {
    const NodeId leader = world_.leader();
    if (leader == kNobody || !world_.alive(leader)) return;
    const Shares& shares = world_.raft(leader).shares();
    const auto all = static_cast<double>(total_shares(shares));
    result_.liar_share_at_end = static_cast<double>(share_of(shares, liar_)) / all;
    result_.liar_largest_share = std::max(result_.liar_largest_share, result_.liar_share_at_end);
    std::uint64_t largest = 0;
    for (const auto& [node, share] : shares)
      if (node != liar_) largest = std::max(largest, share);
    result_.share_cap = std::max(result_.share_cap, static_cast<double>(largest) / all);
  }

  // Of an entry that it does not hold yet, and that may not even exist.
  void acknowledge_early() {
    const NodeId leader = world_.leader();
    if (leader == kNobody || !world_.alive(liar_) || leader == liar_) return;
    const Raft& liar = world_.raft(liar_);
    world_.post({liar_, leader, liar.term(), AppendReply{true, liar.last_index().next(), {}}});
  }

  GroupPlan plan_;
  GroupRun result_;
  Random random_;
  Shell shell_;
  NodeId home_;
  std::vector<NodeId> voters_;  // nearest first, later ones last
  std::set<NodeId> learners_;
  Membership founding_;
  World world_;
  Keeper keeper_;
  std::vector<NodeId> joining_;
  NodeId liar_;
  Instant begin_{kSettling};
};

}  // namespace

std::vector<Near> by_delay(const Shell& shell, NodeId centre) {
  const DelayGraph graph(shell.links());
  const ShortestWays ways = shortest_ways(graph, *graph.place(centre));
  std::vector<Near> order;
  for (std::uint32_t p = 0; p < graph.nodes().size(); ++p) order.push_back({ways.delay[p], graph.nodes()[p]});
  std::sort(order.begin(), order.end());
  return order;
}

GroupRun run_group(std::uint64_t seed, const GroupPlan& plan) {
  return Run(seed, plan).play();
}

}  // namespace skywarden::agreement
