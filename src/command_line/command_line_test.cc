#include "command_line/command_line.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace skywarden::command_line;

namespace {

struct Values {
  std::string name = "none";
  std::uint64_t seed = 1;
  double share = 0.5;
  std::optional<double> at;
  std::vector<std::string> files;
  bool json = false;
  bool ran = false;
};

// What parse() says of `words`, and what the variables hold then.
std::optional<int> parsed(const std::vector<const char*>& words, Values& v) {
  Program program("A program");
  program.require_subcommand(1);
  const Command run = program.add_subcommand("run", "Runs");
  run.add_option("files", v.files).required();
  run.add_option("--name", v.name, "of it").check(one_of({"none", "some"})).capture_default_str();
  const Option seed = run.add_option("--seed", v.seed).check(range(std::uint64_t{1}, std::uint64_t{9}));
  run.add_option("--share", v.share).check(range(0.0, 1.0)).excludes(seed);
  run.add_option("--at", v.at);
  run.add_flag("--json", v.json);
  run.callback([&v] { v.ran = true; });
  std::vector<const char*> all{"program"};
  all.insert(all.end(), words.begin(), words.end());
  return program.parse(static_cast<int>(all.size()), all.data());
}

}  // namespace

TEST_CASE("options reach the variables, and what was asked for runs") {
  Values v;
  CHECK(parsed({"run", "a", "b", "--name", "some", "--seed", "9", "--at", "-2.5", "--json"}, v) ==
        std::nullopt);
  CHECK(v.ran);
  CHECK(v.files == std::vector<std::string>{"a", "b"});
  CHECK(v.name == "some");
  CHECK(v.seed == 9);
  CHECK(v.share == 0.5);
  CHECK(v.at == -2.5);
  CHECK(v.json);
}

TEST_CASE("what was not given keeps its value") {
  Values v;
  CHECK(parsed({"run", "a"}, v) == std::nullopt);
  CHECK(v.name == "none");
  CHECK(v.seed == 1);
  CHECK(!v.at);
  CHECK(!v.json);
}

TEST_CASE("help ends the program well, what cannot be meant ends it badly, and nothing runs") {
  const std::vector<std::pair<std::vector<const char*>, int>> cases{
      {{"--help"}, 0},
      {{"run", "--help"}, 0},
      {{}, 1},                                              // no subcommand
      {{"walk"}, 1},                                        // no such subcommand
      {{"run"}, 1},                                         // a required value is missing
      {{"run", "a", "--nosuch"}, 1},                        // no such option
      {{"run", "a", "--name", "other"}, 1},                 // not one of the words
      {{"run", "a", "--seed", "10"}, 1},                    // out of range
      {{"run", "a", "--seed", "x"}, 1},                     // no number
      {{"run", "a", "--share", "1.5"}, 1},                  // out of range
      {{"run", "a", "--seed", "2", "--share", "0.1"}, 1}};  // one excludes the other
  for (const auto& [words, exit_code] : cases) {
    Values v;
    CHECK(parsed(words, v) == exit_code);
    CHECK(!v.ran);
  }
}
