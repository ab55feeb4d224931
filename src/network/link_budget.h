// How fast a link can be over a distance: budgets of radio and laser links. Radio: power and gains less
// losses give the carrier over the noise density, and of a table of modulations and codes the fastest that
// the energy of a symbol suffices for gives the rate. Laser: the photons that arrive give it. Free space by
// ITU-R P.525-4; rain by rain_fade.h; modes by ETSI EN 302 307-1, table 13 (which CCSDS 131.3-B takes over
// for telemetry); the Gaussian beam by Kaushal and Kaddoum, IEEE Communications Surveys and Tutorials 19
// (2017), section II, and photon counting by Hemmati, Deep Space Optical Communications, chapter 4.
// Interference, the patterns of antennas, turbulence and clouds are not modelled: a laser to the ground is
// out of scope.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "network/rain_fade.h"

namespace skywarden::network {

[[nodiscard]] Decibels to_decibels(double ratio);  // ratio > 0
[[nodiscard]] double from_decibels(Decibels ratio);

// Between isotropic antennas; distance and frequency above 0.
[[nodiscard]] Decibels free_space_loss(Metres distance, Hertz frequency);
// Of a dish over an isotropic antenna; efficiency usually 0.5…0.7.
[[nodiscard]] Decibels dish_gain(Metres diameter, Fraction efficiency, Hertz frequency);

struct CodingMode {
  std::string_view name;
  Decibels energy_min;           // of a symbol over the noise density, for quasi error-free reception
  double bits_per_symbol = 0.0;  // of the user, coding taken off
};
// The 28 of DVB-S2 with normal frames, by energy.
[[nodiscard]] std::span<const CodingMode> dvb_s2_modes();
// The one with most bits a symbol that so much energy suffices for; nothing below them all.
[[nodiscard]] std::optional<CodingMode> best_mode(Decibels energy, std::span<const CodingMode> modes);

struct RadioLink {
  Hertz frequency = gigahertz(8.2);
  Watts power{0.5};
  Decibels transmit_gain{6.0}, receive_gain{47.8};  // over isotropic
  Decibels line_loss{1.0};                          // between amplifier and antenna
  Decibels pointing_loss{0.5};                      // of both antennas, polarisation included
  Decibels implementation_loss{1.0};                // of modems against theory
  Kelvin noise_temperature{150.0};                  // of the receiving system, clear sky
  double symbols_per_second = 10e6;
  Decibels margin{3.0};  // kept, so that what is not modelled does not break the link

  [[nodiscard]] Decibels eirp() const;             // dBW
  [[nodiscard]] Decibels figure_of_merit() const;  // G/T, dB/K
  [[nodiscard]] Result<bool> validate() const;
};

// What the air adds between the ground and space.
struct AirLoss {
  Decibels loss;
  Kelvin noise;  // of the sky, on top of the clear one
};

// Carrier over noise density, dBHz.
[[nodiscard]] Decibels carrier_to_noise_density(const RadioLink& link, Metres distance,
                                                const AirLoss& air = {});
// Nothing when not even the slowest mode closes.
[[nodiscard]] std::optional<BitsPerSecond> radio_rate(const RadioLink& link, Metres distance,
                                                      const AirLoss& air = {});

// The air over a station. Gases: the loss straight up grows with the cosecant of the elevation (P.676, Annex
// 2), below 5 degrees as at 5. Rain: what rain_fade says, and the warmth of wet air (P.618-13, section 3) in
// the receiver; for links upwards, whose receiver looks at the warm Earth anyway, that is a little too much.
struct StationAir {
  Decibels zenith_loss{0.05};  // of gases, at this frequency: 0.05 dB at 8 GHz, 0.3 dB at 26 GHz
  RainClimate rain;
  Degrees tilt{45.0};  // of the polarisation; 45 for circular

  [[nodiscard]] Result<bool> validate() const;
};
[[nodiscard]] AirLoss air_loss(const StationAir& air, Hertz frequency, Degrees elevation, Degrees latitude,
                               Metres station_altitude);

struct OpticalLink {
  Metres wavelength{1550e-9};
  Watts power{0.5};
  Radians divergence{15e-6};       // half angle at which the intensity has fallen to 1/e²
  Radians pointing_error{3e-6};    // of the transmitter
  Metres receive_aperture{0.08};   // diameter
  Fraction efficiency{0.25};       // of both optics together
  double photons_per_bit = 200.0;  // the receiver wants, its margin included
  BitsPerSecond rate_max{2.5e9};   // of the modem
  BitsPerSecond rate_min{100e6};   // slower it does not go

  [[nodiscard]] Result<bool> validate() const;
};

// On-axis intensity over that of an isotropic source.
[[nodiscard]] Decibels beam_gain(Radians divergence);
[[nodiscard]] Watts received_power(const OpticalLink& link, Metres distance);
[[nodiscard]] std::optional<BitsPerSecond> optical_rate(const OpticalLink& link, Metres distance);

// A small satellite at 8.2 GHz to a dish of 3.7 m: 13 Mbit/s at 2,500 km to 45 Mbit/s overhead, less in rain.
[[nodiscard]] RadioLink x_band_to_ground();
// At 26 GHz to a dish of 1.8 m: 40 Mbit/s at 2,500 km to 111 Mbit/s overhead, less in rain.
[[nodiscard]] RadioLink ka_band_to_ground();
// Two dishes of 25 cm at 23 GHz: 12 Mbit/s at 5,000 km to 111 Mbit/s at 500 km.
[[nodiscard]] RadioLink ka_band_between_satellites();
// Apertures of 8 cm at 1550 nm: 2.5 Gbit/s within 5,000 km.
[[nodiscard]] OpticalLink laser_between_satellites();

}  // namespace skywarden::network
