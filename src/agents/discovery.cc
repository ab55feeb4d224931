#include "agents/discovery.h"

#include <algorithm>
#include <tuple>

#include "base/contract.h"

namespace skywarden::agents {
namespace {

bool offers(const Registry& registry, const Agent& agent, const Query& query, Found& found) {
  const auto standing = agent.abilities.find(*query.ability);
  if (standing == agent.abilities.end() || standing->second.claimed == 0) return false;
  const Rating rating = decayed(standing->second.rating, registry.now(), registry.options().rating_half_life);
  found.rating = lower_bound(rating);
  found.amount = standing->second.claimed * found.rating / kPerMille;  // a claim is at most 1e12
  const std::uint64_t milli_views = std::uint64_t{rating.useful} + rating.others;
  return found.rating >= query.rating_min && found.amount >= query.amount_min &&
         (!query.views_max || milli_views <= std::uint64_t{*query.views_max} * 1000);
}

bool is_reached(const Reach& reach, Found& found) {
  found.arrival = reach.forecast->arrival(reach.from, found.agent, reach.sent);
  return found.arrival && *found.arrival <= reach.by;
}

}  // namespace

std::vector<Found> discover(const Registry& registry, const Query& query) {
  EXPECTS(query.ability || (query.amount_min == 0 && query.rating_min == 0 && !query.views_max));
  EXPECTS(!query.reach || query.reach->forecast != nullptr);
  std::vector<Found> out;
  for (const auto& [name, agent] : registry.agents()) {
    if (!(query.degraded_too ? is_present(agent.state) : agent.state == AgentState::kActive)) continue;
    if ((query.tier && agent.tier != *query.tier) || (query.group && agent.group != *query.group)) continue;
    Found found{name, 0, 0, std::nullopt};
    if (query.ability && !offers(registry, agent, query, found)) continue;
    if (query.reach && !is_reached(*query.reach, found)) continue;
    out.push_back(found);
  }
  std::sort(out.begin(), out.end(), [&](const Found& a, const Found& b) {
    return std::tuple(b.rating, registry.find(a.agent)->registered) <
           std::tuple(a.rating, registry.find(b.agent)->registered);
  });
  return out;
}

}  // namespace skywarden::agents
