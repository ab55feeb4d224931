// How far a carrier is shifted on its way between a satellite and the ground: one way, by the range rate
// alone. Time dilation and gravity, below one part in 10⁹ together, are left out.
#pragma once

namespace skywarden::orbit {

inline constexpr double kLightKms = 299792.458;

// Received minus sent, Hz. Positive range rates recede (LookAngles), and lower the frequency.
[[nodiscard]] constexpr double doppler_shift_hz(double carrier_hz, double range_rate_kms) {
  return -carrier_hz * range_rate_kms / (kLightKms + range_rate_kms);
}

}  // namespace skywarden::orbit
