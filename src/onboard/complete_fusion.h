// Several models together: trees (complete_model.h) and networks (complete_network.h) correct the baseline,
// and a small gate says, for each field and class of gap, whom to believe. It was settled on rows that
// trained nothing (apps/fit, `fuse`).
//
// A gate takes the mean of the opinions, each by its weight, or by its weight and its own confidence: one
// over the square of the error that it states. Where no gate stands, or a model that it believes has no
// opinion of a cell, the trees' own choice holds as if they were alone, so that fusion cannot be worse for
// what it does not touch. The interval is the trees' own around the fused value, made narrower or wider as
// the gate says: trials calibrate it while running, and they can ask the trees, but no encoder, about a
// number that is known. Beyond the levels that the trees were trained on nobody is asked: networks saw the
// same rows.
//
// As bytes: one file that holds its parts, deterministic CBOR and a CRC-32C behind (docs/formats.md). Reading
// assumes an enemy.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "onboard/complete_model.h"
#include "onboard/complete_network.h"

namespace skywarden::onboard {

inline constexpr std::size_t kNetworksMax = 3;  // of a mode
inline constexpr std::size_t kOpinionsMax = 1 + kNetworksMax;
using Opinions = std::array<std::optional<Opinion>, kOpinionsMax>;  // the trees' first

struct Gate {
  std::array<float, kOpinionsMax> weights{};  // 0…1, their sum at most 1: the share of the correction taken
  bool by_confidence = false;
  float width = 1.0F;  // of the interval, in widths of the trees' own: 0.25…4

  [[nodiscard]] bool stands() const;  // some weight is positive
};

// None when a model with a weight has no opinion, or none has a weight.
[[nodiscard]] std::optional<Opinion> fuse(const Gate& gate, const Opinions& opinions);

struct FieldGates {
  std::string field;
  std::array<Gate, GapSituation::kClasses> gaps;
};

struct FusedMode {
  std::vector<std::vector<std::byte>> networks;  // each a .swm (inference/model_file.h)
  std::vector<FieldGates> fields;
};

struct FusedModel {
  CompletionModel trees;  // its schema is the model's; either mode may be empty
  FusedMode causal, offline;
};

[[nodiscard]] std::vector<std::byte> encode_fused_model(const FusedModel& model, const datum::Schema& schema);
// Also takes a file of trees alone (complete_model.h). Networks are read, checked and must fit the schema.
[[nodiscard]] Result<FusedModel> decode_fused_model(std::span<const std::byte> bytes,
                                                    const datum::Schema& schema);

// The name of the schema that a model says it is for, when its checksums hold; of trees alone, too.
[[nodiscard]] Result<std::string> schema_of_fused_model(std::span<const std::byte> bytes);

// Applies the model. It keeps what it needs; the model may go. Good for one run over one system.
[[nodiscard]] Result<std::unique_ptr<NumberReviewer>> make_fused_reviewer(const FusedModel& model,
                                                                          const datum::Schema& schema,
                                                                          bool causal);

}  // namespace skywarden::onboard
