#include "onboard/complete_number.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/random.h"

namespace skywarden::onboard {
namespace {

constexpr std::array<std::int64_t, GapSituation::kClasses> kClassBegins{1, 2, 3, 5, 9, 17, 37, 121};
constexpr std::int64_t kLongest = 1000;
constexpr std::int64_t kNeighbourOfTrend = 6;  // slots between two known values that still show a trend
constexpr std::size_t kTrialsKept = 40'000;    // of a field and situation, for the intervals
constexpr std::uint64_t kLoseRecord = 4;       // one trial in so many is without the rest of the record
constexpr double kUntriedMargin = 2.5;         // mean errors
constexpr int kHourSearch = 48;                // slots in which the same hour of another day is looked for
constexpr double kTailStep = 0.03;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a * 0x9E3779B97F4A7C15ULL ^ (b + 0xD1B54A32D192ED03ULL);
  return splitmix64(state);
}

// Cubic Hermite interpolation minus the straight line, for the slopes' excess over the line's.
double curvature(double u, double length, double excess_left, double excess_right) {
  return length * ((u * u * u - 2 * u * u + u) * excess_left + (u * u * u - u * u) * excess_right);
}

// Of a level that nothing has shown how well it is guessed.
double guess_margin(const WorkingScale& scale, double level) {
  return scale.turn() > 0.0 ? 0.25 * scale.turn() : 0.5 * std::abs(level);
}

}  // namespace

std::size_t GapSituation::class_of(std::int64_t length) {
  std::size_t c = 0;
  while (c + 1 < kClasses && length >= kClassBegins[c + 1]) ++c;
  return c;
}

std::int64_t GapSituation::length_in(std::size_t length_class, std::uint64_t chance) {
  const std::int64_t begin = kClassBegins[length_class];
  const std::int64_t end = length_class + 1 < kClasses ? kClassBegins[length_class + 1] : kLongest;
  return begin + static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(end - begin));
}

std::size_t GapSituation::of(std::int64_t before, std::int64_t after, bool has_spatial, bool has_record,
                             bool causal) {
  EXPECTS(before > 0 && !(causal && after > 0));
  std::size_t nearer = class_of(before);
  std::size_t further = 2;
  if (after > 0) {
    const std::size_t other = class_of(after);
    further = std::min<std::size_t>(2, std::max(nearer, other) - std::min(nearer, other));
    nearer = std::min(nearer, other);
  }
  const std::size_t at_ends = causal ? nearer : nearer * ends(causal) + further;
  return (at_ends * 2 + (has_spatial ? 1 : 0)) * 2 + (has_record ? 1 : 0);
}

NumberModel::NumberModel(const Work& work, const Course& forward, const Course* backward,
                         std::vector<std::uint32_t> pools, NumberOptions options)
    : work_(work),
      forward_(forward),
      backward_(backward),
      pools_(std::move(pools)),
      situations_(GapSituation::count(backward == nullptr)),
      options_(options),
      partners_(work.panel.fields()) {
  const std::size_t fields = work.panel.fields();
  for (const std::uint32_t p : pools_) pool_count_ = std::max<std::size_t>(pool_count_, p + 1);
  for (std::size_t f = 0; f < fields; ++f) {
    for (std::size_t p = 0; p < fields && work.is_number[f] != 0; ++p) {
      if (p != f && work.is_number[p] != 0 && partners_[f].size() < options_.partners_max)
        partners_[f].push_back(p);
    }
    const bool number = work.is_number[f] != 0;
    const std::size_t size = number ? kOwnFeatures + 2 * partners_[f].size() : 1;
    families_.emplace_back(size, number ? situations_ : 1, pools_);
    if (!number) continue;
    number_fields_.push_back(f);
    for (std::size_t c = 0; c < situations_; ++c) {
      std::vector<double> start(size, 0.0), first(size, 0.0);
      if (GapSituation::has_spatial(c)) {  // the longer the gap, the more the neighbours count
        const auto gap =
            static_cast<double>(kClassBegins[GapSituation::nearer_class(c, backward == nullptr)]);
        start[0] = start[1] = gap / (gap + 3.0);
        // While nothing else is known, what the neighbours did since the stream was last heard counts for
        // more.
        first[0] = first[1] = gap / (gap + 1.0);
      }
      families_[f].set_start(c, start, first);
    }
  }
  tails_.resize(fields * situations_ * pool_count_);
}

