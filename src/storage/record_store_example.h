// A schema with fields of every criticality and records of it, drawn; for the tests of the record store.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::storage {

inline datum::Schema kept_schema(const std::string& name) {
  using datum::Criticality;
  datum::Schema schema;
  schema.name = name;
  schema.fields.resize(4);
  const char* names[] = {"smoke", "wind", "sector", "note"};
  for (std::size_t f = 0; f < schema.fields.size(); ++f) schema.fields[f].name = names[f];
  schema.fields[0].resolution = 1;
  schema.fields[0].criticality = Criticality::kHigh;
  schema.fields[2].kind = datum::FieldKind::kCategory;
  schema.fields[2].levels = {"N", "E", "S", "W"};
  schema.fields[3].kind = datum::FieldKind::kText;
  schema.fields[3].criticality = Criticality::kLow;
  return schema;
}

inline datum::Record kept_record(Random& random, std::uint64_t number) {
  datum::Record record;
  record.stream = random.chance(0.5) ? "ridge" : "valley";
  // Some share a time, some come late.
  record.time = Instant(std::chrono::hours(number / 2 - (random.chance(0.1) ? number / 4 : 0)));
  const datum::Missing lost{datum::MissingReason::kLinkLoss};
  const auto add = [&](datum::Value value) {
    if (random.chance(0.3))
      record.fields.emplace_back(lost);
    else
      record.fields.emplace_back(datum::Observed{std::move(value)});
  };
  add(static_cast<double>(number));  // tells records apart
  add(static_cast<double>(random.below(100)));
  add(datum::Category{static_cast<std::uint16_t>(random.below(4))});
  add(std::string(random.below(random.chance(0.05) ? 900 : 60), 'x'));
  record.fields[0] = datum::Observed{static_cast<double>(number)};
  return record;
}

}  // namespace skywarden::storage
