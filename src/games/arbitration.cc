#include "games/arbitration.h"

#include <algorithm>
#include <tuple>

#include "base/contract.h"

namespace skywarden::games {

std::optional<NodeId> arbiter_for(const std::vector<NodeId>& parties, const std::vector<NodeId>& above) {
  const auto neutral = std::find_if(above.begin(), above.end(), [&](NodeId node) {
    return std::find(parties.begin(), parties.end(), node) == parties.end();
  });
  return neutral == above.end() ? std::nullopt : std::optional(*neutral);
}

NodeId award_claim(const std::vector<Claim>& claims) {
  EXPECTS(!claims.empty());
  const auto rank = [](const Claim& claim) {
    return std::tuple(!claim.ordered, ~claim.worth, claim.since, claim.by);
  };
  return std::min_element(claims.begin(), claims.end(),
                          [&](const Claim& a, const Claim& b) { return rank(a) < rank(b); })
      ->by;
}

std::optional<Outcome> arbitrate_bargain(const Domain& domain, const std::vector<Outcome>& outcomes) {
  return nash_solution(outcomes, domain);
}

Settled settle_bargain(const Domain& domain, const std::vector<Outcome>& outcomes,
                       const std::vector<Concession>& concessions, std::size_t rounds) {
  if (auto agreed = negotiate(domain, outcomes, concessions, rounds))
    return {std::move(agreed->outcome), false};
  return {arbitrate_bargain(domain, outcomes), true};
}

}  // namespace skywarden::games
