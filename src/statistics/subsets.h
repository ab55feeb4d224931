// The ways to take some of many, in turn.
#pragma once

#include <cstddef>
#include <vector>

namespace skywarden::statistics {

// From one set of indices below `all`, ascending, to the next; begin with 0, 1, 2, … False after the last.
[[nodiscard]] inline bool next_subset(std::vector<std::size_t>& set, std::size_t all) {
  for (std::size_t i = set.size(); i-- > 0;) {
    if (set[i] == all - set.size() + i) continue;
    ++set[i];
    for (std::size_t k = i + 1; k < set.size(); ++k) set[k] = set[k - 1] + 1;
    return true;
  }
  return false;
}

// Whether there are at most `limit` (below 2^32) sets of `size` of `all`.
[[nodiscard]] inline bool few_subsets(std::size_t all, std::size_t size, std::size_t limit) {
  std::size_t sets = 1;
  for (std::size_t i = 0; i < size && sets <= limit; ++i) sets = sets * (all - i) / (i + 1);
  return sets <= limit;
}

}  // namespace skywarden::statistics
