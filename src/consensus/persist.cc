#include "consensus/persist.h"

#include "base/contract.h"

namespace skywarden::consensus {

void apply(const Persist& step, Persisted& stored) {
  if (step.state) stored.state = *step.state;
  if (step.truncate_from) {
    EXPECTS(*step.truncate_from > LogIndex());
    const std::size_t kept = step.truncate_from->value() - 1;
    if (kept < stored.log.size())
      stored.log.erase(stored.log.begin() + static_cast<std::ptrdiff_t>(kept), stored.log.end());
  }
  for (const Entry& entry : step.append) {
    EXPECTS(entry.index.value() == stored.log.size() + 1);
    stored.log.push_back(entry);
  }
}

}  // namespace skywarden::consensus
