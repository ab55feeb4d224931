// How good tables of records are once completed: onboard/quality.h for each table, as text or JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/quality.h"
#include "record_tables.h"

namespace skywarden::app {

struct TableQuality {
  std::string table;  // its own name
  onboard::QualityTally tally;
};

[[nodiscard]] std::vector<TableQuality> qualities_of(const RecordTables& tables, const datum::Schema& schema,
                                                     const onboard::Completion& completion);
// The latest time that any row states; nothing when no row has one.
[[nodiscard]] std::optional<Instant> latest_time(const RecordTables& tables);

// A line a table and its reasons below, or one JSON object (docs/formats.md); `missing` goes into it.
[[nodiscard]] std::string quality_text(const std::vector<TableQuality>& tables, Instant as_of);
[[nodiscard]] std::string quality_json(const std::vector<TableQuality>& tables, const datum::Schema& schema,
                                       Instant as_of, nlohmann::ordered_json missing);

}  // namespace skywarden::app
