// Trained models for the station records of an incident: of model files those whose schema records follow,
// with the features that the model was trained on. What fits no records is left alone; records that nothing
// fits are completed by the baseline. One file that cannot be read costs a line and itself, as in `serve`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "incident.h"
#include "onboard/anomaly_model.h"
#include "onboard/complete_fusion.h"
#include "play_listener.h"

namespace skywarden::app {

struct RecordModels {  // for the records of one source of the incident
  RecordMethods methods;
  std::optional<onboard::FusedModel> completion;
  std::optional<onboard::AnomalyModel> anomaly;

  // Causal; null without a model. Good for one run over the records.
  [[nodiscard]] std::unique_ptr<onboard::NumberReviewer> reviewer(const datum::Schema& schema) const;
};

struct ChosenModels {
  std::vector<RecordModels> of_sources;  // as incident.records
  std::vector<std::string> problems;     // a line each: files that were not there, not sound, or one too many
};

// `paths`: model files, or folders of them. Nothing is opened when the incident has no records.
[[nodiscard]] ChosenModels choose_models(const Incident& incident, const std::vector<std::string>& paths);

// The folder that is taken when none was named: "models" where we stand, else in the repository that the
// program was built in; none when neither is there.
[[nodiscard]] std::vector<std::string> shipped_models();

// "station_weather records: completed by station_weather.trees, readings judged without a model"
[[nodiscard]] std::string methods_line(const RecordMethods& methods);

}  // namespace skywarden::app
