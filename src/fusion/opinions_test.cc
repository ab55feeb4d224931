#include "fusion/opinions.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "fusion/evidence_pool.h"

using namespace skywarden;
using namespace skywarden::fusion;

namespace {

double area_of(const Opinions& opinions, const Labels& labels) {
  std::vector<double> scores;
  std::vector<bool> yes;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (!labels[r] || !opinions[r]) continue;
    scores.push_back(*opinions[r]);
    yes.push_back(*labels[r]);
  }
  return area_under_curve(scores, yes);
}

}  // namespace

TEST_CASE("text and numbers that tell are opinions, those that do not are none") {
  Random random(1);
  Labels labels;
  std::vector<std::optional<std::string>> texts, noise;
  std::vector<std::optional<double>> column;
  for (int i = 0; i < 800; ++i) {
    const bool yes = random.chance(0.3);
    labels.emplace_back(yes);
    texts.emplace_back(yes ? (i % 2 ? "看到浓烟" : "smoke column") : (i % 2 ? "一切正常" : "all quiet"));
    noise.emplace_back("word" + std::to_string(random.below(200)));
    column.emplace_back(random.normal(yes ? 2.0 : 0.0, 1.0));
  }
  CHECK(area_of(opinions_of(text_source("t", texts), labels), labels) > 0.98);
  CHECK(area_of(opinions_of(number_source("n", {column}), labels), labels) > 0.85);
  // Nobody is judged by what learnt from it, so noise stays noise.
  const double area = area_of(opinions_of(text_source("x", noise), labels), labels);
  CHECK(area > 0.4);
  CHECK(area < 0.6);
}

TEST_CASE("missing, empty and broken texts are no opinions; without both answers nobody has one") {
  const Labels labels{true, false, true, false, std::nullopt, true, false,
                      true, false, true, false, true,         false};
  std::vector<std::optional<std::string>> texts(labels.size(), "fire");
  texts[0] = std::nullopt;
  texts[1] = "";
  texts[2] = "\xFF";
  const Opinions said = opinions_of(text_source("t", texts), labels);
  CHECK_FALSE(said[0].has_value());
  CHECK_FALSE(said[1].has_value());
  CHECK_FALSE(said[2].has_value());
  CHECK(said[4].has_value());  // its answer is not known; it is judged all the same
  for (const auto& each : opinions_of(text_source("t", texts), Labels(labels.size(), true)))
    CHECK_FALSE(each.has_value());
  for (const auto& each : said)
    if (each) CHECK(std::abs(*each) <= kOpinionMax);
}
