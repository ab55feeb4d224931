// The parts of an incident, one file at a time; used by incident.cc, which knows where the files come from.
#pragma once

#include <string>
#include <string_view>

#include "datum/delimited.h"
#include "incident.h"

namespace skywarden::app {

struct PartLabel {
  datum::Provenance provenance = datum::Provenance::kObserved;
  std::string source;
};

class IncidentLoader {
 public:
  explicit IncidentLoader(Incident& incident) : incident_(incident) {}

  // Each takes one file's bytes; what is wrong becomes a problem line and the good rows stay.
  void hotspots(const std::string& file, std::string_view bytes, const PartLabel& label);
  void records(const std::string& file, std::string_view bytes, const datum::Schema& schema,
               const PartLabel& label);
  void station_places(const std::string& file, std::string_view bytes);  // of the records added last
  void ground_stations(const std::string& file, std::string_view bytes, const PartLabel& label);
  void heat_sources(const std::string& file, std::string_view bytes, const PartLabel& label);
  void elements(const std::string& file, std::string_view bytes, const PartLabel& label);
  void elevation(const std::string& file, std::string_view bytes, const PartLabel& label);
  void roads(const std::string& file, std::string_view bytes, const PartLabel& label);
  void places(const std::string& file, std::string_view bytes, const PartLabel& label);
  // Recognises the kind by content and calls one of the above; false (with a problem line) when it is none.
  bool recognise(const std::string& file, std::string_view bytes);

  void problem(std::string line);
  void skipped(std::string line);  // a problem that cost rows

 private:
  [[nodiscard]] std::vector<NamedPoint> named_points(const std::string& file, std::string_view bytes,
                                                     Part& part);
  void row_problems(const std::string& file, const std::vector<datum::RowProblem>& problems, Part& part);

  Incident& incident_;
};

// A schema that ships with the program, by name.
[[nodiscard]] Result<datum::Schema> shipped_schema(std::string_view name);

}  // namespace skywarden::app
