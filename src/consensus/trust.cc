#include "consensus/trust.h"

namespace skywarden::consensus {
namespace {

// Halves of the distance to neutral, whole and a straight line in between.
Score forgotten(Score score, Duration silent, Duration half) {
  if (silent <= Duration::zero() || half <= Duration::zero()) return score;
  Score away = score - kScoreNeutral;
  for (; silent >= half && away != 0; silent -= half) away /= 2;
  constexpr std::int64_t kSteps = 1024;
  const std::int64_t step = silent.count() / std::max<std::int64_t>(half.count() / kSteps, 1);
  away -= away * std::min(step, kSteps) / (2 * kSteps);
  return kScoreNeutral + away;
}

Score moved(Score score, bool good, const TrustOptions& options) {
  return good ? score + (kScoreMax - score) / options.rise_one_of : score - score / options.fall_one_of;
}

}  // namespace

void Trust::observe(Answer answer, Instant now, const TrustOptions& options) {
  availability_ = moved(availability(now, options), answer != Answer::kMissing, options);
  timeliness_ = moved(timeliness(now, options), answer == Answer::kTimely, options);
  judged_ = std::max(judged_, now);
}

Score Trust::availability(Instant now, const TrustOptions& options) const {
  return forgotten(availability_, now - judged_, options.forgets_half_in);
}

Score Trust::timeliness(Instant now, const TrustOptions& options) const {
  return forgotten(timeliness_, now - judged_, options.forgets_half_in);
}

Score Trust::score(Instant now, const TrustOptions& options) const {
  if (proven_) return 0;
  return (availability(now, options) + timeliness(now, options)) / 2;
}

}  // namespace skywarden::consensus
