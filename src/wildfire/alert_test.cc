#include "wildfire/alert.h"

#include <doctest/doctest.h>

#include "wildfire/alert_level.h"

namespace skywarden::wildfire {
namespace {

using consensus::MergedFinding;
using datum::Proposal;
using datum::ProposalKind;
using datum::Verdict;
using std::chrono::hours;
using std::chrono::minutes;

const Instant kStart = parse_utc("2017-10-09T05:00:00Z").value();

MergedFinding fire(Duration after) {
  MergedFinding f;
  f.event = EventId(42);
  f.time_ns = (kStart + after).time_since_epoch().count();
  f.verdict = Verdict::kFire;
  f.probability_ppm = 930'000;
  f.low_ppm = 800'000;
  f.high_ppm = 980'000;
  f.threshold_ppm = 800'000;
  f.danger = datum::DangerClass::kHigh;
  f.area_m2 = 2'000'000;
  f.power_w = 60'000'000;
  f.centre = {386'000'000, -1'226'000'000};
  f.measured = true;
  f.observations = {ObservationId(1), ObservationId(2)};
  f.merged = {NodeId(1), NodeId(2)};
  f.shares_merged = 6;
  f.shares_for_fire = 5;
  f.shares_total = 10;
  return f;
}

MergedFinding no_fire(Duration after) {
  MergedFinding f = fire(after);
  f.verdict = Verdict::kNoFire;
  f.probability_ppm = 20'000;
  f.low_ppm = 5'000;
  f.high_ppm = 100'000;
  return f;
}

datum::Alert committed(const Proposal& proposal) {
  datum::Alert alert;
  alert.proposal = proposal;
  alert.index = LogIndex(proposal.sequence + 1);
  return alert;
}

AlertPolicy told_of_fire() {
  AlertPolicy policy;
  const auto first = policy.propose(fire(minutes(0)));
  REQUIRE(first);
  REQUIRE(policy.apply(committed(*first)));
  return policy;
}

TEST_CASE("a fire is told once") {
  AlertPolicy policy;
  const auto first = policy.propose(fire(minutes(0)));
  REQUIRE(first);
  CHECK(first->kind == ProposalKind::kAlert);
  CHECK(first->sequence == 0);
  CHECK(policy.apply(committed(*first)));
  CHECK_FALSE(policy.apply(committed(*first)));  // a second leader's copy
  CHECK_FALSE(policy.propose(fire(minutes(0))));
  CHECK_FALSE(policy.propose(fire(minutes(30))));  // nothing changed
}

TEST_CASE("what is not a measured fire opens nothing") {
  const AlertPolicy policy;
  CHECK_FALSE(policy.propose(no_fire(minutes(0))));
  MergedFinding abstained = fire(minutes(0));
  abstained.verdict = Verdict::kAbstained;
  CHECK_FALSE(policy.propose(abstained));
  MergedFinding modelled = fire(minutes(0));
  modelled.measured = false;
  CHECK_FALSE(policy.propose(modelled));
}

TEST_CASE("backing can be asked for") {
  CHECK(AlertPolicy({.backing_min = Fraction(0.5)}).propose(fire(minutes(0))));
  // Who has not spoken may have nothing to say against the ledger, which tells of no fire.
  CHECK_FALSE(AlertPolicy({.backing_min = Fraction(0.51)}).propose(fire(minutes(0))));
  AlertPolicy policy({.backing_min = Fraction(0.5)});
  const auto first = policy.propose(fire(minutes(0)));
  REQUIRE(first);
  REQUIRE(policy.apply(committed(*first)));
  MergedFinding grown = fire(minutes(30));
  grown.area_m2 *= 2;
  grown.shares_for_fire = 4;
  CHECK(policy.propose(grown));  // an update rests on everybody who spoke
  grown.shares_merged = 4;
  CHECK_FALSE(policy.propose(grown));
}

datum::Finding one_node_says(Verdict verdict, std::vector<ObservationId> observations) {
  datum::Finding f;
  f.by = NodeId(1);
  f.event = fire(minutes(0)).event;
  f.verdict = verdict;
  f.probability = Probability(verdict == Verdict::kFire ? fire(minutes(0)).probability_ppm / 1e6 : 0.02);
  f.danger = datum::DangerClass::kHigh;
  f.measured = true;
  f.observations = std::move(observations);
  return f;
}

TEST_CASE("a finding that repeats what was told is old news") {
  const ObservationId first(1), second(2), third(3);
  const AlertPolicy nothing_told;
  CHECK(nothing_told.is_old_news(one_node_says(Verdict::kNoFire, {first})));
  CHECK(nothing_told.is_old_news(one_node_says(Verdict::kAbstained, {first})));
  CHECK_FALSE(nothing_told.is_old_news(one_node_says(Verdict::kFire, {first})));

  AlertPolicy policy = told_of_fire();
  CHECK(policy.is_old_news(one_node_says(Verdict::kFire, {first, second})));
  CHECK_FALSE(policy.is_old_news(one_node_says(Verdict::kFire, {first, second, third})));
  CHECK_FALSE(policy.is_old_news(one_node_says(Verdict::kNoFire, {first})));
  datum::Finding surer = one_node_says(Verdict::kFire, {first});
  surer.probability = Probability(0.999);
  CHECK_FALSE(policy.is_old_news(surer));
  datum::Finding drier = one_node_says(Verdict::kFire, {first});
  drier.danger = datum::DangerClass::kExtreme;
  CHECK_FALSE(policy.is_old_news(drier));

  const auto cancel = policy.propose(no_fire(minutes(60 * 12)));
  REQUIRE(cancel);
  REQUIRE(policy.apply(committed(*cancel)));
  CHECK(policy.is_old_news(one_node_says(Verdict::kNoFire, {first})));
  CHECK_FALSE(policy.is_old_news(one_node_says(Verdict::kFire, {first})));
}

TEST_CASE("observations that two chains told belong to the older one") {
  AlertPolicy policy = told_of_fire();  // of 1 and 2
  MergedFinding other = fire(minutes(5));
  other.event = EventId(3);  // a lesser name, told later
  other.observations = {ObservationId(8), ObservationId(9)};
  const auto second = policy.propose(other);
  REQUIRE(second);
  REQUIRE(policy.apply(committed(*second)));
  const std::vector<ObservationId> newer = {ObservationId(7), ObservationId(9)};
  const std::vector<ObservationId> both = {ObservationId(2), ObservationId(8), ObservationId(9)};
  CHECK(policy.chain_of(newer) == EventId(3));
  CHECK(policy.chain_of(both) == fire(minutes(0)).event);
  CHECK_FALSE(policy.chain_of(std::vector<ObservationId>{ObservationId(7)}));
}

TEST_CASE("growth by a quarter is an update, less is not") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding grown = fire(minutes(10));
  grown.area_m2 = 2'499'999;
  CHECK_FALSE(policy.propose(grown));
  grown.area_m2 = 2'500'000;
  const auto update = policy.propose(grown);
  REQUIRE(update);
  CHECK(update->kind == ProposalKind::kUpdate);
  CHECK(update->sequence == 1);
}

TEST_CASE("a moved centre is an update") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding moved = fire(minutes(10));
  moved.centre.lat += 100'000;  // 1.1 km
  CHECK_FALSE(policy.propose(moved));
  moved.centre.lat += 100'000;
  CHECK(policy.propose(moved));
}

TEST_CASE("certainty that changes by enough is an update") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding surer = fire(minutes(10));
  surer.probability_ppm = 955'000;
  surer.low_ppm = 900'000;
  surer.high_ppm = 990'000;
  CHECK_FALSE(policy.propose(surer));  // another class, but a small step
  surer.probability_ppm = 985'000;
  CHECK(policy.propose(surer));
}

