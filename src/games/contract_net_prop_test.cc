#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "games/arbitration.h"
#include "games/contract_net.h"

namespace skywarden::games {
namespace {

using namespace std::chrono_literals;

constexpr TaskId kTask{7};
constexpr NodeId kManager{1};
const Instant kStart{};
const Terms kTerms{kStart + 10s, kStart + 40s, kStart + 100s, 8s, 2s, 500};

struct Faults {
  double lost = 0, doubled = 0;
  Duration delay_max = 1s;  // each message its own, so that they overtake each other
};

struct History {
  ContractManager manager;
  std::vector<Contractor> contractors;
  std::vector<NodeId> worked;  // whoever was ever ordered
  int manager_changed_its_order = 0;
};

// Plays one task for `until`; contractor i bids offers[i], or declines, and works for `work` unless idle[i].
History play(std::uint64_t seed, const Faults& faults,
             const std::vector<std::optional<std::uint64_t>>& offers, const std::vector<bool>& idle,
             Duration work, Duration until) {
  std::vector<NodeId> asked;
  for (std::uint32_t i = 0; i < offers.size(); ++i) asked.emplace_back(i + 2);
  History history{ContractManager(kManager, kTask, kTerms, asked), {}, {}, 0};
  for (std::size_t i = 0; i < offers.size(); ++i) {
    history.contractors.emplace_back(asked[i], kTask);
    history.contractors.back().offer(offers[i]);
  }
  Random random(seed);
  std::multimap<Instant, ContractMessage> under_way;
  std::vector<std::optional<Instant>> ordered_at(offers.size());
  std::optional<NodeId> ordered;
  for (Instant now = kStart; now <= kStart + until; now += 100ms) {
    const auto send = [&](const std::vector<ContractMessage>& messages) {
      for (const ContractMessage& message : messages)
        for (int copy = random.chance(faults.doubled) ? 2 : 1; copy > 0; --copy)
          if (!random.chance(faults.lost))
            under_way.emplace(now + Duration(static_cast<std::int64_t>(
                                        random.uniform() * static_cast<double>(faults.delay_max.count()))),
                              message);
    };
    while (!under_way.empty() && under_way.begin()->first <= now) {
      const ContractMessage message = under_way.begin()->second;
      under_way.erase(under_way.begin());
      send(message.to == kManager ? history.manager.receive(message, now)
                                  : history.contractors[message.to.value() - 2].receive(message, now));
    }
    send(history.manager.tick(now));
    for (std::size_t i = 0; i < offers.size(); ++i) {
      Contractor& contractor = history.contractors[i];
      send(contractor.tick(now));
      if (contractor.duty() != Duty::kOrdered) continue;
      if (!ordered_at[i]) {
        ordered_at[i] = now;
        history.worked.push_back(asked[i]);
      }
      if (!idle[i] && now >= *ordered_at[i] + work) contractor.finish(42);
    }
    if (ordered && history.manager.ordered() != ordered) ++history.manager_changed_its_order;
    ordered = history.manager.ordered();
  }
  return history;
}

TEST_CASE("over links without faults the best bid does the task") {
  const History history =
      play(1, {0, 0, 100ms}, {5, 9, std::nullopt, 7}, {false, false, false, false}, 20s, 100s);
  CHECK(history.manager.settlement() == Settlement::kDone);
  CHECK(history.manager.ordered() == NodeId(3));
  CHECK(history.manager.result() == 42U);
  CHECK(history.contractors[1].confirmed());
  CHECK(history.worked == std::vector<NodeId>{NodeId(3)});
}

TEST_CASE("who was ordered and does not report owes the penalty, and nobody else") {
  const History history = play(1, {0, 0, 100ms}, {5, 9}, {false, true}, 20s, 101s);
  CHECK(history.manager.settlement() == Settlement::kFailed);
  CHECK(history.manager.penalty_owed() == 500);
  CHECK(history.manager.ordered() == NodeId(3));
}

TEST_CASE("nobody bids: nobody owes") {
  const History history = play(1, {0, 0, 100ms}, {std::nullopt}, {false}, 20s, 101s);
  CHECK(history.manager.settlement() == Settlement::kUnanswered);
  CHECK(history.manager.penalty_owed() == 0);
}

TEST_CASE("whatever is lost, doubled and overtaken: one at most is ever ordered, and all settle when due") {
  std::size_t done = 0, plays = 0;
  CHECK(rc::check([&] {
    const Faults faults{*rc::gen::inRange(0, 100) / 100.0, *rc::gen::inRange(0, 100) / 100.0,
                        std::chrono::milliseconds(*rc::gen::inRange(1, 30'000))};
    std::vector<std::optional<std::uint64_t>> offers;
    std::vector<bool> idle;
    const auto count = *rc::gen::inRange<std::size_t>(1, 6);
    for (std::size_t i = 0; i < count; ++i) {
      offers.push_back(*rc::gen::inRange(0, 4) == 0 ? std::nullopt
                                                    : std::optional<std::uint64_t>(*rc::gen::inRange(0, 4)));
      idle.push_back(*rc::gen::inRange(0, 4) == 0);
    }
    const History history = play(*rc::gen::arbitrary<std::uint64_t>(), faults, offers, idle,
                                 std::chrono::seconds(*rc::gen::inRange(0, 60)), 100s);
    RC_ASSERT(history.worked.size() <= 1U);
    RC_ASSERT(history.manager_changed_its_order == 0);
    for (const NodeId node : history.worked) RC_ASSERT(history.manager.ordered() == node);
    RC_ASSERT(history.manager.settlement() != Settlement::kOpen);
    for (std::size_t i = 0; i < count; ++i) {
      const Contractor& contractor = history.contractors[i];
      RC_ASSERT(contractor.duty() == Duty::kSettled || contractor.duty() == Duty::kNone);
      if (contractor.confirmed()) RC_ASSERT(history.manager.settlement() == Settlement::kDone);
      // A penalty falls only on somebody who knows that it was ordered.
      if (history.manager.penalty_owed() > 0 &&
          history.manager.ordered() == NodeId(static_cast<std::uint32_t>(i + 2)))
        RC_ASSERT(contractor.was_ordered());
    }
    ++plays;
    if (history.manager.settlement() == Settlement::kDone) ++done;
  }));
  CHECK(plays >= 100);
  CHECK(done > 0);
}

TEST_CASE("a third of all messages lost: nearly every task is done all the same") {
  int done = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    if (play(seed, {0.33, 0.1, 2s}, {5, 9, 7}, {false, false, false}, 20s, 100s).manager.settlement() ==
        Settlement::kDone)
      ++done;
  CHECK(done >= 195);
}

TEST_CASE("an award that is not answered passes on, and the late commitment is released") {
  ContractManager manager(kManager, kTask, kTerms, {NodeId(2), NodeId(3)});
  (void)manager.receive({Word::kBid, kTask, NodeId(2), kManager, 9, {}}, kStart + 1s);
  (void)manager.receive({Word::kBid, kTask, NodeId(3), kManager, 5, {}}, kStart + 1s);
  const auto first = manager.tick(kStart + 10s);
  REQUIRE(first.size() == 1);
  CHECK(first[0].word == Word::kAward);
  CHECK(first[0].to == NodeId(2));
  const auto second = manager.tick(kStart + 18s);
  REQUIRE(second.size() == 1);
  CHECK(second[0].to == NodeId(3));
  const auto late = manager.receive({Word::kCommit, kTask, NodeId(2), kManager, 0, {}}, kStart + 19s);
  REQUIRE(late.size() == 1);
  CHECK(late[0].word == Word::kRelease);
  const auto in_time = manager.receive({Word::kCommit, kTask, NodeId(3), kManager, 0, {}}, kStart + 20s);
  REQUIRE(in_time.size() == 1);
  CHECK(in_time[0].word == Word::kOrder);
  CHECK(manager.ordered() == NodeId(3));
}

TEST_CASE("strangers, other tasks and terms that mean nothing change nothing") {
  ContractManager manager(kManager, kTask, kTerms, {NodeId(2)});
  CHECK(manager.receive({Word::kCommit, kTask, NodeId(9), kManager, 0, {}}, kStart).empty());
  CHECK(manager.receive({Word::kReport, TaskId(8), NodeId(2), kManager, 1, {}}, kStart).empty());
  Contractor contractor(NodeId(2), kTask);
  contractor.offer(3);
  CHECK(contractor.receive({Word::kOrder, kTask, kManager, NodeId(2), 0, {}}, kStart).empty());
  CHECK(contractor.receive({Word::kAnnounce, kTask, kManager, NodeId(2), 0, {}}, kStart).empty());
  CHECK(contractor.duty() == Duty::kNone);
  CHECK(!validate(Terms{kStart, kStart, kStart + 1s, 1s, 1s, 0}));
  CHECK(!validate(Terms{kStart, kStart + 1s, kStart + 2s, 0s, 1s, 0}));
}

TEST_CASE("the nearest leader that is no party rules, by rules that leave no choice") {
  CHECK(arbiter_for({NodeId(2), NodeId(3)}, {NodeId(2), NodeId(8), NodeId(9)}) == NodeId(8));
  CHECK(!arbiter_for({NodeId(2), NodeId(8)}, {NodeId(8)}));
  const Claim weak{NodeId(2), false, 5, kStart}, ordered{NodeId(4), true, 1, kStart + 9s};
  const Claim early{NodeId(5), false, 7, kStart}, late{NodeId(3), false, 7, kStart + 1s};
  CHECK(award_claim({weak, ordered, early}) == NodeId(4));
  CHECK(award_claim({weak, late, early}) == NodeId(5));
  CHECK(award_claim({{NodeId(6), false, 7, kStart}, early}) == NodeId(5));
}

TEST_CASE("parties too firm to agree in time are arbitrated, fairly, and not below their reservations") {
  Domain domain{{{"price", {"0", "1", "2", "3", "4"}}},
                {{{1}, {{0, 0.25, 0.5, 0.75, 1}}, 0.3, 1}, {{1}, {{1, 0.75, 0.5, 0.25, 0}}, 0.3, 1}}};
  const auto outcomes = all_outcomes(domain);
  const Settled firm = settle_bargain(domain, outcomes, {{50, false}, {50, false}}, 3);
  CHECK(firm.by_arbiter);
  REQUIRE(firm.outcome);
  CHECK(firm.outcome->utilities == std::vector<double>{0.5, 0.5});
  CHECK(!settle_bargain(domain, outcomes, {{1, false}, {1, false}}, 50).by_arbiter);
  domain.parties[0].reservation = 0.9;
  CHECK(!settle_bargain(domain, outcomes, {{1, false}, {1, false}}, 50).outcome);
}

}  // namespace
}  // namespace skywarden::games
