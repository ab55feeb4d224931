#include "consensus/cluster_groups.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {
namespace {

using Place = std::uint32_t;
using Places = std::vector<Place>;

constexpr int kRounds = 6;  // of moving centres; more change little

struct Nearest {  // of several centres, by place
  std::vector<Duration> delay;
  Places centre;  // its number; kNoPlace: out of reach
};

struct Ground {
  const DelayGraph& graph;
  std::vector<bool> member;  // by place
};

// To the centre with the shortest way; of equals to the lower number, so that whoever lies on a way belongs
// to where it leads. `within`: only places with this number in `region_of`.
Nearest nearest_centres(const Ground& ground, const Places& centres, const Places& region_of, Place within) {
  const std::size_t places = ground.graph.nodes().size();
  Nearest near{std::vector(places, kNoWay), Places(places, kNoPlace)};
  using Reached = std::tuple<Duration, Place, Place>;  // delay, number of the centre, place
  std::priority_queue<Reached, std::vector<Reached>, std::greater<>> open;
  for (Place i = 0; i < centres.size(); ++i) open.emplace(Duration::zero(), i, centres[i]);
  while (!open.empty()) {
    const auto [delay, centre, here] = open.top();
    open.pop();
    if (near.centre[here] != kNoPlace) continue;
    near.delay[here] = delay;
    near.centre[here] = centre;
    for (const DelayGraph::Neighbour& next : ground.graph.neighbours(here))
      if (region_of[next.place] == within && near.centre[next.place] == kNoPlace)
        open.emplace(delay + next.delay, centre, next.place);
  }
  return near;
}

std::size_t members_in(const Ground& ground, const Places& region) {
  return static_cast<std::size_t>(
      std::count_if(region.begin(), region.end(), [&](Place p) { return ground.member[p]; }));
}

class Division {
 public:
  Division(const Ground& ground, const GroupingOptions& options)
      : ground_(ground), options_(options), region_of_(ground.graph.nodes().size(), 0) {}

  std::vector<Places> make() {
    const std::vector<Places> whole = components();
    for (const Places& component : whole) divide(component);
    return std::move(done_);
  }

 private:
  // What holds together; region_of_ says which.
  std::vector<Places> components() {
    std::vector<Places> found;
    Places all(region_of_.size(), 0);
    std::vector<bool> seen(region_of_.size(), false);
    for (Place p = 0; p < region_of_.size(); ++p) {
      if (seen[p]) continue;
      const Nearest near = nearest_centres(ground_, {p}, all, 0);
      Places component;
      for (Place q = 0; q < region_of_.size(); ++q)
        if (near.centre[q] != kNoPlace) component.push_back(q), seen[q] = true;
      found.push_back(std::move(component));
    }
    return found;
  }

  void divide(const Places& component) {
    const std::size_t members = members_in(ground_, component);
    const std::size_t usual = (options_.members_min + options_.members_max) / 2;
    std::vector<Places> regions =
        cells(component, std::max<std::size_t>(1, (members + usual / 2) / std::max<std::size_t>(1, usual)));
    halve_large(regions);
    join_small(regions);
    std::move(regions.begin(), regions.end(), std::back_inserter(done_));
  }

  void mark(const Places& region, Place number) {
    for (const Place p : region) region_of_[p] = number;
  }

  // Into at most `count` regions that hold together.
  std::vector<Places> cells(const Places& region, std::size_t count) {
    const Place here = next_number_++;
    mark(region, here);
    Places centres{region.front()};
    while (centres.size() < count) {
      const Nearest near = nearest_centres(ground_, centres, region_of_, here);
      const auto farthest = *std::max_element(region.begin(), region.end(), [&](Place a, Place b) {
        return std::pair(near.delay[a], b) < std::pair(near.delay[b], a);  // of equals the lower
      });
      if (near.delay[farthest] == Duration::zero()) break;
      centres.push_back(farthest);
    }
    std::vector<Places> made;
    for (int round = 0; round <= kRounds; ++round) {
      const Nearest near = nearest_centres(ground_, centres, region_of_, here);
      made.assign(centres.size(), {});
      for (const Place p : region) made[near.centre[p]].push_back(p);
      if (round == kRounds || centres.size() == 1) break;
      for (std::size_t i = 0; i < made.size(); ++i) {
        mark(made[i], next_number_);
        centres[i] = middle_of(made[i], next_number_++);
      }
      mark(region, here);
    }
    return made;
  }

  // The place with the shortest longest way; of equals with the shorter ways together, then the lower.
  Place middle_of(const Places& region, Place number) {
    std::tuple<Duration, Duration, Place> best{Duration::max(), Duration::max(), kNoPlace};
    for (const Place p : region) {
      const Nearest near = nearest_centres(ground_, {p}, region_of_, number);
      Duration longest{}, together{};
      for (const Place q : region) longest = std::max(longest, near.delay[q]), together += near.delay[q];
      best = std::min(best, {longest, together, p});
    }
    return std::get<2>(best);
  }

  // Halves have fewer places than the whole, so this ends, at the latest with one member each.
  void halve_large(std::vector<Places>& regions) {
    for (std::size_t i = 0; i < regions.size();) {
      if (members_in(ground_, regions[i]) <= options_.members_max) {
        ++i;
        continue;
      }
      std::vector<Places> halves = cells(regions[i], 2);
      regions[i] = std::move(halves[0]);
      regions.push_back(std::move(halves[1]));
    }
  }

