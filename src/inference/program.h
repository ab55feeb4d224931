// A model made ready: checked, its graph rewritten (optimize.h), and a place in one block of memory found for
// every value and for the working memory of every step (memory_plan.h). Immutable; any number of sessions may
// run it at once.
#pragma once

#include <vector>

#include "base/result.h"
#include "inference/model.h"

namespace skywarden::inference {

struct ProgramOptions {
  std::uint32_t tokens_at_once = 256;  // 1…65,536. The longest sequence; larger batches are cut at sequences
  bool optimized = true;
};

inline constexpr std::size_t kArenaBytesMax = std::size_t{1} << 30;

struct Program {
  struct Place {
    std::size_t offset = 0, bytes = 0;
  };
  ProgramOptions options;
  Model model;                 // as rewritten
  std::vector<Shape> shapes;   // of all values, inputs first
  std::vector<Place> values;   // of each node's value
  std::vector<Place> scratch;  // of each node
  std::vector<std::uint32_t>
      index_ends;                // of each input of indices, the rows of the smallest table it looks into
  std::uint32_t length_max = 0;  // tokens of a sequence: tokens_at_once, or the rows of a table of positions
  std::size_t arena_bytes = 0;
};

// Refuses what check_model refuses, and a model that would need more than kArenaBytesMax.
[[nodiscard]] Result<Program> make_program(Model model, const ProgramOptions& options = {});

// Products of the linear maps of one row in and their bytes, for estimates of time and energy: multiply-adds
// a token of a sequence of `tokens`, attention included.
[[nodiscard]] double multiply_adds(const Program& program, std::size_t tokens);

}  // namespace skywarden::inference
