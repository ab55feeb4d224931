#include "serving/contact_meter.h"

#include <algorithm>

namespace skywarden::serving {

void ContactMeter::note(std::size_t bytes, Duration elapsed, Duration there) {
  constexpr Duration kShortest = std::chrono::microseconds(1);
  const Duration under_way = std::max(kShortest, elapsed - std::max(Duration::zero(), there));
  const Duration idle = 2 * delay();
  elapsed_[seen_++ % kKept] = under_way;
  const double bits = 8.0 * static_cast<double>(bytes);
  at_least_ = std::max(at_least_, bits / to_seconds(under_way));
  if (bytes < kLargeBytes) return;
  const double seen = bits / to_seconds(std::max(under_way - idle, under_way / 10));
  rate_ = rate_ == 0.0 ? seen : rate_ + kMemory * (seen - rate_);
}

Duration ContactMeter::delay() const {
  if (seen_ == 0) return Duration::zero();
  return *std::min_element(elapsed_.begin(),
                           elapsed_.begin() + static_cast<std::ptrdiff_t>(std::min(seen_, kKept))) /
         2;
}

BitsPerSecond ContactMeter::rate() const {
  return BitsPerSecond(rate_ == 0.0 ? at_least_ : rate_);
}

}  // namespace skywarden::serving
