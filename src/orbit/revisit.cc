#include "orbit/revisit.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::orbit {

Revisit revisit_of(std::span<const Instant> accesses, Instant start, Instant end) {
  EXPECTS(std::is_sorted(accesses.begin(), accesses.end()));
  Revisit out;
  out.accesses = accesses.size();
  if (accesses.empty()) {
    out.unseen_max = end - start;
    return out;
  }
  out.first = accesses.front();
  out.last = accesses.back();
  out.unseen_max = std::max(*out.first - start, end - *out.last);
  if (accesses.size() < 2) return out;
  Duration longest{0};
  for (std::size_t i = 1; i < accesses.size(); ++i)
    longest = std::max(longest, accesses[i] - accesses[i - 1]);
  out.gap_max = longest;
  out.gap_mean = (*out.last - *out.first) / static_cast<Duration::rep>(accesses.size() - 1);
  out.unseen_max = std::max(out.unseen_max, longest);
  return out;
}

}  // namespace skywarden::orbit
