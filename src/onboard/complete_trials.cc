#include "onboard/complete_trials.h"

#include <algorithm>
#include <array>

#include "base/contract.h"
#include "base/random.h"

namespace skywarden::onboard {
namespace {

constexpr std::uint64_t kNothingKnown = GapSituation::kClasses;  // the kind of gap behind the lengths
// Long gaps are tried more often: their errors last, so that each trial says less.
constexpr std::array<std::uint64_t, 12> kTried{0, 1, 2, 3, 4, 5, 6, 7, 7, 7, kNothingKnown, kNothingKnown};
constexpr std::uint64_t kLoseRecord = 4;  // one trial in so many is without its record

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a * 0x9E3779B97F4A7C15ULL ^ (b + 0x2545F4914F6CDD1DULL);
  return splitmix64(state);
}

std::size_t pool_count(const std::vector<std::uint32_t>& pools) {
  std::size_t count = 1;
  for (const std::uint32_t p : pools) count = std::max<std::size_t>(count, p + 1);
  return count;
}

std::size_t measured_numbers(const Work& work) {
  std::size_t count = 0;
  for (std::size_t cell = 0; cell < work.panel.cells(); ++cell)
    if (work.panel.observed(cell) && work.is_number[cell % work.panel.fields()] != 0) ++count;
  return count;
}

CalibrationOptions calibration_options(bool causal, const TrialOptions& options) {
  CalibrationOptions out;
  if (!causal) out.trials_kept = options.kept_offline;
  return out;
}

}  // namespace

NumberTrials::NumberTrials(const Work& work, const NumberModel& numbers, std::vector<std::uint32_t> pools,
                           bool causal, TrialOptions options)
    : work_(work),
      numbers_(numbers),
      pools_(std::move(pools)),
      causal_(causal),
      trials_a_slot_(options.trials_a_slot),
      stream_seen_(work.panel.streams(), 0),
      calibration_(work.panel.fields(), pool_count(pools_), calibration_options(causal, options)) {
  for (const std::uint8_t number : work.is_number) numbers_count_ += number;
  for (std::size_t f = 0; f < work.scales.size(); ++f)
    if (work.scales[f].turn() > 0.0) calibration_.put_on_circle(f);
  if (!causal) one_in_ += measured_numbers(work) / std::max<std::size_t>(1, options.trials_offline);
}

void NumberTrials::set_reviewer(FeatureWriter* features, NumberReviewer* reviewer) {
  EXPECTS(reviewer == nullptr || features != nullptr);
  features_ = features;
  reviewer_ = reviewer;
}

std::size_t NumberTrials::class_of(std::size_t slot, std::size_t stream, std::size_t field,
                                   const GapEnds& ends) const {
  const std::size_t first = work_.panel.at(slot, stream, 0);
  bool has_record = false;
  for (std::size_t f = 0; f < work_.panel.fields() && ends.with_record && !has_record; ++f)
    has_record = f != field && work_.known(first + f);
  const auto same_time = [&](std::int64_t end) {
    return end >= 0 && work_.panel.time(static_cast<std::size_t>(end)) == work_.panel.time(slot);
  };
  const auto here = static_cast<std::int64_t>(slot);
  return CalibrationClass::of(ends.left >= 0 ? here - ends.left : 0, ends.right >= 0 ? ends.right - here : 0,
                              has_record, same_time(ends.left) || same_time(ends.right));
}

std::optional<NumberEstimate> NumberTrials::uncalibrated(std::size_t slot, std::size_t stream,
                                                         std::size_t field, const GapEnds& ends,
                                                         bool& reviewed) {
  auto estimate = numbers_.estimate_between(slot, stream, field, ends);
  reviewed = false;
  if (estimate && reviewer_ != nullptr && reviewer_->wants(field))
    reviewed = reviewer_->review(features_->describe(slot, stream, field, ends, *estimate), *estimate);
  return estimate;
}

