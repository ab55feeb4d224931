// Rows of a ledger as people and programs read them.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger_reader.h"

namespace skywarden::app {

// Numbers, text and null; bytes as hexadecimal digits, or as text where they are a value's name or content.
[[nodiscard]] nlohmann::ordered_json json_of(const ledger::Answer& answer, std::size_t row);
// {"entry": {...}, "alert": {...}, "reason": [...], ...}: tables that may hold many rows of an entry as
// lists.
[[nodiscard]] nlohmann::ordered_json json_of(std::span<const ledger::TableRow> rows);
// One line for each row of a listing (question.h).
[[nodiscard]] std::string line_of(const ledger::Answer& listing, std::size_t row);
// TABLE.COLUMN VALUE, a line each.
[[nodiscard]] std::string lines_of(std::span<const ledger::TableRow> rows);
// Columns apart by tabs.
[[nodiscard]] std::string table_of(const ledger::Answer& answer);

}  // namespace skywarden::app
