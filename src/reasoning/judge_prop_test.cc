#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "reasoning/independent.h"
#include "reasoning/judge.h"

namespace skywarden::reasoning {
namespace {

using datum::Evidence;
using datum::EvidenceKind;
using datum::Finding;

const Instant kNow = parse_utc("2017-10-09T10:15:00Z").value();

// Few sources and observations, so that pieces really collide.
Evidence arbitrary_evidence(int low_percent, int high_percent) {
  Evidence piece;
  piece.event = EventId(1);
  piece.kind = static_cast<EvidenceKind>(*rc::gen::inRange(0, 3));
  piece.time = kNow - std::chrono::minutes(*rc::gen::inRange(0, 1500));
  piece.probability = Probability(*rc::gen::inRange(low_percent, high_percent) / 100.0);
  piece.reliability = Fraction(*rc::gen::inRange(0, 101) / 100.0);
  piece.source = std::string(1, static_cast<char>('A' + *rc::gen::inRange(0, 5)));
  for (std::uint64_t id = 1; id <= 8; ++id)
    if (*rc::gen::inRange(0, 4) == 0) piece.observations.push_back(ObservationId(id));
  return piece;
}

std::vector<Evidence> arbitrary_pieces() {
  std::vector<Evidence> pieces;
  for (int n = *rc::gen::inRange(0, 12); n > 0; --n) pieces.push_back(arbitrary_evidence(1, 100));
  return pieces;
}

Finding judged(const std::vector<Evidence>& evidence, datum::DangerClass danger) {
  datum::FireEvent event;
  event.id = EventId(1);
  const datum::Prior prior{
      .probability = Probability(0.04), .danger = danger, .as_of = kNow, .source = "test"};
  return judge(NodeId(1), event, prior, evidence, kNow);
}

datum::DangerClass arbitrary_danger() {
  return static_cast<datum::DangerClass>(*rc::gen::inRange(0, 5));
}

TEST_CASE("one more piece for fire never lowers the probability") {
  CHECK(rc::check("monotone", [] {
    std::vector<Evidence> evidence = arbitrary_pieces();
    const double before = judged(evidence, datum::DangerClass::kHigh).probability.value();
    evidence.push_back(arbitrary_evidence(50, 101));
    RC_ASSERT(judged(evidence, datum::DangerClass::kHigh).probability.value() >= before);
  }));
}

TEST_CASE("one more piece against fire never raises it") {
  CHECK(rc::check("monotone down", [] {
    std::vector<Evidence> evidence = arbitrary_pieces();
    const double before = judged(evidence, datum::DangerClass::kHigh).probability.value();
    evidence.push_back(arbitrary_evidence(0, 51));
    RC_ASSERT(judged(evidence, datum::DangerClass::kHigh).probability.value() <= before);
  }));
}

TEST_CASE("the order of evidence does not matter") {
  CHECK(rc::check("order", [] {
    std::vector<Evidence> evidence = arbitrary_pieces();
    const auto danger = arbitrary_danger();
    const Finding first = judged(evidence, danger);
    std::vector<Evidence> other;
    while (!evidence.empty()) {
      const auto at = *rc::gen::inRange<std::size_t>(0, evidence.size());
      other.push_back(evidence[at]);
      evidence.erase(evidence.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const Finding second = judged(other, danger);
    RC_ASSERT(first.probability == second.probability);
    RC_ASSERT(first.interval == second.interval);
    RC_ASSERT(first.verdict == second.verdict);
    RC_ASSERT(first.observations == second.observations);
    RC_ASSERT(first.reasons.size() == second.reasons.size());
    for (std::size_t i = 0; i < first.reasons.size(); ++i)
      RC_ASSERT(first.reasons[i].text_en == second.reasons[i].text_en);
  }));
}

TEST_CASE("relaying an observation twice changes nothing") {
  CHECK(rc::check("relay", [] {
    std::vector<Evidence> evidence = arbitrary_pieces();
    RC_PRE(!evidence.empty());
    const Finding once = judged(evidence, datum::DangerClass::kHigh);
    Evidence copy = evidence[*rc::gen::inRange<std::size_t>(0, evidence.size())];
    const bool renamed = !copy.observations.empty() && *rc::gen::arbitrary<bool>();
    if (renamed) copy.source += " via node 9";
    evidence.push_back(copy);
    const Finding twice = judged(evidence, datum::DangerClass::kHigh);
    // A renamed copy is still one of the pieces that share its observations, but it is freed from its source:
    // another piece of that source may then count beside it, so only the plain copy is compared in full.
    if (!renamed || evidence.size() == 2) RC_ASSERT(twice.probability == once.probability);
    if (!renamed) RC_ASSERT(twice.verdict == once.verdict);
  }));
}

TEST_CASE("modelled and filled-in evidence alone never says fire") {
  CHECK(rc::check("modelled alone", [] {
    std::vector<Evidence> evidence = arbitrary_pieces();
    for (Evidence& piece : evidence)
      if (piece.kind == EvidenceKind::kMeasured) piece.kind = EvidenceKind::kModelled;
    const Finding finding = judged(evidence, arbitrary_danger());
    RC_ASSERT(finding.verdict != datum::Verdict::kFire);
    RC_ASSERT(!finding.measured);
  }));
}

TEST_CASE("the interval holds the probability, and both stay inside 0 and 1") {
  CHECK(rc::check("interval", [] {
    const Finding finding = judged(arbitrary_pieces(), arbitrary_danger());
    RC_ASSERT(finding.interval.low > 0.0 && finding.interval.high < 1.0);
    RC_ASSERT(finding.interval.low <= finding.probability.value());
    RC_ASSERT(finding.probability.value() <= finding.interval.high);
  }));
}

// Every subset: the slow and obvious version.
std::int64_t heaviest_by_trying(const std::vector<Piece>& pieces) {
  std::int64_t best = 0;
  for (std::size_t set = 0; set < (std::size_t{1} << pieces.size()); ++set) {
    std::int64_t weight = 0;
    bool allowed = true;
    for (std::size_t i = 0; i < pieces.size() && allowed; ++i) {
      if ((set >> i & 1) == 0) continue;
      weight += pieces[i].weight;
      for (std::size_t j = 0; j < i && allowed; ++j) {
        if ((set >> j & 1) == 0) continue;
        allowed = pieces[i].source != pieces[j].source &&
                  std::none_of(pieces[i].observations.begin(), pieces[i].observations.end(), [&](auto id) {
                    return std::find(pieces[j].observations.begin(), pieces[j].observations.end(), id) !=
                           pieces[j].observations.end();
                  });
      }
    }
    if (allowed) best = std::max(best, weight);
  }
  return best;
}

TEST_CASE("the heaviest independent set is the one that trying all finds") {
  CHECK(rc::check("exact", [] {
    const std::vector<Evidence> evidence = arbitrary_pieces();
    std::vector<Piece> pieces;
    for (const Evidence& e : evidence) pieces.push_back({*rc::gen::inRange(1, 20), e.source, e.observations});
    std::sort(pieces.begin(), pieces.end(),
              [](const Piece& a, const Piece& b) { return a.weight > b.weight; });
    std::int64_t weight = 0;
    for (const std::size_t i : heaviest_independent(pieces)) weight += pieces[i].weight;
    RC_ASSERT(weight == heaviest_by_trying(pieces));
  }));
}

}  // namespace
}  // namespace skywarden::reasoning
