#include "agents/area_seats.h"

#include <utility>

namespace skywarden::agents {
namespace {

using consensus::Membership;

void keep_domains(Membership& membership, const Seating& seating) {
  std::erase_if(membership.domains, [&](const auto& of) { return !membership.shares.contains(of.first); });
  for (const auto& [node, share] : membership.shares)
    if (const auto domain = seating.domains.find(node); domain != seating.domains.end())
      membership.domains.insert(*domain);
}

Membership with(Membership membership, NodeId node, std::uint64_t share, const Seating& seating) {
  membership.shares[node] = share;
  keep_domains(membership, seating);
  return membership;
}

std::uint32_t failures_of(std::size_t seats) {
  return seats == 0 ? 0 : static_cast<std::uint32_t>((seats - 1) / 2);
}

Membership swapped(Membership membership, NodeId newcomer, NodeId predecessor, const Seating& seating) {
  membership.shares.erase(predecessor);
  membership = with(std::move(membership), newcomer, 1, seating);
  membership.failures_max = failures_of(consensus::total_shares(membership.shares));
  return membership;
}

std::set<NodeId> wanted_by(const Seating& seating) {
  std::set<NodeId> wanted = seating.authorities;
  for (const auto& [group, holder] : seating.wanted) wanted.insert(holder);
  return wanted;
}

// Who should sit and does not, with whom it follows; nobody: the seat is new.
std::map<NodeId, NodeId> successions(const Membership& now, const Seating& seating) {
  std::map<GroupId, NodeId> sits;
  for (const auto& [node, share] : now.shares)
    if (const auto group = seating.cluster_of.find(node); share > 0 && group != seating.cluster_of.end())
      sits.emplace(group->second, node);
  std::map<NodeId, NodeId> found;
  for (const auto& [group, holder] : seating.wanted)
    if (consensus::share_of(now.shares, holder) == 0) {
      const auto before = sits.find(group);
      found.emplace(holder, before == sits.end() ? kNobody : before->second);
    }
  for (const NodeId authority : seating.authorities)
    if (consensus::share_of(now.shares, authority) == 0) found.emplace(authority, kNobody);
  return found;
}

}  // namespace

Membership founding_of(const Seating& seating) {
  Membership founding;
  for (const NodeId node : wanted_by(seating)) founding.shares[node] = 1;
  founding.failures_max = failures_of(founding.shares.size());
  keep_domains(founding, seating);
  return founding;
}

std::optional<Membership> next_seating(const Membership& now, const Seating& seating,
                                       const std::set<NodeId>& caught_up) {
  const std::set<NodeId> wanted = wanted_by(seating);
  Membership to = now;
  std::erase_if(to.shares, [&](const auto& of) { return of.second == 0 && !wanted.contains(of.first); });
  to.failures_max = failures_of(consensus::total_shares(to.shares));
  keep_domains(to, seating);
  const auto swaps = successions(now, seating);
  for (const auto& [newcomer, predecessor] : swaps) to = with(std::move(to), newcomer, 0, seating);
  const auto ready = [&](NodeId newcomer) {
    return now.shares.contains(newcomer) && caught_up.contains(newcomer);
  };
  Membership together = to;
  for (const auto& [newcomer, predecessor] : swaps)
    if (ready(newcomer)) together = swapped(std::move(together), newcomer, predecessor, seating);
  if (validate(together)) {
    to = std::move(together);
  } else {  // some would put too many seats into one plane: not now
    for (const auto& [newcomer, predecessor] : swaps) {
      if (!ready(newcomer)) continue;
      Membership next = swapped(to, newcomer, predecessor, seating);
      if (validate(next)) to = std::move(next);
    }
  }
  if (to == now || !validate(to)) return std::nullopt;
  return to;
}

}  // namespace skywarden::agents
