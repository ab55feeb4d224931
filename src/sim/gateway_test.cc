#include "sim/gateway.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "sim/scenario.h"

using namespace skywarden;
using namespace skywarden::sim;

namespace {

const Instant kStart = from_civil({.year = 2026, .month = 7, .day = 1}).value();

// The shipped file: the profile is a promise about it.
Scenario lossy_records() {
  std::ifstream file("scenarios/lossy_records.toml");
  std::stringstream text;
  text << file.rdbuf();
  return parse_scenario(text.str(), "lossy_records.toml").value();
}

double share(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

void check_profile(const LossProfile& p) {
  CHECK(share(p.records_lost, p.records_sent) >= 0.01);
  CHECK(share(p.records_lost, p.records_sent) <= 0.10);
  CHECK(share(p.critical_missing, p.critical_fields) >= 0.001);
  CHECK(share(p.critical_missing, p.critical_fields) <= 0.01);
  const std::uint64_t arrived = p.records_sent - p.records_lost;
  CHECK(share(p.records_complete, arrived) >= 0.60);
  CHECK(share(p.records_complete, arrived) <= 0.90);
  CHECK(share(p.values_recovered, p.values_missing) >= 0.80);
}

}  // namespace

TEST_CASE("lossy_records loses as much as is asked, and four fifths of it come back") {
  const Scenario scenario = lossy_records();
  const Instant end = kStart + scenario.duration + scenario.quiet;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    check_profile(Gateway(scenario.records.value(), kStart, end, Random(seed)).profile());
  }
}

TEST_CASE("lossy_records is played, keeps its promises and says what it lost") {
  Scenario scenario = lossy_records();
  scenario.duration = std::chrono::hours(24 * 6);
  const RunResult result = run(scenario, 1);
  for (const Violation& violation : result.violations) FAIL_CHECK(violation.what);
  CHECK(result.fires_seen > 0);
  CHECK(result.hash == run(scenario, 1).hash);
  REQUIRE(result.records.has_value());
  CHECK(result.records->records_sent == 8 * (6 * 24 + 2));
  CHECK(result.records->records_lost > 0);
}

TEST_CASE("the prior is that of the stations, told from the first noon on and in millionths") {
  RecordScript script;
  script.stations = 2;
  Gateway gateway(script, kStart, kStart + std::chrono::hours(24 * 4), Random(2));
  CHECK_FALSE(gateway.prior(kStart + std::chrono::hours(1)).has_value());
  const auto prior = gateway.prior(kStart + std::chrono::hours(24 * 3));
  REQUIRE(prior.has_value());
  CHECK(prior->source.find("simulated-0") != std::string::npos);
  CHECK(prior->as_of > kStart);
  CHECK(prior->as_of <= kStart + std::chrono::hours(24 * 3));
  const double millionths = prior->probability.value() * 1e6;
  CHECK(millionths == doctest::Approx(std::round(millionths)).epsilon(1e-12));
}
