#include "onboard/complete_category.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/contract.h"
#include "base/random.h"
#include "onboard/complete_number.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kNothing = 15;           // the distance when nothing is known on that side
constexpr std::int64_t kFar = 1'000'000;       // slots: nothing known
constexpr int kTurnsOffline = 12;              // of finding which levels go missing
constexpr std::size_t kAskedOffline = 20'000;  // missing cells that are looked at for it, about
constexpr std::size_t kTrialsOffline = 4;      // of a known level and pass
constexpr std::uint64_t kOneCopied = 8;        // of the trials where a copy would know the level

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a * 0x9E3779B97F4A7C15ULL ^ (b + 0xD1B54A32D192ED03ULL);
  return splitmix64(state);
}

// Logarithms of smoothed shares, row by row; a row that has seen little stays close to even.
void to_logs(const std::vector<float>& counts, std::vector<float>& logs, std::size_t row, double smoothing) {
  for (std::size_t begin = 0; begin < counts.size(); begin += row) {
    double total = 0.0;
    for (std::size_t i = 0; i < row; ++i) total += counts[begin + i] + smoothing;
    for (std::size_t i = 0; i < row; ++i)
      logs[begin + i] = static_cast<float>(std::log((counts[begin + i] + smoothing) / total));
  }
}

double sum_of(std::span<const float> counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0);
}

LevelCalibrationOptions calibration_options(bool causal) {
  LevelCalibrationOptions out;
  if (causal) return out;
  out.turns = kTurnsOffline;
  out.asked_levels = std::numeric_limits<std::size_t>::max();
  out.remembered = out.trials_remembered = std::numeric_limits<double>::max();  // the table is one piece
  return out;
}

}  // namespace

CategoryModel::CategoryModel(const Work& work, const datum::FieldSpec& spec, std::size_t field,
                             std::vector<std::uint32_t> pools, bool causal, RecordClassifier* classifier,
                             CategoryOptions options)
    : work_(work),
      field_(field),
      levels_(spec.levels.size()),
      circular_(spec.circular),
      causal_(causal),
      forgiving_(spec.circular && spec.tolerance_abs >= 1.0),
      looks_around_(work.panel.streams() <= options.streams_max),
      pools_(std::move(pools)),
      classifier_(classifier),
      options_(options),
      calibration_(spec.levels.size() > options.levels_max ? 0 : spec.levels.size(), work.panel.streams(),
                   pools_, calibration_options(causal)) {
  if (levels_ > options_.levels_max) levels_ = 0;
  for (const std::uint32_t p : pools_) pool_count_ = std::max(pool_count_, p + 1);
  const std::size_t table = table_rows() * levels_;
  const std::size_t streams = work.panel.streams();
  time_counts_.assign(pool_count_ * 2 * kDistances * table, 0.0F);
  pair_counts_.assign(looks_around_ ? streams * streams * table : 0, 0.0F);
  hour_counts_.assign(streams * 8 * levels_, 0.0F);
  time_logs_ = time_counts_;
  pair_logs_ = pair_counts_;
  hour_logs_ = hour_counts_;
  shares_.assign(pool_count_ * kDistances * kDistances, {0.7F, 0.7F, 1.5F, 0.5F, 1.0F});
  to_logarithms();
}

void CategoryModel::refresh() {
  to_logarithms();
  calibration_.refresh();
}

void CategoryModel::to_logarithms() {
  if (levels_ == 0) return;
  std::vector<float> counts = time_counts_;
  const std::size_t table = table_rows() * levels_;
  for (std::size_t begin = 0; begin < counts.size(); begin += table) {
    const std::span block = std::span(counts).subspan(begin, table);
    add_prior(block, options_.stays * unknown_share(sum_of(block)));
  }
  to_logs(counts, time_logs_, levels_, options_.smoothing);
  counts = pair_counts_;
  // By the pair that was seen together most: streams that are silent for long are no beginning.
  double most = 0.0;
  for (std::size_t begin = 0; begin < counts.size(); begin += table)
    most = std::max(most, sum_of(std::span(counts).subspan(begin, table)));
  pair_prior_ = options_.agrees * unknown_share(most);
  for (std::size_t begin = 0; begin < counts.size(); begin += table)
    add_prior(std::span(counts).subspan(begin, table), pair_prior_);
  to_logs(counts, pair_logs_, levels_, options_.smoothing);
  to_logs(hour_counts_, hour_logs_, levels_, options_.smoothing * 4);
}

