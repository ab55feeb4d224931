#include "completed_quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace skywarden::app {
namespace {

// What was there before anything was estimated.
datum::Record received_record(const onboard::Panel& panel, const datum::Record& completed,
                              std::size_t record) {
  datum::Record out = completed;
  const onboard::Panel::Place place = panel.place(record);
  for (std::size_t f = 0; f < out.fields.size(); ++f) {
    const std::size_t cell = panel.at(place.slot, place.stream, f);
    if (!panel.observed(cell)) out.fields[f] = datum::Missing{panel.reason(cell)};
  }
  return out;
}

}  // namespace

std::vector<TableQuality> qualities_of(const RecordTables& tables, const datum::Schema& schema,
                                       const onboard::Completion& completion) {
  std::vector<TableQuality> out;
  for (const RecordTable& table : tables.tables) {
    TableQuality one{table.out_name, onboard::QualityTally(schema)};
    for (const std::size_t record : table.records) {
      if (record == kNoRecordOfRow) continue;
      const datum::Record used = onboard::completed_record(tables.panel, schema, completion, record);
      one.tally.add(received_record(tables.panel, used, record), used);
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::optional<Instant> latest_time(const RecordTables& tables) {
  std::optional<Instant> latest;
  for (const RecordTable& table : tables.tables)
    if (table.latest > Instant::min()) latest = latest ? std::max(*latest, table.latest) : table.latest;
  return latest;
}

std::string quality_text(const std::vector<TableQuality>& tables, Instant as_of) {
  std::string out;
  for (const TableQuality& one : tables) {
    const onboard::Quality quality = one.tally.quality(as_of);
    out += fmt::format("{}: quality {:.3f}, {} records\n", one.table, quality.score, quality.records);
    for (const std::string& reason : one.tally.reasons(as_of)) out += "  " + reason + "\n";
  }
  return out;
}

std::string quality_json(const std::vector<TableQuality>& tables, const datum::Schema& schema, Instant as_of,
                         nlohmann::ordered_json missing) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const TableQuality& one : tables) {
    const onboard::Quality quality = one.tally.quality(as_of);
    nlohmann::ordered_json fields = nlohmann::ordered_json::array();
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      const onboard::FieldQuality& field = one.tally.fields()[f];
      fields.push_back({{"field", schema.fields[f].name},
                        {"present", field.present},
                        {"estimated", field.estimated},
                        {"reported", field.reported},
                        {"contradicted", field.contradicted},
                        {"worth", field.worth}});
    }
    all.push_back({{"table", one.table},
                   {"records", quality.records},
                   {"score", quality.score},
                   {"completeness", quality.completeness},
                   {"consistency", quality.consistency},
                   {"freshness", quality.freshness},
                   {"provenance", quality.provenance},
                   {"reasons", one.tally.reasons(as_of)},
                   {"fields", std::move(fields)}});
  }
  const nlohmann::ordered_json out{
      {"as_of", format_utc(as_of)}, {"tables", std::move(all)}, {"missing", std::move(missing)}};
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace skywarden::app
