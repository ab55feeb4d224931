#include "lab_json.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace skywarden::app {

using games::Rational;
using nlohmann::json;

const json& field(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw Malformed{fmt::format("no field {}", name)};
  return *found;
}

Rational fraction(const json& value, const char* name) {
  if (value.is_number_float() && std::isfinite(value.get<double>()))
    return games::decimal_of(value.get<double>());
  if (value.is_number_integer() || value.is_string()) {
    const auto read = games::parse_rational(value.is_string() ? value.get<std::string>() : value.dump());
    if (read) return *read;
    throw Malformed{fmt::format("{}: {}", name, read.error().message)};
  }
  throw Malformed{fmt::format("{}: expected a number", name)};
}

std::vector<Rational> fractions(const json& list, const char* name) {
  if (!list.is_array()) throw Malformed{fmt::format("{}: expected a list", name)};
  std::vector<Rational> values;
  values.reserve(list.size());
  for (const json& value : list) values.push_back(fraction(value, name));
  return values;
}

double number(const json& value, const char* name) {
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    throw Malformed{fmt::format("{}: expected a number", name)};
  return value.get<double>();
}

std::vector<double> numbers(const json& list, const char* name) {
  if (!list.is_array()) throw Malformed{fmt::format("{}: expected a list", name)};
  std::vector<double> values;
  for (const json& value : list) values.push_back(number(value, name));
  return values;
}

std::size_t whole(const json& value, const char* name) {
  if (!value.is_number_unsigned()) throw Malformed{fmt::format("{}: expected a whole number", name)};
  return value.get<std::size_t>();
}

std::string text_or_empty(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string words(const std::vector<Rational>& values) {
  std::string text;
  for (const Rational& value : values) text += (text.empty() ? "" : " ") + games::to_text(value);
  return text;
}

std::vector<LabCase> judge_entries(std::string_view text, const JudgeEntry& judge) {
  const json list = json::parse(text, nullptr, false);
  if (list.is_discarded()) return {{1, "", "not JSON", true, ""}};
  if (!list.is_array()) return {{1, "", "expected a list", true, ""}};
  std::vector<LabCase> verdicts;
  for (const json& entry : list) {
    LabCase verdict{verdicts.size() + 1, "", "", false, ""};
    try {
      if (!entry.is_object()) throw Malformed{"expected an object"};
      verdict.command = text_or_empty(entry, "name");
      verdict.difference = judge(entry, verdict.found);
    } catch (const Malformed& malformed) {
      verdict.difference = malformed.why;
      verdict.malformed = true;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace skywarden::app
