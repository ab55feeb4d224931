#include "agents/conflict.h"

#include <algorithm>

#include "agents/discovery.h"
#include "base/contract.h"

namespace skywarden::agents {

std::optional<NodeId> arbiter_of(const Registry& registry, const std::vector<NodeId>& parties) {
  Query query;
  query.tier = Tier::kArea;
  query.degraded_too = true;
  std::vector<NodeId> areas;
  for (const Found& found : discover(registry, query)) areas.push_back(found.agent);
  std::sort(areas.begin(), areas.end());
  return games::arbiter_for(parties, areas);
}

Arbiter::Arbiter(NodeId self, Ability ability, Duration hear_for)
    : self_(self), ability_(ability), hear_for_(hear_for) {
  EXPECTS(hear_for_ > Duration::zero());
}

ClaimMessage Arbiter::answer(MatterId matter, NodeId to, NodeId ruling) const {
  return {matter, self_, to, kNobody, 0, ruling};
}

std::optional<NodeId> Arbiter::ruling(MatterId matter) const {
  const auto found = matters_.find(matter);
  return found == matters_.end() ? std::nullopt : found->second.ruling;
}

std::vector<ClaimMessage> Arbiter::receive(const ClaimMessage& claim, const Registry& registry, Instant now) {
  const Agent* from = registry.find(claim.from);
  const Agent* doer = registry.find(claim.doer);
  if (claim.to != self_ || claim.worth > kWorthMax || from == nullptr || doer == nullptr) return {};
  if (from->tier != Tier::kCluster || from->group != doer->group || !is_present(doer->state)) return {};
  Matter& matter = matters_.try_emplace(claim.matter, Matter{now + hear_for_, {}, {}}).first->second;
  if (matter.ruling) return {answer(claim.matter, claim.from, *matter.ruling)};
  const std::uint64_t worth = claim.worth * (registry.rating(claim.doer, ability_) + 1ULL);
  matter.claims.try_emplace(claim.from, games::Claim{claim.from, false, worth, now});
  return {};
}

std::vector<ClaimMessage> Arbiter::tick(Instant now) {
  std::vector<ClaimMessage> out;
  for (auto& [id, matter] : matters_) {
    if (matter.ruling || now < matter.rule_at) continue;
    std::vector<games::Claim> claims;
    for (const auto& [by, claim] : matter.claims) claims.push_back(claim);
    matter.ruling = games::award_claim(claims);
    for (const games::Claim& claim : claims) out.push_back(answer(id, claim.by, *matter.ruling));
  }
  return out;
}

Claimant::Claimant(ClaimMessage claim, Duration repeat, Instant decide_by)
    : claim_(claim), repeat_(repeat), decide_by_(decide_by) {
  EXPECTS(repeat_ > Duration::zero());
}

void Claimant::receive(const ClaimMessage& answer, Instant now) {
  if (end_ != ClaimEnd::kOpen || now >= decide_by_ || answer.from != claim_.to || answer.to != claim_.from ||
      answer.matter != claim_.matter || answer.ruling == kNobody)
    return;
  end_ = answer.ruling == claim_.from ? ClaimEnd::kOurs : ClaimEnd::kTheirs;
}

std::vector<ClaimMessage> Claimant::tick(Instant now) {
  if (end_ == ClaimEnd::kOpen && now >= decide_by_) end_ = ClaimEnd::kUnheard;
  if (end_ != ClaimEnd::kOpen || (said_at_ && now < *said_at_ + repeat_)) return {};
  said_at_ = now;
  return {claim_};
}

}  // namespace skywarden::agents
