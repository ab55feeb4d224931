#include "fusion/evidence_pool.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"
#include "fusion/synthetic_reports.h"

using namespace skywarden;
using namespace skywarden::fusion;

namespace {

struct Drawn {
  std::vector<Opinions> opinions;
  Labels labels;
};

// Two independent honest sources, a copy of the first, and one that says nothing.
Drawn draw(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Drawn out{std::vector<Opinions>(4), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const bool yes = random.chance(0.3);
    out.labels.emplace_back(yes);
    // Normal with means ±1 and deviation 1: the log-likelihood ratio of x is 2x.
    const double a = 2.0 * random.normal(yes ? 1.0 : -1.0, 1.0),
                 b = 2.0 * random.normal(yes ? 1.0 : -1.0, 1.0);
    out.opinions[0].emplace_back(a);
    out.opinions[1].push_back(random.chance(0.3) ? std::nullopt : std::optional(b));
    out.opinions[2].emplace_back(a);
    out.opinions[3].emplace_back(random.normal(0.0, 2.0));
  }
  return out;
}

}  // namespace

TEST_CASE("honest independent sources count nearly fully, a copy shares, noise hardly counts") {
  const Drawn drawn = draw(4'000, 1);
  const EvidencePool pool(drawn.opinions, drawn.labels);
  CHECK(pool.shares()[1] > 0.8);
  CHECK(pool.shares()[0] + pool.shares()[2] > 0.8);
  CHECK(pool.shares()[0] + pool.shares()[2] < 1.2);
  CHECK(pool.shares()[3] < 0.15);
  CHECK(pool.prior() == doctest::Approx(std::log(0.3 / 0.7)).epsilon(0.3));
}

TEST_CASE("stated probabilities hold, contributions add up, missing sources add nothing") {
  const Drawn learnt = draw(4'000, 2), fresh = draw(4'000, 3);
  const EvidencePool pool(learnt.opinions, learnt.labels);
  double stated = 0.0, held = 0.0, all = 0.0;
  for (std::size_t r = 0; r < fresh.labels.size(); ++r) {
    const std::vector<std::optional<double>> said{fresh.opinions[0][r], fresh.opinions[1][r],
                                                  fresh.opinions[2][r], fresh.opinions[3][r]};
    const Fused fused = pool.pool(said);
    double sum = fused.prior;
    for (const double each : fused.contributions) sum += each;
    CHECK(fused.probability == doctest::Approx(1.0 / (1.0 + std::exp(-sum))));
    CHECK(fused.low <= fused.probability);
    CHECK(fused.high >= fused.probability);
    if (!said[1]) CHECK(fused.contributions[1] == 0.0);
    if (fused.probability < 0.6 || fused.probability > 0.9) continue;
    stated += fused.probability;
    held += *fresh.labels[r] ? 1.0 : 0.0;
    all += 1.0;
  }
  REQUIRE(all > 200.0);
  CHECK(held / all == doctest::Approx(stated / all).epsilon(0.07));
  const Fused silent = pool.pool(std::vector<std::optional<double>>(4));
  CHECK(silent.probability == doctest::Approx(1.0 / (1.0 + std::exp(-pool.prior()))));
}

TEST_CASE("without answers of both kinds nothing is learnt and nothing breaks") {
  const std::vector<Opinions> opinions{Opinions(3, 2.0)};
  const EvidencePool pool(opinions, Labels{true, true, std::nullopt});
  CHECK(pool.prior() == 0.0);
  CHECK(pool.shares()[0] == 0.5);
}

TEST_CASE("area under the curve, by hand") {
  CHECK(area_under_curve(std::vector<double>{1, 2, 3, 4}, {false, false, true, true}) == 1.0);
  CHECK(area_under_curve(std::vector<double>{4, 3, 2, 1}, {false, false, true, true}) == 0.0);
  CHECK(area_under_curve(std::vector<double>{1, 1, 1, 1}, {false, true, false, true}) == 0.5);
  CHECK(area_under_curve(std::vector<double>{1, 2, 2, 3}, {false, false, true, true}) == 0.875);
  CHECK(area_under_curve(std::vector<double>{}, {}) == 0.5);
}

TEST_CASE("synthetic reports: words and sensors each tell something, both more") {
  const auto reports = draw_reports(3'000, 4);
  Labels labels;
  std::vector<std::optional<std::string>> texts;
  std::vector<std::vector<std::optional<double>>> columns(4);
  std::size_t scenes = 0;
  for (const SyntheticReport& each : reports) {
    labels.emplace_back(each.fire);
    texts.push_back(each.report);
    columns[0].push_back(each.temperature);
    columns[1].push_back(each.humidity);
    columns[2].push_back(each.eco2);
    columns[3].push_back(each.wind);
    scenes += each.scene ? 1 : 0;
  }
  CHECK(scenes > reports.size() / 2);
  const std::vector<Opinions> opinions{opinions_of(text_source("t", texts), labels),
                                       opinions_of(number_source("n", columns), labels)};
  const auto area = [&](const std::vector<Opinions>& from) {
    const EvidencePool pool(from, labels);
    std::vector<double> scores;
    std::vector<bool> yes;
    for (std::size_t r = 0; r < labels.size(); ++r) {
      std::vector<std::optional<double>> said;
      for (const Opinions& each : from) said.push_back(each[r]);
      scores.push_back(pool.pool(said).probability);
      yes.push_back(*labels[r]);
    }
    return area_under_curve(scores, yes);
  };
  const double words = area({opinions[0]}), sensors = area({opinions[1]}), both = area(opinions);
  CHECK(words > 0.7);
  CHECK(sensors > 0.65);
  CHECK(both > words + 0.03);
  CHECK(both > sensors + 0.03);
}
