// The normal and the chi-squared distribution (Abramowitz and Stegun, §26.2 and §26.4), as far as robust
// estimates need them. They rest on the C library's exp and erfc, so the last digits may differ between
// systems.
#pragma once

#include <cstddef>

namespace skywarden::statistics {

[[nodiscard]] double normal_density(double z);
[[nodiscard]] double normal_below(double z);  // Φ
// Φ⁻¹, `probability` strictly inside 0…1. By halving, to 1e-15 of 40 deviations.
[[nodiscard]] double normal_quantile(double probability);

// The probability of a sum of `freedom` squared normals up to x; `freedom` 1…1000.
[[nodiscard]] double chi_squared_below(double x, std::size_t freedom);
// Its inverse, `probability` in 0 to less than 1. By halving.
[[nodiscard]] double chi_squared_quantile(double probability, std::size_t freedom);

}  // namespace skywarden::statistics
