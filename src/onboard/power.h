// How much energy an inference takes, MODELLED from a table of operations and bytes, and a governor that
// keeps a module within its watts by choosing the model, how many records at once, and how many at all.
// Nothing here measures power: every figure of it is modelled and is called so.
//
// The default table is M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
// figure 1.1.9: 45 nm, 0.9 V. Newer silicon takes less; the table is settable.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "base/units.h"

namespace skywarden::onboard {

using Joules = Quantity<struct JoulesTag>;

// What one inference does.
struct OperationCounts {
  double int8_multiply_adds = 0, float_multiplies = 0, float_additions = 0;  // a comparison is an addition
  double instructions = 0;  // fetched and decoded, whatever they do
  double cache_bytes = 0, memory_bytes = 0;

  OperationCounts& operator+=(const OperationCounts& other);
  friend OperationCounts operator+(OperationCounts a, const OperationCounts& b) { return a += b; }
  friend OperationCounts operator*(double times, const OperationCounts& counts);
};

// Picojoules.
struct EnergyTable {
  double int8_multiply_add = 0.2 + 0.1;  // an 8-bit product, a 32-bit sum
  double float_multiply = 3.7, float_addition = 0.9;
  double instruction = 70.0;
  double cache_byte = 100.0 / 8.0;    // of 1 MB
  double memory_byte = 1950.0 / 8.0;  // DRAM, the middle of 1.3 to 2.6 nJ for 64 bits
};

[[nodiscard]] Joules modelled_energy(const OperationCounts& counts, const EnergyTable& table = {});

inline constexpr double kCacheBytes = 1 << 20;  // what the table has an energy for

// Going down trees: a node costs a comparison, eight bytes and about fourteen instructions, as trees are
// walked here, eight side by side to the deepest of them (counted with perf); a leaf an addition.
[[nodiscard]] OperationCounts tree_operations(double rows, double trees, double depth, double model_bytes,
                                              double model_bytes_from_memory_share);

// A way to complete records, as far as energy is concerned: `batch` is what a batch costs, however few are in
// it (weights are fetched), `record` each one on top.
struct PowerChoice {
  Joules batch{0.0}, record{0.0};
  std::size_t batch_max = 1;
};

struct GovernorOptions {
  std::chrono::nanoseconds window = std::chrono::seconds(60);
  Watts module{20.0};  // never more, whatever is offered
  Watts idle{0.0};     // drawn without any inference; part of the budget
};

struct PowerGrant {
  std::size_t choice = 0;
  std::size_t records = 0;  // at most as many as were wanted
  std::size_t batch = 0;    // records at once
  Joules energy{0.0};       // modelled
};

// The modelled energy granted within any window that ends at a grant is at most the budget of that grant,
// less what idling takes, times the window. With more budget a grant is never of a worse choice and never of
// fewer records of one. Work of all kinds draws on one window, so choices come with each question.
class PowerGovernor {
 public:
  static constexpr std::size_t kParts = 64;  // of the window; what is older than a part's end counts whole

  explicit PowerGovernor(const GovernorOptions& options = {});

  // Choices from the best to the cheapest; not empty. `offered`: what thermal limits and the battery in
  // eclipse leave to the module now. Times do not go back. The best choice that can do all that is wanted;
  // else as many as the cheapest can.
  PowerGrant grant(std::span<const PowerChoice> choices, Instant now, Watts offered, std::size_t wanted);

  [[nodiscard]] Joules spent(Instant now) const;  // within the window
  // What a grant may hold at most; below 0 after a budget was lowered.
  [[nodiscard]] Joules left(Instant now, Watts offered) const;

 private:
  struct Part {
    std::int64_t number = -1;  // of the part since the epoch
    double joules = 0.0;
  };
  [[nodiscard]] std::int64_t part_of(Instant now) const;
  [[nodiscard]] static double energy(const PowerChoice& choice, std::size_t records);

  GovernorOptions options_;
  std::array<Part, kParts + 2> parts_{};
};

}  // namespace skywarden::onboard
