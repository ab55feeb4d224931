// A loaded model that answers requests: sequences of rows in, rows out. One thread at a time uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "inference/program.h"
#include "onboard/power.h"

namespace skywarden::serving {

struct Port {
  std::string name;
  std::uint32_t width = 0;  // numbers of a row
  bool per_sequence = false;
  bool indices = false;  // of an input: whole numbers from 0, below index_end, one a row
  std::uint32_t index_end = 0;
};

struct EngineShape {
  std::string kind;  // "skywarden", or the plug-in's name and version
  std::vector<Port> inputs, outputs;
  std::uint32_t rows_max = 0;  // of one sequence
};

// One sequence: for each input its rows one behind the other. A row of a per_sequence port stands once.
struct Sequence {
  std::uint32_t rows = 0;  // tokens
  std::vector<std::vector<float>> numbers;
  std::vector<std::vector<std::int32_t>> indices;
};
using Rows = std::vector<std::vector<float>>;  // for each output its rows one behind the other

class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] virtual const EngineShape& shape() const = 0;
  // Of one sequence of so many rows, alone in its batch; nothing of an engine that does not tell.
  [[nodiscard]] virtual onboard::OperationCounts operations(std::uint32_t /*rows*/) const { return {}; }
  // Sequences that match shape(), to as many results. Fails as a whole.
  [[nodiscard]] virtual Result<std::vector<Rows>> run(std::span<const Sequence* const> sequences) = 0;
};

// Why a sequence does not fit the model, in one line: ports, widths, lengths, numbers that are not finite.
[[nodiscard]] Result<void> check_sequence(const EngineShape& shape, const Sequence& sequence);

// The engine of src/inference over a program of its own.
[[nodiscard]] std::unique_ptr<Engine> make_engine(inference::Program program);

}  // namespace skywarden::serving
