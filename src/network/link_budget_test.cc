// Against budgets worked by hand in decibels (92.45 + 20 log d[km] + 20 log f[GHz]; −228.6 dBW/K/Hz), and,
// for the laser, against the intensity of the beam times the area of the receiver.
#include "network/link_budget.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::network;

TEST_CASE("free space and dishes lose and gain what the textbooks say") {
  CHECK(free_space_loss(kilometres(2000), gigahertz(8.2)).value() ==
        doctest::Approx(92.4478 + 20.0 * std::log10(2000.0) + 20.0 * std::log10(8.2)).epsilon(1e-6));
  CHECK(free_space_loss(kilometres(35'786), gigahertz(12.0)).value() ==
        doctest::Approx(205.106).epsilon(1e-5));
  // (π D / λ)² η with λ = 36.56 mm.
  CHECK(dish_gain(Metres(3.7), Fraction(0.6), gigahertz(8.2)).value() ==
        doctest::Approx(47.828).epsilon(1e-4));
  CHECK(from_decibels(to_decibels(50.0)) == doctest::Approx(50.0));
}

TEST_CASE("a budget worked by hand") {
  // 10 W (10 dBW) through 1 dB of line into 35 dBi; 3,000 km at 26 GHz lose 190.29 dB; 45 dBi and 290 K
  // (24.62 dBK) receive; 0.5 + 1 dB of losses; 4 dB of air: 10 − 1 + 35 − 190.29 + 45 − 24.62 − 1.5 − 4
  // + 228.6 = 97.19 dBHz. At 50 Mbaud (76.99 dB) and with 3 dB of margin 17.2 dB are left: 32APSK 9/10.
  RadioLink link;
  link.frequency = gigahertz(26.0);
  link.power = Watts(10.0);
  link.transmit_gain = Decibels(35.0);
  link.receive_gain = Decibels(45.0);
  link.noise_temperature = Kelvin(290.0);
  link.symbols_per_second = 50e6;
  CHECK(link.eirp().value() == doctest::Approx(44.0));
  CHECK(link.figure_of_merit().value() == doctest::Approx(20.376).epsilon(1e-4));
  CHECK(carrier_to_noise_density(link, kilometres(3000), {Decibels(4.0), Kelvin(0.0)}).value() ==
        doctest::Approx(97.19).epsilon(1e-4));
  CHECK(radio_rate(link, kilometres(3000), {Decibels(4.0), Kelvin(0.0)}) == BitsPerSecond(4.453027 * 50e6));
  // 2 dB more and it is 15.2 dB: 32APSK 5/6. Sky of 290 K halves G/T on top: 12.2 dB, 16APSK 5/6.
  CHECK(radio_rate(link, kilometres(3000), {Decibels(6.0), Kelvin(0.0)}) == BitsPerSecond(4.119540 * 50e6));
  CHECK(radio_rate(link, kilometres(3000), {Decibels(6.0), Kelvin(290.0)}) == BitsPerSecond(3.300184 * 50e6));
  CHECK_FALSE(radio_rate(link, kilometres(3000), {Decibels(25.0), Kelvin(0.0)}));
}

TEST_CASE("modes: sorted, below Shannon's limit, and the best is taken even where a slower one needs more") {
  const auto modes = dvb_s2_modes();
  REQUIRE(modes.size() == 28);
  CHECK(std::ranges::is_sorted(modes, {}, &CodingMode::energy_min));
  for (const CodingMode& mode : modes)
    CHECK(mode.bits_per_symbol < std::log2(1.0 + from_decibels(mode.energy_min)));
  CHECK(best_mode(Decibels(6.3), modes)->name == "8PSK 3/5");    // QPSK 8/9 needs 6.2 dB and carries less
  CHECK(best_mode(Decibels(9.4), modes)->name == "16APSK 2/3");  // as does 8PSK 5/6
  CHECK(best_mode(Decibels(40.0), modes)->name == "32APSK 9/10");
  CHECK(best_mode(Decibels(-2.35), modes)->name == "QPSK 1/4");
  CHECK_FALSE(best_mode(Decibels(-2.36), modes));
}

TEST_CASE("air: gases by the cosecant, rain and its warmth") {
  StationAir dry;
  dry.rain.rate_mm_h = 0.0;
  const auto zenith = air_loss(dry, gigahertz(8.2), Degrees(90.0), Degrees(50.0), Metres(0.0));
  CHECK(zenith.loss.value() == doctest::Approx(0.05));
  CHECK(zenith.noise.value() == 0.0);
  CHECK(air_loss(dry, gigahertz(8.2), Degrees(30.0), Degrees(50.0), Metres(0.0)).loss.value() ==
        doctest::Approx(0.1));
  CHECK(air_loss(dry, gigahertz(8.2), Degrees(1.0), Degrees(50.0), Metres(0.0)).loss ==
        air_loss(dry, gigahertz(8.2), Degrees(5.0), Degrees(50.0), Metres(0.0)).loss);
  const StationAir wet;
  const auto rain = air_loss(wet, gigahertz(26.0), Degrees(30.0), Degrees(50.0), Metres(0.0));
  const double fade =
      rain_fade({gigahertz(26.0), Degrees(30.0), Degrees(45.0), Degrees(50.0), Metres(0.0)}, wet.rain)
          .value();
  CHECK(rain.loss.value() == doctest::Approx(0.1 + fade));
  CHECK(rain.noise.value() == doctest::Approx(275.0 * (1.0 - std::pow(10.0, -fade / 10.0))));
}

TEST_CASE("a laser's power is intensity times area, and its rate the photons") {
  OpticalLink link;
  for (const double km : {500.0, 5000.0, 40'000.0}) {
    const double radius = link.divergence.value() * km * 1e3;
    const double off = link.pointing_error.value() * km * 1e3;
    const double intensity = 2.0 * link.power.value() / (std::numbers::pi * radius * radius) *
                             std::exp(-2.0 * off * off / (radius * radius));
    const double area = std::numbers::pi * 0.04 * 0.04;
    CHECK(received_power(link, kilometres(km)).value() == doctest::Approx(intensity * area * 0.25));
  }
  CHECK(optical_rate(link, kilometres(5000)) == BitsPerSecond(2.5e9));  // 2.56 Gbit/s of photons
  CHECK(optical_rate(link, kilometres(10'000))->value() == doctest::Approx(640.26e6).epsilon(1e-4));
  CHECK_FALSE(optical_rate(link, kilometres(40'000)));  // 40 Mbit/s: too slow for the modem
}

TEST_CASE("presets close where they say") {
  const auto mbps = [](const RadioLink& link, double km) {
    return radio_rate(link, kilometres(km)).value_or(BitsPerSecond(0.0)).value() / 1e6;
  };
  CHECK(mbps(x_band_to_ground(), 500) == doctest::Approx(44.53027));
  CHECK(mbps(x_band_to_ground(), 2500) == doctest::Approx(13.22253));
  CHECK(mbps(ka_band_to_ground(), 500) == doctest::Approx(111.325675));
  CHECK(mbps(ka_band_to_ground(), 2500) == doctest::Approx(39.6799));
  CHECK(mbps(ka_band_between_satellites(), 500) == doctest::Approx(111.325675));
  CHECK(mbps(ka_band_between_satellites(), 5000) == doctest::Approx(12.256075));
  for (const RadioLink& link : {x_band_to_ground(), ka_band_to_ground(), ka_band_between_satellites()})
    CHECK(link.validate());
  CHECK(laser_between_satellites().validate());
}

TEST_CASE("farther is never faster") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    RadioLink radio;
    radio.power = Watts(std::pow(10.0, random.uniform(-2.0, 2.0)));
    OpticalLink laser;
    laser.power = Watts(std::pow(10.0, random.uniform(-2.0, 1.0)));
    double radio_before = 1e18;
    double laser_before = 1e18;
    for (double km = 100.0; km < 50'000.0; km *= 1.0 + random.uniform(0.01, 0.5)) {
      const double by_radio = radio_rate(radio, kilometres(km)).value_or(BitsPerSecond(0.0)).value();
      const double by_laser = optical_rate(laser, kilometres(km)).value_or(BitsPerSecond(0.0)).value();
      RC_ASSERT(by_radio <= radio_before);
      RC_ASSERT(by_laser <= laser_before);
      radio_before = by_radio;
      laser_before = by_laser;
    }
  }));
}

TEST_CASE("budgets out of range are refused") {
  RadioLink radio;
  radio.power = Watts(0.0);
  CHECK(radio.validate().error().code == Errc::kOutOfRange);
  radio = {};
  radio.frequency = gigahertz(60.0);
  CHECK_FALSE(radio.validate());
  radio = {};
  radio.margin = Decibels(std::nan(""));
  CHECK_FALSE(radio.validate());
  OpticalLink laser;
  laser.divergence = Radians(0.0);
  CHECK_FALSE(laser.validate());
  laser = {};
  laser.rate_min = BitsPerSecond(1e12);
  CHECK_FALSE(laser.validate());
  laser = {};
  laser.photons_per_bit = -1.0;
  CHECK_FALSE(laser.validate());
}
