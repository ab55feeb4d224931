// What one leader of 1,000 voters holds in memory, measured as a whole process. The Raft machine, the
// measuring of round trips and the policy of shares are the real ones; the members are not there: each is
// answered for at once, one in twenty never. Not counted: what a node is beside its consensus (bundles,
// models, the store, connections). Counted though no part of it: this program, and messages under way.
#pragma once

#include "agreement/figures.h"

namespace skywarden::agreement {

[[nodiscard]] bool memory(const Ask& ask);

}  // namespace skywarden::agreement
