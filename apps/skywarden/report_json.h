// report.json: the numbers of the report with stable keys, in SI units whatever the page shows. Keys, in
// order:
//   format, version, status ("Exercise"), name, title, summary, start, end, utc_offset_min, units
//   answer: list of question, en, zh
//   parts: list of part, file, provenance, source, rows, bad_rows;  missing: list;  problems: count, lines
//   hotspots: count, sources (list of satellite, instrument, provenance, count)
//   events: told, cancelled, not_told, shown, list (see event_json)
//   messages: alerts, updates, cancels, list (see message_json)
//   danger: list of station, days, latest, worst
//   completeness: observed, estimated, missing, implausible, anomalous, fields
//   agreement: nodes, voters, …, epoch, shares, elections, epochs, restored, log
// docs/formats.md explains each.
#pragma once

#include <string>

#include "report_facts.h"

namespace skywarden::app {

[[nodiscard]] std::string report_json(const ReportInput& input);

}  // namespace skywarden::app