double CategoryModel::unknown_share(double seen) const {
  return std::max(0.0, 1.0 - seen / options_.known_after);
}

void CategoryModel::add_prior(std::span<float> block, double counts) const {
  const auto worth = static_cast<float>(counts);
  if (worth == 0.0F) return;
  for (std::size_t row = 0; row < table_rows(); ++row) {
    block[table_entry(row, row)] += worth;
    if (!circular_ || levels_ < 3) continue;
    block[1] += 0.5F * worth;
    block[levels_ - 1] += 0.5F * worth;
  }
}

void CategoryModel::move_streams(StreamMoves moves, std::size_t streams) {
  EXPECTS(causal_ && pool_count_ == 1);
  pools_.assign(moves.size(), 0);
  calibration_.move_streams(moves, streams);
  if (levels_ == 0) return;
  const std::size_t hours = 8 * levels_, table = table_rows() * levels_;
  // What a refresh makes of a row without counts.
  std::vector<float> nothing(levels_, 0.0F), even(levels_);
  onboard::move_streams(hour_counts_, 1, streams, hours, moves, 0.0F);
  to_logs(nothing, even, levels_, options_.smoothing * 4);
  onboard::move_streams(hour_logs_, 1, streams, hours, moves, even[0]);
  const bool looked_around = looks_around_;
  looks_around_ = looks_around_ && moves.size() <= options_.streams_max;
  if (!looks_around_) {
    pair_counts_.clear();
    pair_logs_.clear();
  } else if (looked_around) {
    move_pairs(pair_counts_, streams, table, moves, 0.0F);
    constexpr float kNew = 1.0F;  // no logarithm of a share
    move_pairs(pair_logs_, streams, table, moves, kNew);
    std::vector<float> counts(table, 0.0F), unseen(table);
    add_prior(counts, pair_prior_);
    to_logs(counts, unseen, levels_, options_.smoothing);
    for (std::size_t i = 0; i < pair_logs_.size(); ++i)
      if (pair_logs_[i] == kNew) pair_logs_[i] = unseen[i % table];
  }
}

std::size_t CategoryModel::distance(std::size_t slot, std::int64_t other) const {
  if (other < 0) return kNothing;
  const auto here = static_cast<std::int64_t>(slot);
  const std::size_t c = std::min<std::size_t>(6, GapSituation::class_of(std::abs(here - other)));
  const bool same_time = work_.panel.time(static_cast<std::size_t>(other)) == work_.panel.time(slot);
  return c + (same_time ? 7 : 0);
}

std::size_t CategoryModel::shares_at(std::size_t stream, std::size_t distance_before,
                                     std::size_t distance_after) const {
  return (pools_[stream] * kDistances + distance_before) * kDistances + distance_after;
}

template <typename Visit>
void CategoryModel::for_neighbours(std::size_t slot, std::size_t stream, const CopyFinder& copies,
                                   Visit visit) const {
  if (!looks_around_) return;
  for (std::size_t k = 0; k < work_.panel.streams(); ++k) {
    if (k == stream || copies.copies(stream, k, field_)) continue;
    if (!work_.known(work_.panel.at(slot, k, field_))) continue;
    if (causal_ && !work_.panel.arrived_before(slot, stream, k)) continue;
    visit(k, level_of(slot, k));
  }
}

void CategoryModel::neighbour_scores(std::size_t slot, std::size_t stream, const CopyFinder& copies,
                                     std::vector<double>& out) const {
  out.assign(levels_, 0.0);
  double asked = 0.0;
  for_neighbours(slot, stream, copies, [&](std::size_t k, std::size_t level) {
    const float* logs = pair_logs_.data() + pair_table(stream, k);
    for (std::size_t l = 0; l < levels_; ++l) out[l] += logs[table_entry(level, l)];
    asked += 1.0;
  });
  if (asked > 0.0)
    for (double& score : out) score /= std::sqrt(asked);
}

void CategoryModel::record_scores(std::size_t slot, std::size_t stream, std::vector<double>& out) const {
  if (classifier_ != nullptr)
    classifier_->log_probabilities(slot, stream, out);
  else
    out.assign(levels_, 0.0);
}

