// What is asked of a ledger, as one SELECT with its values apart. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "ledger/agreed_rows.h"
#include "wildfire/alert_level.h"

namespace skywarden::ledger {

inline constexpr std::uint64_t kLinesMax = 100'000;

struct GeoBox {  // degrees; west > east crosses the antimeridian
  double south = -90.0, west = -180.0, north = 90.0, east = 180.0;
};
// "SOUTH,WEST,NORTH,EAST". kMalformed, kOutOfRange.
[[nodiscard]] Result<GeoBox> parse_box(std::string_view text);

struct Question {
  std::optional<Instant> since, until;  // of the finding: from, and before; entries without a time are out
  std::optional<GeoBox> box;            // the box round an alert's area meets it, edges count
  std::vector<Kind> kinds;              // empty: all
  std::optional<std::string> status;    // CAP's word
  std::optional<wildfire::Severity> severity_min;
  std::optional<EventId> event;
  std::optional<std::string> name;  // of a value
  bool latest = false;              // of a fire only its newest message
  LogIndex from;                    // entries from here on
  std::uint64_t limit = 100;        // at most so many, 1…kLinesMax
};

struct Asked {
  std::string sql;  // gives kLineColumns, ascending by idx, one row more than the limit if there are more
  Cells bound;
};
[[nodiscard]] Asked select_for(const Question& question);

inline constexpr std::string_view kLineColumns[] = {
    "idx",      "term",       "epoch",  "kind",     "time",    "head",      "event",
    "sequence", "identifier", "status", "severity", "urgency", "certainty", "probability_ppm",
    "area_m2",  "lat_e7",     "lon_e7", "name",     "value"};

}  // namespace skywarden::ledger
