// How far a member's conduct speaks for it. Three things count, all seen by others: that it answers
// (availability), that it answers in time (timeliness), and that it does not contradict itself (consistency).
//
// Moving averages with care. They fall faster than they rise, so that who was good for long and then is not
// loses quickly what it built; without news they return to neutral, so that nobody lives on an old name, good
// or bad. To have voted otherwise than most is not held against anybody: honest minorities do, and everybody
// behind a partition. Consistency is judged by evidence alone, see misbehaviour.h: proven once, trust is 0
// for as long as the member keeps its name. A newcomer is neutral, and share_policy.h lets it wait.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "consensus/score.h"

namespace skywarden::consensus {

struct TrustOptions {
  std::int64_t rise_one_of = 32;                        // of what is missing to the best, for a good answer
  std::int64_t fall_one_of = 6;                         // of what there is, for a late or missing one
  Duration forgets_half_in = std::chrono::minutes(30);  // towards neutral, while nothing is heard
};

class Trust {
 public:
  explicit Trust(Instant since) : judged_(since) {}

  enum class Answer { kTimely, kLate, kMissing };
  void observe(Answer answer, Instant now, const TrustOptions& options);
  void proven_malicious() { proven_ = true; }

  [[nodiscard]] bool malicious() const { return proven_; }
  [[nodiscard]] Score score(Instant now, const TrustOptions& options) const;  // the mean of the two below
  [[nodiscard]] Score availability(Instant now, const TrustOptions& options) const;
  [[nodiscard]] Score timeliness(Instant now, const TrustOptions& options) const;

 private:
  Score availability_ = kScoreNeutral, timeliness_ = kScoreNeutral;
  Instant judged_;
  bool proven_ = false;
};

}  // namespace skywarden::consensus