  // The smallest first, to the touching region that has the fewest members.
  void join_small(std::vector<Places>& regions) {
    while (const auto pair = to_join(regions)) {
      Places& into = regions[pair->second];
      into.insert(into.end(), regions[pair->first].begin(), regions[pair->first].end());
      std::sort(into.begin(), into.end());
      regions.erase(regions.begin() + static_cast<std::ptrdiff_t>(pair->first));
    }
  }

  std::optional<std::pair<std::size_t, std::size_t>> to_join(const std::vector<Places>& regions) {
    std::vector<std::size_t> members;
    for (Place i = 0; i < regions.size(); ++i) {
      mark(regions[i], i);
      members.push_back(members_in(ground_, regions[i]));
    }
    std::optional<std::tuple<std::size_t, std::size_t, Place, Place>> best;
    for (Place i = 0; i < regions.size(); ++i) {
      if (members[i] >= options_.members_min) continue;
      for (const Place p : regions[i])
        for (const DelayGraph::Neighbour& next : ground_.graph.neighbours(p)) {
          const Place other = region_of_[next.place];
          if (other == i || (members[i] > 0 && members[i] + members[other] > options_.members_max)) continue;
          const std::tuple candidate(members[i], members[other], i, other);
          if (!best || candidate < *best) best = candidate;
        }
    }
    if (!best) return std::nullopt;
    return std::pair<std::size_t, std::size_t>(std::get<2>(*best), std::get<3>(*best));
  }

  const Ground& ground_;
  const GroupingOptions& options_;
  Places region_of_;  // while at work
  Place next_number_ = 1;
  std::vector<Places> done_;
};

// The nearest, no domain holding half of them; as many of `wanted`, an odd number, as that allows.
std::vector<NodeId> choose_voters(const std::vector<NodeId>& nearest, const FailureDomains& domains,
                                  std::size_t wanted) {
  for (std::size_t count = wanted; count >= 3; count -= 2) {
    std::map<FailureDomain, std::size_t> of_domain;
    std::vector<NodeId> voters;
    for (const NodeId node : nearest) {
      const auto domain = domains.find(node);
      const bool alone = domain == domains.end() || domain->second == FailureDomain{};
      if (!alone && of_domain[domain->second] == count / 2) continue;
      if (!alone) ++of_domain[domain->second];
      voters.push_back(node);
      if (voters.size() == count) return voters;
    }
  }
  return {nearest.front()};
}

ClusterGroup group_of(const Ground& ground, const Places& region, const FailureDomains& domains,
                      const GroupingOptions& options) {
  Places inside(ground.graph.nodes().size(), 0);
  for (const Place p : region) inside[p] = 1;
  const auto node = [&](Place p) { return ground.graph.nodes()[p]; };
  std::optional<std::tuple<Duration, Duration, Place>> best;
  std::vector<Duration> ways;
  for (const Place p : region) {
    if (!ground.member[p]) continue;
    const Nearest near = nearest_centres(ground, {p}, inside, 1);
    Duration longest{}, together{};
    for (const Place q : region)
      if (ground.member[q]) longest = std::max(longest, near.delay[q]), together += near.delay[q];
    const std::tuple candidate(longest, together, p);
    if (best && *best < candidate) continue;
    best = candidate;
    ways = near.delay;
  }
  ClusterGroup group{node(std::get<2>(*best)), {}, {}, {}};
  std::vector<std::pair<Duration, NodeId>> order;
  for (const Place p : region) {
    group.region.push_back(node(p));
    if (ground.member[p]) order.emplace_back(ways[p], node(p));
  }
  std::sort(order.begin(), order.end());
  for (const auto& [delay, member] : order) group.nearest.push_back(member);
  for (const NodeId member : group.nearest) {
    group.founding.shares[member] = 0;
    if (const auto domain = domains.find(member); domain != domains.end())
      group.founding.domains.insert(*domain);
  }
  const std::vector<NodeId> voters = choose_voters(group.nearest, domains, options.voters);
  for (const NodeId voter : voters) group.founding.shares[voter] = 1;
  group.founding.failures_max =
      std::min(options.failures_max, static_cast<std::uint32_t>((voters.size() - 1) / 2));
  return group;
}

ClusterGroup alone(NodeId node) {
  return {node, {{{node, 1}}, {}, 0}, {node}, {node}};
}

}  // namespace

Result<void> GroupingOptions::validate() const {
  if (members_max == 0 || members_max > kGroupNodesMax || 2 * members_min > members_max)
    return fail(Errc::kOutOfRange,
                "grouping: expected 0 < members_max <= {} and members_min up to half of it", kGroupNodesMax);
  if (voters % 2 == 0 || 2 * std::size_t{failures_max} >= voters)
    return fail(Errc::kOutOfRange, "grouping: expected an odd number of voters and fewer failures than half");
  return {};
}

std::vector<ClusterGroup> divide_into_groups(std::span<const LinkDelay> links,
                                             const std::set<NodeId>& members, const FailureDomains& domains,
                                             const GroupingOptions& options) {
  EXPECTS(options.validate());
  std::vector<ClusterGroup> groups;
  const DelayGraph graph(links);
  Ground ground{graph, {}};
  for (const NodeId node : graph.nodes()) ground.member.push_back(members.contains(node));
  for (const Places& region : Division(ground, options).make())
    if (members_in(ground, region) > 0) groups.push_back(group_of(ground, region, domains, options));
  for (const NodeId node : members)
    if (!graph.place(node)) groups.push_back(alone(node));
  const auto lowest = [](const ClusterGroup& group) { return group.founding.shares.begin()->first; };
  std::sort(groups.begin(), groups.end(),
            [&](const ClusterGroup& a, const ClusterGroup& b) { return lowest(a) < lowest(b); });
  return groups;
}

}  // namespace skywarden::consensus
