// Records of every kind of field and gap, drawn; for the tests of record batches and of shrinking.
#pragma once

#include <rapidcheck.h>

#include <cmath>
#include <string>
#include <vector>

#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/field_grid.h"

namespace skywarden::onboard {

inline datum::Schema batch_schema() {
  using datum::Criticality;
  using datum::FieldKind;
  datum::Schema schema;
  schema.name = "drawn";
  schema.fields.resize(7);
  const char* names[] = {"tenths", "hundreds", "by_tolerance", "exact", "sector", "angle", "note"};
  for (std::size_t i = 0; i < schema.fields.size(); ++i) schema.fields[i].name = names[i];
  schema.fields[0].resolution = 0.1;
  schema.fields[0].tolerance_abs = 0.5;
  schema.fields[0].criticality = Criticality::kHigh;
  schema.fields[1].resolution = 100;
  schema.fields[1].tolerance_rel = 0.25;
  schema.fields[2].tolerance_abs = 2.5;
  schema.fields[2].criticality = Criticality::kLow;
  schema.fields[4].kind = FieldKind::kCategory;
  schema.fields[4].levels = {"N", "E", "S", "W"};
  schema.fields[4].circular = true;
  schema.fields[4].criticality = Criticality::kHigh;
  schema.fields[5].min = 0;
  schema.fields[5].max = 360;
  schema.fields[5].circular = true;
  schema.fields[5].resolution = 10;
  schema.fields[5].tolerance_abs = 22.5;
  schema.fields[6].kind = FieldKind::kText;
  schema.fields[6].criticality = Criticality::kLow;
  return schema;
}

inline datum::Value drawn_value(const datum::FieldSpec& spec) {
  if (spec.kind == datum::FieldKind::kCategory)
    return datum::Category{
        *rc::gen::inRange<std::uint16_t>(0, static_cast<std::uint16_t>(spec.levels.size()))};
  if (spec.kind == datum::FieldKind::kText)
    return *rc::gen::elementOf(std::vector<std::string>{"", "smoke", "高温", "two words"});
  if (const auto grid = FieldGrid::of(spec))
    return grid->to_value(*rc::gen::weightedOneOf<std::int64_t>(
        {{9, rc::gen::inRange<std::int64_t>(-30, 40)},
         {1, rc::gen::inRange<std::int64_t>(-FieldGrid::kStepsMax, FieldGrid::kStepsMax + 1)}}));
  return *rc::gen::inRange<std::int64_t>(-1'000'000, 1'000'000) / std::pow(10.0, *rc::gen::inRange(0, 7));
}

inline datum::Field drawn_field(const datum::FieldSpec& spec) {
  if (*rc::gen::inRange(0, 5) == 0)
    return datum::Missing{static_cast<datum::MissingReason>(*rc::gen::inRange(0, 8))};
  return datum::Observed{drawn_value(spec)};
}

// By time; several streams, equal times, one stream under two provenances.
inline std::vector<datum::Record> drawn_records(const datum::Schema& schema, std::size_t most) {
  const auto count = *rc::gen::inRange<std::size_t>(0, most + 1);
  const auto unit = *rc::gen::elementOf(std::vector<std::int64_t>{1, 7, 1'000'000'000, 3'600'000'000'000});
  std::vector<datum::Record> records;
  Instant time = parse_utc("2016-12-31T23:00:00Z").value();
  for (std::size_t i = 0; i < count; ++i) {
    time += Duration(unit * *rc::gen::weightedElement<std::int64_t>({{3, 0}, {6, 1}, {1, 2}, {1, 30}}));
    datum::Record record;
    record.stream = *rc::gen::elementOf(std::vector<std::string>{"a", "b", "北京"});
    record.time = time;
    record.provenance = *rc::gen::weightedElement<datum::Provenance>(
        {{9, datum::Provenance::kObserved}, {1, datum::Provenance::kSimulated}});
    for (const datum::FieldSpec& spec : schema.fields) record.fields.push_back(drawn_field(spec));
    records.push_back(std::move(record));
  }
  return records;
}

// To the last bit; −0 is 0.
inline std::string shown(const datum::Field& field) {
  if (const auto* missing = std::get_if<datum::Missing>(&field))
    return "missing:" + std::string(datum::to_string(missing->reason));
  const auto* observed = std::get_if<datum::Observed>(&field);
  if (observed == nullptr) return "estimated";
  if (const auto* number = std::get_if<double>(&observed->value)) return fmt::format("{:a}", *number + 0.0);
  if (const auto* category = std::get_if<datum::Category>(&observed->value))
    return fmt::format("level {}", category->level);
  return "text " + std::get<std::string>(observed->value);
}

inline std::string shown(const datum::Record& record) {
  std::string out = fmt::format("{} {} {}", record.stream, to_string(record.provenance),
                                record.time.time_since_epoch().count());
  for (const datum::Field& field : record.fields) out += " | " + shown(field);
  return out;
}

}  // namespace skywarden::onboard
