#include "network/link_budget.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr double kLightMs = 299'792'458.0;
constexpr double kBoltzmann = 1.380649e-23;  // J/K, exact since 2019
constexpr double kPlanck = 6.62607015e-34;   // J s, exact since 2019
constexpr Kelvin kWetAir{275.0};             // P.618-13, section 3
constexpr Degrees kCosecantMin{5.0};

// ETSI EN 302 307-1 V1.4.1, table 13, in order of the energy.
constexpr std::array<CodingMode, 28> kDvbS2{{
    {"QPSK 1/4", Decibels(-2.35), 0.490243},   {"QPSK 1/3", Decibels(-1.24), 0.656448},
    {"QPSK 2/5", Decibels(-0.30), 0.789412},   {"QPSK 1/2", Decibels(1.00), 0.988858},
    {"QPSK 3/5", Decibels(2.23), 1.188304},    {"QPSK 2/3", Decibels(3.10), 1.322253},
    {"QPSK 3/4", Decibels(4.03), 1.487473},    {"QPSK 4/5", Decibels(4.68), 1.587196},
    {"QPSK 5/6", Decibels(5.18), 1.654663},    {"8PSK 3/5", Decibels(5.50), 1.779991},
    {"QPSK 8/9", Decibels(6.20), 1.766451},    {"QPSK 9/10", Decibels(6.42), 1.788612},
    {"8PSK 2/3", Decibels(6.62), 1.980636},    {"8PSK 3/4", Decibels(7.91), 2.228124},
    {"16APSK 2/3", Decibels(8.97), 2.637201},  {"8PSK 5/6", Decibels(9.35), 2.478562},
    {"16APSK 3/4", Decibels(10.21), 2.966728}, {"8PSK 8/9", Decibels(10.69), 2.646012},
    {"8PSK 9/10", Decibels(10.98), 2.679207},  {"16APSK 4/5", Decibels(11.03), 3.165623},
    {"16APSK 5/6", Decibels(11.61), 3.300184}, {"32APSK 3/4", Decibels(12.73), 3.703295},
    {"16APSK 8/9", Decibels(12.89), 3.523143}, {"16APSK 9/10", Decibels(13.13), 3.567342},
    {"32APSK 4/5", Decibels(13.64), 3.951571}, {"32APSK 5/6", Decibels(14.28), 4.119540},
    {"32APSK 8/9", Decibels(15.69), 4.397854}, {"32APSK 9/10", Decibels(16.05), 4.453027},
}};

bool is_loss(Decibels loss) {
  return loss.value() >= 0.0 && std::isfinite(loss.value());
}
bool is_above_zero(double value) {
  return value > 0.0 && std::isfinite(value);
}

}  // namespace

Decibels to_decibels(double ratio) {
  EXPECTS(ratio > 0.0);
  return Decibels(10.0 * std::log10(ratio));
}

double from_decibels(Decibels ratio) {
  return std::pow(10.0, ratio.value() / 10.0);
}

Decibels free_space_loss(Metres distance, Hertz frequency) {
  return 2.0 * to_decibels(4.0 * std::numbers::pi * distance.value() * frequency.value() / kLightMs);
}

Decibels dish_gain(Metres diameter, Fraction efficiency, Hertz frequency) {
  return to_decibels(efficiency.value()) +
         2.0 * to_decibels(std::numbers::pi * diameter.value() * frequency.value() / kLightMs);
}

std::span<const CodingMode> dvb_s2_modes() {
  return kDvbS2;
}

std::optional<CodingMode> best_mode(Decibels energy, std::span<const CodingMode> modes) {
  std::optional<CodingMode> best;
  for (const CodingMode& mode : modes)
    if (mode.energy_min <= energy && (!best || mode.bits_per_symbol > best->bits_per_symbol)) best = mode;
  return best;
}

Decibels RadioLink::eirp() const {
  return to_decibels(power.value()) + transmit_gain - line_loss;
}

Decibels RadioLink::figure_of_merit() const {
  return receive_gain - to_decibels(noise_temperature.value());
}

Result<bool> RadioLink::validate() const {
  if (!(frequency >= gigahertz(1.0) && frequency <= gigahertz(55.0)))
    return fail(Errc::kOutOfRange, "frequency: expected 1…55 GHz, found {}", frequency.value() / 1e9);
  if (!is_above_zero(power.value()) || power.value() > 1e6)
    return fail(Errc::kOutOfRange, "power: expected above 0 W, at most 1 MW, found {}", power.value());
  for (const Decibels gain : {transmit_gain, receive_gain})
    if (!(gain.value() >= -30.0 && gain.value() <= 100.0))
      return fail(Errc::kOutOfRange, "antenna gain: expected −30…100 dBi, found {}", gain.value());
  for (const Decibels loss : {line_loss, pointing_loss, implementation_loss, margin})
    if (!is_loss(loss) || loss.value() > 100.0)
      return fail(Errc::kOutOfRange, "loss or margin: expected 0…100 dB, found {}", loss.value());
  if (!(noise_temperature.value() >= 1.0 && noise_temperature.value() <= 1e5))
    return fail(Errc::kOutOfRange, "noise temperature: expected 1…100,000 K, found {}",
                noise_temperature.value());
  if (!is_above_zero(symbols_per_second) || symbols_per_second > 1e11)
    return fail(Errc::kOutOfRange, "symbol rate: expected above 0, at most 1e11 a second, found {}",
                symbols_per_second);
  return true;
}

