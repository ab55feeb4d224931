// The words in which reasons are told, English and Chinese: one place, so that both languages always say the
// same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "datum/evidence.h"

namespace skywarden::reasoning {

enum class Language : std::uint8_t { kEnglish, kChinese };

// Sources of the reasons that are not evidence.
inline constexpr std::string_view kPriorSource = "prior";                        // where the sum starts
inline constexpr std::string_view kPersistentSource = "persistent heat source";  // a place known to be warm
inline constexpr std::string_view kAbstentionSource = "judge";                   // why it abstains

[[nodiscard]] std::string_view danger_word(datum::DangerClass danger, Language language);  // "very high"
// "just now", "12 min ago", "5 h 10 min ago", "3 days ago".
[[nodiscard]] std::string age_words(Duration age, Language language);
// "95 %", "99.5 %", "0.3 %", "over 99.9 %": what is not certain is never called 0 % or 100 %.
[[nodiscard]] std::string percent(double probability, Language language);
// What log-odds say in words: "strongly for fire", "weakly against fire".
[[nodiscard]] std::string_view strength_words(double log_odds, Language language);

// Words of detection's short English phrases in Chinese ("12 pixels, 340 MW"); unknown words stay.
[[nodiscard]] std::string detail_in_chinese(std::string_view detail);

}  // namespace skywarden::reasoning
