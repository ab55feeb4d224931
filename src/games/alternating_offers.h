// Offers in turn. First what two perfectly patient minds agree on at once (A. Rubinstein, "Perfect
// equilibrium in a bargaining model", Econometrica 50 (1982) 97-109; I. Ståhl, Bargaining Theory (1972) for a
// last round). Then a protocol for parties that do not know each other: any number of them propose in turn,
// each by a strategy that yields with time (P. Faratin, C. Sierra, N. R. Jennings, "Negotiation decision
// functions for autonomous agents", Robotics and Autonomous Systems 24 (1998) 159-182; R. Aydoğan et al.,
// "Alternating offers protocols for multilateral negotiation", 2017: an offer stands until everybody has
// accepted it or somebody makes another).
#pragma once

#include <optional>
#include <vector>

#include "games/bargaining.h"

namespace skywarden::games {

// The first proposer's share of 1 in the subgame-perfect equilibrium. Discounts in 0…1 per round, not both 1.
[[nodiscard]] double rubinstein_share(double discount_first, double discount_second);
// The same when everything is lost after `rounds` ≥ 1 rounds. By backward induction.
[[nodiscard]] double finite_horizon_share(double discount_first, double discount_second, std::size_t rounds);

struct Concession {
  // What a party still asks for after a fraction t of the time is
  //   reservation + (best − reservation) · (1 − t^stubbornness).
  unsigned stubbornness = 1;  // 1: evenly; more: firm, then quickly at the end (Boulware)
  bool yields_early = false;  // mirrors the curve: quickly first (Conceder)
};

struct Agreement {
  Outcome outcome;
  std::size_t round = 0;  // from 0
};

// Plays the protocol for at most `rounds` offers ≥ 2; each party answers by its own concession. Who proposes
// offers, of the outcomes worth what it asks for, the likest to the last offer, then the one it yields most
// by. Nothing when time runs out: then the next tier decides (arbitration.h). No party agrees to less than
// its reservation, in undiscounted utility.
[[nodiscard]] std::optional<Agreement> negotiate(const Domain& domain, const std::vector<Outcome>& outcomes,
                                                 const std::vector<Concession>& concessions,
                                                 std::size_t rounds);

}  // namespace skywarden::games
