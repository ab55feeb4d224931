#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "reasoning/wording.h"
#include "report_figures.h"
#include "report_svg.h"

namespace skywarden::app {
namespace {

constexpr double kWidth = 760.0, kLeft = 118.0, kRight = 752.0, kTop = 34.0, kLane = 34.0;
constexpr double kBin = 3.0;  // width of a bar of the histogram

struct Mark {
  Instant at{};
  const char* colour;
  std::string tip;
};

struct Span {
  Instant start{}, end{};
};

Span span_of(const ReportInput& in) {
  Span span{in.incident.start, in.incident.end};
  if (span.end > span.start) return span;
  bool any = false;
  const auto take = [&](Instant t) {
    span.start = any ? std::min(span.start, t) : t;
    span.end = any ? std::max(span.end, t) : t;
    any = true;
  };
  for (const SeenHotspot& h : in.news.hotspots.items()) take(h.time);
  for (const auto& [key, series] : in.news.streams)
    for (const auto& readings : series.readings)
      for (const Reading& r : readings.items()) take(r.time);
  for (const ToldEvent& event : in.facts.told) {
    take(event.story->messages.front().time);
    take(event.last().time);
  }
  if (span.end <= span.start) span.end = span.start + std::chrono::hours(1);
  return span;
}

class Timeline {
 public:
  Timeline(Svg& svg, Span span) : svg_(svg), x_(span.start, span.end, kLeft, kRight), span_(span) {}

  double lane(const Bilingual& name, const std::string& count) {
    const double top = kTop + kLane * static_cast<double>(lanes_++);
    if (lanes_ % 2 == 1) svg_.rect(0, top, kWidth, kLane, "fill=\"#f4f4f0\"");
    svg_.text(4, top + 14, name.en + " " + name.zh, "class=\"axis\" font-weight=\"bold\"");
    svg_.text(4, top + 27, count, "class=\"axis\"");
    return top;
  }
  // One mark a place and colour, however many fall there.
  void marks(double top, const std::vector<Mark>& marks) {
    std::set<std::pair<int, std::string>> taken;
    for (const Mark& m : marks) {
      if (m.at < span_.start || m.at > span_.end) continue;
      const double x = x_(m.at);
      if (!taken.insert({static_cast<int>(x), m.colour}).second) continue;
      svg_.path(fmt::format("M{} {}v{}", tenth(x), tenth(top + 6), tenth(kLane - 12)),
                fmt::format("stroke=\"{}\" stroke-width=\"2.4\"", m.colour), m.tip);
    }
  }
  void bar(double top, Instant from, Instant to, std::string_view attributes) {
    const double left = std::max(kLeft, x_(from)), right = std::min(kRight, x_(to));
    if (right > left) svg_.rect(left, top + 9, right - left, kLane - 18, attributes);
  }
  void histogram(double top, const std::vector<SeenHotspot>& hotspots) {
    std::vector<double> bins(static_cast<std::size_t>((kRight - kLeft) / kBin) + 1);
    for (const SeenHotspot& h : hotspots) {
      const double x = x_(h.time);
      if (x >= kLeft && x <= kRight) ++bins[static_cast<std::size_t>((x - kLeft) / kBin)];
    }
    const double most = *std::max_element(bins.begin(), bins.end());
    std::string d;
    for (std::size_t i = 0; i < bins.size(); ++i) {
      if (bins[i] <= 0.0) continue;
      const double height =
          std::max(2.0, std::sqrt(bins[i] / most) * (kLane - 6));  // the root keeps single ones in sight
      d += fmt::format("M{} {}v{}", tenth(kLeft + (static_cast<double>(i) + 0.5) * kBin),
                       tenth(top + kLane - 2), tenth(-height));
    }
    svg_.path(d, fmt::format("stroke=\"#d9480f\" stroke-width=\"{}\"", tenth(kBin - 0.6)));
  }
  [[nodiscard]] double bottom() const { return kTop + kLane * static_cast<double>(lanes_); }
  void axis(const LocalClock& clock) {
    for (const TimeTick& t : time_ticks(span_.start, span_.end, clock, 9)) {
      const double x = x_(t.at);
      svg_.line(x, kTop - 4, x, bottom() + 4, "stroke=\"#000\" stroke-opacity=\"0.25\" stroke-width=\"0.6\"");
      const char* anchor = x > kRight - 40  ? "class=\"axis\" text-anchor=\"end\""
                           : x < kLeft + 40 ? "class=\"axis\""
                                            : "class=\"axis\" text-anchor=\"middle\"";
      const double at = x > kRight - 40 ? kRight + 6 : x < kLeft + 40 ? std::max(x - 2, kLeft) : x;
      svg_.text(at, kTop - 8, t.local, anchor);
      svg_.text(at, bottom() + 16, t.utc, anchor);
    }
    svg_.text(4, kTop - 8, "local 当地 " + clock.zone(), "class=\"axis\" font-weight=\"bold\"");
    svg_.text(4, bottom() + 16, "UTC", "class=\"axis\" font-weight=\"bold\"");
  }