Decibels carrier_to_noise_density(const RadioLink& link, Metres distance, const AirLoss& air) {
  const Kelvin noise = link.noise_temperature + air.noise;
  return link.eirp() + link.receive_gain - to_decibels(noise.value()) -
         free_space_loss(distance, link.frequency) - link.pointing_loss - link.implementation_loss -
         air.loss - to_decibels(kBoltzmann);
}

std::optional<BitsPerSecond> radio_rate(const RadioLink& link, Metres distance, const AirLoss& air) {
  const Decibels energy =
      carrier_to_noise_density(link, distance, air) - to_decibels(link.symbols_per_second) - link.margin;
  const auto mode = best_mode(energy, dvb_s2_modes());
  if (!mode) return std::nullopt;
  return BitsPerSecond(mode->bits_per_symbol * link.symbols_per_second);
}

Result<bool> StationAir::validate() const {
  if (!is_loss(zenith_loss) || zenith_loss.value() > 100.0)
    return fail(Errc::kOutOfRange, "loss of gases: expected 0…100 dB, found {}", zenith_loss.value());
  if (!(tilt.value() >= 0.0 && tilt.value() <= 90.0))
    return fail(Errc::kOutOfRange, "polarisation tilt: expected 0…90 degrees, found {}", tilt.value());
  return rain.validate();
}

AirLoss air_loss(const StationAir& air, Hertz frequency, Degrees elevation, Degrees latitude,
                 Metres station_altitude) {
  const double up = std::sin(to_radians(std::max(elevation, kCosecantMin)).value());
  const Decibels rain = rain_fade({frequency, elevation, air.tilt, latitude, station_altitude}, air.rain);
  return {air.zenith_loss / up + rain, kWetAir * (1.0 - from_decibels(-rain))};
}

Result<bool> OpticalLink::validate() const {
  if (!(wavelength.value() >= 400e-9 && wavelength.value() <= 20e-6))
    return fail(Errc::kOutOfRange, "wavelength: expected 400…20,000 nm, found {}", wavelength.value() * 1e9);
  if (!is_above_zero(power.value()) || power.value() > 1e6)
    return fail(Errc::kOutOfRange, "power: expected above 0 W, at most 1 MW, found {}", power.value());
  if (!(divergence.value() >= 1e-7 && divergence.value() <= 0.1))
    return fail(Errc::kOutOfRange, "divergence: expected 0.1…100,000 µrad, found {}",
                divergence.value() * 1e6);
  if (!(pointing_error.value() >= 0.0 && pointing_error.value() <= 0.1))
    return fail(Errc::kOutOfRange, "pointing error: expected 0…100,000 µrad, found {}",
                pointing_error.value() * 1e6);
  if (!is_above_zero(receive_aperture.value()) || receive_aperture.value() > 100.0)
    return fail(Errc::kOutOfRange, "aperture: expected above 0, at most 100 m, found {}",
                receive_aperture.value());
  if (!(efficiency.value() > 0.0 && efficiency.value() <= 1.0))
    return fail(Errc::kOutOfRange, "efficiency: expected above 0, at most 1, found {}", efficiency.value());
  if (!is_above_zero(photons_per_bit))
    return fail(Errc::kOutOfRange, "photons a bit: expected above 0, found {}", photons_per_bit);
  if (!is_above_zero(rate_min.value()) || !(rate_max >= rate_min) || rate_max.value() > 1e15)
    return fail(Errc::kOutOfRange, "rates: expected 0 < least ≤ greatest ≤ 1e15 bit/s, found {} and {}",
                rate_min.value(), rate_max.value());
  return true;
}

Decibels beam_gain(Radians divergence) {
  return to_decibels(8.0 / (divergence.value() * divergence.value()));
}

Watts received_power(const OpticalLink& link, Metres distance) {
  const Hertz frequency(kLightMs / link.wavelength.value());
  const double off_axis = link.pointing_error / link.divergence;
  const Decibels change = beam_gain(link.divergence) + to_decibels(std::exp(-2.0 * off_axis * off_axis)) -
                          free_space_loss(distance, frequency) +
                          dish_gain(link.receive_aperture, link.efficiency, frequency);
  return link.power * from_decibels(change);
}

std::optional<BitsPerSecond> optical_rate(const OpticalLink& link, Metres distance) {
  const double photon = kPlanck * kLightMs / link.wavelength.value();
  const BitsPerSecond rate(received_power(link, distance).value() / photon / link.photons_per_bit);
  if (rate < link.rate_min) return std::nullopt;
  return std::min(rate, link.rate_max);
}

RadioLink x_band_to_ground() {
  RadioLink link;
  link.receive_gain = dish_gain(Metres(3.7), Fraction(0.6), link.frequency);
  return link;
}

RadioLink ka_band_to_ground() {
  RadioLink link;
  link.frequency = gigahertz(26.0);
  link.power = Watts(1.0);
  link.transmit_gain = Decibels(17.0);
  link.receive_gain = dish_gain(Metres(1.8), Fraction(0.6), link.frequency);
  link.noise_temperature = Kelvin(250.0);
  link.symbols_per_second = 25e6;
  return link;
}

RadioLink ka_band_between_satellites() {
  RadioLink link;
  link.frequency = gigahertz(23.0);
  link.power = Watts(2.0);
  link.transmit_gain = dish_gain(Metres(0.25), Fraction(0.6), link.frequency);
  link.receive_gain = link.transmit_gain;
  link.pointing_loss = Decibels(1.0);
  link.noise_temperature = Kelvin(500.0);
  link.symbols_per_second = 25e6;
  return link;
}

OpticalLink laser_between_satellites() {
  return {};
}

}  // namespace skywarden::network
