// An incident as values: what `replay` plays. It is read from a folder with an incident.toml, or put together
// from plain files whose kind is recognised by their content. Every part is optional except hotspots or
// records; what is missing is said. incidents/README.md lists the keys.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/geodesy.h"
#include "base/result.h"
#include "base/time.h"
#include "datum/hotspot.h"
#include "datum/provenance.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "formats/ascii_grid.h"
#include "orbit/elements.h"

namespace skywarden::app {

struct Bilingual {
  std::string en, zh;
};

struct Part {  // one file of the incident, for the page and the report
  std::string part, file;
  datum::Provenance provenance = datum::Provenance::kObserved;
  std::string source;
  std::size_t rows = 0, bad_rows = 0;
};

struct NamedPoint {
  std::string name, name_zh;
  GeoPoint point;
  Metres altitude;
  std::optional<int> population = std::nullopt;
  std::optional<Metres> radius = std::nullopt;
};

struct RecordSource {
  datum::Schema schema;
  std::vector<datum::Record> records;  // by time
  std::vector<NamedPoint> stations;    // where the streams stand, by stream name
  datum::Provenance provenance = datum::Provenance::kObserved;
};

struct StartCodes {  // Fire Weather Index codes the day before
  double ffmc = 85.0, dmc = 6.0, dc = 15.0;
};

enum class FaultKind { kKillLeader, kRestart, kPartition, kHeal };
struct ScriptFault {
  Instant at{};
  FaultKind kind = FaultKind::kHeal;
  std::vector<std::vector<std::string>> groups;  // of satellite names
  Bilingual text;
};

struct Section {  // of the replay: until then, virtual seconds a second
  Instant until{};
  double speed = 600.0;
};

struct HeatSource {
  GeoPoint centre;
  Metres radius;
  std::string name;
};

struct BoundingBox {
  double west = 0.0, south = 0.0, east = 0.0, north = 0.0;
};

struct Incident {
  std::string name;
  Bilingual title, summary;
  Instant start{}, end{};
  int utc_offset_min = 0;
  bool us_units = false;
  BoundingBox bbox;
  std::vector<datum::Hotspot> hotspots;  // by time
  std::vector<HeatSource> heat_sources;
  std::vector<RecordSource> records;
  StartCodes start_codes;
  std::optional<formats::Grid> elevation;  // WGS 84 degrees
  std::string roads_geojson;               // empty: none
  std::vector<NamedPoint> places;
  std::vector<NamedPoint> ground_stations;
  std::vector<orbit::ElementSet> satellites;  // re-anchored where needed
  bool satellites_what_if = false;
  std::vector<Section> sections;
  std::vector<ScriptFault> faults;

  std::vector<Part> parts;
  std::vector<std::string> missing;   // parts that are not there: "roads", "terrain"
  std::vector<std::string> problems;  // a line each: bad rows, files left out
  bool rows_skipped = false;          // some rows were bad
  std::string inferred_toml;          // what was worked out without an incident.toml; empty with one
};

struct IncidentOptions {
  std::vector<std::string> paths;
  std::string elements;  // an element file that replaces the incident's own; empty: none
};

// Fails only when nothing can be played; the message says what was looked at.
[[nodiscard]] Result<Incident> load_incident(const IncidentOptions& options);

// The same from the bytes of one hotspot file that somebody dropped on the page.
[[nodiscard]] Result<Incident> incident_of_hotspots(const std::string& file_name, const std::string& bytes,
                                                    const std::vector<orbit::ElementSet>& satellites);

}  // namespace skywarden::app
