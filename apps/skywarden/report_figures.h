// The report's pictures, each an inline SVG element of its own. They read only what the report remembered and
// the still parts of the incident; a part that is absent is left out of its picture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report_facts.h"

namespace skywarden::app {

// Where it burns: relief, roads, places, stations, hotspots by time and origin, areas of the last alerts.
// Nothing when the incident has no place at all.
struct MapFigure {
  std::string svg;
  std::uint64_t hotspots_inside = 0;  // of those remembered
  bool relief = false, roads = false;
};
[[nodiscard]] std::optional<MapFigure> map_figure(const ReportInput& input);

// When: hotspots, alerts, danger, data, leaders and faults over one time axis, local time above and UTC
// below.
[[nodiscard]] std::string timeline_figure(const ReportInput& input);

// One fire: area, and probability with its interval and threshold, over time.
[[nodiscard]] std::string event_figure(const ReportInput& input, const ToldEvent& event, std::size_t number);

// One field of one stream: what was observed, filled in (with intervals), missing or strange.
[[nodiscard]] std::string field_figure(const ReportInput& input, const StreamSeries& series,
                                       std::size_t field);

// Of all that were heard, at most this many streams are drawn: those with most holes first.
inline constexpr std::size_t kStreamsDrawn = 3;
inline constexpr std::size_t kFieldsDrawn = 6;
[[nodiscard]] std::vector<const StreamSeries*> streams_drawn(const ReportNews& news);

// The hillshade alone, as a PNG; empty when no cell has a value.
[[nodiscard]] std::string relief_png(const formats::Grid& grid);

}  // namespace skywarden::app
