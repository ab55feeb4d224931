#include "reasoning/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace skywarden::reasoning {
namespace {

using datum::EvidenceKind;
using datum::Finding;
using datum::Reason;
using datum::Verdict;
using Json = nlohmann::ordered_json;

constexpr Probability kQuiteUnlikely{0.2};      // from here on it is not called "no fire"
constexpr std::size_t kObservationsShown = 64;  // in JSON; the count is always there

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFire:
      return "fire";
    case Verdict::kNoFire:
      return "no_fire";
    case Verdict::kAbstained:
      return "abstained";
  }
  return "abstained";
}

std::string_view name_of(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kMeasured:
      return "measured";
    case EvidenceKind::kEstimated:
      return "estimated";
    case EvidenceKind::kModelled:
      return "modelled";
  }
  return "modelled";
}

std::string verdict_sentence(const Finding& finding, Language language) {
  const bool english = language == Language::kEnglish;
  switch (finding.verdict) {
    case Verdict::kFire:
      return english ? "Judged to be a fire." : "判定为火情。";
    case Verdict::kNoFire:
      if (finding.probability >= kQuiteUnlikely)
        return english ? "Not sure enough to be called a fire." : "把握不足，尚不能判定为火情。";
      return english ? "Judged to be no fire." : "判定为非火情。";
    case Verdict::kAbstained:
      break;
  }
  return english ? "No judgement yet." : "暂不判断。";
}

std::string certainty_sentence(const Finding& finding, Language language) {
  const auto in_words = [&](double p) { return percent(p, language); };
  return fmt::format(
      fmt::runtime(language == Language::kEnglish
                       ? "Probability {} (90 % interval {} to {}); a day of {} danger asks for {}."
                       : "概率{}（90%区间{}至{}）；火险等级{}时的判定门槛为{}。"),
      in_words(finding.probability.value()), in_words(finding.interval.low), in_words(finding.interval.high),
      danger_word(finding.danger, language), in_words(finding.threshold.value()));
}

double rounded(double value, double per_unit) {
  return std::isfinite(value) ? std::round(value * per_unit) / per_unit : 0.0;
}

Json to_json(const Reason& reason) {
  return {{"kind", name_of(reason.kind)},
          {"source", reason.source},
          {"log_odds", rounded(reason.log_odds, 1e3)},
          {"age_s", std::llround(to_seconds(reason.age))},
          {"en", sentence(reason, Language::kEnglish)},
          {"zh", sentence(reason, Language::kChinese)}};
}

Json observations_json(const Finding& finding) {
  Json ids = Json::array();
  for (std::size_t i = 0; i < std::min(finding.observations.size(), kObservationsShown); ++i)
    ids.push_back(fmt::format("{:016x}", finding.observations[i].value()));
  return ids;
}

Json path_json(const Finding& finding, Language language) {
  return Json(explain(finding, language));
}

}  // namespace

std::string sentence(const Reason& reason, Language language) {
  const bool english = language == Language::kEnglish;
  const std::string& text = english ? reason.text_en : reason.text_zh;
  const std::string age = age_words(reason.age, language);
  if (reason.source == kAbstentionSource || reason.source == kPersistentSource)
    return text + (english ? "." : "。");
  if (reason.source == kPriorSource)
    return fmt::format(fmt::runtime(english ? "{}, {}." : "{}，{}。"), text, age);
  return fmt::format(fmt::runtime(english ? "{}, {}; {}." : "{}，{}；{}。"), text, age,
                     strength_words(reason.log_odds, language));
}

std::vector<std::string> explain(const Finding& finding, Language language) {
  std::vector<std::string> sentences = {verdict_sentence(finding, language),
                                        certainty_sentence(finding, language)};
  for (const Reason& reason : finding.reasons) sentences.push_back(sentence(reason, language));
  return sentences;
}

std::string decision_json(const Finding& finding) {
  Json reasons = Json::array();
  for (const Reason& reason : finding.reasons) reasons.push_back(to_json(reason));
  const Json decision = {
      {"time", format_utc(finding.time, 3)},
      {"event", fmt::format("{:016x}", finding.event.value())},
      {"node", finding.by.value()},
      {"verdict", name_of(finding.verdict)},
      {"probability", rounded(finding.probability.value(), 1e6)},
      {"low", rounded(finding.interval.low, 1e6)},
      {"high", rounded(finding.interval.high, 1e6)},
      {"threshold", rounded(finding.threshold.value(), 1e6)},
      {"danger", danger_word(finding.danger, Language::kEnglish)},
      {"measured", finding.measured},
      {"persistent_source", finding.persistent_source},
      {"lat", rounded(finding.centre.lat_deg, 1e5)},
      {"lon", rounded(finding.centre.lon_deg, 1e5)},
      {"area_ha", rounded(finding.area.value() / 1e4, 1e2)},
      {"power_mw", rounded(finding.radiative_power.value() / 1e6, 1e3)},
      {"reasons", reasons},
      {"observation_count", finding.observations.size()},
      {"observations", observations_json(finding)},
      {"path_en", path_json(finding, Language::kEnglish)},
      {"path_zh", path_json(finding, Language::kChinese)},
  };
  return decision.dump(-1, ' ', false, Json::error_handler_t::replace);  // foreign bytes must not throw
}

}  // namespace skywarden::reasoning
