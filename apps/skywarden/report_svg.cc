#include "report_svg.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace skywarden::app {
namespace {

constexpr double kCoordinateMax =
    1e5;  // a picture is some hundred units wide; what is far outside stays finite
constexpr int kTicksMax = 200;

// 1, 2 or 5 times a power of ten, not under `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * 0.999) return factor * power;
  return 10.0 * power;
}

std::string number_label(double value, double step) {
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
  const double shown = std::abs(value) < step * 1e-6 ? 0.0 : value;
  if (decimals == 0 && std::abs(shown) >= 10'000.0)
    return (shown < 0 ? "−" : "") + counted(static_cast<std::uint64_t>(std::llround(std::abs(shown))));
  const std::string text = fmt::format("{:.{}f}", std::abs(shown), decimals);
  return (shown < 0.0 ? "−" : "") + text;
}

void append_tip(std::string& out, std::string_view element, std::string_view tip) {
  if (tip.empty())
    out += "/>";
  else
    fmt::format_to(std::back_inserter(out), "><title>{}</title></{}>", escaped(tip), element);
}

std::string clock_label(Instant t, bool with_date, bool with_time) {
  const std::string stamp = utc_stamp(t);  // 2017-10-08 21:50
  std::string label;
  if (with_time) label = stamp.substr(11);
  if (with_date) label = stamp.substr(5, 5) + (label.empty() ? "" : " " + label);
  return label;
}

}  // namespace

std::vector<Tick> number_ticks(double low, double high, int wanted) {
  std::vector<Tick> ticks;
  if (!(high > low) || !std::isfinite(low) || !std::isfinite(high)) return ticks;
  const double step = round_step((high - low) / std::max(1, wanted));
  double at = std::ceil(low / step - 1e-9) * step;
  for (int i = 0; i < kTicksMax && at <= high + step * 1e-9; ++i, at += step)
    ticks.push_back({at, number_label(at, step)});
  return ticks;
}

std::vector<TimeTick> time_ticks(Instant start, Instant end, const LocalClock& clock, int most) {
  static constexpr std::array<int, 18> kStepsMin = {
      1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 5760, 10080, 20160, 43200, 86400, 172800, 525600};
  std::vector<TimeTick> ticks;
  if (end <= start || most < 1) return ticks;
  const double span_min = to_seconds(end - start) / 60.0;
  int step_min = kStepsMin.back();
  for (const int step : kStepsMin) {
    if (span_min / step > most) continue;
    step_min = step;
    break;
  }
  const Instant local_start = start + clock.offset();
  CivilTime civil = to_civil(local_start);
  civil.hour = civil.minute = civil.second = civil.nanosecond = 0;
  const auto midnight = from_civil(civil);
  if (!midnight) return ticks;
  const Duration step = std::chrono::minutes(step_min);
  const auto before = (local_start - *midnight + step - Duration(1)) / step;
  constexpr Duration kLeap = std::chrono::seconds(2);  // a leap second since midnight must not show 23:59
  const bool days = step_min >= 1440;
  for (Instant at = *midnight - clock.offset() + before * step; at <= end && ticks.size() < kTicksMax;
       at += step) {
    const Instant local = at + clock.offset() + kLeap;
    const bool midnight_local = to_civil(local).hour == 0 && to_civil(local).minute == 0;
    const bool midnight_utc = to_civil(at + kLeap).hour == 0 && to_civil(at + kLeap).minute == 0;
    const bool first = ticks.empty();
    ticks.push_back({at, clock_label(local, first || midnight_local || days, !days),
                     clock_label(at + kLeap, first || midnight_utc || days, !days)});
  }
  return ticks;
}

std::string tenth(double v) {
  if (!std::isfinite(v)) v = 0.0;
  v = std::clamp(v, -kCoordinateMax, kCoordinateMax);
  std::string text = fmt::format("{:.1f}", v);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string polyline(const std::vector<Point2>& points, bool closed) {
  std::string d;
  for (const Point2& p : points) d += (d.empty() ? "M" : "L") + tenth(p.x) + " " + tenth(p.y);
  if (closed && !d.empty()) d += "Z";
  return d;
}

Svg::Svg(double width, double height, std::string_view label, std::string_view css_class) {
  out_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"{}>\n", tenth(width),
                     tenth(height), escaped(label),
                     css_class.empty() ? "" : fmt::format(" class=\"{}\"", css_class));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view attributes) {
  fmt::format_to(std::back_inserter(out_), "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", tenth(x1),
                 tenth(y1), tenth(x2), tenth(y2), attributes);
}

void Svg::rect(double x, double y, double width, double height, std::string_view attributes) {
  fmt::format_to(std::back_inserter(out_), "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n",
                 tenth(x), tenth(y), tenth(std::max(0.0, width)), tenth(std::max(0.0, height)), attributes);
}

void Svg::circle(double x, double y, double r, std::string_view attributes, std::string_view tip) {
  fmt::format_to(std::back_inserter(out_), "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}", tenth(x), tenth(y),
                 tenth(r), attributes);
  append_tip(out_, "circle", tip);
  out_ += '\n';
}

void Svg::path(std::string_view d, std::string_view attributes, std::string_view tip) {
  if (d.empty()) return;
  fmt::format_to(std::back_inserter(out_), "<path d=\"{}\" {}", d, attributes);
  append_tip(out_, "path", tip);
  out_ += '\n';
}

void Svg::text(double x, double y, std::string_view text, std::string_view attributes) {
  fmt::format_to(std::back_inserter(out_), "<text x=\"{}\" y=\"{}\" {}>{}</text>\n", tenth(x), tenth(y),
                 attributes, escaped(text));
}

std::string Svg::finish() && {
  return std::move(out_) + "</svg>";
}

}  // namespace skywarden::app
