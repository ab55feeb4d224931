// How wide a sample spreads although some of it is wrong, without taking it as symmetric: Sn and Qn of
// P. J. Rousseeuw and C. Croux, "Alternatives to the median absolute deviation", Journal of the American
// Statistical Association 88 (1993) 1273-1283, and the τ of R. A. Maronna and R. H. Zamar, "Robust estimates
// of location and dispersion for high-dimensional datasets", Technometrics 44 (2002) 307-317. All three
// break down at one half and are consistent for the standard deviation of a normal sample; constants and
// corrections for small samples are those of R's robustbase. Efficiency at the normal: Sn 0.58, Qn 0.82, the
// median absolute deviation 0.37. A sample of one has the scale 0. Time n log² n, memory n.
#pragma once

#include <span>

#include "statistics/location.h"

namespace skywarden::statistics {

[[nodiscard]] double scale_sn(std::span<const double> sample);
[[nodiscard]] double scale_qn(std::span<const double> sample);

// A weighted mean with weights that vanish beyond 4.5 median absolute deviations, and the root of the mean
// square cut off at 3 of them. Scale 0 and the median where more than half of the values agree.
[[nodiscard]] LocationScale tau_location_scale(std::span<const double> sample);

}  // namespace skywarden::statistics
