// The command line of a program: subcommands with options, flags and help, read by CLI11 behind this header.
// CLI11 is all headers, so whoever includes it compiles it again; here it is compiled once (ADR 24). Names
// follow CLI11.
//
// Command and Option are handles into a Program: cheap to copy, and valid while the Program lives.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace skywarden::command_line {

// What a value must be, besides being of the variable's type.
class Check {
 public:
  explicit Check(std::shared_ptr<const CLI::Validator> validator) : validator_(std::move(validator)) {}
  [[nodiscard]] const CLI::Validator& validator() const { return *validator_; }

 private:
  std::shared_ptr<const CLI::Validator> validator_;
};

[[nodiscard]] Check range(int least, int most);
[[nodiscard]] Check range(unsigned least, unsigned most);
[[nodiscard]] Check range(std::uint64_t least, std::uint64_t most);
[[nodiscard]] Check range(double least, double most);
[[nodiscard]] Check one_of(std::initializer_list<const char*> words);
[[nodiscard]] Check one_of(std::initializer_list<int> numbers);
[[nodiscard]] Check positive_number();
[[nodiscard]] Check existing_file();
// COMPLAINT of the value as it was given, empty when it is fine.
[[nodiscard]] Check accepted_by(std::function<std::string(const std::string&)> complaint);

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  Option check(const Check& check) const;
  Option capture_default_str() const;  // help shows what the variable holds now
  Option expected(int values) const;
  Option delimiter(char between_values) const;
  Option excludes(Option other) const;

 private:
  CLI::Option* option_;
};

template <typename T, typename... Ts>
concept OneOf = (std::same_as<T, Ts> || ...);

// Types of variables that options set; command_line.cc has add_option for each.
template <typename T>
concept Value = OneOf<T, std::string, int, unsigned, std::uint16_t, std::int64_t, std::uint64_t, double,
                      std::optional<std::uint64_t>, std::optional<double>, std::vector<std::string>,
                      std::vector<unsigned>, std::vector<double>>;

class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add_subcommand(const std::string& name, const std::string& help) const;
  Command add_option_group(const std::string& name, const std::string& help = {}) const;
  // NAMES like "--seed", "-s,--seed", or "file" for one by its place.
  template <Value T>
  Option add_option(const std::string& names, T& variable, const std::string& help = {}) const;
  Option add_flag(const std::string& names, bool& variable, const std::string& help = {}) const;
  Option add_flag_callback(const std::string& names, std::function<void()> then,
                           const std::string& help) const;
  [[nodiscard]] Option get_option(const std::string& name) const;  // one that was added
  Command require_subcommand(int count) const;
  Command require_option(std::size_t least, std::size_t most) const;
  Command footer(const std::string& text) const;  // below the help
  Command callback(std::function<void()> run) const;

 private:
  CLI::App* app_;
};

class Program : public Command {
 public:
  explicit Program(const std::string& description);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // Runs the callbacks of what was asked for. A value: the program ends with it, as help (0) or a complaint
  // (1) was printed.
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);

 private:
  Program(std::unique_ptr<CLI::App> app);
  std::unique_ptr<CLI::App> app_;
};

}  // namespace skywarden::command_line