NumberModel::UsualCourse NumberModel::usual_course(const Course& course, std::size_t slot, std::size_t stream,
                                                   std::size_t field, std::int64_t end, int step) const {
  const std::size_t there = work_.panel.at(static_cast<std::size_t>(end), stream, field);
  // Before the first value nothing was usual; then the mean that has just begun stands for it.
  const auto usual = [&](std::size_t cell) {
    return std::isnan(course.usual(cell)) ? course.recent_mean(there) : course.usual(cell);
  };
  UsualCourse out{course.recent_mean(there), usual(there), course.recent_error(there),
                  course.usual_error(there)};
  const auto slots = static_cast<std::int64_t>(work_.panel.slots());
  std::int64_t at = end;
  for (int steps = 0; steps < kHourSearch && at >= 0 && at < slots; ++steps, at += step) {
    if (work_.hour(static_cast<std::size_t>(at)) != work_.hour(slot)) continue;
    const std::size_t here = work_.panel.at(static_cast<std::size_t>(at), stream, field);
    out.here = usual(here);
    out.error_here = course.usual_error(here);
    break;
  }
  return out;
}

bool NumberModel::describe(std::size_t slot, std::size_t stream, std::size_t field, std::int64_t left,
                           std::int64_t right, bool use_record, Situation& out) const {
  if (left < 0 && right < 0) return false;
  const bool both = left >= 0 && right >= 0;
  const std::int64_t here = static_cast<std::int64_t>(slot);
  const std::size_t cell = work_.panel.at(slot, stream, field);
  const std::int64_t near = left >= 0 ? left : right;  // the end used when there is but one
  const std::size_t left_cell =
      work_.panel.at(static_cast<std::size_t>(left >= 0 ? left : near), stream, field);
  const std::size_t right_cell =
      work_.panel.at(static_cast<std::size_t>(right >= 0 ? right : near), stream, field);
  double u = left >= 0 ? 0.0 : 1.0;  // position between the ends, by time where time has passed
  if (both) {
    const auto span =
        (work_.panel.time(static_cast<std::size_t>(right)) - work_.panel.time(static_cast<std::size_t>(left)))
            .count();
    const auto part = (work_.panel.time(slot) - work_.panel.time(static_cast<std::size_t>(left))).count();
    u = span > 0 ? static_cast<double>(part) / static_cast<double>(span)
                 : static_cast<double>(here - left) / static_cast<double>(right - left);
  }
  const WorkingScale& scale = work_.scales[field];
  const auto between = [&](double at_left, double at_right, const WorkingScale& of) {
    return at_left + u * of.beyond(at_right, at_left);
  };
  const auto middle = [&](double a, double b) { return 0.5 * (a + scale.near(b, a)); };
  const double left_level = work_.levels[left_cell];
  const double right_level = scale.near(work_.levels[right_cell], left_level);
  out.ground = between(left_level, right_level, scale);
  const bool spatial = work_.has_spatial(cell);

  const Course& behind = backward_ != nullptr ? *backward_ : forward_;
  // The usual course at this hour, at the left end's and at the right end's, as it was known at that end: a
  // summary from inside the gap would know what the gap hides.
  const UsualCourse course_left =
      left >= 0 ? usual_course(forward_, slot, stream, field, left, -1) : UsualCourse{};
  const UsualCourse course_right =
      right >= 0 ? usual_course(behind, slot, stream, field, right, 1) : UsualCourse{};
  const auto from_ends = [&](auto read) {
    return left < 0    ? read(course_right)
           : right < 0 ? read(course_left)
                       : between(read(course_left), read(course_right), scale);
  };
  const double recent_mean = both ? middle(forward_.recent_mean(left_cell), behind.recent_mean(right_cell))
                             : left >= 0 ? forward_.recent_mean(left_cell)
                                         : behind.recent_mean(right_cell);
  double* x = out.x.data();
  std::fill(x, x + kOwnFeatures + 2 * partners_[field].size(), 0.0);
  if (spatial) {
    const double recent_error =
        both        ? middle(forward_.recent_error(left_cell), behind.recent_error(right_cell))
        : left >= 0 ? forward_.recent_error(left_cell)
                    : behind.recent_error(right_cell);
    const auto error_at = [&](std::size_t c) {
      return work_.has_spatial(c) ? scale.beyond(work_.levels[c], work_.spatial[c]) : recent_error;
    };
    const double error = between(error_at(left_cell), error_at(right_cell), scale);
    x[0] = scale.beyond(work_.spatial[cell], out.ground);
    x[1] = error;
    x[2] = scale.beyond(recent_error, error);
    x[3] = from_ends([](const UsualCourse& c) { return c.error_here; });
    x[4] = from_ends([&](const UsualCourse& c) { return scale.beyond(c.error_here, c.error_there); });
  }
  x[5] = from_ends([&](const UsualCourse& c) { return scale.beyond(c.here, c.there); });
  x[6] = scale.beyond(from_ends([](const UsualCourse& c) { return c.here; }), out.ground);
  x[7] = scale.beyond(recent_mean, out.ground);
  if (both) {
    const double length = static_cast<double>(right - left);
    const double slope = (right_level - left_level) / length;
    double excess_left = 0.0, excess_right = 0.0;
    if (left > 0) {
      const std::int64_t before =
          work_.previous[work_.panel.at(static_cast<std::size_t>(left - 1), stream, field)];
      if (before >= 0 && left - before <= kNeighbourOfTrend)
        excess_left =
            -scale.beyond(work_.levels[work_.panel.at(static_cast<std::size_t>(before), stream, field)],
                          left_level) /
                static_cast<double>(left - before) -
            slope;
    }
    if (static_cast<std::size_t>(right) + 1 < work_.panel.slots()) {
      const std::int64_t after =
          work_.next[work_.panel.at(static_cast<std::size_t>(right + 1), stream, field)];
      if (after >= 0 && after - right <= kNeighbourOfTrend)
        excess_right =
            scale.beyond(work_.levels[work_.panel.at(static_cast<std::size_t>(after), stream, field)],
                         right_level) /
                static_cast<double>(after - right) -
            slope;
    }
    const double bounded = std::min(length, 12.0);
    x[8] = curvature(static_cast<double>(here - left) / length, bounded, excess_left, excess_right);
  } else if (left > 0) {
    const std::int64_t before =
        work_.previous[work_.panel.at(static_cast<std::size_t>(left - 1), stream, field)];
    if (before >= 0 && left - before <= kNeighbourOfTrend)
      x[8] = -scale.beyond(work_.levels[work_.panel.at(static_cast<std::size_t>(before), stream, field)],
                           left_level) /
             static_cast<double>(left - before);
  }
  bool has_record = false;
  for (std::size_t i = 0; use_record && i < partners_[field].size(); ++i) {
    const std::size_t partner = partners_[field][i];
    const std::size_t theirs = work_.panel.at(slot, stream, partner);
    if (!work_.known(theirs)) continue;
    has_record = true;
    const std::size_t shift_left = left_cell - field + partner;
    const std::size_t shift_right = right_cell - field + partner;
    const WorkingScale& its = work_.scales[partner];
    const double level = work_.levels[theirs];
    if (work_.known(shift_left) && work_.known(shift_right)) {
      const double ground = between(work_.levels[shift_left], work_.levels[shift_right], its);
      x[kOwnFeatures + 2 * i] = its.beyond(level, ground);
    }
    if (work_.has_spatial(theirs)) x[kOwnFeatures + 2 * i + 1] = its.beyond(level, work_.spatial[theirs]);
  }
  out.number = GapSituation::of(left >= 0 ? here - left : right - here, both ? right - here : 0, spatial,
                                has_record, backward_ == nullptr);
  return true;
}

