#include <algorithm>
#include <cmath>
#include <utility>

#include "onboard/complete.h"

namespace skywarden::onboard {
namespace {

constexpr double kShareOfRange = 0.1;  // stands for the tolerance where the schema states none

}  // namespace

bool abstains(const datum::FieldSpec& spec, double value, double low, double high, double abstain_beyond) {
  if (!(abstain_beyond > 0.0)) return false;
  const double tolerance = std::max(spec.tolerance_abs, spec.tolerance_rel * std::abs(value));
  double limit = abstain_beyond * tolerance;
  if (tolerance <= 0.0) {
    if (!spec.min || !spec.max) return false;
    limit = kShareOfRange * (*spec.max - *spec.min);
  }
  return 0.5 * (high - low) > limit;
}

std::string method_name(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                        std::size_t cell) {
  switch (completion.origins[cell]) {
    case Origin::kCopied:
      return "twin:" + panel.stream_name(completion.by[cell]);
    case Origin::kDetermined:
      return "field:" + schema.fields[completion.by[cell]].name;
    case Origin::kEstimated:
      return completion.by[cell] == 1 ? "model" : "baseline";
    case Origin::kNone:
    case Origin::kObserved:
      break;
  }
  return {};
}

datum::Field completed_field(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                             std::size_t cell, std::size_t field) {
  const bool number = schema.fields[field].kind == datum::FieldKind::kNumber;
  const double held = completion.values[cell];
  datum::Value value = held;
  if (!number) value = datum::Category{static_cast<std::uint16_t>(held)};
  if (completion.origins[cell] == Origin::kNone) return datum::Missing{panel.reason(cell)};
  if (completion.origins[cell] == Origin::kObserved) return datum::Observed{std::move(value)};
  datum::Estimated estimated;
  estimated.value = std::move(value);
  if (number)
    estimated.interval = datum::Interval{completion.lows[cell], completion.highs[cell]};
  else
    estimated.probability = Probability{completion.probabilities[cell]};
  estimated.abstained = completion.abstained[cell] != 0;
  estimated.by = method_name(panel, schema, completion, cell);
  return estimated;
}

datum::Record completed_record(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                               std::size_t record) {
  const Panel::Place place = panel.place(record);
  datum::Record out;
  out.stream = panel.stream_name(place.stream);
  out.time = panel.time(place.slot);
  for (std::size_t f = 0; f < panel.fields(); ++f)
    out.fields.push_back(
        completed_field(panel, schema, completion, panel.at(place.slot, place.stream, f), f));
  return out;
}

}  // namespace skywarden::onboard