void CategoryModel::weigh(std::size_t slot, std::size_t stream, std::int64_t before, std::int64_t after,
                          const std::vector<double>& neighbours, const std::vector<double>& record,
                          Scores& scores, std::vector<double>& probabilities) const {
  scores.assign(levels_, {});
  const std::size_t distance_before = distance(slot, before);
  const std::size_t distance_after = distance(slot, after);
  const float* hours = hour_logs_.data() + hour_table(stream, slot);
  for (std::size_t l = 0; l < levels_; ++l) {
    scores[l][2] = neighbours[l];
    scores[l][3] = hours[l];
    scores[l][4] = record[l];
  }
  if (before >= 0) {
    const float* logs = time_logs_.data() + time_table(pools_[stream], false, distance_before);
    const std::size_t given = level_of(static_cast<std::size_t>(before), stream);
    for (std::size_t l = 0; l < levels_; ++l) scores[l][0] = logs[table_entry(given, l)];
  }
  if (after >= 0) {
    const float* logs = time_logs_.data() + time_table(pools_[stream], true, distance_after);
    const std::size_t given = level_of(static_cast<std::size_t>(after), stream);
    for (std::size_t l = 0; l < levels_; ++l) scores[l][1] = logs[table_entry(given, l)];
  }
  const auto& shares = shares_[shares_at(stream, distance_before, distance_after)];
  probabilities.assign(levels_, 0.0);
  double best = -1e300;
  for (std::size_t l = 0; l < levels_; ++l) {
    for (std::size_t i = 0; i < kSources; ++i) probabilities[l] += shares[i] * scores[l][i];
    best = std::max(best, probabilities[l]);
  }
  double total = 0.0;
  for (double& p : probabilities) total += p = std::exp(p - best);
  for (double& p : probabilities) p /= total;
}

std::size_t CategoryModel::choose(const std::vector<double>& probabilities) const {
  std::size_t best = 0;
  double best_score = -1.0;
  for (std::size_t l = 0; l < levels_; ++l) {
    double score = probabilities[l];
    if (forgiving_)  // an estimate one level off is still right
      score += probabilities[(l + 1) % levels_] + probabilities[(l + levels_ - 1) % levels_];
    if (score > best_score) {
      best_score = score;
      best = l;
    }
  }
  return best;
}

std::int64_t CategoryModel::next_known(std::size_t slot, std::size_t stream) const {
  return !causal_ && slot + 1 < work_.panel.slots() ? work_.next[work_.panel.at(slot + 1, stream, field_)]
                                                    : -1;
}

std::optional<CategoryEstimate> CategoryModel::estimate(std::size_t slot, std::size_t stream,
                                                        const CopyFinder& copies) {
  const std::int64_t before = work_.last_known(slot, stream, field_);
  const std::int64_t after = next_known(slot, stream);
  const auto here = static_cast<std::int64_t>(slot);
  if (levels_ == 0) {
    if (before < 0 && after < 0) return std::nullopt;
    const bool take_before = before >= 0 && (after < 0 || here - before <= after - here);
    const std::int64_t near = take_before ? before : after;
    return CategoryEstimate{static_cast<std::uint16_t>(level_of(static_cast<std::size_t>(near), stream)), 0.5,
                            0.5};
  }
  neighbour_scores(slot, stream, copies, scratch_neighbours_);
  record_scores(slot, stream, scratch_record_);
  weigh(slot, stream, before, after, scratch_neighbours_, scratch_record_, scratch_scores_,
        scratch_probabilities_);
  const std::size_t gap = gap_of(slot, before, after);
  if (!times_are_shared_) {
    if (causal_) calibration_.note(stream, gap, scratch_probabilities_);
    calibration_.tilt(stream, gap, scratch_probabilities_);
  }
  const std::size_t chosen = choose(scratch_probabilities_);
  const double pooled = scratch_probabilities_[chosen];
  const double correction = calibration_.correction(stream, gap, pooled);
  const double probability = std::min(1.0, pooled * correction);
  const double beside = scratch_probabilities_[(chosen + 1) % levels_] +
                        scratch_probabilities_[(chosen + levels_ - 1) % levels_];
  return CategoryEstimate{static_cast<std::uint16_t>(chosen), probability,
                          forgiving_ ? std::min(1.0, (pooled + beside) * correction) : probability};
}

std::size_t CategoryModel::gap_of(std::size_t slot, std::int64_t before, std::int64_t after) const {
  const auto here = static_cast<std::int64_t>(slot);
  const std::int64_t back = before >= 0 ? here - before : kFar, on = after >= 0 ? after - here : kFar;
  return LevelCalibration::gap_of(std::min(back, on), causal_ ? 0 : std::max(back, on));
}

