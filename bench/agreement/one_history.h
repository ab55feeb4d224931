// What Raft promises of one group, checked from its trace at every step: one leader a term, one entry an
// index, leaders that lack nothing committed, commits in order.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/trace.h"
#include "consensus/log.h"

namespace skywarden::agreement {

class OneHistory {
 public:
  // What is broken; empty: nothing. `log`: of that node, after the step.
  [[nodiscard]] std::string_view check(NodeId node, const TraceEvent& event, const consensus::Log& log);
  [[nodiscard]] bool is_agreed(consensus::LogPosition at) const;  // an entry of that term is committed there

 private:
  std::map<Term, NodeId> leaders_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> agreed_{{0, 0}};  // by index: term and hash
};

}  // namespace skywarden::agreement