NumberEstimate NumberModel::assess(std::size_t stream, std::size_t field, const Situation& situation) const {
  NumberEstimate out;
  out.value = situation.ground + families_[field].predict(stream, situation.number, situation.x.data());
  out.mean_error = families_[field].mean_error(stream, situation.number);
  const Tails& t = tails(stream, field, situation.number);
  out.low = out.value + t.low * out.mean_error;
  out.high = out.value + t.high * out.mean_error;
  if (out.mean_error > 0.0) return out;
  // Never tried in this situation: the worst that was seen in any, or a guess that is said to be one.
  double worst = 0.0;
  for (std::size_t c = 0; c < situations_; ++c)
    worst = std::max(worst, families_[field].mean_error(stream, c));
  const double margin =
      worst > 0.0 ? kUntriedMargin * worst : std::max(1.0, guess_margin(work_.scales[field], out.value));
  out.low = out.value - margin;
  out.high = out.value + margin;
  return out;
}

GapEnds NumberModel::ends_of(std::size_t slot, std::size_t stream, std::size_t field) const {
  GapEnds ends;
  ends.left = work_.last_known(slot, stream, field);
  if (backward_ != nullptr && slot + 1 < work_.panel.slots())
    ends.right = work_.next[work_.panel.at(slot + 1, stream, field)];
  return ends;
}