TEST_CASE("after an hour new observations are an update, old ones are not") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding later = fire(hours(1));
  CHECK_FALSE(policy.propose(later));
  later.observations.emplace_back(3);
  CHECK(policy.propose(later));
  later.time_ns -= 1;
  CHECK_FALSE(policy.propose(later));
}

TEST_CASE("updates keep their distance unless it gets worse") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding grown = fire(minutes(1));
  grown.area_m2 = 4'000'000;
  CHECK_FALSE(policy.propose(grown));
  grown.area_m2 = 40'000'000;  // severe now
  CHECK(policy.propose(grown));
}

TEST_CASE("a finding older than what was told says nothing") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding old = fire(-minutes(10));
  old.area_m2 = 90'000'000;
  CHECK_FALSE(policy.propose(old));
}

TEST_CASE("cancel only when there is surely no fire for long") {
  const AlertPolicy policy = told_of_fire();
  CHECK_FALSE(policy.propose(no_fire(hours(5))));
  const auto cancel = policy.propose(no_fire(hours(6)));
  REQUIRE(cancel);
  CHECK(cancel->kind == ProposalKind::kCancel);
  MergedFinding unsure = no_fire(hours(7));
  unsure.high_ppm = 850'000;
  CHECK_FALSE(policy.propose(unsure));
  MergedFinding abstained = no_fire(hours(7));
  abstained.verdict = Verdict::kAbstained;
  CHECK_FALSE(policy.propose(abstained));
  MergedFinding persistent = no_fire(hours(1));
  persistent.persistent_source = true;
  CHECK(policy.propose(persistent)->kind == ProposalKind::kCancel);
}

