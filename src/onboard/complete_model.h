// A trained completion model: for each number field of a schema, causal and offline apart, trees that correct
// the baseline's estimate, trees that say how far off such an estimate usually is, and what was learnt about
// both on rows that training had not seen: how much of the correction to take and where the 90 % interval
// ends, for each class of gap. A share of 0 leaves the baseline alone where the trees did not help.
//
// As bytes: deterministic CBOR and a CRC-32C of it behind (docs/formats.md). Reading assumes an enemy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "inference/tree_ensemble.h"
#include "onboard/complete_features.h"
#include "onboard/complete_number.h"

namespace skywarden::onboard {

inline constexpr std::size_t kModelBytesMax = 64'000'000;

struct GapChoice {
  float share = 0.0F;              // of the correction, 0…1
  float low = -2.0F, high = 2.0F;  // ends of the interval, in usual errors from the estimate
};

// Levels of the baseline's estimate, on the working scale. Trees go on beyond what they were trained on as if
// it stood at the edge, and would pull a storm back to an ordinary wind: there the baseline stands alone.
struct TrainedLevels {
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();

  [[nodiscard]] bool hold(float level) const { return low <= level && level <= high; }
};

struct FieldTrees {
  std::string field;
  inference::TreeEnsemble correction;                  // to be added to the estimate, on the working scale
  inference::TreeEnsemble spread;                      // logarithm of the usual error
  std::array<GapChoice, GapSituation::kClasses> gaps;  // by the distance to the nearer known value
  TrainedLevels levels = {};
};

struct CompletionModel {
  std::string schema;  // its name
  std::vector<FieldTrees> causal, offline;
};

// Ties trees to the features that they were trained on: their names, in order.
[[nodiscard]] std::uint32_t feature_fingerprint(const datum::Schema& schema, std::size_t field);

[[nodiscard]] std::vector<std::byte> encode_model(const CompletionModel& model, const datum::Schema& schema);
// kMalformed for bytes that are no model, kConflict for a model of another schema or of other features.
[[nodiscard]] Result<CompletionModel> decode_model(std::span<const std::byte> bytes,
                                                   const datum::Schema& schema);

// The name of the schema that a model says it is for, when its checksum holds.
[[nodiscard]] Result<std::string> schema_of_model(std::span<const std::byte> bytes);

// Trees of one mode in use; they share their nodes with the model, which may go.
class Trees {
 public:
  Trees(const CompletionModel& model, const datum::Schema& schema, bool causal);

  [[nodiscard]] bool stand(std::size_t field) const { return of_field_[field] != kNone; }
  // Whether the baseline says a level that training knew; of a field without trees, any.
  [[nodiscard]] bool know_level(const MissingNumber& missing) const;
  // What they say before any choice; none for a field without trees and for levels that they do not know.
  [[nodiscard]] std::optional<Opinion> opinion(const MissingNumber& missing) const;
  // Corrects the estimate as they chose in training for such gaps. True when that changed the value.
  bool review(const MissingNumber& missing, NumberEstimate& estimate) const;
  // The same by an opinion already asked for.
  bool review(const MissingNumber& missing, const Opinion& opinion, NumberEstimate& estimate) const;
  // Of one number, the mean of the fields that have trees. Trees that do not fit a cache are walked in
  // memory.
  [[nodiscard]] OperationCounts operations() const;

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  [[nodiscard]] const GapChoice& choice(const MissingNumber& missing) const;
  [[nodiscard]] std::optional<Opinion> ask(const MissingNumber& missing, bool for_correction) const;

  std::vector<FieldTrees> fields_;
  std::vector<std::size_t> of_field_;
};

// Applies the model. It keeps what it needs; the model may go.
[[nodiscard]] std::unique_ptr<NumberReviewer> make_reviewer(const CompletionModel& model,
                                                            const datum::Schema& schema, bool causal);

// The class of a gap that choices are made by; the longest where nothing of the stream is known.
[[nodiscard]] std::size_t gap_class(std::int64_t before, std::int64_t after);

}  // namespace skywarden::onboard
