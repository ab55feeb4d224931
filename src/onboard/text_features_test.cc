#include "onboard/text_features.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

double likeness(const std::vector<TextFeature>& a, const std::vector<TextFeature>& b) {
  double dot = 0.0, left = 0.0, right = 0.0;
  for (const TextFeature& x : a) {
    left += double{x.weight} * x.weight;
    for (const TextFeature& y : b)
      if (x.place == y.place) dot += double{x.weight} * y.weight;
  }
  for (const TextFeature& y : b) right += double{y.weight} * y.weight;
  return dot / std::sqrt(left * right);
}

double likeness(std::string_view a, std::string_view b) {
  const TextOptions wide{.bits = 16};
  return likeness(text_features(a, wide), text_features(b, wide));
}

}  // namespace

TEST_CASE("case, width and word order matter little, other words do") {
  CHECK(text_features("Smoke in the NORTH") == text_features("smoke in the north"));
  CHECK(text_features("ДЫМ на СЕВЕРЕ") == text_features("дым на севере"));
  CHECK(text_features("\xEF\xBC\xA6\xEF\xBC\xA9\xEF\xBC\xB2\xEF\xBC\xA5") ==
        text_features("fire"));  // full-width
  CHECK(text_features("north smoke") == text_features("smoke, north!"));
  CHECK(likeness("smoke in the north", "smoke to the north") > 0.6);
  CHECK(likeness("smoke in the north", "the road is closed") < 0.4);
  CHECK(likeness("tropical storm", "tropical storms") > 0.7);  // by runs of characters
}

TEST_CASE("Chinese is compared by characters and pairs") {
  CHECK(likeness("北坡有浓烟", "北坡发现浓烟") > 0.4);
  CHECK(likeness("北坡有浓烟", "道路已经关闭") < 0.2);
  CHECK(likeness("北坡有火", "fire seen") > 0.0);  // both report fire, by the class of the word
}

TEST_CASE("empty text, broken bytes and endless text end in few features or none") {
  CHECK(text_features("").empty());
  CHECK(text_features("  ,. !").empty());
  CHECK(text_features("\xFF\xFE smoke").empty());
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += std::to_string(i) + " ";
  CHECK(text_features(words).size() <= TextOptions{}.places());
  std::string cut(4095, 'a');
  cut += "烟";  // the limit falls inside this character
  CHECK_FALSE(text_features(cut).empty());
}

TEST_CASE("any bytes give places within bounds and finite weights, the same twice") {
  Random random(5);
  const TextOptions options{.bits = 8};
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (std::size_t i = 0; i < random.below(40); ++i) text += static_cast<char>(random.below(256));
    const auto features = text_features(text, options);
    CHECK(features == text_features(text, options));
    for (const TextFeature& each : features) {
      CHECK(each.place < options.places());
      CHECK(std::isfinite(each.weight));
    }
  }
}

TEST_CASE("rare words weigh more, and a weighed text has length 1") {
  const TextOptions options{.bits = 16, .ngrams = false, .classes = false};
  TextWeights weights(options);
  for (int i = 0; i < 100; ++i)
    weights.learn(text_features(i < 3 ? "report smoke" : "report nothing", options));
  const auto weighed = weights.weigh(text_features("report smoke", options));
  REQUIRE(weighed.size() == 2);
  const auto common = text_features("report", options);
  double square = 0.0, of_report = 0.0, of_smoke = 0.0;
  for (const TextFeature& each : weighed) {
    square += double{each.weight} * each.weight;
    (each.place == common[0].place ? of_report : of_smoke) = std::abs(each.weight);
  }
  CHECK(square == doctest::Approx(1.0));
  CHECK(of_smoke > 2.0 * of_report);
  CHECK(weights.weigh({}).empty());
}
