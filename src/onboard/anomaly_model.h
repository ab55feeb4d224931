// A trained judge of readings: for each number field of a schema, trees over the evidence
// (anomaly_evidence.h) that say how likely a reading is faulty, and what sound readings scored, so that a
// threshold can be had for any share of sound readings that may be flagged, while running and without
// training anew. Beside the trees stand two rules with thresholds from sound readings only: the surprise of a
// run of one value (stuck_surprise.h), and the jump from what the completion says given the last value. They
// know no fault, so they hold even for kinds that training saw none of. A reading is an anomaly when the
// trees or a rule say so.
//
// As bytes: deterministic CBOR and a CRC-32C of it behind (docs/formats.md). Reading assumes an enemy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "inference/tree_ensemble.h"
#include "onboard/anomaly_evidence.h"
#include "onboard/complete.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

inline constexpr std::size_t kAnomalyModelBytesMax = 64'000'000;

// Shares of sound readings for which a model states thresholds; between them they are interpolated.
inline constexpr std::array<double, 11> kSoundShares{0.05, 0.02, 0.01, 0.005, 0.002, 0.001,
                                                     5e-4, 2e-4, 1e-4, 5e-5,  2e-5};
using SoundLimits = std::array<float, kSoundShares.size()>;  // what that share of sound readings exceeds

struct FieldJudge {
  std::string field;
  inference::TreeEnsemble trees;  // the logarithm of the odds that a reading is faulty
  // Times the rate is the share that this field's trees may flag: fields where faults show less clearly get
  // more of what is allowed in all.
  float part = 1.0F;
  SoundLimits odds{};
  SoundLimits jumps{};  // size of the residual given the last value
  SoundLimits runs{};   // surprise of sound runs of one value; a run counts as one reading, its last
};

struct AnomalyModel {
  std::string schema;   // its name
  double rate = 0.001;  // share of sound readings that may be flagged, unless asked otherwise
  std::vector<FieldJudge> fields;
};

// The threshold for a share of sound readings: between those stated on a logarithmic scale, beyond them the
// nearest.
[[nodiscard]] float limit_at(const SoundLimits& limits, double share);

// Of what sound readings scored; at least one. `readings` are all those that the shares are shares of, when
// most of them score nothing.
[[nodiscard]] SoundLimits sound_limits(std::vector<float> scores, std::size_t readings);

// Above 1 for an anomaly: the largest of the odds over their threshold, the jump over its own, and the run's
// surprise over its own. `rate` in (0, 1).
[[nodiscard]] float judge(const FieldJudge& judge, const Evidence& evidence, double rate);

// A score for each cell of the panel; 0 for what was not observed and for fields that the model does not
// know. The completion keeps residuals. `rate` 0: the model's own.
[[nodiscard]] std::vector<float> anomaly_scores(const AnomalyModel& model, const Panel& panel,
                                                const datum::Schema& schema, const Completion& completion,
                                                double rate, std::size_t warm_up);

[[nodiscard]] std::vector<std::byte> encode_anomaly_model(const AnomalyModel& model);
// kMalformed for bytes that are no model, kConflict for a model of another schema or of other evidence.
[[nodiscard]] Result<AnomalyModel> decode_anomaly_model(std::span<const std::byte> bytes,
                                                        const datum::Schema& schema);
// The name of the schema that a model says it is for, when its checksum holds.
[[nodiscard]] Result<std::string> schema_of_anomaly_model(std::span<const std::byte> bytes);

}  // namespace skywarden::onboard