std::optional<NumberEstimate> NumberModel::estimate(std::size_t slot, std::size_t stream,
                                                    std::size_t field) const {
  return estimate_between(slot, stream, field, ends_of(slot, stream, field));
}

std::optional<NumberEstimate> NumberModel::estimate_between(std::size_t slot, std::size_t stream,
                                                            std::size_t field, const GapEnds& ends) const {
  Situation situation;
  if (!describe(slot, stream, field, ends.left, ends.right, ends.with_record, situation))
    return estimate_cold(slot, stream, field);
  return assess(stream, field, situation);
}

std::optional<NumberEstimate> NumberModel::estimate_blind(std::size_t slot, std::size_t stream,
                                                          std::size_t field, std::int64_t hidden) const {
  const std::int64_t left = work_.last_known_at(static_cast<std::int64_t>(slot) - hidden, stream, field);
  Situation situation;
  if (left < 0 || !describe(slot, stream, field, left, -1, true, situation)) return std::nullopt;
  return assess(stream, field, situation);
}

// The slot whose value of another stream says most of this cell while nothing of its own stream is known:
// this one where that record has arrived, else the last before, offline the next.
std::int64_t NumberModel::nearest_of(std::size_t slot, std::size_t stream, std::size_t field,
                                     std::size_t other) const {
  const bool causal = backward_ == nullptr;
  if (work_.known(work_.panel.at(slot, other, field)) &&
      (!causal || work_.panel.arrived_before(slot, stream, other)))
    return static_cast<std::int64_t>(slot);
  std::int64_t at = work_.last_known(slot, other, field);
  if (at < 0) return causal ? -1 : work_.next[work_.panel.at(slot, other, field)];
  const bool has_come = work_.panel.arrived_before(slot, stream, static_cast<std::size_t>(at), other);
  return causal && !has_come ? -1 : at;
}

// Nothing of this stream's field is known: the mean of what the other streams have at this slot or had last.
std::optional<NumberEstimate> NumberModel::estimate_cold(std::size_t slot, std::size_t stream,
                                                         std::size_t field) const {
  const WorkingScale& scale = work_.scales[field];
  double sum = 0.0, count = 0.0, low = 0.0, high = 0.0;
  for (std::size_t k = 0; k < work_.panel.streams(); ++k) {
    if (k == stream) continue;
    const std::int64_t at = nearest_of(slot, stream, field, k);
    if (at < 0) continue;
    const double level =
        scale.near(work_.levels[work_.panel.at(static_cast<std::size_t>(at), k, field)], low);
    low = count == 0.0 ? level : std::min(low, level);
    high = count == 0.0 ? level : std::max(high, level);
    sum += level;
    count += 1.0;
  }
  if (count == 0.0) return std::nullopt;
  const double mean = sum / count;
  // A guess, and said to be one.
  const double margin = (high - low) + guess_margin(scale, mean);
  return NumberEstimate{mean, low - margin, high + margin, margin};
}

void NumberModel::learn_tails(std::size_t stream, std::size_t field, std::size_t situation,
                              double scaled_error) {
  // Stochastic approximation of a quantile: the step is smaller the more has been seen.
  Tails& t = tails(stream, field, situation);
  t.count += 1.0F;
  const double step = std::max(kTailStep, 1.0 / (1.0 + 0.05 * t.count));
  t.low += static_cast<float>(step * (options_.tail - (scaled_error < t.low ? 1.0 : 0.0)));
  t.high += static_cast<float>(step * (1.0 - options_.tail - (scaled_error < t.high ? 1.0 : 0.0)));
}

void NumberModel::learn_one(std::size_t slot, std::size_t stream, std::size_t field, std::int64_t left,
                            std::int64_t right, bool use_record) {
  Situation situation;
  if (!describe(slot, stream, field, left, right, use_record, situation)) return;
  const double level = work_.levels[work_.panel.at(slot, stream, field)];
  const double wanted = work_.scales[field].beyond(level, situation.ground);
  const double error = wanted - families_[field].predict(stream, situation.number, situation.x.data());
  const double mean_error = families_[field].mean_error(stream, situation.number);
  if (backward_ == nullptr) {
    if (mean_error > 0.0) learn_tails(stream, field, situation.number, error / mean_error);
  } else {
    std::vector<float>& kept = trials_[field * situations_ + situation.number];
    if (kept.size() < kTrialsKept && mean_error > 0.0) kept.push_back(static_cast<float>(error / mean_error));
  }
  families_[field].learn(stream, situation.number, situation.x.data(), wanted, error);
}

