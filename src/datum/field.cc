#include "datum/field.h"

namespace skywarden::datum {

std::string_view to_string(MissingReason reason) {
  switch (reason) {
    case MissingReason::kNotReported:
      return "not_reported";
    case MissingReason::kLinkLoss:
      return "link_loss";
    case MissingReason::kMalformed:
      return "malformed";
    case MissingReason::kOutOfRange:
      return "out_of_range";
    case MissingReason::kRateOfChange:
      return "rate_of_change";
    case MissingReason::kStuck:
      return "stuck";
    case MissingReason::kClockJump:
      return "clock_jump";
    case MissingReason::kDropped:
      return "dropped";
  }
  return "unknown";
}

const Value* value_of(const Field& field) {
  if (const auto* observed = std::get_if<Observed>(&field)) return &observed->value;
  if (const auto* estimated = std::get_if<Estimated>(&field)) return &estimated->value;
  return nullptr;
}

std::optional<double> number_of(const Field& field) {
  const Value* value = value_of(field);
  if (value == nullptr) return std::nullopt;
  const double* number = std::get_if<double>(value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<double> usable_number_of(const Field& field) {
  const auto* estimated = std::get_if<Estimated>(&field);
  return estimated != nullptr && estimated->abstained ? std::nullopt : number_of(field);
}

}  // namespace skywarden::datum
