// What the commands about orbits share: reading elements, stations and an interval with their problem lines,
// and writing tables that may be too long to hold in memory.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "network/link_rules.h"
#include "orbit/elements.h"
#include "orbit/stations.h"

namespace skywarden::app {

// At most 20 lines to stderr, then a count.
void print_problems(std::string_view file, const std::vector<datum::RowProblem>& problems);

struct LoadedElements {
  std::vector<orbit::ElementSet> sets;
  bool complete = true;  // no set was left out
};

// Problems and warnings go to stderr. `strict`: sets with a wrong checksum are left out.
[[nodiscard]] Result<LoadedElements> load_elements(const std::string& path, bool strict);

// Rows left out go to stderr and stay in `problems`.
[[nodiscard]] Result<orbit::StationFile> load_stations(const std::string& path);

// What the file does not say stays as in `defaults`. At most 1 MiB.
[[nodiscard]] Result<network::LinkRules> load_link_rules(const std::string& path,
                                                         const network::LinkRules& defaults);

struct Interval {
  Instant start{}, end{};
};
// The options --start and --hours; at most a year of 366 days.
[[nodiscard]] Result<Interval> interval_of(const std::string& start, double hours);

// Text that goes to a temporary file beside `path`, renamed at the end; "-" is standard output.
class TableWriter {
 public:
  explicit TableWriter(std::string path);
  ~TableWriter();
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  [[nodiscard]] Result<bool> open();
  [[nodiscard]] std::string& buffer() { return buffer_; }  // append here, then call flush_if_long
  void flush_if_long();
  [[nodiscard]] Result<bool> close();

 private:
  void flush();

  std::string path_, temporary_;
  std::string buffer_;
  std::FILE* file_ = nullptr;
  bool failed_ = false;
};

}  // namespace skywarden::app
