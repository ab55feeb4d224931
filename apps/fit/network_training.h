// Training in stages, from checkpoint to checkpoint, and the notes beside checkpoints.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "network_batches.h"
#include "network_trainer.h"

namespace skywarden::fit {

struct Stage {
  std::string name;
  std::size_t steps = 0;
  double learning_rate = 1e-3;  // after a warm-up; then half a cosine down to nothing
  int bits = 32;                // of weights and of what enters them: 32, 16 or 8
  bool taught = false;          // by the teacher and not by the truth
};

struct Training {
  std::vector<Stage> stages;  // one after the other
  std::size_t batch = 0;      // sequences a step; 0: 128 records or 32 stretches
  Products products = Products::kF32;
  std::uint64_t seed = 1;
  std::string
      checkpoint;  // written here now and then, and at the end; a run of the same record goes on from it
  const NetworkTrainer* teacher = nullptr;  // needed where a stage is taught
  nlohmann::ordered_json record;            // what the run depends on, its shape under "shape"
};

// Trains to the end of the last stage.
[[nodiscard]] Result<void> train(const Training& training, const NetworkBatches& batches,
                                 NetworkTrainer& trainer);

// The note beside a checkpoint (CHECKPOINT.json): the run record, and how far it came.
[[nodiscard]] Result<void> write_note(const std::string& checkpoint, const nlohmann::ordered_json& record,
                                      std::size_t step);

// A network as a checkpoint holds it: its shape out of the note beside it, its parameters, no optimiser.
struct Kept {
  onboard::NetworkShape shape;
  nlohmann::ordered_json record;
  std::unique_ptr<NetworkTrainer> trainer;
};
// kNotFound without a note, kMalformed for one of no network, kConflict for a network of another schema.
[[nodiscard]] Result<Kept> read_checkpoint(const std::string& path, const onboard::NetworkInputs& inputs);

}  // namespace skywarden::fit
