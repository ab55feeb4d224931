// Outliers of one sample: fences beyond which a value does not belong, from the quartiles. J. W. Tukey,
// "Exploratory Data Analysis", 1977; for skewed samples M. Hubert and E. Vandervieren, "An adjusted boxplot
// for skewed distributions", Computational Statistics and Data Analysis 52 (2008) 5186-5201, over the
// medcouple of G. Brys, M. Hubert and A. Struyf, "A robust measure of skewness", Journal of Computational and
// Graphical Statistics 13 (2004) 996-1017. Fences stand until a quarter of the sample is wrong. Samples are
// never empty and hold only finite numbers.
#pragma once

#include <cstddef>
#include <span>

namespace skywarden::statistics {

inline constexpr double kTukeyReach = 1.5;  // interquartile ranges; flags 0.7 % of a normal sample

struct Fences {
  double low = 0.0, high = 0.0;  // values on a fence belong
  [[nodiscard]] bool holds(double value) const { return value >= low && value <= high; }
};

// By the quartiles of type 7 (the interquartile-range rule).
[[nodiscard]] Fences tukey_fences(std::span<const double> sample, double reach = kTukeyReach);

struct Hinges {  // medians of the lower and the upper half, the middle value in both
  double low = 0.0, high = 0.0;
};
[[nodiscard]] Hinges hinges(std::span<const double> sample);

// The boxplot as R draws it: fences by the hinges, whiskers to the last values within.
struct Box {
  Hinges hinges;
  Fences fences;
  double whisker_low = 0.0, whisker_high = 0.0;
};
[[nodiscard]] Box box(std::span<const double> sample, double reach = kTukeyReach);

// Skewness in −1…1, 0 for symmetric samples, with a breakdown point of a quarter. As R's robustbase: samples
// of up to 100 values are also looked at from the other side and the mean is taken, since small samples may
// differ. 0 for less than three values or a constant sample. n log² n.
[[nodiscard]] double medcouple(std::span<const double> sample);

// The box's fences, nearer on the short side and further on the long one.
[[nodiscard]] Fences adjusted_fences(std::span<const double> sample, double reach = kTukeyReach);

[[nodiscard]] std::size_t count_outside(std::span<const double> sample, const Fences& fences);

}  // namespace skywarden::statistics
