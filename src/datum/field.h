// One field of a record: what was observed, why it is missing, or what it was estimated to be. No NaN, no
// −999.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/units.h"

namespace skywarden::datum {

struct Category {
  std::uint16_t level = 0;  // index into the schema's levels
  friend constexpr bool operator==(Category, Category) = default;
};

// A number in the field's unit, a category, or text (also the reference of an image).
using Value = std::variant<double, Category, std::string>;

enum class MissingReason : std::uint8_t {
  kNotReported,   // the sender left it empty
  kLinkLoss,      // lost on the way
  kMalformed,     // bytes that are no value of this kind
  kOutOfRange,    // outside the schema's range
  kRateOfChange,  // changed faster than the schema allows
  kStuck,         // the sensor repeats itself
  kClockJump,     // the record's time contradicts its neighbours
  kDropped,       // left out on purpose to fit the link
};

[[nodiscard]] std::string_view to_string(MissingReason reason);  // "not_reported", "link_loss", …

struct Interval {  // 90 % unless said otherwise
  double low = 0.0;
  double high = 0.0;
  friend constexpr bool operator==(Interval, Interval) = default;
};

struct Observed {
  Value value;
};
struct Missing {
  MissingReason reason = MissingReason::kNotReported;
};
struct Estimated {
  Value value;
  std::optional<Interval> interval;  // numbers
  Probability probability{1.0};      // categories: of the chosen level
  std::string by;                    // the method: "twin:Dongsi", "interpolation", …
  // Too uncertain to act on: to be shown with its interval, never to be used as if it were known.
  bool abstained = false;
};

using Field = std::variant<Missing, Observed, Estimated>;

// The value whatever its origin, or nothing when missing.
[[nodiscard]] const Value* value_of(const Field& field);
[[nodiscard]] std::optional<double> number_of(const Field& field);
// The number if something may rest on it: not when its estimate abstained.
[[nodiscard]] std::optional<double> usable_number_of(const Field& field);

}  // namespace skywarden::datum
