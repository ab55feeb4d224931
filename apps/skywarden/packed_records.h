// What `shrink` and `expand` share: tables to records, and records to tables, a table a stream.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::app {

struct ReadRecords {
  std::vector<datum::Record> records;  // by time
  bool sound = true;                   // no row was left out and every cell could be read
};

// Problems go to stderr, a line each, at most 20 a file and then a count.
[[nodiscard]] Result<ReadRecords> read_records(const std::vector<std::string>& paths,
                                               const datum::Schema& schema);

// STREAM.csv in the folder; characters that do not suit a file's name become '_'. How many tables; kConflict
// when two would have one name, kMalformed when a stream's name does not fit the schema's columns.
[[nodiscard]] Result<std::size_t> write_streams(const datum::Schema& schema,
                                                std::span<const datum::Record> records,
                                                const std::string& folder);

}  // namespace skywarden::app
