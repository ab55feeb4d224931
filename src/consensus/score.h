// What is known of a member, as an integer: millionths of the best. Shares go through the log, so whatever
// decides about them is exact and the same everywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace skywarden::consensus {

using Score = std::int64_t;  // 0…kScoreMax
inline constexpr Score kScoreMax = 1'000'000;
inline constexpr Score kScoreNeutral = kScoreMax / 2;  // nothing is known

[[nodiscard]] inline double part_of_best(Score score) {  // 0…1, for people
  return static_cast<double>(score) / static_cast<double>(kScoreMax);
}

// The leader's own measurement and what others report, one voice each: the lower median. As long as liars are
// fewer than half, it lies within what honest ones say. Too few reports (fewer than `reports_min`): the own
// one alone, for a single liar beside it would already be half.
[[nodiscard]] inline Score heard_from_many(Score own, std::vector<Score> reports, std::size_t reports_min) {
  if (reports.size() < reports_min) return own;
  reports.push_back(own);
  const auto middle = reports.begin() + static_cast<std::ptrdiff_t>((reports.size() - 1) / 2);
  std::nth_element(reports.begin(), middle, reports.end());
  return std::clamp<Score>(*middle, 0, kScoreMax);
}

}  // namespace skywarden::consensus
