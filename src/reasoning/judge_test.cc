#include "reasoning/judge.h"

#include <doctest/doctest.h>

#include <vector>

namespace skywarden::reasoning {
namespace {

using datum::Evidence;
using datum::EvidenceKind;
using datum::Finding;
using datum::Prior;
using datum::Verdict;
using std::chrono::hours;
using std::chrono::minutes;

constexpr EventId kEvent{7};
const Instant kNow = parse_utc("2017-10-09T10:15:00Z").value();

datum::FireEvent event() {
  datum::FireEvent fire;
  fire.id = kEvent;
  fire.centre = {38.6, -122.6};
  return fire;
}

Prior prior(double probability, datum::DangerClass danger) {
  return {.probability = Probability(probability),
          .danger = danger,
          .as_of = kNow - hours(3),
          .source = "FWI 38"};
}

Evidence seen(std::string source, double probability, Duration age = minutes(5),
              EvidenceKind kind = EvidenceKind::kMeasured) {
  Evidence piece;
  piece.event = kEvent;
  piece.kind = kind;
  piece.time = kNow - age;
  piece.probability = Probability(probability);
  piece.reliability = Fraction(0.9);
  piece.source = std::move(source);
  piece.detail = "12 pixels, 340 MW";
  piece.observations = {ObservationId(std::hash<std::string>{}(piece.source))};
  return piece;
}

Finding judged(const Prior& p, const std::vector<Evidence>& evidence) {
  return judge(NodeId(1), event(), p, evidence, kNow);
}

TEST_CASE("clear evidence on a dangerous day is a fire") {
  const Finding finding = judged(prior(0.05, datum::DangerClass::kExtreme), {seen("VIIRS N20", 0.99)});
  CHECK(finding.verdict == Verdict::kFire);
  CHECK(finding.measured);
  CHECK(finding.by == NodeId(1));
  CHECK(finding.interval.low < finding.probability.value());
  CHECK(finding.interval.high > finding.probability.value());
  REQUIRE(finding.reasons.size() == 2);
  CHECK(finding.reasons[0].source == "VIIRS N20");
  CHECK(finding.reasons[0].age == minutes(5));
  CHECK(finding.reasons[1].source == "prior");
  CHECK(finding.reasons[1].text_en == "Before any look: chance of fire 5 %, danger extreme (FWI 38)");
  CHECK(finding.reasons[1].text_zh.find("火险等级极高") != std::string::npos);
}

TEST_CASE("a low-danger day needs more") {
  const std::vector<Evidence> evidence = {seen("VIIRS N20", 0.97)};
  const Finding dry = judged(prior(0.05, datum::DangerClass::kExtreme), evidence);
  const Finding wet = judged(prior(0.05, datum::DangerClass::kLow), evidence);
  CHECK(dry.probability == wet.probability);
  CHECK(dry.threshold < wet.threshold);
  CHECK(dry.verdict == Verdict::kFire);
  CHECK(wet.verdict == Verdict::kNoFire);
}

TEST_CASE("old evidence counts less") {
  const Prior p = prior(0.05, datum::DangerClass::kHigh);
  CHECK(judged(p, {seen("A", 0.99, hours(12))}).probability < judged(p, {seen("A", 0.99)}).probability);
  const Finding ancient = judged(p, {seen("A", 0.99, hours(80))});
  CHECK(ancient.probability == judged(p, {}).probability);
  CHECK(ancient.verdict == Verdict::kAbstained);
}

TEST_CASE("with the prior at full weight it is Bayes' rule") {
  JudgeOptions options;
  options.prior_weight = 1.0;
  Evidence certain = seen("A", 0.8, minutes(0));
  certain.reliability = Fraction(1.0);
  const Finding finding =
      judge(NodeId(1), event(), prior(0.1, datum::DangerClass::kHigh), {&certain, 1}, kNow, options);
  CHECK(finding.probability.value() == doctest::Approx(4.0 / 13.0).epsilon(1e-5));  // odds 1:9 times 4
}

TEST_CASE("half of the weight is left after one half-life") {
  const JudgeOptions options;
  const Prior even = prior(0.5, datum::DangerClass::kHigh);
  const double fresh = log_odds(judged(even, {seen("A", 0.8, minutes(0))}).probability);
  const double aged = log_odds(judged(even, {seen("A", 0.8, options.half_life)}).probability);
  CHECK(aged == doctest::Approx(fresh / 2).epsilon(1e-5));
}

TEST_CASE("a clock a little ahead is forgiven, one far ahead is not believed") {
  const Prior p = prior(0.05, datum::DangerClass::kHigh);
  CHECK(judged(p, {seen("A", 0.99, -minutes(4))}).probability ==
        judged(p, {seen("A", 0.99, minutes(0))}).probability);
  CHECK(judged(p, {seen("A", 0.99, -minutes(6))}).verdict == Verdict::kAbstained);
}

TEST_CASE("thin evidence: no judgement") {
  const Finding finding = judged(prior(0.05, datum::DangerClass::kHigh), {seen("A", 0.6)});
  CHECK(finding.verdict == Verdict::kAbstained);
  CHECK(finding.reasons.back().text_en == "Abstains: the evidence is too thin to say");
  CHECK(judged(prior(0.05, datum::DangerClass::kHigh), {}).verdict == Verdict::kAbstained);
}

TEST_CASE("conflicting evidence: no judgement") {
  const Finding finding =
      judged(prior(0.2, datum::DangerClass::kExtreme), {seen("A", 0.99), seen("B", 0.95), seen("C", 0.02)});
  CHECK(finding.verdict == Verdict::kAbstained);
  CHECK(finding.reasons.back().text_en.starts_with("Abstains: evidence conflicts"));
}

TEST_CASE("models and filled-in values alone never make a fire") {
  std::vector<Evidence> evidence;
  for (const char* source : {"A", "B", "C", "D", "E"})
    evidence.push_back(seen(source, 0.999, minutes(1), EvidenceKind::kModelled));
  evidence.push_back(seen("F", 0.999, minutes(1), EvidenceKind::kEstimated));
  const Finding finding = judged(prior(0.5, datum::DangerClass::kExtreme), evidence);
  CHECK(finding.probability > finding.threshold);
  CHECK(finding.verdict == Verdict::kAbstained);
  CHECK_FALSE(finding.measured);

  evidence.push_back(seen("G", 0.45));  // measured, but it does not speak for fire
  CHECK(judged(prior(0.5, datum::DangerClass::kExtreme), evidence).verdict == Verdict::kAbstained);
  evidence.push_back(seen("H", 0.9));
  CHECK(judged(prior(0.5, datum::DangerClass::kExtreme), evidence).verdict == Verdict::kFire);
}

TEST_CASE("a persistent heat source lowers the probability and says so") {
  datum::FireEvent warm = event();
  warm.persistent_source = true;
  const std::vector<Evidence> evidence = {seen("A", 0.99)};
  const Prior p = prior(0.05, datum::DangerClass::kExtreme);
  const Finding finding = judge(NodeId(1), warm, p, evidence, kNow);
  CHECK(finding.probability < judged(p, evidence).probability);
  CHECK(finding.verdict == Verdict::kNoFire);
  CHECK(std::any_of(finding.reasons.begin(), finding.reasons.end(),
                    [](const auto& r) { return r.source == "persistent heat source"; }));
}

TEST_CASE("a relayed copy under another name counts once") {
  const Prior p = prior(0.05, datum::DangerClass::kHigh);
  Evidence relayed = seen("A", 0.99);
  relayed.source = "A via node 9";
  CHECK(judged(p, {seen("A", 0.99), relayed}).probability == judged(p, {seen("A", 0.99)}).probability);
}

TEST_CASE("two passes of one instrument are one source, its strongest pass") {
  const Prior p = prior(0.05, datum::DangerClass::kHigh);
  Evidence earlier_pass = seen("A", 0.97, hours(2));
  earlier_pass.observations = {ObservationId(99)};
  const Finding finding = judged(p, {earlier_pass, seen("A", 0.99)});
  CHECK(finding.probability == judged(p, {seen("A", 0.99)}).probability);
}

TEST_CASE("two instruments are two sources") {
  const Prior p = prior(0.05, datum::DangerClass::kHigh);
  CHECK(judged(p, {seen("A", 0.9), seen("B", 0.9)}).probability > judged(p, {seen("A", 0.9)}).probability);
}

TEST_CASE("what is no number or of another event is left out") {
  Evidence broken = seen("A", 0.99);
  broken.probability = Probability(std::nan(""));
  Evidence other = seen("B", 0.99);
  other.event = EventId(8);
  Evidence unreliable = seen("C", 0.99);
  unreliable.reliability = Fraction(2.0);
  const Finding finding = judged(prior(0.05, datum::DangerClass::kHigh), {broken, other, unreliable});
  CHECK(finding.verdict == Verdict::kAbstained);
  CHECK(finding.reasons.size() == 2);  // the prior, and why it abstains
}

TEST_CASE("certain evidence is bounded") {
  const Finding finding = judged(prior(0.05, datum::DangerClass::kHigh), {seen("A", 1.0)});
  CHECK(finding.probability.value() < 1.0);
  CHECK(finding.reasons[0].log_odds <= JudgeOptions{}.log_odds_max);
}

TEST_CASE("reasons are bounded, an abstention is never cut") {
  std::vector<Evidence> evidence;
  for (int i = 0; i < 40; ++i)
    evidence.push_back(seen("source " + std::to_string(i), 0.97, minutes(1), EvidenceKind::kModelled));
  const Finding finding = judged(prior(0.5, datum::DangerClass::kExtreme), evidence);
  CHECK(finding.reasons.size() == kReasonsMax);
  CHECK(finding.reasons.back().text_en.starts_with("Abstains"));
}

TEST_CASE("options are checked") {
  CHECK(JudgeOptions{}.validate());
  JudgeOptions rising;
  rising.thresholds[4] = Probability(0.99);
  CHECK_FALSE(rising.validate());
  JudgeOptions timeless;
  timeless.half_life = {};
  CHECK_FALSE(timeless.validate());
}

}  // namespace
}  // namespace skywarden::reasoning
