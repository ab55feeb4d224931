#include "space_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/contract.h"
#include "formats/read_file.h"
#include "report_svg.h"

namespace skywarden::app {
namespace {

constexpr double kWidth = 900.0, kLeft = 150.0, kRight = kWidth - 16.0, kTop = 44.0, kLane = 20.0;
constexpr std::size_t kLanesMax = 60, kNameMax = 24;
constexpr const char* kStyle =
    "<style>text{font:11px sans-serif;fill:#222}.title{font-size:14px;font-weight:bold}"
    ".small{font-size:10px;fill:#555}</style>\n"
    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";

// As an attribute of the outermost element a file needs its namespace; in a page it would not.
std::string file_of(Svg&& svg) {
  std::string text = std::move(svg).finish();
  text.insert(text.find("<svg") + 4, " xmlns=\"http://www.w3.org/2000/svg\"");
  return text + "\n";
}

std::string short_name(std::string_view name) {
  return std::string(name.size() <= kNameMax ? name : name.substr(0, kNameMax));
}

void lane_name(Svg& svg, double y, std::string_view name) {
  svg.text(kLeft - 8, y + 4, short_name(name), "text-anchor=\"end\"");
  svg.line(kLeft, y, kRight, y, "stroke=\"#ddd\"");
}

void time_axis(Svg& svg, Instant start, Instant end, double bottom) {
  const TimeScale x(start, end, kLeft, kRight);
  for (const TimeTick& tick : time_ticks(start, end, LocalClock(0), 10)) {
    svg.line(x(tick.at), kTop - 6, x(tick.at), bottom, "stroke=\"#bbb\" stroke-dasharray=\"2 3\"");
    svg.text(x(tick.at), bottom + 14, tick.utc, "class=\"small\" text-anchor=\"middle\"");
  }
  // Clear of a tick at the left.
  svg.text(kLeft - 48, bottom + 14, "UTC", "class=\"small\" text-anchor=\"end\"");
}

std::string span_words(Duration d) {
  const double s = to_seconds(d);
  if (s < 1.0) return fmt::format("{:.0f} ms", s * 1e3);
  if (s < 120.0) return fmt::format("{:.1f} s", s);
  if (s < 7200.0) return fmt::format("{:.0f} min", s / 60.0);
  return fmt::format("{:.1f} h", s / 3600.0);
}

}  // namespace

std::string contacts_picture(std::string_view title, const std::vector<TalkingNode>& nodes, Instant start,
                             Instant end) {
  const std::size_t lanes = std::min(nodes.size(), kLanesMax);
  const double bottom = kTop + kLane * static_cast<double>(lanes);
  Svg svg(kWidth, bottom + 40, title);
  svg.raw(kStyle);
  svg.text(8, 20, title, "class=\"title\"");
  const TimeScale x(start, end, kLeft, kRight);
  for (std::size_t i = 0; i < lanes; ++i) {
    const double y = kTop + kLane * (static_cast<double>(i) + 0.5);
    lane_name(svg, y, nodes[i].name);
    for (const TalkingNode::Window& window : nodes[i].windows) {
      const double from = x(std::clamp(window.start, start, end));
      const double to = x(std::clamp(window.end, start, end));
      svg.rect(from, y - 7, std::max(0.6, to - from), 14, "fill=\"#1c6dd0\" fill-opacity=\"0.3\"");
    }
  }
  time_axis(svg, start, end, bottom);
  std::string note = "a bar is a contact; darker: several at once";
  if (nodes.size() > lanes) note += fmt::format("; {} of {} nodes shown", lanes, nodes.size());
  svg.text(kLeft, bottom + 30, note, "class=\"small\"");
  return file_of(std::move(svg));
}

std::string way_picture(std::string_view title, const std::vector<WayHop>& hops) {
  EXPECTS(!hops.empty());
  constexpr double kWayLane = 56.0;
  const Instant start = hops.front().held;
  const Duration length = std::max<Duration>(hops.back().arrived - start, std::chrono::milliseconds(1));
  const Instant end = hops.back().arrived + length / 12;
  const double bottom = kTop + kWayLane * static_cast<double>(hops.size() + 1);
  Svg svg(kWidth, bottom + 40, title);
  svg.raw(kStyle);
  svg.text(8, 20, title, "class=\"title\"");
  const TimeScale x(start - length / 40, end, kLeft, kRight);
  const auto lane = [&](std::size_t i) { return kTop + kWayLane * (static_cast<double>(i) + 0.5); };
  time_axis(svg, start - length / 40, end, bottom);
  lane_name(svg, lane(0), hops.front().from);
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const WayHop& hop = hops[i];
    lane_name(svg, lane(i + 1), hop.to);
    const double open = x(std::clamp(hop.contact_start, start - length / 40, end));
    const double close = x(std::clamp(hop.contact_end, start - length / 40, end));
    svg.rect(open, lane(i) + 6, std::max(1.0, close - open), kWayLane - 12,
             "fill=\"#2f9e44\" fill-opacity=\"0.16\"");
    svg.line(x(hop.held), lane(i), x(hop.sent), lane(i), "stroke=\"#d9480f\" stroke-width=\"3\"");
    svg.line(x(hop.sent), lane(i), x(hop.arrived), lane(i + 1), "stroke=\"#d9480f\" stroke-width=\"2\"");
    svg.circle(x(hop.arrived), lane(i + 1), 3.5, "fill=\"#d9480f\"");
    const bool late = x(hop.sent) > (kLeft + kRight) / 2;  // then the words stand to the left
    svg.text(x(hop.sent) + (late ? -8 : 8), lane(i) + kWayLane / 2 + 4,
             fmt::format("waited {}, on the way {}{}{}", span_words(hop.sent - hop.held),
                         span_words(hop.arrived - hop.sent), hop.why.empty() ? "" : "; ", hop.why),
             late ? "class=\"small\" text-anchor=\"end\"" : "class=\"small\"");
  }
  svg.text(kLeft, bottom + 30, "red: where the message is; green: the contact that takes it on",
           "class=\"small\"");
  return file_of(std::move(svg));
}

