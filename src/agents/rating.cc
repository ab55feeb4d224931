#include "agents/rating.h"

#include "base/contract.h"

namespace skywarden::agents {
namespace {

constexpr std::uint64_t kZSquared = 4;
constexpr std::uint64_t kMilliViews = 1000;
constexpr std::uint64_t kEighthOfHalving = 60'097;  // 2^(−1/8) in 1/65536

constexpr std::uint32_t scaled(std::uint32_t count, std::uint64_t numerator, std::uint64_t denominator) {
  return static_cast<std::uint32_t>(count * numerator / denominator);
}

// Is the true part so high that what was found would lie within z deviations? With s useful of n:
// (s − nL)² ≥ z² n L (1 − L), n and s in thousandths, L per mille.
bool below_interval(const Rating& rating, std::uint64_t per_mille) {
  const std::uint64_t n = std::uint64_t{rating.useful} + rating.others;
  const std::uint64_t found = kPerMille * rating.useful, expected = n * per_mille;
  if (expected > found) return false;
  const std::uint64_t above = found - expected;  // at most 4e9: its square fits
  return above * above >= kZSquared * kMilliViews * n * per_mille * (kPerMille - per_mille);
}

}  // namespace

Rating decayed(Rating rating, Instant now, Duration half_life) {
  EXPECTS(half_life >= Duration(8));
  const Duration step = half_life / 8;
  if (rating.useful == 0 && rating.others == 0) return {};
  while (now > rating.as_of && now - rating.as_of >= step) {  // at most some 250 steps until nothing is left
    rating.useful = scaled(rating.useful, kEighthOfHalving, 65'536);
    rating.others = scaled(rating.others, kEighthOfHalving, 65'536);
    rating.as_of += step;
    if (rating.useful == 0 && rating.others == 0) return {};
  }
  return rating;
}

Rating with_result(Rating rating, std::uint32_t useful, std::uint32_t views, Instant now,
                   Duration half_life) {
  EXPECTS(views > 0 && views <= kResultViewsMax && useful <= views);
  rating = decayed(rating, now, half_life);
  if (rating.useful == 0 && rating.others == 0) rating.as_of = now;
  rating.useful += useful * kMilliViews;
  rating.others += (views - useful) * kMilliViews;
  const std::uint32_t all = rating.useful + rating.others;
  if (all > kRatedMax) {
    rating.useful = scaled(rating.useful, kRatedMax, all);
    rating.others = kRatedMax - rating.useful;
  }
  return rating;
}

Rating with_claim(Rating rating, std::uint64_t before, std::uint64_t after) {
  if (after <= before) return rating;
  const std::uint32_t all = rating.useful + rating.others;
  rating.useful = scaled(rating.useful, before, after);
  rating.others = all - rating.useful;
  return rating;
}

std::uint32_t lower_bound(const Rating& rating) {
  if (rating.useful == 0) return 0;
  std::uint32_t low = 0, high = kPerMille;  // of [low, high) the largest that lies below the interval
  while (high - low > 1) {
    const std::uint32_t middle = (low + high) / 2;
    (below_interval(rating, middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace skywarden::agents