void NumberModel::learn_causal(std::size_t slot) {
  const Panel& panel = work_.panel;
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (work_.is_number[f] == 0 || !work_.measured(panel.at(slot, s, f))) continue;
      std::int64_t tried = -1;
      for (std::size_t c = 0; c < GapSituation::kClasses; ++c) {
        const std::uint64_t chance = mix(slot * 64 + c, s * 1024 + f);
        const std::int64_t from = static_cast<std::int64_t>(slot) - GapSituation::length_in(c, chance);
        const std::int64_t left = work_.last_known_at(from, s, f);
        if (left < 0) break;
        if (left != tried) learn_one(slot, s, f, left, -1, (chance >> 20) % kLoseRecord != 0);
        tried = left;
      }
    }
  }
}

void NumberModel::offline_pass(std::uint64_t seed, std::size_t trials) {
  const Panel& panel = work_.panel;
  const auto slots = static_cast<std::int64_t>(panel.slots());
  for (std::vector<float>& kept : trials_) kept.clear();
  const std::uint64_t thin = 1 + trials * panel.cells() / options_.trials_max;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    const auto here = static_cast<std::int64_t>(slot);
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      for (std::size_t f = 0; f < panel.fields(); ++f) {
        if (work_.is_number[f] == 0 || !work_.measured(panel.at(slot, s, f))) continue;
        for (std::size_t trial = 0; trial < trials; ++trial) {
          const std::uint64_t chance = mix(slot * 16 + trial + seed * 0x10000000ULL, s * 1024 + f);
          if ((chance >> 40) % thin != 0) continue;
          const std::int64_t length =
              1 + GapSituation::length_in(chance % GapSituation::kClasses, chance >> 8);
          const std::int64_t before =
              1 + static_cast<std::int64_t>((chance >> 32) % static_cast<std::uint64_t>(length - 1));
          const std::int64_t from = here - before;
          const std::int64_t to = here + length - before;
          const std::int64_t left =
              from >= 0 ? work_.previous[panel.at(static_cast<std::size_t>(from), s, f)] : -1;
          const std::int64_t right =
              to < slots ? work_.next[panel.at(static_cast<std::size_t>(to), s, f)] : -1;
          learn_one(slot, s, f, left, right, (chance >> 20) % kLoseRecord != 0);
        }
      }
    }
  }
}

void NumberModel::learn_offline() {
  trials_.resize(work_.panel.fields() * situations_);
  constexpr int kPasses = 3;
  for (int pass = 0; pass < kPasses; ++pass) {
    if (pass > 0) {
      refresh();
      for (RegressionFamily& family : families_) family.forget_examples();
    }
    // The first passes only find how large errors are and where to start.
    offline_pass(static_cast<std::uint64_t>(pass), pass + 1 < kPasses ? 1 : options_.trials_offline);
  }
  refresh();
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    std::vector<float>& kept = trials_[i];
    if (kept.size() < 40) continue;
    std::sort(kept.begin(), kept.end());
    const auto quantile = [&](double q) {
      return kept[static_cast<std::size_t>(std::lround(q * static_cast<double>(kept.size() - 1)))];
    };
    for (std::size_t p = 0; p < pool_count_; ++p)
      tails_[i * pool_count_ + p] = {quantile(options_.tail), quantile(1.0 - options_.tail), 0};
  }
}

void NumberModel::refresh() {
  for (const std::size_t f : number_fields_) families_[f].refresh();
}

void NumberModel::refresh_part(std::size_t part, double fade) {
  RegressionFamily& family = families_[number_fields_[part / situations_]];
  family.refresh(part % situations_);
  if (fade < 1.0) family.fade(part % situations_, fade);
}

void NumberModel::move_streams(StreamMoves moves) {
  EXPECTS(backward_ == nullptr && pool_count_ == 1);
  for (RegressionFamily& family : families_) family.move_streams(moves);
  pools_.assign(moves.size(), 0);
}

}  // namespace skywarden::onboard
