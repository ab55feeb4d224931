#include <algorithm>
#include <cmath>

#include "report_figures.h"
#include "report_svg.h"

namespace skywarden::app {
namespace {

constexpr double kWidth = 370.0;

struct Frame {
  double left, right, top, bottom;
};

void time_axis(Svg& svg, const Frame& f, Instant start, Instant end, const LocalClock& clock) {
  const TimeScale x(start, end, f.left, f.right);
  for (const TimeTick& t : time_ticks(start, end, clock, 5)) {
    const double at = x(t.at);
    svg.line(at, f.top, at, f.bottom, "class=\"rule\"");
    svg.text(std::clamp(at, f.left + 12, f.right - 14), f.bottom + 11, t.local,
             "class=\"small\" text-anchor=\"middle\"");
  }
}

void value_axis(Svg& svg, const Frame& f, double low, double high, int wanted, double scale = 1.0,
                std::string_view unit = "") {
  const Scale y(low * scale, high * scale, f.bottom, f.top);
  for (const Tick& t : number_ticks(low * scale, high * scale, wanted)) {
    svg.line(f.left, y(t.at), f.right, y(t.at), "class=\"rule\"");
    svg.text(f.left - 4, y(t.at) + 3, t.label + std::string(unit), "class=\"small\" text-anchor=\"end\"");
  }
  svg.rect(f.left, f.top, f.right - f.left, f.bottom - f.top,
           "fill=\"none\" stroke=\"#999\" stroke-width=\"0.7\"");
}

struct Unit {
  std::string name;
  double factor = 1.0, offset = 0.0;
  [[nodiscard]] double operator()(double v) const { return v * factor + offset; }
};

Unit shown_unit(const std::string& unit, bool us_units) {
  if (us_units && unit == "degC") return {"°F", 1.8, 32.0};
  if (us_units && unit == "km/h") return {"mph", 1.0 / 1.609344, 0.0};
  if (us_units && unit == "mm") return {"in", 1.0 / 25.4, 0.0};
  if (unit == "degC") return {"°C"};
  if (unit == "deg") return {"°"};
  if (unit == "percent") return {"%"};
  return {unit};
}

// A message holds until the next one, so its value is drawn as a step.
template <typename Value>
std::vector<Point2> steps(const std::vector<Message>& messages, const TimeScale& x, const Scale& y,
                          double right, const Value& value) {
  std::vector<Point2> points;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const double at = y(value(messages[i]));
    points.push_back({x(messages[i].time), at});
    points.push_back({i + 1 < messages.size() ? x(messages[i + 1].time) : right, at});
  }
  return points;
}

struct EventSpan {
  Instant start{}, end{};
};

EventSpan span_of(const EventStory& story) {
  EventSpan s{story.messages.front().time, story.messages.back().time};
  for (const Opinion& o : story.opinions.items()) {
    s.start = std::min(s.start, o.time);
    s.end = std::max(s.end, o.time);
  }
  const Duration margin = std::max<Duration>((s.end - s.start) / 20, std::chrono::minutes(10));
  return {s.start - margin, s.end + margin};
}

std::vector<Message> without_cancels(const std::vector<Message>& messages) {
  std::vector<Message> out;
  for (const Message& m : messages)
    if (m.kind != datum::ProposalKind::kCancel) out.push_back(m);
  return out;
}

void draw_cancels(Svg& svg, const Frame& f, const EventStory& story, const TimeScale& x) {
  for (const Message& m : story.messages)
    if (m.kind == datum::ProposalKind::kCancel)
      svg.line(x(m.time), f.top, x(m.time), f.bottom,
               "stroke=\"#555\" stroke-width=\"1.4\" stroke-dasharray=\"4 3\"");
}

std::string area_chart(const ReportInput& in, const EventStory& story, const EventSpan& span,
                       std::size_t number) {
  const Frame f{58, kWidth - 6, 22, 126};
  const bool us = in.incident.us_units;
  const double scale = us ? kAcresPerHectare : 1.0;
  Svg svg(kWidth, 144, fmt::format("Area of fire {} over time", number), "chart");
  svg.text(0, 12, fmt::format("Area at most 面积上限 ({})", us ? "acres 英亩" : "ha 公顷"),
           "class=\"axis\" font-weight=\"bold\"");
  const auto fires = without_cancels(story.messages);
  double high = 1.0;
  for (const Message& m : fires) high = std::max(high, m.hectares * 1.08);
  time_axis(svg, f, span.start, span.end, LocalClock(in.incident.utc_offset_min));
  value_axis(svg, f, 0.0, high, 4, scale);
  const TimeScale x(span.start, span.end, f.left, f.right);
  const Scale y(0.0, high, f.bottom, f.top);
  auto line = steps(fires, x, y, f.right, [](const Message& m) { return m.hectares; });
  svg.path(polyline(line), "fill=\"none\" stroke=\"#b3001b\" stroke-width=\"1.8\"");
  if (!line.empty()) {
    line.push_back({f.right, f.bottom});
    line.push_back({line.front().x, f.bottom});
    svg.path(polyline(line, true), "fill=\"#b3001b\" fill-opacity=\"0.12\"");
  }
  draw_cancels(svg, f, story, x);
  for (const Message& m : fires)
    svg.circle(x(m.time), y(m.hectares), 2.4, "fill=\"#b3001b\"",
               fmt::format("{} UTC: {}", utc_stamp(m.time), area_text(m.hectares, us).en));
  return std::move(svg).finish();
}

std::string probability_chart(const ReportInput& in, const EventStory& story, const EventSpan& span,
                              std::size_t number) {
  const Frame f{40, kWidth - 6, 22, 126};
  Svg svg(kWidth, 144, fmt::format("Probability of fire {} with its 90 % interval over time", number),
          "chart");
  svg.text(0, 12, "Probability and 90 % interval 概率与90%区间", "class=\"axis\" font-weight=\"bold\"");
  time_axis(svg, f, span.start, span.end, LocalClock(in.incident.utc_offset_min));
  value_axis(svg, f, 0.0, 1.0, 4, 100.0, " %");
  const TimeScale x(span.start, span.end, f.left, f.right);
  const Scale y(0.0, 1.0, f.bottom, f.top);
  std::string dots;
  for (const Opinion& o : story.opinions.items())
    dots += fmt::format("M{} {}h0", tenth(x(o.time)), tenth(y(static_cast<double>(o.probability))));
  svg.path(dots, "stroke=\"#777\" stroke-width=\"2.6\" stroke-opacity=\"0.5\" stroke-linecap=\"round\"");
  auto band = steps(story.messages, x, y, f.right, [](const Message& m) { return m.high; });
  auto low = steps(story.messages, x, y, f.right, [](const Message& m) { return m.low; });
  band.insert(band.end(), low.rbegin(), low.rend());
  svg.path(polyline(band, true), "fill=\"#1864ab\" fill-opacity=\"0.2\"");
  svg.path(polyline(steps(story.messages, x, y, f.right, [](const Message& m) { return m.threshold; })),
           "fill=\"none\" stroke=\"#c77700\" stroke-width=\"1.2\" stroke-dasharray=\"5 3\"");
  svg.path(polyline(steps(story.messages, x, y, f.right, [](const Message& m) { return m.probability; })),
           "fill=\"none\" stroke=\"#1864ab\" stroke-width=\"1.8\"");
  draw_cancels(svg, f, story, x);
  return std::move(svg).finish();
}

struct Range {
  double low = 0.0, high = 1.0;
};

Range range_of(const std::vector<Reading>& readings, const Unit& unit) {
  Range r;
  bool any = false;
  for (const Reading& reading : readings) {
    if (reading.state == ReadingState::kMissing) continue;
    const double low = unit(std::min(reading.low, reading.value)),
                 high = unit(std::max(reading.high, reading.value));
    r.low = any ? std::min(r.low, low) : low;
    r.high = any ? std::max(r.high, high) : high;
    any = true;
  }
  const double margin = r.high > r.low ? 0.06 * (r.high - r.low) : 1.0;
  return {r.low - margin, r.high + margin};
}

}  // namespace

