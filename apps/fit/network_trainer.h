// LibTorch, as far as training here needs it; nothing of it shows in this header, and besides rounding
// (fake_quantization.cc) one source file is all that includes it. One thread, seeded: the same steps give the
// same weights on the same build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "onboard/complete_network_graph.h"

namespace skywarden::fit {

class ActivationRanges;

// What a teacher says of a batch.
struct Lesson {
  std::vector<float> answers;              // twice as many as are asked for; empty: there is no teacher
  std::vector<std::vector<float>> states;  // of matched layers, a row a token; may be empty
};

// Sequences of one length. Everything in the units of NetworkInputs.
struct NetworkBatch {
  std::size_t sequences = 0, tokens = 0, width = 0;
  std::size_t answers = 0;    // of a token: 1 of an encoder, one a number of a recurrent network
  std::vector<float> inputs;  // sequences × tokens × width
  // sequences × tokens × answers
  std::vector<float> asked;       // 1 where an answer is judged, else 0
  std::vector<float> wanted;      // the correction that would be right
  std::vector<float> tolerances;  // the error that is tolerated
  Lesson teacher;
  bool task = true;  // whether the truth is learnt from, too
};

// The numbers in which linear maps are worked out; weights, norms, softmax and losses stay 32 bits. Products
// of 16 bits (Kalamkar et al. 2019) are worth it where the machine has tiles for them: measured 24 times as
// fast.
enum class Products : std::uint8_t { kF32, kBf16 };
[[nodiscard]] constexpr std::string_view to_string(Products products) {
  return products == Products::kF32 ? "f32" : "bf16";
}

class NetworkTrainer {
 public:
  NetworkTrainer(const onboard::NetworkShape& shape, const onboard::NetworkInputs& inputs,
                 std::uint64_t seed);
  ~NetworkTrainer();
  NetworkTrainer(const NetworkTrainer&) = delete;
  NetworkTrainer& operator=(const NetworkTrainer&) = delete;

  // One step of AdamW (Loshchilov and Hutter 2019). The loss before it, a mean over what is judged.
  // What is minimised: the absolute error, a smooth count of errors beyond the tolerance and beyond half of
  // it, and the negative logarithm of the likelihood of the error under the stated one (Laplace); with a
  // teacher also the distance from its answers and from its states, to which linear maps of this network's
  // own states are learnt (Romero et al. 2015).
  [[nodiscard]] double step(const NetworkBatch& batch, double learning_rate);
  // kNetworkOutputs an answer: of an encoder each token's, of a recurrent network each row's for all numbers.
  [[nodiscard]] std::vector<float> answers(const NetworkBatch& batch) const {
    return lesson(batch, 0).answers;
  }

  // For a student with `layers` (0: no) matched layers: layer l of them stands against this network's layer
  // (l + 1) · all / layers, counted from 1.
  [[nodiscard]] Lesson lesson(const NetworkBatch& batch, std::size_t layers) const;
  // How many layers have states to match: those of an encoder, one of a recurrent network.
  [[nodiscard]] std::size_t layers() const;
  [[nodiscard]] std::size_t state_width() const;
  // Learns maps of all its states to a teacher's of that width. They are kept in checkpoints and belong to no
  // network that is exported. Before training.
  void match(std::size_t teacher_width, std::uint64_t seed);

  // From now on weights and what enters them are rounded to so many bits, as the engine would: 32 (not at
  // all), 16 or 8. What it keeps in FP32 in INT8 models, too, is left alone.
  void use_bits(int bits);
  // From now on; not of what is rounded to fewer bits.
  void use_products(Products products);
  // Notes what enters the maps that are rounded, whenever answers are worked out; null: no more.
  void watch(ActivationRanges* ranges);

  [[nodiscard]] inference::Parameters parameters() const;  // of the present; valid as long as the trainer
  [[nodiscard]] std::size_t parameter_count() const;

  // Parameters and the optimiser's state.
  [[nodiscard]] Result<void> save(const std::string& path) const;
  [[nodiscard]] Result<void> load(const std::string& path);
  // Only the parameters, to begin another training with.
  [[nodiscard]] Result<void> load_parameters(const std::string& path);
  void take(const inference::Parameters& parameters);  // instead of those at present

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skywarden::fit
