#include "agreement/one_history.h"

namespace skywarden::agreement {

std::string_view OneHistory::check(NodeId node, const TraceEvent& event, const consensus::Log& log) {
  if (event.kind == TraceKind::kBecameLeader) {
    if (!leaders_.emplace(Term(event.first), node).second) return "two leaders in a term";
    const LogIndex last(agreed_.size() - 1);
    if (log.last_index() < last || (log.contains(last) && log.term_at(last).value() != agreed_.back().first))
      return "a leader lacks a committed entry";
  } else if (event.kind == TraceKind::kEntryCommitted) {
    const std::pair said(event.second, event.third);
    if (event.first == agreed_.size())
      agreed_.push_back(said);
    else if (event.first > agreed_.size() || agreed_[event.first] != said)
      return "two entries at one index, or a commit out of order";
  }
  return {};
}

bool OneHistory::is_agreed(consensus::LogPosition at) const {
  const std::uint64_t index = at.index.value();
  return index > 0 && index < agreed_.size() && agreed_[index].first == at.term.value();
}

}  // namespace skywarden::agreement
