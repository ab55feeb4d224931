// Ways in which sensors fail, for training and for judging detectors: each changes numbers of a panel that
// were observed. Sizes and lengths are drawn around those that benchmarks use, so that a detector meets many
// of a kind and learns no single one by heart.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "datum/schema.h"
#include "onboard/panel.h"

namespace skywarden::fit {

enum class FaultKind : std::uint8_t { kSpike, kStuck, kOffset, kDrift, kNoise };
inline constexpr std::size_t kFaultKinds = 5;

[[nodiscard]] std::string_view to_string(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kSpike;
  std::size_t stream = 0, field = 0;
  std::size_t first = 0, last = 0;  // slots; last is not included
};

struct FaultOptions {
  double chance = 0.3;  // of a fault in a week of one stream's field
  std::size_t week_slots = 168;
  bool varied = true;  // false: the sizes and lengths of the benchmark itself
};

struct Faulty {
  std::vector<double> values;  // of cells
  std::vector<Fault> faults;   // those that touch an observed number
};

// Faulty values lie on the schema's resolution and not beyond the extremes that the field's sound values
// have: no digit and no value that the sensor never prints gives a fault away.
[[nodiscard]] Faulty draw_faults(const onboard::Panel& panel, const datum::Schema& schema,
                                 const FaultOptions& options, Random& random);

}  // namespace skywarden::fit
