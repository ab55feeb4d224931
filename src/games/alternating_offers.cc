#include "games/alternating_offers.h"

#include <algorithm>
#include <functional>

#include "base/contract.h"

namespace skywarden::games {
namespace {

double power(double base, unsigned exponent) {  // without libm, so that every machine agrees on the same
  double product = 1;
  for (unsigned i = 0; i < exponent; ++i) product *= base;
  return product;
}

double asks_for(const Preferences& party, double best, const Concession& concession, double time) {
  const double yielded = concession.yields_early ? 1 - power(1 - time, concession.stubbornness)
                                                 : power(time, concession.stubbornness);
  return party.reservation + (best - party.reservation) * (1 - yielded);
}

std::size_t likeness(const Outcome& a, const Outcome& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.choice.size(); ++i)
    if (a.choice[i] == b.choice[i]) ++same;
  return same;
}

// The party's own best outcome always reaches what it asks for, so there is one.
const Outcome& proposal(const std::vector<Outcome>& outcomes, std::size_t party, double asked,
                        const Outcome* last) {
  const Outcome* chosen = nullptr;
  std::pair<std::size_t, double> highest;
  for (const Outcome& outcome : outcomes) {
    if (outcome.utilities[party] < asked) continue;
    const std::pair now(last == nullptr ? 0 : likeness(outcome, *last), -outcome.utilities[party]);
    if (chosen == nullptr || now > highest) {
      chosen = &outcome;
      highest = now;
    }
  }
  ENSURES(chosen != nullptr);
  return *chosen;
}

}  // namespace

double rubinstein_share(double discount_first, double discount_second) {
  EXPECTS(discount_first >= 0 && discount_first <= 1 && discount_second >= 0 && discount_second <= 1);
  EXPECTS(discount_first * discount_second < 1);
  return (1 - discount_second) / (1 - discount_first * discount_second);
}

double finite_horizon_share(double discount_first, double discount_second, std::size_t rounds) {
  EXPECTS(rounds >= 1);
  double proposer = 1;  // in the last round the proposer takes all
  for (std::size_t round = rounds - 1; round > 0;
       --round)  // the one who answers waits for round + 1 otherwise
    proposer = 1 - (round % 2 == 1 ? discount_second : discount_first) * proposer;
  return proposer;
}

std::optional<Agreement> negotiate(const Domain& domain, const std::vector<Outcome>& outcomes,
                                   const std::vector<Concession>& concessions, std::size_t rounds) {
  const std::size_t parties = domain.parties.size();
  EXPECTS(concessions.size() == parties && rounds >= 2 && !outcomes.empty());
  std::vector<double> best(parties, 0.0);
  for (std::size_t p = 0; p < parties; ++p) {
    for (const Outcome& outcome : outcomes) best[p] = std::max(best[p], outcome.utilities[p]);
    if (best[p] < domain.parties[p].reservation) return std::nullopt;  // it will not talk
  }
  const Outcome* standing = nullptr;
  std::size_t accepted = 0;  // by so many, its proposer included
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t party = round % parties;
    const double time = static_cast<double>(round) / static_cast<double>(rounds - 1);
    // At the very end nobody asks for less than its reservation, though rounding could.
    const double asked = std::max(domain.parties[party].reservation,
                                  asks_for(domain.parties[party], best[party], concessions[party], time));
    if (standing != nullptr && standing->utilities[party] >= asked) {
      ++accepted;
    } else {
      standing = &proposal(outcomes, party, std::min(asked, best[party]), standing);
      accepted = 1;
    }
    if (accepted == parties) return Agreement{*standing, round};
  }
  return std::nullopt;
}

}  // namespace skywarden::games
