// Inline SVG as text: shapes with rounded coordinates, labels that are escaped, and the ticks of axes. No
// style sheet of its own: classes are those of the report's page.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "report_words.h"

namespace skywarden::app {

struct Tick {
  double at = 0.0;  // in the axis's own unit
  std::string label;
};

// Round numbers, about `wanted` of them, within [low, high].
[[nodiscard]] std::vector<Tick> number_ticks(double low, double high, int wanted);

struct TimeTick {
  Instant at{};
  std::string local, utc;  // "21:00"; with the date at midnight and at the first
};
// On round local times: at most `most`.
[[nodiscard]] std::vector<TimeTick> time_ticks(Instant start, Instant end, const LocalClock& clock, int most);

// A line from [from_low, from_high] onto [to_low, to_high].
class Scale {
 public:
  Scale(double from_low, double from_high, double to_low, double to_high)
      : from_low_(from_low),
        to_low_(to_low),
        factor_((to_high - to_low) / (from_high > from_low ? from_high - from_low : 1.0)) {}
  [[nodiscard]] double operator()(double v) const { return to_low_ + (v - from_low_) * factor_; }

 private:
  double from_low_, to_low_, factor_;
};

class TimeScale {
 public:
  TimeScale(Instant start, Instant end, double left, double right)
      : start_(start), scale_(0.0, to_seconds(end - start), left, right) {}
  [[nodiscard]] double operator()(Instant t) const { return scale_(to_seconds(t - start_)); }

 private:
  Instant start_;
  Scale scale_;
};

class Svg {
 public:
  // `label` is read aloud; it is escaped here.
  Svg(double width, double height, std::string_view label, std::string_view css_class = "");
  void line(double x1, double y1, double x2, double y2, std::string_view attributes);
  void rect(double x, double y, double width, double height, std::string_view attributes);
  void circle(double x, double y, double r, std::string_view attributes, std::string_view tip = "");
  void path(std::string_view d, std::string_view attributes, std::string_view tip = "");
  void text(double x, double y, std::string_view text, std::string_view attributes = "");
  void raw(std::string_view markup) { out_ += markup; }
  [[nodiscard]] std::string finish() &&;

 private:
  std::string out_;
};

// "12.3": a coordinate to a tenth.
[[nodiscard]] std::string tenth(double v);
// The vertices as "M1 2L3 4"; `closed` adds Z.
struct Point2 {
  double x = 0.0, y = 0.0;
};
[[nodiscard]] std::string polyline(const std::vector<Point2>& points, bool closed = false);

}  // namespace skywarden::app