TEST_CASE("after a cancel the same observations stay silent, new ones open the event again") {
  AlertPolicy policy = told_of_fire();
  REQUIRE(policy.apply(committed(*policy.propose(no_fire(hours(6))))));
  CHECK_FALSE(policy.propose(fire(hours(7))));
  MergedFinding again = fire(hours(7));
  again.observations.emplace_back(9);
  const auto alert = policy.propose(again);
  REQUIRE(alert);
  CHECK(alert->kind == ProposalKind::kAlert);
  CHECK(alert->sequence == 2);
  CHECK(policy.apply(committed(*alert)));
}

TEST_CASE("a fire that got a new name keeps its chain") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding renamed = fire(minutes(30));
  renamed.event = EventId(7);
  CHECK_FALSE(policy.propose(renamed));
  renamed.area_m2 = 9'000'000;
  const auto update = policy.propose(renamed);
  REQUIRE(update);
  CHECK(update->event == EventId(42));
  CHECK(update->kind == ProposalKind::kUpdate);

  MergedFinding other = fire(minutes(30));
  other.event = EventId(8);
  other.observations = {ObservationId(100)};
  CHECK(policy.propose(other)->kind == ProposalKind::kAlert);
}

TEST_CASE("only the next message of a chain is admitted") {
  const AlertPolicy policy = told_of_fire();
  MergedFinding grown = fire(minutes(10));
  grown.area_m2 = 9'000'000;
  const Proposal update = *policy.propose(grown);
  CHECK(policy.admits(update));
  for (const auto& change :
       {+[](Proposal& p) { p.sequence = 2; }, +[](Proposal& p) { p.sequence = 0; },
        +[](Proposal& p) { p.kind = ProposalKind::kAlert; },
        +[](Proposal& p) { p.time_ns -= 3'600'000'000'000; }, +[](Proposal& p) { p.event = EventId(1); }}) {
    Proposal wrong = update;
    change(wrong);
    CHECK_FALSE(policy.admits(wrong));
  }
}

TEST_CASE("any leader decides alike: state is a function of the committed alerts") {
  AlertPolicy leader = told_of_fire(), follower = told_of_fire();
  (void)leader.propose(no_fire(hours(9)));  // asking changes nothing
  MergedFinding grown = fire(hours(2));
  grown.area_m2 = 9'000'000;
  CHECK(leader.propose(grown) == follower.propose(grown));
}

TEST_CASE("the number of events remembered is limited") {
  AlertPolicy policy({.events_max = 2});
  for (std::uint64_t n = 1; n <= 3; ++n) {
    MergedFinding f = fire(minutes(n));
    f.event = EventId(n);
    f.observations = {ObservationId(n)};
    REQUIRE(policy.apply(committed(*policy.propose(f))));
  }
  CHECK(policy.events() == 2);
  CHECK(policy.last(EventId(1)) == nullptr);
  CHECK(policy.last(EventId(3)) != nullptr);
}

TEST_CASE("options are checked") {
  CHECK(AlertOptions{}.validate());
  CHECK_FALSE(AlertOptions{.area_growth = Fraction(0.0)}.validate());
  CHECK_FALSE(AlertOptions{.backing_min = Fraction(1.5)}.validate());
  CHECK_FALSE(AlertOptions{.events_max = 0}.validate());
}

TEST_CASE("levels follow the table") {
  Proposal p = *AlertPolicy().propose(fire(minutes(0)));
  CHECK(level_of(p) == AlertLevel{Severity::kModerate, Urgency::kExpected, Certainty::kLikely});
  p.area_m2 = 500'000;
  p.power_w = 10'000'000;
  p.danger = 0;
  CHECK(level_of(p) == AlertLevel{Severity::kMinor, Urgency::kFuture, Certainty::kLikely});
  p.danger = 4;
  CHECK(level_of(p) == AlertLevel{Severity::kModerate, Urgency::kImmediate, Certainty::kLikely});
  p.power_w = 6'000'000'000;
  p.probability_ppm = 960'000;
  p.low_ppm = 850'000;
  CHECK(level_of(p) == AlertLevel{Severity::kExtreme, Urgency::kImmediate, Certainty::kObserved});
  p.kind = ProposalKind::kCancel;
  CHECK(level_of(p) == AlertLevel{Severity::kMinor, Urgency::kPast, Certainty::kUnlikely});
  CHECK(cap_word(Severity::kExtreme) == "Extreme");
  CHECK(cap_word(Urgency::kFuture) == "Future");
  CHECK(cap_word(Certainty::kPossible) == "Possible");
}

}  // namespace
}  // namespace skywarden::wildfire
