#include "reasoning/explain.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace skywarden::reasoning {
namespace {

datum::Finding example() {
  datum::Finding finding;
  finding.by = NodeId(3);
  finding.event = EventId(0xabc);
  finding.time = parse_utc("2017-10-09T10:15:00Z").value();
  finding.verdict = datum::Verdict::kFire;
  finding.probability = Probability(0.9712);
  finding.interval = {0.9, 0.995};
  finding.threshold = Probability(0.7);
  finding.danger = datum::DangerClass::kVeryHigh;
  finding.measured = true;
  finding.reasons = {{datum::EvidenceKind::kMeasured, 3.2, "VIIRS N20", "VIIRS N20: 12 pixels, 340 MW",
                      "VIIRS N20：12个像元，340兆瓦", std::chrono::minutes(14)}};
  finding.observations = {ObservationId(1), ObservationId(0xffffffffffffffffULL)};
  return finding;
}

TEST_CASE("a reason becomes a sentence in both languages") {
  const datum::Reason reason = example().reasons[0];
  CHECK(sentence(reason, Language::kEnglish) ==
        "VIIRS N20: 12 pixels, 340 MW, 14 min ago; speaks strongly for fire.");
  CHECK(sentence(reason, Language::kChinese) == "VIIRS N20：12个像元，340兆瓦，14分钟前；有力支持起火。");
}

TEST_CASE("the decision path begins with the verdict and how sure it is") {
  const auto english = explain(example(), Language::kEnglish);
  REQUIRE(english.size() == 3);
  CHECK(english[0] == "Judged to be a fire.");
  CHECK(english[1] ==
        "Probability 97 % (90 % interval 90 % to 99.5 %); a day of very high danger asks for 70 %.");
  const auto chinese = explain(example(), Language::kChinese);
  CHECK(chinese[1] == "概率97%（90%区间90%至99.5%）；火险等级很高时的判定门槛为70%。");
}

TEST_CASE("a probability under the threshold is not yet called no fire") {
  datum::Finding finding = example();
  finding.verdict = datum::Verdict::kNoFire;
  finding.probability = Probability(0.6);
  CHECK(explain(finding, Language::kEnglish)[0] == "Not sure enough to be called a fire.");
  finding.probability = Probability(0.02);
  CHECK(explain(finding, Language::kEnglish)[0] == "Judged to be no fire.");
}

TEST_CASE("a decision is one line of JSON with keys in a fixed order") {
  const std::string line = decision_json(example());
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.starts_with(
      R"({"time":"2017-10-09T10:15:00.000Z","event":"0000000000000abc","node":3,"verdict":"fire",)"
      R"("probability":0.9712,"low":0.9,"high":0.995,"threshold":0.7,"danger":"very high",)"));
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["observations"][1] == "ffffffffffffffff");
  CHECK(parsed["reasons"][0]["age_s"] == 840);
}

TEST_CASE("foreign bytes in a source do not break the line") {
  datum::Finding finding = example();
  finding.reasons[0].source = "bad \xff\n bytes";
  finding.reasons[0].text_en = "bad \xff\n bytes";
  const std::string line = decision_json(finding);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(nlohmann::json::accept(line));
}

TEST_CASE("what is not certain is never called 0 % or 100 %") {
  CHECK(percent(0.0, Language::kEnglish) == "0 %");
  CHECK(percent(1.0, Language::kEnglish) == "100 %");
  CHECK(percent(0.99999, Language::kEnglish) == "over 99.9 %");
  CHECK(percent(0.00001, Language::kChinese) == "不足0.1%");
  CHECK(percent(0.996, Language::kEnglish) == "99.6 %");
  CHECK(percent(0.004, Language::kEnglish) == "0.4 %");
}

TEST_CASE("ages in words") {
  using namespace std::chrono;
  CHECK(age_words(seconds(20), Language::kEnglish) == "just now");
  CHECK(age_words(minutes(59), Language::kEnglish) == "59 min ago");
  CHECK(age_words(minutes(120), Language::kEnglish) == "2 h ago");
  CHECK(age_words(minutes(135), Language::kChinese) == "2小时15分钟前");
  CHECK(age_words(hours(75), Language::kEnglish) == "3 days ago");
}

TEST_CASE("detection's phrases in Chinese") {
  CHECK(detail_in_chinese("12 pixels, 340 MW") == "12个像元，340兆瓦");
  CHECK(detail_in_chinese("1 pixel") == "1个像元");
  CHECK(detail_in_chinese("12 pixels in 2 passes, 340 MW, 38 K over background, may be sunglint") ==
        "12个像元，2次过境，340兆瓦，38K（高出背景），可能是水面反光");
  CHECK(detail_in_chinese("passenger 3") == "passenger 3");
  CHECK(detail_in_chinese("") == "");
}

}  // namespace
}  // namespace skywarden::reasoning
