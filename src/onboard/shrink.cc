#include "onboard/shrink.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/contract.h"
#include "onboard/restorable.h"

namespace skywarden::onboard {
namespace {

using datum::Criticality;

bool is_critical(const datum::FieldSpec& spec) {
  return spec.criticality == Criticality::kHigh;
}

std::vector<std::uint32_t> newest_first(std::span<const datum::Record> records) {
  std::vector<std::uint32_t> out(records.size());
  std::iota(out.begin(), out.end(), 0U);
  std::stable_sort(out.begin(), out.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return records[a].time > records[b].time; });
  return out;
}

Selection first_steps(const BatchPacker& packer, const datum::Schema& schema, const KeepOrder& order,
                      std::size_t count) {
  const std::size_t fields = packer.fields();
  Selection kept{std::vector<std::uint8_t>(packer.records(), 0),
                 std::vector<std::uint8_t>(packer.records() * fields, 0)};
  for (std::size_t i = 0; i < count; ++i) {
    const KeepStep step = order.steps[i];
    kept.records[step.record] = 1;
    std::uint8_t* cells = kept.cells.data() + step.record * fields;
    if (step.field < fields) cells[step.field] = 1;
    if (step.field != KeepStep::kWhole && step.field != KeepStep::kCritical) continue;
    for (std::size_t f = 0; f < fields; ++f)
      if (step.field == KeepStep::kWhole || is_critical(schema.fields[f])) cells[f] = 1;
  }
  return kept;
}

}  // namespace

KeepOrder critical_first(const BatchPacker& packer, const datum::Schema& schema,
                         std::span<const datum::Record> records, Overflow overflow) {
  EXPECTS(packer.records() == records.size());
  const bool thin = overflow == Overflow::kThin;
  KeepOrder order;
  for (const std::uint32_t record : newest_first(records))
    order.steps.push_back({record, thin ? KeepStep::kNothing : KeepStep::kCritical});
  order.levels.push_back(order.steps.size());
  for (const Criticality level : {Criticality::kHigh, Criticality::kNormal, Criticality::kLow}) {
    if (level == Criticality::kHigh && !thin) continue;
    for (const CellPlace place : least_restorable_first(packer, schema, records, level))
      order.steps.push_back({place.record, place.field});
    order.levels.push_back(order.steps.size());
  }
  return order;
}

Shrunk pack_in_order(const BatchPacker& packer, const datum::Schema& schema, const KeepOrder& order,
                     std::size_t bytes_max) {
  const auto batch_of = [&](std::size_t steps) {
    return packer.pack(first_steps(packer, schema, order, steps));
  };
  Shrunk out;
  std::size_t fits = 0;
  std::size_t too_many = 0;  // the next end of a level; equal to `fits`: nothing to look for
  out.batch = batch_of(0);
  bool found = out.batch.size() <= bytes_max;
  for (auto end = order.levels.rbegin(); end != order.levels.rend(); ++end) {
    std::vector<std::byte> batch = batch_of(*end);
    if (batch.size() <= bytes_max) {
      fits = *end;
      out.batch = std::move(batch);
      found = true;
      break;
    }
    too_many = *end;
  }
  while (found && too_many > fits + 1) {
    const std::size_t middle = fits + (too_many - fits) / 2;
    std::vector<std::byte> batch = batch_of(middle);
    if (batch.size() <= bytes_max) {
      fits = middle;
      out.batch = std::move(batch);
    } else {
      too_many = middle;
    }
  }
  if (!found) out.batch.clear();
  out.kept = first_steps(packer, schema, order, found ? fits : 0);
  for (std::size_t r = 0; r < packer.records(); ++r) {
    out.records_sent += out.kept.records[r];
    for (std::size_t f = 0; f < packer.fields(); ++f) {
      if (!packer.present(r, f)) continue;
      const std::size_t sent = out.kept.cells[r * packer.fields() + f];
      ++out.values;
      out.values_sent += sent;
      if (!is_critical(schema.fields[f])) continue;
      ++out.critical;
      out.critical_sent += sent;
    }
  }
  ENSURES(out.batch.size() <= bytes_max);
  return out;
}

Result<Shrunk> shrink(const datum::Schema& schema, std::span<const datum::Record> records,
                      std::size_t bytes_max, Overflow overflow) {
  const auto packer = BatchPacker::make(schema, records);
  if (!packer) return tl::unexpected(packer.error());
  return pack_in_order(*packer, schema, critical_first(*packer, schema, records, overflow), bytes_max);
}

std::vector<datum::Record> unsent(std::span<const datum::Record> records, const Shrunk& shrunk) {
  EXPECTS(shrunk.kept.records.size() == records.size());
  std::vector<datum::Record> out;
  for (std::size_t r = 0; r < records.size(); ++r) {
    datum::Record rest = records[r];
    bool holds_something = shrunk.kept.records[r] == 0;
    for (std::size_t f = 0; f < rest.fields.size(); ++f) {
      if (!std::holds_alternative<datum::Observed>(rest.fields[f])) continue;
      if (shrunk.kept.cells[r * rest.fields.size() + f] != 0)
        rest.fields[f] = datum::Missing{datum::MissingReason::kDropped};
      else
        holds_something = true;
    }
    if (holds_something) out.push_back(std::move(rest));
  }
  return out;
}

}  // namespace skywarden::onboard