std::string revisit_picture(std::string_view title, const std::vector<SeenCell>& cells, double step_deg) {
  EXPECTS(!cells.empty());
  // Short gaps are dark green, long ones pale; told apart in grey too.
  constexpr std::array<const char*, 6> kColours = {"#00441b", "#1b7837", "#5aae61",
                                                   "#a6dba0", "#d9f0d3", "#f7f7f7"};
  double south = 90.0, north = -90.0, least = cells.front().unseen_max_h, most = least;
  const double west = cells.front().middle.lon_deg - step_deg / 2;
  double width_deg = step_deg;  // eastward from there, over the antimeridian if need be
  const auto east_of_west = [&](double lon) { return std::fmod(lon - west + 720.0, 360.0); };
  for (const SeenCell& cell : cells) {
    south = std::min(south, cell.middle.lat_deg - step_deg / 2);
    north = std::max(north, cell.middle.lat_deg + step_deg / 2);
    width_deg = std::max(width_deg, east_of_west(cell.middle.lon_deg) + step_deg / 2);
    least = std::min(least, cell.unseen_max_h);
    most = std::max(most, cell.unseen_max_h);
  }
  const double squeeze = std::max(0.2, std::cos((south + north) / 2.0 * std::numbers::pi / 180.0));
  const double unit = std::min((kWidth - 80.0) / (width_deg * squeeze), 520.0 / (north - south));  // a degree
  const double left = 56.0;
  const double bottom = kTop + (north - south) * unit;
  const Scale x(0.0, width_deg, left, left + width_deg * unit * squeeze);
  const Scale y(south, north, bottom, kTop);
  Svg svg(kWidth, bottom + 64, title);
  svg.raw(kStyle);
  svg.text(8, 20, title, "class=\"title\"");
  const auto colour_of = [&](double hours) {
    const double share = most > least ? (hours - least) / (most - least) : 0.0;
    return std::min(kColours.size() - 1, static_cast<std::size_t>(share * kColours.size()));
  };
  for (const SeenCell& cell : cells) {
    const double at = east_of_west(cell.middle.lon_deg);
    svg.rect(x(at - step_deg / 2), y(cell.middle.lat_deg + step_deg / 2), step_deg * unit * squeeze + 0.3,
             step_deg * unit + 0.3, fmt::format("fill=\"{}\"", kColours.at(colour_of(cell.unseen_max_h))));
  }
  for (const Tick& tick : number_ticks(south, north, 6))
    svg.text(left - 6, y(tick.at) + 4, tick.label + "°", "class=\"small\" text-anchor=\"end\"");
  for (const Tick& tick : number_ticks(west, west + width_deg, 8)) {
    const double wrapped = std::remainder(tick.at, 360.0);
    svg.text(x(tick.at - west), bottom + 14, fmt::format("{:g}°", wrapped),
             "class=\"small\" text-anchor=\"middle\"");
  }
  for (std::size_t i = 0; i < kColours.size(); ++i) {
    const double from = least + (most - least) * static_cast<double>(i) / kColours.size();
    const double at = left + 110.0 * static_cast<double>(i);
    svg.rect(at, bottom + 28, 16, 12, fmt::format("fill=\"{}\" stroke=\"#999\"", kColours.at(i)));
    svg.text(at + 22, bottom + 38, fmt::format("from {:.1f} h", from), "class=\"small\"");
  }
  svg.text(left, bottom + 56, "longest time a place is not seen", "class=\"small\"");
  return file_of(std::move(svg));
}

Result<bool> write_picture(const std::string& svg, const std::string& path) {
  const auto written = formats::write_file(path, svg);
  if (!written) return tl::unexpected(written.error());
  return true;
}

}  // namespace skywarden::app
