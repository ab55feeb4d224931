// What the node at the ground does with station records before anybody judges: clean, complete, look for
// readings that do not fit, and follow the fire weather of the stations. The steps stand in intake.cc in
// their order.
//
// Records are prepared as a block. Completion and anomaly scores are causal: what is said of a record rests
// on earlier records only, so handing them out at their times gives what a stream would have given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geodesy.h"
#include "base/result.h"
#include "datum/evidence.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/anomaly_model.h"
#include "onboard/clean.h"
#include "onboard/complete_features.h"
#include "onboard/missing_pattern.h"
#include "wildfire/danger.h"

namespace skywarden::node {

struct PreparedRecord {
  datum::Record record;         // as many fields as the schema; holes filled where something could be said
  std::vector<bool> anomalous;  // of the fields: observed, and does not fit
  std::vector<onboard::MissingPattern> patterns;  // of the fields: which kind of hole was there, or none
};

struct Prepared {
  std::vector<PreparedRecord> records;  // by time
  onboard::CleanReport cleaned;
};

// Trained models for the records' schema; what is not there is left to what is learnt from the records alone.
struct PrepareModels {
  onboard::NumberReviewer* completion = nullptr;   // causal, and new: good for one call
  const onboard::AnomalyModel* anomaly = nullptr;  // of the fields that it does not know it says nothing
};

// Records of one schema, by time. kLimitReached when they are too many for one block.
[[nodiscard]] Result<Prepared> prepare(const datum::Schema& schema, std::vector<datum::Record> records,
                                       const PrepareModels& models = {});

// Temperature, humidity, wind and rain of a record, by the names sensors use for them ("temp_c", "RH",
// "wind_kmh", …), brought to °C, %, km/h and mm by the schema's units. Nothing when the schema has neither
// temperature nor humidity.
[[nodiscard]] std::optional<wildfire::WeatherReading> weather_of(const datum::Schema& schema,
                                                                 const datum::Record& record);

// The stations' danger together: the prior is that of the station in greatest danger, because a prior that is
// too low is the dearer mistake.
class DangerDesk {
 public:
  DangerDesk(const std::map<std::string, GeoPoint>& stations, wildfire::DangerOptions options);

  void add(const std::string& station, const wildfire::WeatherReading& reading);

  struct Change {
    std::string station;
    wildfire::DangerStatement statement;
    datum::Prior prior;
  };
  // Closes the noons that have passed; a change for each station with a new statement, in order of names.
  [[nodiscard]] std::vector<Change> advance(Instant now);
  [[nodiscard]] std::optional<datum::Prior> prior(Instant now) const;

 private:
  std::map<std::string, wildfire::DangerWatch> watches_;
  std::map<std::string, Instant> told_;  // noon of the last statement told
};

}  // namespace skywarden::node
