// Which of several compressed networks to fly: none that another beats in everything, and of those within the
// target's limits the most accurate.
#pragma once

#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inference/program.h"

namespace skywarden::fit {

struct Candidate {
  std::string name;
  double within = 0;                                    // share of held-back numbers within tolerance
  double latency_ms = 0, memory_mb = 0, energy_mj = 0;  // of one record; the energy is modelled
};

struct ChoiceLimits {  // each included
  double latency_ms = std::numeric_limits<double>::infinity();
  double memory_mb = std::numeric_limits<double>::infinity();
  double energy_mj = std::numeric_limits<double>::infinity();
};

struct Choice {
  std::vector<bool> on_front;  // no other candidate is as good in everything and better in something
  std::vector<bool> within_limits;
  std::optional<std::size_t>
      best;  // the most accurate within the limits; of equals the fastest, then the first
};

[[nodiscard]] Choice choose(const std::vector<Candidate>& candidates, const ChoiceLimits& limits);

// Of tensors and of the arena, in bytes.
[[nodiscard]] std::size_t memory_bytes(const inference::Program& program);

[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<Candidate>& candidates,
                                             const ChoiceLimits& limits, const Choice& choice);
// A file of its own: latency (logarithmic) to the right, accuracy upwards, the front as a line.
[[nodiscard]] std::string picture(const std::vector<Candidate>& candidates, const ChoiceLimits& limits,
                                  const Choice& choice);

}  // namespace skywarden::fit
