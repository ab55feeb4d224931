// The tables of a ledger, version 1 (docs/formats.md). `user_version` says the version, `application_id` that
// the file is a ledger at all. A file whose tables are not these, to the letter, is none: so nothing of its
// own is ever run.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "ledger/sqlite.h"

namespace skywarden::ledger {

inline constexpr std::int64_t kApplicationId = 0x534b594c;  // "SKYL"
inline constexpr std::int64_t kSchemaVersion = 1;

// The tables that an entry of the log has rows in, in the order in which they are written.
enum class Table : std::uint8_t { kEntry, kPayload, kAlert, kArea, kReason, kMerged, kValue, kEpoch, kShare };
inline constexpr std::size_t kTables = 9;

struct TableShape {
  std::string_view name;
  std::span<const std::string_view> columns;  // the first is the entry's index, or, of `area`, its boxes' id
};
[[nodiscard]] TableShape shape_of(Table table);

[[nodiscard]] Result<void> make_schema(Database& database);
// kMalformed: not a ledger; kUnsupported: of a later version.
[[nodiscard]] Result<void> check_schema(const Database& database, const std::string& path);

}  // namespace skywarden::ledger
