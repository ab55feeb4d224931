// Reading our own TOML files (schemas, scenarios, incidents) so that every mistake names its key: unknown
// keys are errors, the first thing that was wrong is remembered, and the caller looks once at the end.
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "base/time.h"

namespace skywarden::datum {

inline constexpr std::size_t kTomlListMax = 4096;

[[nodiscard]] inline Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
  if (!is_valid_utf8(text)) return fail(Errc::kMalformed, "{}: expected UTF-8 text", file);
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(Errc::kMalformed, "{}:{}:{}: {}", file, at.line, at.column, error.description());
  }
}

// Reads keys of one table and remembers the first thing that was wrong.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  void string(std::string_view key, std::string& out, bool required = false) {
    if (const auto* node = find(key, required)) {
      if (auto v = node->value<std::string>())
        out = *v;
      else
        wrong(key, "a string");
    }
  }
  void number(std::string_view key, std::optional<double>& out) {
    const auto* node = find(key, false);
    if (node == nullptr) return;
    const auto value = node->value<double>();
    if (node->is_number() && value)
      out = value;
    else
      wrong(key, "a number");
  }
  void number(std::string_view key, double& out) {
    std::optional<double> value;
    number(key, value);
    if (value) out = *value;
  }
  void integer(std::string_view key, int& out) {
    if (const auto* node = find(key, false)) {
      if (auto v = node->value<int>(); v && node->is_integer())
        out = *v;
      else
        wrong(key, "a whole number");
    }
  }
  // A time as TOML's own offset date-time or as an ISO 8601 string.
  void time(std::string_view key, std::optional<Instant>& out) {
    const auto* node = find(key, false);
    if (node == nullptr) return;
    const auto text = node->value<std::string>();
    const auto parsed = text ? parse_utc(*text) : Result<Instant>(tl::unexpect, Error{});
    if (parsed)
      out = *parsed;
    else
      wrong(key, "a time like \"2017-10-09T10:15:00Z\"");
  }
  // Text in two languages: { en = "…", zh = "…" }; a plain string stands for both.
  void bilingual(std::string_view key, std::string& en, std::string& zh) {
    const auto* node = find(key, false);
    if (node == nullptr) return;
    if (auto v = node->value<std::string>()) {
      en = zh = *v;
    } else if (const toml::table* table = node->as_table()) {
      TomlReader in(*table, where_ + " " + std::string(key));
      in.only({"en", "zh"});
      in.string("en", en, true);
      in.string("zh", zh, true);
      if (error_.empty()) error_ = in.error();
    } else {
      wrong(key, "a text, or a table with en and zh");
    }
  }
  void numbers(std::string_view key, std::vector<double>& out) {
    const auto* node = find(key, false);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->size() > kTomlListMax) return wrong(key, "a list of numbers");
    out.clear();
    for (const auto& item : *array) {
      if (auto v = item.value<double>())
        out.push_back(*v);
      else
        return wrong(key, "a list of numbers");
    }
  }
  // The table under a key, nullptr when absent.
  [[nodiscard]] const toml::table* table(std::string_view key) {
    const auto* node = find(key, false);
    if (node == nullptr) return nullptr;
    if (node->as_table() == nullptr) wrong(key, "a table");
    return node->as_table();
  }
  // The tables of [[key]]; one [key] counts as a list of one.
  [[nodiscard]] std::vector<const toml::table*> tables(std::string_view key) {
    std::vector<const toml::table*> out;
    const auto* node = find(key, false);
    if (node == nullptr) return out;
    if (node->as_table() != nullptr) return {node->as_table()};
    const toml::array* array = node->as_array();
    if (array == nullptr || array->size() > kTomlListMax) {
      wrong(key, "a list of tables");
      return out;
    }
    for (const auto& item : *array) {
      if (item.as_table() != nullptr)
        out.push_back(item.as_table());
      else
        wrong(key, "a list of tables");
    }
    return out;
  }
  void boolean(std::string_view key, bool& out) {
    if (const auto* node = find(key, false)) {
      if (auto v = node->value<bool>())
        out = *v;
      else
        wrong(key, "true or false");
    }
  }
  void strings(std::string_view key, std::vector<std::string>& out, bool required = false) {
    const auto* node = find(key, required);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return wrong(key, "a list of strings");
    out.clear();
    for (const auto& item : *array) {
      if (auto v = item.value<std::string>())
        out.push_back(*v);
      else
        return wrong(key, "a list of strings");
    }
    if (out.size() > kTomlListMax) wrong(key, "at most 4096 entries");
  }
  template <typename Enum>
  void choice(std::string_view key, Enum& out,
              std::initializer_list<std::pair<std::string_view, Enum>> choices) {
    std::string text;
    string(key, text);
    if (text.empty()) return;
    std::string expected;
    for (const auto& [name, value] : choices) {
      if (name == text) {
        out = value;
        return;
      }
      expected += (expected.empty() ? "" : ", ") + std::string(name);
    }
    wrong(key, "one of " + expected);
  }
  void only(std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table_) {
      const bool found = std::find(known.begin(), known.end(), key.str()) != known.end();
      if (!found) wrong(key.str(), "no such key");
    }
  }
  void wrong(std::string_view key, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("{}: key '{}': expected {}", where_, printable(key), expected);
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const toml::node* find(std::string_view key, bool required) {
    const toml::node* node = table_.get(key);
    if (node == nullptr && required) wrong(key, "to be present");
    return node;
  }

  const toml::table& table_;
  std::string where_;
  std::string error_;
};

}  // namespace skywarden::datum
