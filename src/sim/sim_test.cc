#include <doctest/doctest.h>

#include "sim/scenario.h"

using namespace skywarden;
using namespace skywarden::sim;

namespace {

constexpr const char* kRough = R"(
name = "rough"
nodes = 5
duration_s = 20
quiet_s = 15
[links]
delay_ms = [15, 45]
jitter_ms = 10
loss = 0.05
duplicate = 0.02
[faults]
crash_every_s = 6
kill_leader_every_s = 8
partition_every_s = 9
[fires]
fires = 2
)";

}  // namespace

TEST_CASE("the same seed gives the same run, another seed another") {
  const Scenario scenario = parse_scenario(kRough, "rough.toml").value();
  const RunResult first = run(scenario, 7);
  CHECK(first.hash == run(scenario, 7).hash);
  CHECK(first.hash != run(scenario, 8).hash);
}

TEST_CASE("five nodes keep their promises through crashes, partitions and loss") {
  const Scenario scenario = parse_scenario(kRough, "rough.toml").value();
  std::uint64_t alerts = 0;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const RunResult result = run(scenario, seed);
    alerts += result.alerts;
    crashes += result.crashes;
    for (const Violation& violation : result.violations) FAIL_CHECK("seed ", seed, ": ", violation.what);
  }
  CHECK(alerts >= 20);
  CHECK(crashes >= 20);
}

TEST_CASE("a scenario that makes no sense says which key") {
  const auto message = [](const char* text) { return parse_scenario(text, "s.toml").error().message; };
  CHECK(message("nodes = 3") == "s.toml: key 'name': expected to be present");
  CHECK(message("name = \"x\"\nnodes = 0") == "s.toml: key 'nodes': expected a whole number in 1…2000");
  CHECK(message("name = \"x\"\n[links]\nloss = 2") ==
        "s.toml: [links]: key 'loss': expected a number in 0…1");
  CHECK(message("name = \"x\"\nshares = [1]").find("a share for each") != std::string::npos);
}
