#include "agreement/areas.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "agreement/area_sky.h"
#include "base/contract.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kMembers = 1000;      // drawn from the whole shell
constexpr Duration kSettling = seconds(30);   // before anything is measured
constexpr Duration kQuiet = seconds(60);      // after the last fault, until everybody must know
constexpr Duration kWriteEvery = seconds(2);  // in each group
constexpr Duration kProbeEvery = seconds(1);  // in the area
constexpr Duration kMatterEvery = seconds(3);
constexpr Duration kRelaysRenewed = seconds(60);
constexpr Duration kGapMin = seconds(2);
constexpr Duration kAfterUpheaval = seconds(120);
constexpr double kUpheaval = 0.6;  // of the clusters, of the seats
constexpr std::size_t kWriteBytes = 64, kAlertBytes = 256;
constexpr std::byte kNoCbor{0xff};  // begins what ledgers pass over

double to_ms(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

std::set<NodeId> drawn_members(Random random) {
  std::vector<NodeId> all;
  for (std::uint32_t p = 0; p < kSatellites; ++p) all.push_back(satellite(p));
  random.shuffle(std::span(all));
  return {all.begin(), all.begin() + kMembers};
}

class Run {
 public:
  Run(std::uint64_t seed, const AreasPlan& plan)
      : plan_(plan),
        random_(seed),
        shell_(Delays::kFromOrbits, random_.fork(1)),
        division_(divide(shell_.links(), drawn_members(random_.fork(2)), plan.seats)),
        sky_(random_.next(), Ways(shell_, ways(plan)), division_),
        begin_(kSettling),
        end_(kSettling + plan.length),
        faults_end_(end_ - kQuiet) {
    EXPECTS(plan.length >= kAreasLengthMin);
  }

  AreasRun play() {
    listen();
    repeat(Instant(seconds(5)), kRelaysRenewed, [this] { renew_relays(); });
    for (std::uint32_t g = 1; g <= division_.groups.size(); ++g)
      repeat(begin_ + between({}, kWriteEvery), kWriteEvery, [this, g] { write(GroupId(g)); });
    repeat(begin_, kProbeEvery, [this] { probe(); });
    repeat(begin_ + seconds(1), kMatterEvery, [this] { new_matter(); });
    repeat(begin_ + seconds(30), seconds(60), [this] { crash_a_voter(); });
    repeat(begin_ + seconds(60), seconds(60), [this] { crash_a_leader(); });
    sky_.at(begin_ + (faults_end_ - begin_) / 3, [this] { hand_over_many(); });
    sky_.at(begin_ + (faults_end_ - begin_) * 2 / 3, [this] { crash_many_seats(); });
    sky_.run_until(end_);
    finish();
    return std::move(result_);
  }

 private:
  static WayOptions ways(const AreasPlan& plan) {
    WayOptions options;
    options.copies = plan.copies;
    options.lost_alike = plan.lost_alike;
    return options;
  }

  struct Write {
    Instant at;
    Term term;
  };
  struct Matter {
    Instant since;
    std::vector<GroupId> raised_by;
    bool dispute = false;
  };
  struct Spreading {  // a decision, or a write within a group
    Instant since;
    std::set<NodeId> missing;     // members that are up and do not know
    std::optional<Instant> seen;  // of an alert
  };

  bool measured() const { return sky_.now() >= begin_; }
  Duration between(Duration low, Duration high) {
    return low + Duration(static_cast<std::int64_t>(
                     random_.below(static_cast<std::uint64_t>((high - low).count()))));
  }
  void repeat(Instant first, Duration every, std::function<void()> action) {
    sky_.at(first, [this, first, every, action = std::move(action)] {
      action();
      if (first + every < end_) repeat(first + every, every, action);
    });
  }

  // ---- what is measured

  void listen() {
    sky_.on_leader = [this](GroupId group, NodeId) {
      if (measured()) ++(group == kArea ? result_.area_leaders : result_.cluster_leaders);
    };
    sky_.on_step = [this](NodeId node) {
      const GroupId group = sky_.satellite(node).group();
      note_commits(group, node, result_.commit_ms);
      note_known(group, node);
      if (note_commits(kArea, node, result_.area_commit_ms)) area_committed();
    };
    sky_.on_decided = [this](const agents::Decision& decision) { decided(decision); };
    sky_.on_known = [this](NodeId node, std::uint64_t number) {
      const auto found = spreading_.find(number);
      if (found == spreading_.end()) return;
      found->second.missing.erase(node);
      if (found->second.missing.empty()) known(found);
    };
  }

  // Of the group's leader, since this was last asked.
  bool note_commits(GroupId group, NodeId node, std::vector<double>& sample) {
    if (sky_.leader(group) != node) return false;
    const Raft& raft = *sky_.satellite(node).raft(group);
    if (raft.role() != Role::kLeader || raft.commit_index() <= seen_[group]) return false;
    seen_[group] = raft.commit_index();
    auto& open = open_[group];
    while (!open.empty() && open.begin()->first <= raft.commit_index()) {
      const auto [index, write] = *open.begin();
      open.erase(open.begin());
      if (write.term != raft.term()) continue;  // another entry took its place
      sample.push_back(to_ms(sky_.now() - write.at));
      if (group == kArea) continue;
      Spreading spreading{write.at, up_in(division_.group(group).nearest), {}};
      local_[group].insert_or_assign(index, std::move(spreading));
    }
    return true;
  }

  std::set<NodeId> up_in(const std::vector<NodeId>& nodes) {
    std::set<NodeId> up;
    for (const NodeId node : nodes)
      if (sky_.satellite(node).up()) up.insert(node);
    return up;
  }

  // Of its group's writes.
  void note_known(GroupId group, NodeId node) {
    auto& open = local_[group];
    if (open.empty()) return;
    const LogIndex knows = sky_.satellite(node).raft(group)->commit_index();
    for (auto found = open.begin(); found != open.end() && found->first <= knows;) {
      found->second.missing.erase(node);
      if (found->second.missing.empty()) {
        result_.local_know_ms.push_back(to_ms(sky_.now() - found->second.since));
        found = open.erase(found);
      } else {
        ++found;
      }
    }
  }

  void area_committed() {
    if (measured()) {
      const Duration gap = sky_.now() - std::max(area_commit_, begin_);
      const auto within = [&](const std::optional<Instant>& upheaval) {
        return upheaval && sky_.now() >= *upheaval && area_commit_ <= *upheaval + kAfterUpheaval;
      };
      if (within(crashed_many_))  // asked first: in a short run it comes while the hand-overs still count
        result_.mass_crash_gap_s = std::max(result_.mass_crash_gap_s, to_seconds(gap));
      else if (within(handed_over_))
        result_.handover_gap_s = std::max(result_.handover_gap_s, to_seconds(gap));
      else if (gap > kGapMin) {
        result_.area_gaps_s.push_back(to_seconds(gap));
        result_.area_without_s += to_seconds(gap - kProbeEvery);
      }
    }
    area_commit_ = sky_.now();
  }

  // How long it took until now; what the mass crash delayed is kept apart.
  void record(std::vector<double>& sample, Instant since) {
    const double ms = to_ms(sky_.now() - since);
    if (crashed_many_ && sky_.now() >= *crashed_many_ && since <= *crashed_many_ + kAfterUpheaval)
      result_.mass_crash_most_ms = std::max(result_.mass_crash_most_ms, ms);
    else
      sample.push_back(ms);
  }

  void decided(const agents::Decision& decision) {
    if (!measured()) return;
    Spreading spreading{sky_.now(), {}, {}};
    for (const auto& [node, group] : division_.group_of)
      if (sky_.satellite(node).up()) spreading.missing.insert(node);
    if (const auto* told = std::get_if<agents::SharedAlert>(&decision.what)) {
      const Matter& matter = matters_.at(told->matter);
      record(result_.alert_ms, matter.since);
      spreading.seen = matter.since;
    } else if (const auto* ruling = std::get_if<agents::Ruling>(&decision.what)) {
      record(result_.ruling_ms, matters_.at(ruling->matter).since);
    }
    spreading_.emplace(decision.number, std::move(spreading));
  }

  void known(std::map<std::uint64_t, Spreading>::iterator found) {
    record(result_.know_ms, found->second.since);
    if (found->second.seen) record(result_.alert_know_ms, *found->second.seen);
    spreading_.erase(found);
  }

  void finish() {
    result_.groups = division_.groups.size();
    result_.smallest = kMembers;
    for (const ClusterGroup& group : division_.groups) {
      result_.smallest = std::min(result_.smallest, group.nearest.size());
      result_.largest = std::max(result_.largest, group.nearest.size());
    }
    result_.decisions = sky_.decisions();
    result_.area_epochs = sky_.area_epochs;
    result_.handled = sky_.handled();
    result_.carried = sky_.ways().carried();
    result_.violation = sky_.violation();
    if (!result_.violation.empty()) return;
    if (!sky_.everybody_knows()) result_.violation = "something decided is not known everywhere at the end";
    const auto& reference = sky_.satellite(division_.groups.front().middle).cluster_ledger().area();
    for (const auto& [id, matter] : matters_)
      if (reference.find(id) == nullptr) ++result_.undecided;
    if (result_.undecided > 0) result_.violation = "a matter that was raised is not decided at the end";
  }

  // ---- what happens

  void write(GroupId group) {
    if (sky_.now() > faults_end_) return;
    ++result_.writes;
    if (!propose(group, Payload(kWriteBytes, kNoCbor))) ++result_.refused;
  }
  void probe() { (void)propose(kArea, Payload(kWriteBytes, kNoCbor)); }

  bool propose(GroupId group, Payload payload) {
    const NodeId leader = sky_.leader(group);
    if (leader == kNobody) return false;
    const Raft& raft = *sky_.satellite(leader).raft(group);
    const LogIndex index = raft.last_index().next();
    auto step = sky_.satellite(leader).propose(group, std::move(payload), sky_.now());
    if (!step) return false;
    open_[group].insert_or_assign(index, Write{sky_.now(), raft.term()});
    sky_.perform(leader, std::move(*step));
    return true;
  }

  // A fire that two touching groups see within a second, or a view that both want.
  void new_matter() {
    if (sky_.now() > faults_end_) return;
    const auto one = static_cast<std::uint32_t>(random_.below(division_.groups.size()));
    const agents::MatterId id(++result_.matters);
    Matter& matter = matters_[id];
    matter.since = sky_.now();
    matter.dispute = random_.chance(0.5);
    matter.raised_by = {GroupId(one + 1), neighbour_of(one)};
    for (std::size_t i = 0; i < matter.raised_by.size(); ++i) {
      const Duration later = i == 0 ? Duration::zero() : between({}, seconds(1));
      sky_.at(sky_.now() + later, [this, id, i] { raise(id, matters_.at(id).raised_by[i]); });
    }
  }

  GroupId neighbour_of(std::uint32_t one) {
    const auto& region = division_.groups[one].region;
    for (const LinkDelay& link : shell_.links())
      for (const auto& [a, b] : {std::pair(link.a, link.b), std::pair(link.b, link.a)}) {
        if (!std::binary_search(region.begin(), region.end(), a)) continue;
        const auto group = division_.group_of.find(b);
        if (group != division_.group_of.end() && group->second != GroupId(one + 1)) return group->second;
      }
    return GroupId(one + 1);
  }

  // Whoever saw it tells its leader, every quarter of a second until that group has written it down.
  void raise(agents::MatterId id, GroupId group) {
    const NodeId leader = sky_.leader(group);
    if (leader != kNobody) {
      const agents::ClusterLedger& ledger = sky_.satellite(leader).cluster_ledger();
      if (ledger.open().contains(id) || ledger.area().find(id) != nullptr) return;
      agents::Raised raised{id, kNobody, 0, {}};
      if (matters_.at(id).dispute) {
        raised.doer = division_.group(group).middle;
        raised.worth = 1 + group.value();
      } else {
        raised.alert.assign(kAlertBytes, std::byte{1});
      }
      auto step = sky_.satellite(leader).propose(group, encode(agents::ClusterEntry(raised)), sky_.now());
      if (step) sky_.perform(leader, std::move(*step));
    }
    sky_.at(sky_.now() + milliseconds(250), [this, id, group] { raise(id, group); });
  }

  void renew_relays() {
    for (const ClusterGroup& group : division_.groups)
      for (auto& [node, duty] : relay_duties(group, sky_.ways().shell().links()))
        if (sky_.satellite(node).up())
          sky_.perform(node, sky_.satellite(node).relay(std::move(duty), sky_.now()));
  }

  // ---- what goes wrong

  void crash(NodeId victim, Duration span) {
    if (victim == kNobody || !sky_.satellite(victim).up()) return;
    sky_.crash(victim);
    for (auto& [index, spreading] : local_[sky_.satellite(victim).group()]) spreading.missing.erase(victim);
    for (auto found = spreading_.begin(); found != spreading_.end();) {
      const auto here = found++;
      here->second.missing.erase(victim);
      if (here->second.missing.empty()) known(here);
    }
    sky_.at(sky_.now() + span, [this, victim] { sky_.restart(victim); });
  }

  bool sits(NodeId node) {
    const NodeId leader = sky_.leader(kArea);
    return leader != kNobody && share_of(sky_.satellite(leader).raft(kArea)->shares(), node) > 0;
  }

  void crash_one(NodeId victim) {
    const Duration span = ++crashes_ % 5 == 0 ? seconds(300) : seconds(20);
    if (sky_.now() + span > faults_end_) return;
    if (victim != kNobody && sits(victim)) ++result_.area_crashes;
    crash(victim, span);
  }
  void crash_a_voter() {
    std::vector<NodeId> voters;
    for (const ClusterGroup& group : division_.groups)
      for (const auto& [node, share] : group.founding.shares)
        if (share > 0) voters.push_back(node);
    crash_one(voters[random_.below(voters.size())]);
  }
  void crash_a_leader() {
    crash_one(sky_.leader(GroupId(static_cast<std::uint32_t>(1 + random_.below(division_.groups.size())))));
  }

  void hand_over_many() {
    handed_over_ = sky_.now();
    for (std::uint32_t g = 1; g <= division_.groups.size(); ++g) {
      const NodeId leader = sky_.leader(GroupId(g));
      if (random_.chance(kUpheaval) && leader != kNobody)
        sky_.perform(leader, sky_.satellite(leader).hand_over_cluster(sky_.now()));
    }
  }

  void crash_many_seats() {
    const NodeId leader = sky_.leader(kArea);
    if (leader == kNobody) {
      sky_.at(sky_.now() + seconds(1), [this] { crash_many_seats(); });
      return;
    }
    crashed_many_ = sky_.now();
    std::vector<NodeId> seats;
    for (const auto& [node, share] : sky_.satellite(leader).raft(kArea)->shares())
      if (share > 0) seats.push_back(node);
    random_.shuffle(std::span(seats));
    seats.resize(static_cast<std::size_t>(kUpheaval * static_cast<double>(seats.size())) + 1);
    for (const NodeId node : seats) crash(node, seconds(20));
  }

  AreasPlan plan_;
  AreasRun result_;
  Random random_;
  Shell shell_;
  Division division_;
  AreaSky sky_;
  Instant begin_, end_, faults_end_;
  std::map<GroupId, std::map<LogIndex, Write>> open_;
  std::map<GroupId, LogIndex> seen_;
  std::map<agents::MatterId, Matter> matters_;
  std::map<std::uint64_t, Spreading> spreading_;
  std::map<GroupId, std::map<LogIndex, Spreading>> local_;
  Instant area_commit_{};
  std::optional<Instant> handed_over_, crashed_many_;
  std::uint64_t crashes_ = 0;
};

}  // namespace

AreasRun run_areas(std::uint64_t seed, const AreasPlan& plan) {
  return Run(seed, plan).play();
}

}  // namespace skywarden::agreement
