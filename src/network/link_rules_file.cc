#include "network/link_rules_file.h"

#include <cmath>
#include <string>

#include "datum/toml_reader.h"

namespace skywarden::network {
namespace {

using datum::TomlReader;

constexpr double kSecondsMax = 1e9;

// A number in the unit of its key into a value of ours.
template <typename Value>
void scaled(TomlReader& in, std::string_view key, Value& out, double unit) {
  std::optional<double> number;
  in.number(key, number);
  if (number) out = Value(*number * unit);
}

void duration(TomlReader& in, std::string_view key, Duration& out, double unit_s = 1.0) {
  std::optional<double> number;
  in.number(key, number);
  if (!number) return;
  if (std::abs(*number * unit_s) <= kSecondsMax)
    out = from_seconds(*number * unit_s);
  else
    in.wrong(key, "a number below 1e9 s");
}

Result<bool> finish(const TomlReader& in, const std::string& where, const Result<bool>& valid) {
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  if (!valid) return fail(valid.error().code, "{}: {}", where, valid.error().message);
  return true;
}

Result<bool> read_radio(const toml::table& table, const std::string& where, RadioLink& link) {
  TomlReader in(table, where);
  in.only({"frequency_ghz", "power_w", "transmit_gain_dbi", "receive_gain_dbi", "line_loss_db",
           "pointing_loss_db", "implementation_loss_db", "noise_temperature_k", "symbol_rate_mbaud",
           "margin_db"});
  scaled(in, "frequency_ghz", link.frequency, 1e9);
  scaled(in, "power_w", link.power, 1.0);
  scaled(in, "transmit_gain_dbi", link.transmit_gain, 1.0);
  scaled(in, "receive_gain_dbi", link.receive_gain, 1.0);
  scaled(in, "line_loss_db", link.line_loss, 1.0);
  scaled(in, "pointing_loss_db", link.pointing_loss, 1.0);
  scaled(in, "implementation_loss_db", link.implementation_loss, 1.0);
  scaled(in, "noise_temperature_k", link.noise_temperature, 1.0);
  scaled(in, "symbol_rate_mbaud", link.symbols_per_second, 1e6);
  scaled(in, "margin_db", link.margin, 1.0);
  return finish(in, where, link.validate());
}

Result<bool> read_laser(const toml::table& table, const std::string& where, OpticalLink& link) {
  TomlReader in(table, where);
  in.only({"wavelength_nm", "power_w", "divergence_urad", "pointing_error_urad", "aperture_m", "efficiency",
           "photons_per_bit", "rate_max_mbps", "rate_min_mbps"});
  scaled(in, "wavelength_nm", link.wavelength, 1e-9);
  scaled(in, "power_w", link.power, 1.0);
  scaled(in, "divergence_urad", link.divergence, 1e-6);
  scaled(in, "pointing_error_urad", link.pointing_error, 1e-6);
  scaled(in, "aperture_m", link.receive_aperture, 1.0);
  scaled(in, "efficiency", link.efficiency, 1.0);
  scaled(in, "photons_per_bit", link.photons_per_bit, 1.0);
  scaled(in, "rate_max_mbps", link.rate_max, 1e6);
  scaled(in, "rate_min_mbps", link.rate_min, 1e6);
  return finish(in, where, link.validate());
}

Result<bool> read_air(const toml::table& table, const std::string& where, GroundLinkRules& ground) {
  TomlReader in(table, where);
  in.only({"zenith_loss_db", "tilt_deg", "rain_rate_mm_h", "rain_exceeded_percent", "rain_height_m"});
  StationAir& air = ground.air;
  scaled(in, "zenith_loss_db", air.zenith_loss, 1.0);
  scaled(in, "tilt_deg", air.tilt, 1.0);
  in.number("rain_rate_mm_h", air.rain.rate_mm_h);
  in.number("rain_exceeded_percent", air.rain.exceeded_percent);
  scaled(in, "rain_height_m", air.rain.rain_height, 1.0);
  if (table.contains("rain_height_m")) ground.rain_height_by_latitude = false;
  return finish(in, where, air.validate());
}

// The tables that change single values of a budget must belong to the budget that is used.
Result<bool> has_no(const toml::table& table, std::string_view key, const std::string& where) {
  if (table.contains(key))
    return fail(Errc::kConflict, "{}: key '{}': expected no such table with this budget", where, key);
  return true;
}

enum class Budget : std::uint8_t { kNone, kXBand, kKaBand, kLaser };

// A rate and a budget at once is one too many.
Result<bool> read_rate(TomlReader& in, const toml::table& table, const std::string& where,
                       std::optional<BitsPerSecond>& rate) {
  if (table.contains("rate_mbps") && table.contains("budget"))
    return fail(Errc::kConflict, "{}: key 'rate_mbps': expected this or a budget, found both", where);
  std::optional<double> mbps;
  in.number("rate_mbps", mbps);
  if (mbps) rate = BitsPerSecond(*mbps * 1e6);
  return true;
}

Result<bool> read_isl(const toml::table& table, const std::string& where, SatelliteLinkRules& rules) {
  TomlReader in(table, where);
  in.only({"pattern", "terminals", "decision_s", "held_factor", "grazing_km", "range_max_km", "acquisition_s",
           "polar_latitude_deg", "sun_angle_deg", "rate_mbps", "budget", "radio", "laser"});
  in.choice<IslPattern>(
      "pattern", rules.pattern,
      {{"all", IslPattern::kAll}, {"nearest", IslPattern::kNearest}, {"plus_grid", IslPattern::kPlusGrid}});
  in.integer("terminals", rules.terminals);
  duration(in, "decision_s", rules.choice.decision);
  in.number("held_factor", rules.choice.held_factor);
  scaled(in, "grazing_km", rules.grazing_min, 1e3);
  scaled(in, "range_max_km", rules.range_max, 1e3);
  duration(in, "acquisition_s", rules.acquisition);
  scaled(in, "polar_latitude_deg", rules.polar_latitude, 1.0);
  scaled(in, "sun_angle_deg", rules.sun_separation_min, 1.0);
  std::optional<BitsPerSecond> rate;
  if (auto read = read_rate(in, table, where, rate); !read) return read;
  if (rate) rules.rate = *rate;
  Budget budget = Budget::kNone;
  in.choice<Budget>("budget", budget, {{"ka_band", Budget::kKaBand}, {"laser", Budget::kLaser}});
  const toml::table* radio = in.table("radio");
  const toml::table* laser = in.table("laser");
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  if (budget == Budget::kKaBand) {
    RadioLink link = ka_band_between_satellites();
    if (radio != nullptr)
      if (auto read = read_radio(*radio, where + ".radio", link); !read) return read;
    rules.rate = link;
    return has_no(table, "laser", where);
  }
  if (budget == Budget::kLaser) {
    OpticalLink link = laser_between_satellites();
    if (laser != nullptr)
      if (auto read = read_laser(*laser, where + ".laser", link); !read) return read;
    rules.rate = link;
    return has_no(table, "radio", where);
  }
  if (auto none = has_no(table, "radio", where); !none) return none;
  return has_no(table, "laser", where);
}

Result<bool> read_ground(const toml::table& table, const std::string& where, GroundLinkRules& rules) {
  TomlReader in(table, where);
  in.only({"elevation_min_deg", "antennas", "decision_s", "held_factor", "acquisition_s", "sun_angle_deg",
           "rate_mbps", "budget", "radio", "air"});
  scaled(in, "elevation_min_deg", rules.elevation_min, 1.0);
  in.integer("antennas", rules.antennas);
  duration(in, "decision_s", rules.choice.decision);
  in.number("held_factor", rules.choice.held_factor);
  duration(in, "acquisition_s", rules.acquisition);
  scaled(in, "sun_angle_deg", rules.sun_separation_min, 1.0);
  std::optional<BitsPerSecond> rate;
  if (auto read = read_rate(in, table, where, rate); !read) return read;
  if (rate) rules.rate = *rate;
  Budget budget = Budget::kNone;
  in.choice<Budget>("budget", budget, {{"x_band", Budget::kXBand}, {"ka_band", Budget::kKaBand}});
  const toml::table* radio = in.table("radio");
  const toml::table* air = in.table("air");
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  if (budget == Budget::kNone) {
    if (auto none = has_no(table, "radio", where); !none) return none;
    return has_no(table, "air", where);
  }
  RadioLink link = budget == Budget::kXBand ? x_band_to_ground() : ka_band_to_ground();
  if (radio != nullptr)
    if (auto read = read_radio(*radio, where + ".radio", link); !read) return read;
  rules.rate = link;
  rules.air.zenith_loss = Decibels(budget == Budget::kXBand ? 0.05 : 0.3);
  return air != nullptr ? read_air(*air, where + ".air", rules) : Result<bool>(true);
}

Result<bool> read_split(const toml::table& table, const std::string& where, LinkRules& rules) {
  TomlReader in(table, where);
  in.only({"look_s", "rate_step", "delay_step_ms"});
  duration(in, "look_s", rules.split.look);
  rules.look = rules.split.look;
  in.number("rate_step", rules.split.rate_step);
  duration(in, "delay_step_ms", rules.split.delay_step, 1e-3);
  return finish(in, where, true);
}

}  // namespace

Result<LinkRules> parse_link_rules(std::string_view toml_text, std::string_view file_name,
                                   const LinkRules& defaults) {
  const std::string file(file_name);
  const auto parsed = datum::parse_toml(toml_text, file);
  if (!parsed) return tl::unexpected(parsed.error());
  LinkRules rules = defaults;
  TomlReader top(*parsed, file);
  top.only({"isl", "ground", "split"});
  const toml::table* isl = top.table("isl");
  const toml::table* ground = top.table("ground");
  const toml::table* split = top.table("split");
  if (!top.error().empty()) return fail(Errc::kMalformed, "{}", top.error());
  if (isl != nullptr)
    if (auto read = read_isl(*isl, file + ": isl", rules.satellites); !read)
      return tl::unexpected(read.error());
  if (ground != nullptr)
    if (auto read = read_ground(*ground, file + ": ground", rules.ground); !read)
      return tl::unexpected(read.error());
  if (split != nullptr)
    if (auto read = read_split(*split, file + ": split", rules); !read) return tl::unexpected(read.error());
  if (auto valid = rules.validate(); !valid)
    return fail(valid.error().code, "{}: {}", file, valid.error().message);
  return rules;
}

}  // namespace skywarden::network
