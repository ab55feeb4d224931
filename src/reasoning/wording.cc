#include "reasoning/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

namespace skywarden::reasoning {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;  // English, Chinese

std::string_view pick(const Pair& pair, Language language) {
  return language == Language::kEnglish ? pair.first : pair.second;
}

constexpr std::array<Pair, 5> kDanger = {
    {{"low", "低"}, {"moderate", "中等"}, {"high", "高"}, {"very high", "很高"}, {"extreme", "极高"}}};

// Longer words first, so that "pixels" is not read as "pixel" and an s.
constexpr std::array<Pair, 14> kDetailWords = {{{"K over background", "K（高出背景）"},
                                                {"may be sunglint", "可能是水面反光"},
                                                {"no detection", "未探测到热异常"},
                                                {"confidence", "置信度"},
                                                {"detections", "次探测"},
                                                {"detection", "次探测"},
                                                {"pixels", "个像元"},
                                                {"pixel", "个像元"},
                                                {"passes", "次过境"},
                                                {"pass", "次过境"},
                                                {"daytime", "白天"},
                                                {"night", "夜间"},
                                                {"in", "，"},
                                                {"MW", "兆瓦"}}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether the word is in the text at that place, whole.
bool stands_at(std::string_view text, std::size_t at, std::string_view word) {
  if (!text.substr(at).starts_with(word)) return false;
  const std::size_t end = at + word.size();
  return (at == 0 || !is_letter(text[at - 1])) && (end == text.size() || !is_letter(text[end]));
}

}  // namespace

std::string_view danger_word(datum::DangerClass danger, Language language) {
  return pick(kDanger[std::min<std::size_t>(static_cast<std::size_t>(danger), kDanger.size() - 1)], language);
}

std::string age_words(Duration age, Language language) {
  using namespace std::chrono;
  const bool english = language == Language::kEnglish;
  const auto whole_minutes = duration_cast<minutes>(age).count();
  if (whole_minutes < 1) return english ? "just now" : "刚刚";
  if (whole_minutes < 60)
    return english ? fmt::format("{} min ago", whole_minutes) : fmt::format("{}分钟前", whole_minutes);
  const auto whole_hours = whole_minutes / 60;
  if (whole_hours >= 48)
    return english ? fmt::format("{} days ago", whole_hours / 24) : fmt::format("{}天前", whole_hours / 24);
  const auto rest = whole_minutes % 60;
  if (rest == 0) return english ? fmt::format("{} h ago", whole_hours) : fmt::format("{}小时前", whole_hours);
  return english ? fmt::format("{} h {} min ago", whole_hours, rest)
                 : fmt::format("{}小时{}分钟前", whole_hours, rest);
}

std::string percent(double probability, Language language) {
  const bool english = language == Language::kEnglish;
  const double value = std::clamp(probability, 0.0, 1.0) * 100.0;
  if (value > 0.0 && value < 0.1) return english ? "under 0.1 %" : "不足0.1%";
  if (value < 100.0 && value > 99.9) return english ? "over 99.9 %" : "超过99.9%";
  const int decimals = (value > 0.0 && value < 1.0) || (value > 99.0 && value < 100.0) ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, decimals, english ? " %" : "%");
}

std::string_view strength_words(double log_odds, Language language) {
  const double size = std::fabs(log_odds);
  if (size < 0.05) return pick({"changes little", "影响很小"}, language);
  if (log_odds > 0.0) {
    if (size >= 2.0) return pick({"speaks strongly for fire", "有力支持起火"}, language);
    if (size >= 0.7) return pick({"speaks for fire", "支持起火"}, language);
    return pick({"speaks weakly for fire", "略微支持起火"}, language);
  }
  if (size >= 2.0) return pick({"speaks strongly against fire", "有力反对起火"}, language);
  if (size >= 0.7) return pick({"speaks against fire", "反对起火"}, language);
  return pick({"speaks weakly against fire", "略微反对起火"}, language);
}

std::string detail_in_chinese(std::string_view phrase) {
  std::string detail(phrase);  // the list's commas first; a comma between digits stays
  for (std::size_t at = detail.find(", "); at != std::string::npos; at = detail.find(", ", at))
    detail.replace(at, 2, "，");
  const std::string_view text = detail;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto* const found = std::find_if(kDetailWords.begin(), kDetailWords.end(),
                                           [&](const Pair& word) { return stands_at(text, at, word.first); });
    if (found == kDetailWords.end()) {
      out += text[at++];
      continue;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();  // Chinese has no spaces
    out += found->second;
    at += found->first.size();
    if (found->first == "in" && at < text.size() && text[at] == ' ') ++at;
  }
  return out;
}

}  // namespace skywarden::reasoning
