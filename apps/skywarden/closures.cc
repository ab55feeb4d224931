#include "closures.h"

#include <algorithm>

namespace skywarden::app {

std::string_view to_string(ClosureReason reason) {
  switch (reason) {
    case ClosureReason::kCut:
      return "cut";
    case ClosureReason::kDown:
      return "down";
    case ClosureReason::kPartition:
      return "partition";
  }
  return "cut";
}

std::optional<ClosureReason> Closures::reason(const sim::Cuts& cuts, NodeId a, NodeId b) {
  if (cuts.open(a, b)) return std::nullopt;
  if (cuts.is_down(a) || cuts.is_down(b)) return ClosureReason::kDown;
  return cuts.is_cut(a, b) ? ClosureReason::kCut : ClosureReason::kPartition;
}

void Closures::note(std::vector<Closure>& kept, std::optional<ClosureReason> reason, Instant now) {
  const bool lasts = !kept.empty() && kept.back().until == Instant::max();
  if (lasts) {
    if (reason == kept.back().reason) return;
    kept.back().until = now;
    if (kept.back().from == now) kept.pop_back();
  }
  if (reason) kept.push_back({now, Instant::max(), *reason});
  if (kept.size() > kKeptMax) kept.erase(kept.begin());
}

void Closures::follow(const sim::Cuts& cuts, Instant now) {
  if (cuts.version() == version_) return;
  version_ = cuts.version();
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (std::size_t j = i + 1; j < nodes_.size(); ++j) {
      const auto pair = std::minmax(nodes_[i], nodes_[j]);
      const auto why = reason(cuts, pair.first, pair.second);
      const auto found = by_pair_.find(pair);
      if (found != by_pair_.end())
        note(found->second, why, now);
      else if (why)
        note(by_pair_[pair], why, now);
    }
}

std::vector<Closure> Closures::during(NodeId a, NodeId b, Instant from, Instant to) const {
  std::vector<Closure> out;
  const auto found = by_pair_.find(std::minmax(a, b));
  if (found == by_pair_.end()) return out;
  std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(out),
               [&](const Closure& c) { return c.from <= to && c.until >= from; });
  return out;
}

bool Closures::closed(NodeId a, NodeId b) const {
  const auto found = by_pair_.find(std::minmax(a, b));
  return found != by_pair_.end() && !found->second.empty() && found->second.back().until == Instant::max();
}

}  // namespace skywarden::app