 private:
  Svg& svg_;
  TimeScale x_;
  Span span_;
  std::size_t lanes_ = 0;
};

std::vector<Mark> alert_marks(const ReportFacts& facts, datum::ProposalKind kind, const char* colour) {
  std::vector<Mark> marks;
  for (const ToldEvent& event : facts.told)
    for (const Message& m : event.story->messages)
      if (m.kind == kind)
        marks.push_back({m.time, colour, fmt::format("{} {} UTC", kind_word(kind), utc_stamp(m.time))});
  return marks;
}

std::vector<Mark> log_marks(const ReportNews& news, LogKind kind, const char* colour) {
  std::vector<Mark> marks;
  for (const LogNews& line : news.log[lane_of(kind)].first)
    marks.push_back({line.time, colour, utc_stamp(line.time) + " UTC " + line.text.en});
  return marks;
}

void append(std::vector<Mark>& to, std::vector<Mark> from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::string log_count(const ReportNews& news, LogKind a, LogKind b, std::string_view format_a,
                      std::string_view format_b) {
  return fmt::format("{} {}, {} {}", counted(news.log[lane_of(a)].count), format_a,
                     counted(news.log[lane_of(b)].count), format_b);
}

constexpr std::array<const char*, 5> kDangerColours = {"#3f8f3f", "#4a86c5", "#e5c93a", "#e8871e", "#c01818"};

void danger_lane(Timeline& timeline, const ReportInput& in, Instant end) {
  const auto& marks = in.news.danger.items();
  if (marks.empty()) return;
  datum::DangerClass worst = datum::DangerClass::kLow;
  for (const DangerMark& m : marks) worst = std::max(worst, m.danger);
  const double top =
      timeline.lane({"Danger", "火险"},
                    "worst: " + std::string(reasoning::danger_word(worst, reasoning::Language::kEnglish)));
  for (std::size_t i = 0; i < marks.size();) {  // stations that speak at one time count as their worst
    datum::DangerClass at = marks[i].danger;
    std::size_t next = i + 1;
    while (next < marks.size() && marks[next].time == marks[i].time) at = std::max(at, marks[next++].danger);
    timeline.bar(top, marks[i].time, next < marks.size() ? marks[next].time : end,
                 fmt::format("fill=\"{}\"", kDangerColours[static_cast<std::size_t>(at)]));
    i = next;
  }
}

void fault_lanes(Timeline& timeline, const ReportInput& in, Instant end) {
  const auto& log = in.news.log;
  if (log[lane_of(LogKind::kLeader)].count > 0) {
    const double top =
        timeline.lane({"Leader", "领导节点"}, counted(log[lane_of(LogKind::kLeader)].count) + " changes");
    timeline.marks(top, log_marks(in.news, LogKind::kLeader, "#5b3fa8"));
  }
  if (log[lane_of(LogKind::kCrash)].count + log[lane_of(LogKind::kRestart)].count > 0) {
    const double top = timeline.lane({"Satellites", "卫星"},
                                     log_count(in.news, LogKind::kCrash, LogKind::kRestart, "lost", "back"));
    std::vector<Mark> marks = log_marks(in.news, LogKind::kCrash, "#c01818");
    append(marks, log_marks(in.news, LogKind::kRestart, "#2b8a3e"));
    timeline.marks(top, marks);
  }
  const auto& cuts = log[lane_of(LogKind::kCut)];
  if (cuts.count == 0) return;
  const double top = timeline.lane({"Partition", "分隔"},
                                   log_count(in.news, LogKind::kCut, LogKind::kHeal, "cut", "healed"));
  const auto& heals = log[lane_of(LogKind::kHeal)].first;
  Instant drawn_to = Instant::min();
  for (const LogNews& cut : cuts.first) {
    const auto heal =
        std::find_if(heals.begin(), heals.end(), [&](const LogNews& h) { return h.time >= cut.time; });
    const Instant until = heal == heals.end() ? end : heal->time;
    if (until > drawn_to) timeline.bar(top, std::max(cut.time, drawn_to), until, "fill=\"#8a8a8a\"");
    drawn_to = std::max(drawn_to, until);
  }
}

}  // namespace

std::string timeline_figure(const ReportInput& in) {
  const Span span = span_of(in);
  Svg body(kWidth, 0, "");  // its height is known at the end; see below
  Timeline timeline(body, span);
  if (in.news.hotspots.count() > 0)
    timeline.histogram(timeline.lane({"Hotspots", "热点"}, counted(in.news.hotspots.count()) + " seen"),
                       in.news.hotspots.items());
  std::vector<Mark> alerts = alert_marks(in.facts, datum::ProposalKind::kUpdate, "#e8871e");
  append(alerts, alert_marks(in.facts, datum::ProposalKind::kCancel, "#777"));
  append(alerts, alert_marks(in.facts, datum::ProposalKind::kAlert, "#c01818"));
  timeline.marks(timeline.lane({"Alerts", "警报"}, fmt::format("{} + {} updates", counted(in.summary.alerts),
                                                               counted(in.summary.updates))),
                 alerts);
  danger_lane(timeline, in, span.end);
  const auto& log = in.news.log;
  if (log[lane_of(LogKind::kGap)].count + log[lane_of(LogKind::kFill)].count > 0) {
    std::vector<Mark> data = log_marks(in.news, LogKind::kGap, "#999");
    append(data, log_marks(in.news, LogKind::kFill, "#0b7285"));
    timeline.marks(
        timeline.lane({"Data", "数据"}, log_count(in.news, LogKind::kGap, LogKind::kFill, "gaps", "filled")),
        data);
  }
  fault_lanes(timeline, in, span.end);
  timeline.axis(LocalClock(in.incident.utc_offset_min));
  std::string drawn = std::move(body).finish();
  const std::size_t head_end = drawn.find('\n') + 1;
  Svg whole(kWidth, timeline.bottom() + 24, "Timeline in local time and UTC", "timeline");
  whole.raw(
      std::string_view(drawn).substr(head_end, drawn.size() - head_end - std::string_view("</svg>").size()));
  return std::move(whole).finish();
}

}  // namespace skywarden::app
