#include "network/link_rules_file.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::network;

namespace {

std::string error_of(std::string_view text) {
  const auto rules = parse_link_rules(text, "rules.toml");
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message.find('\n') == std::string::npos);
  return rules.error().message;
}

}  // namespace

TEST_CASE("a file says what it changes; the rest stays") {
  LinkRules defaults;
  defaults.ground.elevation_min = Degrees(7.0);
  const auto rules = parse_link_rules(R"(
[isl]
pattern = "nearest"
terminals = 3
decision_s = 30
held_factor = 0.8
grazing_km = 120
range_max_km = 4000
acquisition_s = 45.5
polar_latitude_deg = 70
sun_angle_deg = 2.5
budget = "laser"
[isl.laser]
power_w = 1
rate_max_mbps = 1000
[ground]
antennas = 2
budget = "ka_band"
[ground.radio]
symbol_rate_mbaud = 50
[ground.air]
rain_rate_mm_h = 60
rain_exceeded_percent = 0.1
[split]
rate_step = 1.1
delay_step_ms = 0.5
)",
                                      "rules.toml", defaults);
  REQUIRE(rules);
  const SatelliteLinkRules& isl = rules->satellites;
  CHECK(isl.pattern == IslPattern::kNearest);
  CHECK(isl.terminals == 3);
  CHECK(isl.choice.decision == std::chrono::seconds(30));
  CHECK(isl.choice.held_factor == 0.8);
  CHECK(isl.grazing_min == kilometres(120.0));
  CHECK(isl.range_max == kilometres(4000.0));
  CHECK(isl.acquisition == std::chrono::milliseconds(45'500));
  CHECK(isl.polar_latitude == Degrees(70.0));
  CHECK(isl.sun_separation_min == Degrees(2.5));
  const auto& laser = std::get<OpticalLink>(isl.rate);
  CHECK(laser.power == Watts(1.0));
  CHECK(laser.rate_max.value() == doctest::Approx(1e9));
  CHECK(laser.receive_aperture == Metres(0.08));
  CHECK(rules->ground.elevation_min == Degrees(7.0));
  CHECK(rules->ground.antennas == 2);
  CHECK(std::get<RadioLink>(rules->ground.rate).symbols_per_second == 50e6);
  CHECK(std::get<RadioLink>(rules->ground.rate).frequency == gigahertz(26.0));
  CHECK(rules->ground.air.rain.rate_mm_h == 60.0);
  CHECK(rules->ground.rain_height_by_latitude);
  CHECK(rules->split.delay_step == std::chrono::microseconds(500));
  CHECK(parse_link_rules("", "rules.toml"));
  CHECK(std::get<BitsPerSecond>(parse_link_rules("[isl]\nrate_mbps = 25", "f")->satellites.rate).value() ==
        25e6);
}

TEST_CASE("mistakes are one line with their place") {
  CHECK(error_of("[isl]\nterminal = 3") == "rules.toml: isl: key 'terminal': expected no such key");
  CHECK(error_of("speed = 3") == "rules.toml: key 'speed': expected no such key");
  CHECK(error_of("[isl]\npattern = \"ring\"") ==
        "rules.toml: isl: key 'pattern': expected one of all, nearest, plus_grid");
  CHECK(error_of("[isl]\nterminals = 0").find("terminals: expected 1") != std::string::npos);
  CHECK(error_of("[isl]\nterminals = \"four\"").find("a whole number") != std::string::npos);
  CHECK(error_of("[isl]\nrate_mbps = 5\nbudget = \"laser\"").find("found both") != std::string::npos);
  CHECK(error_of("[isl]\nbudget = \"laser\"\n[isl.radio]\npower_w = 1").find("'radio'") != std::string::npos);
  CHECK(error_of("[isl.laser]\npower_w = 1").find("'laser'") != std::string::npos);
  CHECK(error_of("[isl]\nbudget = \"laser\"\n[isl.laser]\npower_w = -1").find("isl.laser: power") !=
        std::string::npos);
  CHECK(error_of("[ground]\nbudget = \"x_band\"\n[ground.air]\nrain_rate_mm_h = nan").find("rain rate") !=
        std::string::npos);
  CHECK(error_of("[ground.air]\ntilt_deg = 0").find("'air'") != std::string::npos);
  CHECK(error_of("[ground]\nelevation_min_deg = true").find("a number") != std::string::npos);
  CHECK(error_of("[isl]\ndecision_s = 1e300").find("'decision_s'") != std::string::npos);
  CHECK(error_of("[isl]\ndecision_s = nan").find("'decision_s'") != std::string::npos);
  CHECK(error_of("isl = 3").find("a table") != std::string::npos);
  CHECK(error_of("[isl\n").find("rules.toml:1") != std::string::npos);
  CHECK(error_of("[split]\nrate_step = 0.2").find("rate step") != std::string::npos);
}