// Reads what weigh() said last.
void CategoryModel::learn_calibration(std::size_t slot, std::size_t stream, std::int64_t before,
                                      std::int64_t after) {
  const std::size_t gap = gap_of(slot, before, after);
  scratch_tilted_ = scratch_probabilities_;
  if (!times_are_shared_) {
    calibration_.see(stream, gap, scratch_probabilities_);
    calibration_.tilt(stream, gap, scratch_tilted_);
  }
  const std::size_t chosen = choose(scratch_tilted_), truth = level_of(slot, stream);
  calibration_.learn(stream, gap, scratch_tilted_[chosen], chosen == truth, truth);
}

void CategoryModel::count(std::size_t slot, const CopyFinder& copies) {
  for (std::size_t s = 0; s < work_.panel.streams(); ++s) {
    if (!work_.measured(work_.panel.at(slot, s, field_))) continue;
    const std::size_t level = level_of(slot, s);
    hour_counts_[hour_table(s, slot) + level] += 1.0F;
    for_neighbours(slot, s, copies, [&](std::size_t k, std::size_t theirs) {
      pair_counts_[pair_table(s, k) + table_entry(theirs, level)] += 1.0F;
    });
  }
}

bool CategoryModel::has_copy(std::size_t slot, std::size_t stream, const CopyFinder& copies) const {
  return looks_around_ && work_.twin_of(slot, stream, field_, copies, causal_).has_value();
}

// Reads what weigh() said last.
void CategoryModel::train_shares(std::size_t slot, std::size_t stream, std::int64_t before,
                                 std::int64_t after) {
  const std::size_t truth = level_of(slot, stream);
  auto& shares = shares_[shares_at(stream, distance(slot, before), distance(slot, after))];
  for (std::size_t i = 0; i < kSources; ++i) {
    double gradient = scratch_scores_[truth][i];
    for (std::size_t l = 0; l < levels_; ++l) gradient -= scratch_probabilities_[l] * scratch_scores_[l][i];
    const double step = std::clamp(options_.learning_rate * gradient, -0.1, 0.1);
    shares[i] = static_cast<float>(std::clamp(shares[i] + step, 0.0, 4.0));
  }
}

void CategoryModel::learn_causal(std::size_t slot, const CopyFinder& copies) {
  if (levels_ == 0) return;
  times_are_shared_ = times_are_shared_ || work_.first_of_time(slot) != slot;
  for (std::size_t s = 0; s < work_.panel.streams(); ++s) {
    if (!work_.measured(work_.panel.at(slot, s, field_))) continue;
    const bool copied = has_copy(slot, s, copies);
    neighbour_scores(slot, s, copies, scratch_neighbours_);
    record_scores(slot, s, scratch_record_);
    std::int64_t tried = -1;
    for (std::size_t c = 0; c < GapSituation::kClasses; ++c) {
      const std::uint64_t chance = mix(slot * 64 + c, s * 1024 + field_);
      // At times all that shares the cell's time is lost as well.
      const bool whole_time = ((chance >> 44) & 1) != 0;
      const auto nearest = static_cast<std::int64_t>(whole_time ? work_.first_of_time(slot) : slot);
      const std::int64_t from = nearest - GapSituation::length_in(c, chance);
      const std::int64_t before = work_.last_known_at(from, s, field_);
      if (before < 0) break;
      if (before == tried) continue;
      tried = before;
      if (!copied || (chance >> 45) % kOneCopied == 0) {
        weigh(slot, s, before, -1, scratch_neighbours_, scratch_record_, scratch_scores_,
              scratch_probabilities_);
        learn_calibration(slot, s, before, -1);
        train_shares(slot, s, before, -1);
      }
      const std::size_t given = level_of(static_cast<std::size_t>(before), s);
      time_counts_[time_table(pools_[s], false, distance(slot, before)) +
                   table_entry(given, level_of(slot, s))] += 1.0F;
    }
  }
  count(slot, copies);
  if (classifier_ == nullptr) return;
  classifier_->look_at(slot);
  classifier_->learn(slot);
}

