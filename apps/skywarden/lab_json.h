// Fields of reference files in JSON, exactly: numbers come as text, as whole numbers or as decimals, and
// become fractions. What is not as expected is thrown as Malformed and caught where a case becomes its
// verdict.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "games/rational.h"
#include "lab_cases.h"

namespace skywarden::app {

struct Malformed {
  std::string why;
};

[[nodiscard]] const nlohmann::json& field(const nlohmann::json& object, const char* name);
// "2/3", 4, 0.1 (one tenth). `name` is for the message.
[[nodiscard]] games::Rational fraction(const nlohmann::json& value, const char* name);
[[nodiscard]] std::vector<games::Rational> fractions(const nlohmann::json& list, const char* name);
[[nodiscard]] double number(const nlohmann::json& value, const char* name);
[[nodiscard]] std::vector<double> numbers(const nlohmann::json& list, const char* name);
[[nodiscard]] std::size_t whole(const nlohmann::json& value, const char* name);
// The text of a field, or nothing when it is absent or no text.
[[nodiscard]] std::string text_or_empty(const nlohmann::json& object, const char* name);

[[nodiscard]] std::string words(const std::vector<games::Rational>& values);  // "2/3 1/6 1/6"

// A verdict for each entry of a list, with its "name" as the command. `judge` returns the difference, and may
// say what it found.
using JudgeEntry = std::function<std::string(const nlohmann::json& entry, std::string& found)>;
[[nodiscard]] std::vector<LabCase> judge_entries(std::string_view text, const JudgeEntry& judge);

}  // namespace skywarden::app
