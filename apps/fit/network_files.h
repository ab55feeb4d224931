// What a trained network leaves behind: OUT (.swm, INT8), OUT.f32, OUT.onnx, and the figures of both.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "network_judging.h"
#include "network_trainer.h"
#include "record_examples.h"

namespace skywarden::fit {

// Writes the three files. Into `record` go "parameters", and "fp32" and "int8": bytes, and held-back figures
// when there are examples to judge on.
[[nodiscard]] Result<void> export_network(const std::string& out, const datum::Schema& schema,
                                          const onboard::NetworkShape& shape, const NetworkTrainer& trainer,
                                          const RecordExamples* judging, nlohmann::ordered_json& record);

// How good it is now, by the engine.
[[nodiscard]] Result<Verdict> judged_by_engine(const datum::Schema& schema,
                                               const onboard::NetworkShape& shape,
                                               const NetworkTrainer& trainer, inference::Precision precision,
                                               const RecordExamples& judging);

}  // namespace skywarden::fit