std::optional<GapEnds> NumberTrials::pretend_gap(std::size_t slot, std::size_t stream, std::size_t field,
                                                 std::uint64_t chance) const {
  const Panel& panel = work_.panel;
  const auto slots = static_cast<std::int64_t>(panel.slots());
  GapEnds ends;
  ends.with_record = (chance >> 50) % kLoseRecord != 0;
  const std::uint64_t kind = kTried[(chance >> 40) % kTried.size()];
  if (kind == kNothingKnown) return ends;
  auto here = static_cast<std::int64_t>(slot);
  std::int64_t from = here, to = here;
  if (((chance >> 55) & 1) != 0) {  // all that shares this time is lost as well
    from = static_cast<std::int64_t>(work_.first_of_time(slot));
    if (!causal_) to = static_cast<std::int64_t>(work_.last_of_time(slot));
  }
  const std::int64_t length = GapSituation::length_in(kind, chance >> 8);
  if (causal_) {
    from -= length;
  } else {
    const std::int64_t lead =
        1 + static_cast<std::int64_t>((chance >> 24) % static_cast<std::uint64_t>(length));
    from -= lead;
    to += length + 1 - lead;
  }
  ends.left = work_.last_known_at(from, stream, field);
  if (!causal_ && to < slots) ends.right = work_.next[panel.at(static_cast<std::size_t>(to), stream, field)];
  if (ends.left < 0 && ends.right < 0) return std::nullopt;
  return ends;
}

void NumberTrials::try_cell(std::size_t slot, std::size_t stream, std::size_t field, std::uint64_t chance,
                            const GivenAway& given_away) {
  const auto pretended = pretend_gap(slot, stream, field, chance);
  const Given given = given_away(slot, stream, field);
  if (!pretended || given == Given::kByTwin) return;
  GapEnds ends = *pretended;
  const std::size_t gap = class_of(slot, stream, field, ends);
  if (given == Given::kByRecord) ends.with_record = false;
  bool reviewed = false;
  const auto estimate = uncalibrated(slot, stream, field, ends, reviewed);
  if (!estimate) return;
  const double level = work_.levels[work_.panel.at(slot, stream, field)];
  calibration_.learn(field, pools_[stream], gap, *estimate, work_.scales[field].near(level, estimate->value),
                     stream, work_.first_of_time(slot));
}

// Streams that have not appeared yet must not thin the trials of those that have.
void NumberTrials::follow_streams(std::size_t slot) {
  for (std::size_t s = 0; s < stream_seen_.size(); ++s) {
    if (stream_seen_[s] != 0 || work_.panel.record_at(slot, s) == Panel::kNoRecord) continue;
    stream_seen_[s] = 1;
    ++streams_seen_;
  }
  one_in_ =
      std::max<std::size_t>(1, streams_seen_ * numbers_count_ / std::max<std::size_t>(1, trials_a_slot_));
}

void NumberTrials::step(std::size_t slot, const GivenAway& given_away) {
  const Panel& panel = work_.panel;
  if (causal_) follow_streams(slot);
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    if (panel.record_at(slot, s) == Panel::kNoRecord) continue;
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (work_.is_number[f] == 0) continue;
      const std::uint64_t chance = mix(slot, s * 1024 + f);
      if (chance % one_in_ != 0) continue;
      const std::size_t cell = panel.at(slot, s, f);
      if (work_.measured(cell)) try_cell(slot, s, f, mix(chance, slot), given_away);
      if (causal_ || work_.known(cell)) continue;
      bool reviewed = false;
      const GapEnds ends = numbers_.ends_of(slot, s, f);
      if (const auto estimate = uncalibrated(slot, s, f, ends, reviewed))
        calibration_.note(f, pools_[s], class_of(slot, s, f, ends), estimate->value);
    }
  }
}

void NumberTrials::move_streams(StreamMoves moves) {
  onboard::move_streams(stream_seen_, 1, stream_seen_.size(), 1, moves, std::uint8_t{0});
  streams_seen_ = static_cast<std::size_t>(std::count(stream_seen_.begin(), stream_seen_.end(), 1));
  pools_.assign(moves.size(), 0);
}

std::optional<NumberEstimate> NumberTrials::estimate(std::size_t slot, std::size_t stream, std::size_t field,
                                                     bool& reviewed) {
  const GapEnds ends = numbers_.ends_of(slot, stream, field);
  auto estimate = uncalibrated(slot, stream, field, ends, reviewed);
  if (!estimate) return estimate;
  const std::size_t gap = class_of(slot, stream, field, ends);
  if (causal_) calibration_.note(field, pools_[stream], gap, estimate->value);
  calibration_.adjust(field, pools_[stream], gap, *estimate);
  return estimate;
}

}  // namespace skywarden::onboard
