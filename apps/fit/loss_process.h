// Ways in which values get lost, for training and for judging what was trained: each hides cells of a panel
// that were observed. A process is drawn with its own rate and lengths, so that a model meets many of a kind
// and learns no single mask by heart.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "datum/schema.h"
#include "onboard/panel.h"

namespace skywarden::fit {

enum class LossKind : std::uint8_t {
  kScattered,  // each value by itself
  kStretches,  // a field of a stream for some hours or days
  kOutages,    // a field of a stream for weeks
  kRecords,    // whole records, for some hours
  kSelective,  // high values (sometimes low ones) and rare levels far more often than others
  kMixed,      // two of the above together
};
inline constexpr int kLossKinds = 6;

[[nodiscard]] std::string_view to_string(LossKind kind);
[[nodiscard]] std::optional<LossKind> loss_kind_of(std::string_view name);

// One byte a cell: 1 where it is to be hidden. Nothing that is missing already is marked. `left_out` is no
// part of a mixture.
[[nodiscard]] std::vector<std::uint8_t> draw_losses(const onboard::Panel& panel, const datum::Schema& schema,
                                                    LossKind kind, Random& random,
                                                    std::optional<LossKind> left_out = {});

}  // namespace skywarden::fit
