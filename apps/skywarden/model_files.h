// Model files for `serve` and `models`: which there are in a folder, what they are, and engines or completion
// models from them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "model_signatures.h"
#include "onboard/anomaly_model.h"
#include "onboard/complete_fusion.h"
#include "serving/engine.h"

namespace skywarden::app {

enum class ModelKind : std::uint8_t { kTrees, kFused, kAnomaly, kGraph, kOnnx };
[[nodiscard]] std::string_view to_string(ModelKind kind);  // ".trees", ".fused", ".anomaly", ".swm", ".onnx"
[[nodiscard]] constexpr bool completes(ModelKind kind) {
  return kind == ModelKind::kTrees || kind == ModelKind::kFused;
}

struct FoundModel {
  std::string path, name;  // the file's name without its ending
  ModelKind kind = ModelKind::kTrees;
  bool beside_fused = false;  // trees whose namesake .fused was found, too: it holds trees, and more
};

// Model files named, or those in folders named, by name, a .fused before its .trees. kNotFound: no such file
// or folder; kUnsupported: a file that has none of the endings.
[[nodiscard]] Result<std::vector<FoundModel>> find_models(const std::vector<std::string>& paths);

enum class Signed : std::uint8_t { kNot, kUnjudged, kByKnown };  // unjudged: nobody said whom to believe
[[nodiscard]] std::string_view to_string(Signed is);             // "no", "not judged", "by a known signer"

// What a file says of itself after everything in it was checked.
struct CheckedModel {
  FoundModel found;
  std::size_t bytes = 0;
  Signed is_signed = Signed::kNot;
  std::uint32_t crc32c = 0;                                 // of all but the last four bytes and a signature
  std::string schema;                                       // of trees, and of a judge of anomalies
  std::size_t trees = 0, nodes = 0, fields = 0;             // of the same
  std::size_t networks = 0;                                 // of a fused model, both modes
  std::size_t tensors = 0, steps = 0, parameter_bytes = 0;  // of a graph
  double multiply_adds = 0;                                 // of a graph, for one token
  std::size_t repaired = 0;                                 // flipped bits undone while reading, in places
  std::string record;                                       // its run record (FILE.json); empty: none
  std::optional<onboard::FusedModel> completion;            // of either kind that completes
  std::optional<onboard::AnomalyModel> anomaly;
  std::optional<inference::Program> program;
};

// One line that begins with the path when it is not sound, or, where signers are named, not signed by one of
// them.
[[nodiscard]] Result<CheckedModel> check_model_file(const FoundModel& found,
                                                    const KnownSigners& signers = {});

// A schema that ships with the program, or one from a file when `name` ends in .toml.
[[nodiscard]] Result<datum::Schema> named_schema(const std::string& name);

}  // namespace skywarden::app
