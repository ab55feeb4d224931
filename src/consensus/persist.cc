#include "consensus/persist.h"

#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {
namespace {

std::uint64_t compacted(const Persisted& stored) {
  return stored.snapshot ? stored.snapshot->last.index.value() : 0;
}

}  // namespace

Persist torn(Persist whole, Random& random) {
  switch (random.below(4)) {
    case 0:
      whole.state.reset();
      [[fallthrough]];
    case 1:
      whole.snapshot.reset();
      whole.truncate_from.reset();
      whole.append.clear();
      break;
    case 2:
      if (!whole.append.empty()) whole.append.resize(random.below(whole.append.size() + 1));
      break;
    default:
      break;
  }
  return whole;
}

void apply(Persist step, Persisted& stored) {
  if (step.state) stored.state = *step.state;
  if (step.snapshot) {
    stored.snapshot = std::move(step.snapshot);
    tidy(stored);
  }
  if (step.truncate_from) {
    EXPECTS(step.truncate_from->value() > compacted(stored));
    const std::size_t kept = step.truncate_from->value() - 1 - compacted(stored);
    if (kept < stored.log.size())
      stored.log.erase(stored.log.begin() + static_cast<std::ptrdiff_t>(kept), stored.log.end());
  }
  for (Entry& entry : step.append) {
    EXPECTS(entry.index.value() == compacted(stored) + stored.log.size() + 1);
    stored.log.push_back(std::move(entry));
  }
}

void tidy(Persisted& stored) {
  if (!stored.snapshot || stored.log.empty()) return;
  const LogPosition last = stored.snapshot->last;
  const LogIndex first = stored.log.front().index;
  if (first == last.index.next()) return;  // tidy already
  const bool reaches = first <= last.index && stored.log.back().index >= last.index;
  const std::size_t contained = reaches ? last.index.value() - first.value() + 1 : 0;
  if (!reaches || stored.log[contained - 1].term != last.term)
    stored.log.clear();
  else
    stored.log.erase(stored.log.begin(), stored.log.begin() + static_cast<std::ptrdiff_t>(contained));
}

}  // namespace skywarden::consensus
