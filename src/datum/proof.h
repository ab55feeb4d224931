// Evidence that a node misbehaved which anybody can check again: two signed messages that contradict each
// other. Mere disagreement is not proof.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace skywarden::datum {

struct Proof {
  NodeId accused;
  Instant time{};
  std::vector<std::byte> first, second;  // the two contradicting messages as they were signed
};

}  // namespace skywarden::datum
