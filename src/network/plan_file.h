// Contact plans as files: HDTN's JSON, the `a contact` and `a range` lines of ION's administration program
// (ionrc), and CSV. The format is recognised by content. Every unusable contact is reported with its place
// and left out; the others still count. Times are seconds since the plan's epoch, decimals allowed.
//
//   HDTN JSON
//   {"contacts":[{"source":1,"dest":2,"startTime":0,"endTime":60,"rateBitsPerSec":1000000,"owlt":1}]},
//              the list alone too; nodes may be names; "epoch" (UTC) beside "contacts" is read and written,
//              and "nodes", a list of {"node":1,"name":"SUOMI NPP"}, where nodes are known by other names too
//   ionrc      a contact +0 +60 1 2 125000        bytes a second
//              a range +0 +60 1 2 1               light seconds, both directions unless both are given
//              @ +1200                            times after it count from there; UTC as 2026/05/08-00:00:00
//              too,
//                                                 counted from the first one in the file
//              names as comments: # node 37849 SUOMI NPP
//   CSV        from,to,start_s,end_s,rate_bps,owlt_s, and from_name,to_name where there are names (not read)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "network/contact_graph.h"

namespace skywarden::network {

struct PlanFile {
  // By vertex: whole numbers in their order, then names in theirs, so that "smaller node number" is smaller
  // vertex.
  std::vector<std::string> nodes;
  std::vector<std::string> names;           // by vertex, what people call it; empty when nobody said
  std::vector<PlannedContact> contacts;     // as in the file
  std::optional<Instant> epoch;             // when the file says
  std::vector<datum::RowProblem> problems;  // contacts left out; rows of JSON are places in the list from 1

  [[nodiscard]] std::optional<Vertex> find(std::string_view node) const;
};

inline constexpr std::size_t kNodeNameBytesMax = 64;

// kMalformed when the bytes are no known format, kLimitReached past the graph's limits. An empty plan is a
// plan.
[[nodiscard]] Result<PlanFile> read_plan(std::string_view bytes, std::string_view file_name);

[[nodiscard]] std::string to_hdtn_json(const PlanFile& plan);
// ION knows whole seconds: contacts shrink to them, light times grow to them, and contacts with none are left
// out. kUnsupported when a node is not a number.
[[nodiscard]] Result<std::string> to_ionrc(const PlanFile& plan);
[[nodiscard]] std::string to_plan_csv(const PlanFile& plan);

// Seconds with as many decimals as needed, up to nine.
[[nodiscard]] std::string format_seconds(Duration t);

}  // namespace skywarden::network