// A gap of some length around the slot, drawn; what it leaves on either side.
void CategoryModel::try_offline(std::size_t slot, std::size_t s, std::uint64_t chance, Pass pass,
                                bool copied) {
  const Panel& panel = work_.panel;
  const auto slots = static_cast<std::int64_t>(panel.slots());
  const auto here = static_cast<std::int64_t>(slot);
  const std::int64_t length = 1 + GapSituation::length_in(chance % GapSituation::kClasses, chance >> 8);
  const std::int64_t lead =
      1 + static_cast<std::int64_t>((chance >> 32) % static_cast<std::uint64_t>(length - 1));
  const bool whole_time = ((chance >> 44) & 1) != 0;
  const std::int64_t from = (whole_time ? static_cast<std::int64_t>(work_.first_of_time(slot)) : here) - lead;
  const std::int64_t to =
      (whole_time ? static_cast<std::int64_t>(work_.last_of_time(slot)) : here) + length - lead;
  const std::int64_t before =
      from >= 0 ? work_.previous[panel.at(static_cast<std::size_t>(from), s, field_)] : -1;
  const std::int64_t after = to < slots ? work_.next[panel.at(static_cast<std::size_t>(to), s, field_)] : -1;
  if (pass != Pass::kCount) {
    if (copied && (chance >> 45) % kOneCopied != 0) return;
    weigh(slot, s, before, after, scratch_neighbours_, scratch_record_, scratch_scores_,
          scratch_probabilities_);
    learn_calibration(slot, s, before, after);
    if (pass == Pass::kTrain) train_shares(slot, s, before, after);
    return;
  }
  const std::size_t level = level_of(slot, s);
  for (const bool is_after : {false, true}) {
    const std::int64_t end = is_after ? after : before;
    if (end < 0) continue;
    time_counts_[time_table(pools_[s], is_after, distance(slot, end)) +
                 table_entry(level_of(static_cast<std::size_t>(end), s), level)] += 1.0F;
  }
}

void CategoryModel::learn_which_go_missing(const CopyFinder& copies) {
  const Panel& panel = work_.panel;
  const auto is_missing = [&](std::size_t slot, std::size_t s) {
    return panel.record_at(slot, s) != Panel::kNoRecord && !work_.known(panel.at(slot, s, field_));
  };
  std::size_t missing = 0;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot)
    for (std::size_t s = 0; s < panel.streams(); ++s) missing += is_missing(slot, s) ? 1 : 0;
  const std::size_t one_in = 1 + missing / kAskedOffline;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      if (!is_missing(slot, s) || mix(slot, s * 1024 + field_) % one_in != 0) continue;
      const std::int64_t before = work_.last_known(slot, s, field_), after = next_known(slot, s);
      const std::size_t gap = gap_of(slot, before, after);
      if (!LevelCalibration::is_short(gap)) continue;
      neighbour_scores(slot, s, copies, scratch_neighbours_);
      record_scores(slot, s, scratch_record_);
      weigh(slot, s, before, after, scratch_neighbours_, scratch_record_, scratch_scores_,
            scratch_probabilities_);
      calibration_.note(s, gap, scratch_probabilities_);
    }
  }
  calibration_.refresh();
}

void CategoryModel::learn_offline(const CopyFinder& copies) {
  if (levels_ == 0) return;
  std::uint64_t number = 0;  // of the pass
  const Panel& panel = work_.panel;
  for (std::size_t slot = 0; slot < panel.slots() && !times_are_shared_; ++slot)
    times_are_shared_ = work_.first_of_time(slot) != slot;
  if (classifier_ != nullptr) classifier_->learn_offline();
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) count(slot, copies);
  // The first fills the tables, two train the shares, the last sees how right the answers are.
  for (const Pass pass : {Pass::kCount, Pass::kTrain, Pass::kTrain, Pass::kJudge}) {
    if (pass == Pass::kJudge && !times_are_shared_) learn_which_go_missing(copies);
    calibration_.forget_trials();
    for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
      for (std::size_t s = 0; s < panel.streams(); ++s) {
        if (!work_.measured(panel.at(slot, s, field_))) continue;
        const bool copied = pass != Pass::kCount && has_copy(slot, s, copies);
        if (pass != Pass::kCount) {
          neighbour_scores(slot, s, copies, scratch_neighbours_);
          record_scores(slot, s, scratch_record_);
        }
        for (std::size_t trial = 0; trial < kTrialsOffline; ++trial)
          try_offline(slot, s, mix(slot * 16 + trial + number * 0x10000000ULL, s * 1024 + field_), pass,
                      copied);
      }
    }
    ++number;
    to_logarithms();
  }
}

}  // namespace skywarden::onboard
