// Records back to text: the cells that decode.h reads again as the same time, stream and fields. A missing
// field is an empty cell, whatever its reason. Times are written in the schema's own format and zone, cut to
// what it can say (hours, minutes); a category by the name of its level, a number in its shortest form.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::onboard {

// One cell for each of schema.time_columns.
[[nodiscard]] std::vector<std::string> time_cells(const datum::Schema& schema, Instant time);
[[nodiscard]] std::string field_cell(const datum::FieldSpec& spec, const datum::Field& field);

// A table with the columns of time, of stream and of the fields. A stream's name is cut at '/' into as many
// cells as the schema has columns of it; nothing when it has fewer parts.
[[nodiscard]] std::optional<std::string> records_to_csv(const datum::Schema& schema,
                                                        std::span<const datum::Record> records);

// One object with the same cells by the names of their columns, as a line of JSON Lines; nothing as above.
// Missing fields are left out.
[[nodiscard]] std::optional<std::string> record_to_json(const datum::Schema& schema,
                                                        const datum::Record& record);

}  // namespace skywarden::onboard
