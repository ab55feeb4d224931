#include "wildfire/alert_text.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_example.h"

namespace skywarden::wildfire {
namespace {

using datum::ProposalKind;

TEST_CASE("areas in hectares and acres") {
  CHECK(area_words(12'432'000, Language::kEnglish) == "1,240 ha (3,070 acres)");
  CHECK(area_words(12'432'000, Language::kChinese) == "1,240公顷（3,070英亩）");
  CHECK(area_words(148'950'000, Language::kEnglish) == "14,900 ha (36,800 acres)");
  CHECK(area_words(140'625, Language::kEnglish) == "14 ha (35 acres)");
  CHECK(area_words(4'000, Language::kEnglish) == "0.4 ha (1.0 acres)");
  CHECK(area_words(0, Language::kEnglish) == "0.0 ha (0.0 acres)");
}

TEST_CASE("places, distances and directions") {
  const std::vector<Place> calistoga = {{"Calistoga", "卡利斯托加", {38.5788, -122.5797}, 5200}};
  CHECK(location_words({38.6083, -122.6236}, calistoga, Language::kEnglish) ==
        "5 km (3 mi) north-west of Calistoga");
  CHECK(location_words({38.6083, -122.6236}, calistoga, Language::kChinese) == "卡利斯托加西北约5公里处");
  CHECK(location_words({38.6788, -122.5797}, calistoga, Language::kChinese) == "卡利斯托加以北约11公里处");
  CHECK(location_words({38.58, -122.58}, calistoga, Language::kEnglish) == "at Calistoga");
  CHECK(location_words({38.58, -122.58}, calistoga, Language::kChinese) == "卡利斯托加附近");
  CHECK(location_words({-33.5, 150.25}, calistoga, Language::kEnglish) == "at 33.5000° S, 150.2500° E");
  CHECK(location_words({-33.5, 150.25}, {}, Language::kChinese) == "33.5000° S, 150.2500° E");
}

TEST_CASE("headlines") {
  const auto headline = [](std::uint32_t sequence, ProposalKind kind, Language language,
                           bool exercise = true) {
    std::vector<Place> places = example::places();
    places.erase(places.begin() + 3);
    return text_of(example::alert(sequence, kind), places, language, {.exercise = exercise}).headline;
  };
  CHECK(headline(0, ProposalKind::kAlert, Language::kEnglish) ==
        "EXERCISE: Wildfire 5 km (3 mi) north-west of Calistoga, up to 1,240 ha (3,070 acres)");
  CHECK(headline(0, ProposalKind::kAlert, Language::kEnglish, false) ==
        "Wildfire 5 km (3 mi) north-west of Calistoga, up to 1,240 ha (3,070 acres)");
  CHECK(headline(0, ProposalKind::kAlert, Language::kChinese) ==
        "【演练】卡利斯托加西北约5公里处发现山火，面积至多1,240公顷（3,070英亩）");
  CHECK(headline(1, ProposalKind::kUpdate, Language::kEnglish) ==
        "EXERCISE: Update: wildfire 5 km (3 mi) north-west of Calistoga, up to 1,240 ha (3,070 acres)");
  CHECK(headline(2, ProposalKind::kCancel, Language::kEnglish) ==
        "EXERCISE: Cancelled: no wildfire 5 km (3 mi) north-west of Calistoga");
  CHECK(headline(2, ProposalKind::kCancel, Language::kChinese) ==
        "【演练】解除：卡利斯托加西北约5公里处未发现山火");
}

TEST_CASE("what is less sure is said less surely") {
  datum::Alert alert = example::alert();
  alert.proposal.probability_ppm = 750'000;
  CHECK(text_of(alert, {}, Language::kEnglish)
            .headline.starts_with("EXERCISE: Probable wildfire at 38.6083° N"));
  alert.proposal.probability_ppm = 400'000;
  CHECK(text_of(alert, {}, Language::kEnglish).headline.starts_with("EXERCISE: Possible wildfire"));
}

TEST_CASE("the description names who is near, why, and local time") {
  const AlertText text =
      text_of(example::alert(), example::places(), Language::kEnglish, {.utc_offset_min = -420});
  CHECK(text.description.find("At 21:58 local time on 8 October 2017 (04:58 UTC)") != std::string::npos);
  CHECK(text.description.find("Franz Valley, inside the area") != std::string::npos);
  CHECK(text.description.find("Calistoga (5,200 people), 2 km (1.3 mi) from its edge") != std::string::npos);
  CHECK(text.description.find("Santa Rosa (167,800 people)") != std::string::npos);  // not near, but large
  CHECK(text.description.find("Why: VIIRS N20: 12 pixels in 2 passes, 340 MW, 14 min ago") !=
        std::string::npos);
  CHECK(text.description.find("Before any look") == std::string::npos);
  CHECK(text.description.find("not been confirmed on the ground") != std::string::npos);
}

TEST_CASE("texts of both languages are whole and valid") {
  for (const auto kind : {ProposalKind::kAlert, ProposalKind::kUpdate, ProposalKind::kCancel})
    for (const auto language : {Language::kEnglish, Language::kChinese})
      for (std::uint8_t danger = 0; danger < 5; ++danger) {
        datum::Alert alert = example::alert(1, kind);
        alert.proposal.danger = danger;
        const AlertText text = text_of(alert, example::places(), language);
        for (const std::string* part :
             {&text.event, &text.headline, &text.description, &text.instruction, &text.area}) {
          CHECK(!part->empty());
          CHECK(is_valid_utf8(*part));
          CHECK(part->find("{}") == std::string::npos);
        }
        CHECK(text.headline.size() <= 160);
      }
}

TEST_CASE("rings are counter-clockwise whichever way the outline runs") {
  datum::Proposal p = example::alert().proposal;
  const auto straight = area_rings(p);
  std::reverse(p.outline.begin(), p.outline.end());
  const auto turned = area_rings(p);
  REQUIRE(straight.size() == 1);
  REQUIRE(turned.size() == 1);
  CHECK(straight[0].size() == 5);
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < turned[0].size(); ++i)
    sum += turned[0][i].lon_deg * turned[0][i + 1].lat_deg - turned[0][i + 1].lon_deg * turned[0][i].lat_deg;
  CHECK(sum > 0.0);
}

TEST_CASE("distance from an area") {
  const datum::Ring square = {{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}};
  CHECK(contains(square, {0.5, 0.5}));
  CHECK_FALSE(contains(square, {1.5, 0.5}));
  CHECK(distance_from(square, {0.5, 0.5}).value() == 0.0);
  CHECK(distance_from(square, {0.5, 1.1}).value() == doctest::Approx(11119.5).epsilon(0.001));
  CHECK(distance_from(square, {1.1, 1.1}).value() == doctest::Approx(15725).epsilon(0.01));
}

}  // namespace
}  // namespace skywarden::wildfire