std::string event_figure(const ReportInput& in, const ToldEvent& event, std::size_t number) {
  const EventSpan span = span_of(*event.story);
  return area_chart(in, *event.story, span, number) + "\n" +
         probability_chart(in, *event.story, span, number);
}

std::vector<const StreamSeries*> streams_drawn(const ReportNews& news) {
  std::vector<const StreamSeries*> out;
  for (const auto& [key, series] : news.streams)
    if (!series.readings.empty() && !series.readings.front().items().empty()) out.push_back(&series);
  std::stable_sort(out.begin(), out.end(), [](const StreamSeries* a, const StreamSeries* b) {
    return a->estimated + a->missing > b->estimated + b->missing;
  });
  if (out.size() > kStreamsDrawn) out.resize(kStreamsDrawn);
  return out;
}

std::string field_figure(const ReportInput& in, const StreamSeries& series, std::size_t field) {
  const auto& readings = series.readings[field].items();
  const Unit unit = shown_unit(series.units[field], in.incident.us_units);
  const Frame f{40, kWidth - 6, 20, 92};
  Svg svg(kWidth, 108, fmt::format("{} at {} over time", series.names[field], series.stream), "chart");
  svg.text(0, 12, fmt::format("{}{}", series.names[field], unit.name.empty() ? "" : " (" + unit.name + ")"),
           "class=\"axis\" font-weight=\"bold\"");
  if (readings.empty()) return std::move(svg).finish();
  const Instant start = readings.front().time;
  const Instant end = std::max(readings.back().time, start + std::chrono::hours(1));
  const Range range = range_of(readings, unit);
  time_axis(svg, f, start, end, LocalClock(in.incident.utc_offset_min));
  value_axis(svg, f, range.low, range.high, 3);
  const TimeScale x(start, end, f.left, f.right);
  const Scale y(range.low, range.high, f.bottom, f.top);
  std::string line, intervals, filled, gaps, strange;
  bool pen_down = false;
  for (const Reading& r : readings) {
    const std::string at_x = tenth(x(r.time));
    if (r.state == ReadingState::kMissing) {
      gaps += fmt::format("M{} {}v-6", at_x, tenth(f.bottom));
    } else if (r.state == ReadingState::kEstimated) {
      intervals += fmt::format("M{} {}L{} {}", at_x, tenth(y(unit(r.low))), at_x, tenth(y(unit(r.high))));
      filled += fmt::format("M{} {}h0", at_x, tenth(y(unit(r.value))));
    } else {
      line += fmt::format("{}{} {}", pen_down ? "L" : "M", at_x, tenth(y(unit(r.value))));
      if (!pen_down) line += "h0";
    }
    if (r.anomalous && r.state != ReadingState::kMissing)
      strange += fmt::format("M{} {}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", at_x, tenth(y(unit(r.value))));
    pen_down = r.state == ReadingState::kObserved;
  }
  svg.path(line,
           "fill=\"none\" stroke=\"#222\" stroke-width=\"1.3\" stroke-linejoin=\"round\" "
           "stroke-linecap=\"round\"");
  svg.path(intervals, "stroke=\"#d9680f\" stroke-width=\"2.4\" stroke-opacity=\"0.35\"");
  svg.path(filled, "stroke=\"#d9480f\" stroke-width=\"3.6\" stroke-linecap=\"round\"");
  svg.path(gaps, "stroke=\"#777\" stroke-width=\"1.4\"");
  svg.path(strange, "fill=\"none\" stroke=\"#c2006b\" stroke-width=\"1.4\"");
  return std::move(svg).finish();
}

}  // namespace skywarden::app
