#include "serving/completion_cost.h"

#include <algorithm>

namespace skywarden::serving {

CompletionLoad load_of(const datum::Schema& schema, std::span<const datum::Record* const> records,
                       std::optional<Instant> newest) {
  CompletionLoad out;
  out.records = records.size();
  for (const datum::Record* record : records) {
    std::size_t missing = 0;
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      if (schema.fields[f].kind != datum::FieldKind::kNumber) continue;
      const bool hole = std::holds_alternative<datum::Missing>(record->fields[f]);
      missing += hole ? 1 : 0;
      out.known += hole ? 0 : 1;
    }
    out.missing += missing;
    out.with_holes += missing > 0 ? 1 : 0;
    if (newest && record->time <= *newest) continue;
    ++out.slots;
    newest = record->time;
  }
  return out;
}

CompletionCost::CompletionCost(const datum::Schema& schema, const onboard::ReviewOperations& model,
                               std::size_t streams, std::size_t stream_rows,
                               const onboard::EnergyTable& table)
    : has_networks_(model.has_networks) {
  const auto joules = [&](const onboard::OperationCounts& counts) {
    return onboard::modelled_energy(counts, table).value();
  };
  const onboard::CompletionOperations base = onboard::completion_operations(schema, streams);
  record_ = joules(base.record);
  // Networks are told of every number of every record, spared or not.
  if (has_networks_)
    record_ += joules(base.missing) * static_cast<double>(std::ranges::count(
                                          schema.fields, datum::FieldKind::kNumber, &datum::FieldSpec::kind));
  known_ = joules(base.known);
  missing_ = joules(base.missing + model.number);
  slot_ = joules(base.slot + base.trials * model.number);
  network_ = joules(model.network);
  rules_ = joules(onboard::rule_operations(schema, stream_rows));
}

onboard::Joules CompletionCost::of(const CompletionLoad& load, Haste haste) const {
  const auto times = [](std::size_t count, double joules) { return static_cast<double>(count) * joules; };
  double sum = times(load.records, rules_);  // describing a record looks through the same rows
  if (haste == Haste::kGreat) return onboard::Joules(sum);
  sum += times(load.records, record_) + times(load.known, known_) + times(load.missing, missing_) +
         times(load.slots, slot_);
  if (haste == Haste::kNone) sum += times(load.with_holes, network_);
  return onboard::Joules(sum);
}

}  // namespace skywarden::serving
