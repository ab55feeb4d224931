// Runs a program over a batch of sequences of any lengths. What comes out for a sequence depends on that
// sequence alone: the same bits at any batch size, order, number of parts, executor and instruction set.
#pragma once

#include <span>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "inference/instructions.h"
#include "inference/program.h"

namespace skywarden::inference {

// One input of a batch, rows behind each other: a row a token of each sequence, or a row a sequence.
struct InputRows {
  std::span<const float> numbers;         // finite, at most kBound in size
  std::span<const std::int32_t> indices;  // where the input is one of indices: from 0, below the table's rows
};

struct Batch {
  std::span<const std::uint32_t> lengths;  // tokens of each sequence, at least one
  std::span<const InputRows> inputs;       // in the model's order
};

struct SessionOptions {
  std::uint32_t parts = 1;  // 1…64: how many jobs the executor is given at once; each has an arena of its own
  InstructionSet instructions = widest_instruction_set();
};

// One caller at a time; the program must outlive it.
class Session {
 public:
  explicit Session(const Program& program, const SessionOptions& options = {});

  // Writes the model's outputs, one span each, of exactly the rows and width that the model and the batch
  // give. An empty batch does nothing. Refuses, in one line, what breaks the bounds above; then nothing was
  // written.
  [[nodiscard]] Result<void> run(const Batch& batch, std::span<const std::span<float>> outputs,
                                 Executor& executor);

  [[nodiscard]] std::size_t arena_bytes() const;

 private:
  // Sequences that run one behind the other through one arena.
  struct Part {
    Aligned<std::byte> arena;
    std::vector<std::uint32_t> starts;
  };
  // A few of them, at most tokens_at_once tokens together.
  struct Wave {
    std::size_t sequence = 0, sequences = 0;  // the first and how many
    std::size_t token = 0, tokens = 0;
  };

  [[nodiscard]] Result<void> check(const Batch& batch, std::span<const std::span<float>> outputs) const;
  void cut_into_waves(const Batch& batch);
  void run_wave(const Wave& wave, const Batch& batch, std::span<const std::span<float>> outputs, Part& part,
                Executor* executor) const;

  const Program& program_;
  SessionOptions options_;
  const Kernels& kernels_;
  std::vector<Part> parts_;
  std::vector<Wave> waves_;
};

}  // namespace skywarden::inference
