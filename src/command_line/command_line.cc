#include "command_line/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace skywarden::command_line {
namespace {

template <typename Validator>
Check checked_by(Validator validator) {
  return Check(std::make_shared<const CLI::Validator>(std::move(validator)));
}

}  // namespace

Check range(int least, int most) {
  return checked_by(CLI::Range(least, most));
}

Check range(unsigned least, unsigned most) {
  return checked_by(CLI::Range(least, most));
}

Check range(std::uint64_t least, std::uint64_t most) {
  return checked_by(CLI::Range(least, most));
}

Check range(double least, double most) {
  return checked_by(CLI::Range(least, most));
}

Check one_of(std::initializer_list<const char*> words) {
  return checked_by(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
}

Check one_of(std::initializer_list<int> numbers) {
  return checked_by(CLI::IsMember(std::vector<int>(numbers)));
}

Check positive_number() {
  return checked_by(CLI::PositiveNumber);
}

Check existing_file() {
  return checked_by(CLI::ExistingFile);
}

Check accepted_by(std::function<std::string(const std::string&)> complaint) {
  return checked_by(
      CLI::Validator([complaint = std::move(complaint)](std::string& text) { return complaint(text); }, ""));
}

Option Option::required() const {
  return Option(option_->required());
}

Option Option::check(const Check& check) const {
  return Option(option_->check(check.validator()));
}

Option Option::capture_default_str() const {
  return Option(option_->capture_default_str());
}

Option Option::expected(int values) const {
  return Option(option_->expected(values));
}

Option Option::delimiter(char between_values) const {
  return Option(option_->delimiter(between_values));
}

Option Option::excludes(Option other) const {
  return Option(option_->excludes(other.option_));
}

Command Command::add_subcommand(const std::string& name, const std::string& help) const {
  return Command(app_->add_subcommand(name, help));
}

Command Command::add_option_group(const std::string& name, const std::string& help) const {
  return Command(app_->add_option_group(name, help));
}

template <Value T>
Option Command::add_option(const std::string& names, T& variable, const std::string& help) const {
  return Option(app_->add_option(names, variable, help));
}

Option Command::add_flag(const std::string& names, bool& variable, const std::string& help) const {
  return Option(app_->add_flag(names, variable, help));
}

Option Command::add_flag_callback(const std::string& names, std::function<void()> then,
                                  const std::string& help) const {
  return Option(app_->add_flag_callback(names, std::move(then), help));
}

Option Command::get_option(const std::string& name) const {
  return Option(app_->get_option(name));
}

Command Command::require_subcommand(int count) const {
  return Command(app_->require_subcommand(count));
}

Command Command::require_option(std::size_t least, std::size_t most) const {
  return Command(app_->require_option(least, most));
}

Command Command::footer(const std::string& text) const {
  return Command(app_->footer(text));
}

Command Command::callback(std::function<void()> run) const {
  return Command(app_->callback(std::move(run)));
}

Program::Program(const std::string& description) : Program(std::make_unique<CLI::App>(description)) {}

Program::Program(std::unique_ptr<CLI::App> app) : Command(app.get()), app_(std::move(app)) {}

Program::~Program() = default;

std::optional<int> Program::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : 1;
  }
  return std::nullopt;
}

#define SKYWARDEN_VALUE(...) \
  template Option Command::add_option(const std::string&, __VA_ARGS__&, const std::string&) const
SKYWARDEN_VALUE(std::string);
SKYWARDEN_VALUE(int);
SKYWARDEN_VALUE(unsigned);
SKYWARDEN_VALUE(std::uint16_t);
SKYWARDEN_VALUE(std::int64_t);
SKYWARDEN_VALUE(std::uint64_t);
SKYWARDEN_VALUE(double);
SKYWARDEN_VALUE(std::optional<std::uint64_t>);
SKYWARDEN_VALUE(std::optional<double>);
SKYWARDEN_VALUE(std::vector<std::string>);
SKYWARDEN_VALUE(std::vector<unsigned>);
SKYWARDEN_VALUE(std::vector<double>);
#undef SKYWARDEN_VALUE

}  // namespace skywarden::command_line
