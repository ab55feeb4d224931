#include "onboard/anomaly_evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/contract.h"
#include "onboard/anomaly_beside.h"
#include "onboard/complete_work.h"
#include "onboard/stuck_surprise.h"

namespace skywarden::onboard {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr float kMemory = 500.0F;       // readings, of usual sizes and biases
constexpr float kLevelMemory = 720.0F;  // readings, of the usual level
constexpr float kClip = 4.0F;           // usual sizes: no innovation counts for more
constexpr float kSumSlack = 0.7F;       // usual sizes, of the cumulative sums (Page, 1954)
constexpr float kSumMax = 60.0F;
constexpr std::size_t kGapMax = 24;  // slots; behind a longer gap nothing recent is known
constexpr std::size_t kNeighboursMin = 2;

// The last readings of one quantity, newest first.
class Recent {
 public:
  static constexpr std::size_t kSize = 72;
  void clear() { count_ = 0; }
  void add(float value) {
    newest_ = (newest_ + kSize - 1) % kSize;
    values_[newest_] = value;
    count_ = std::min(count_ + 1, kSize);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] float at(std::size_t back) const {
    return back < count_ ? values_[(newest_ + back) % kSize] : kUnknown;
  }
  // Of the readings [first, last) back that are known.
  [[nodiscard]] float mean(std::size_t first, std::size_t last) const {
    float sum = 0.0F, known = 0.0F;
    each(first, last, [&](float v) { sum += v, known += 1.0F; });
    return known > 0.0F ? sum / known : kUnknown;
  }
  [[nodiscard]] float mean(std::size_t last) const { return mean(0, last); }
  [[nodiscard]] float spread(std::size_t last) const {
    const float middle = mean(last);
    float sum = 0.0F, known = 0.0F;
    each(0, last, [&](float v) { sum += std::abs(v - middle), known += 1.0F; });
    return known > 2.0F ? sum / known : kUnknown;
  }
  [[nodiscard]] float min(std::size_t last) const {
    float out = kUnknown;
    each(0, last, [&](float v) { out = out < v ? out : v; });
    return out;
  }
  [[nodiscard]] float max(std::size_t last) const {
    float out = kUnknown;
    each(0, last, [&](float v) { out = out > v ? out : v; });
    return out;
  }

 private:
  template <typename Do>
  void each(std::size_t first, std::size_t last, Do&& use) const {
    for (std::size_t back = first; back < std::min(last, count_); ++back) {
      const float value = at(back);
      if (!std::isnan(value)) use(value);
    }
  }
  std::array<float, kSize> values_{};
  std::size_t newest_ = 0, count_ = 0;
};

// The usual size of something, learnt with clipped innovations.
struct Usual {
  float count = 0.0F, size = 0.0F;
  void learn(float value) {
    const float magnitude = count >= 10.0F ? std::min(std::abs(value), kClip * size) : std::abs(value);
    count = std::min(count + 1.0F, kMemory);
    size += (magnitude - size) / count;
  }
  [[nodiscard]] float scaled(float value) const { return size > 0.0F ? value / size : 0.0F; }
};

struct Series {  // of one stream's field
  bool any = false;
  std::size_t slot = 0;
  float level = 0.0F, reference = kUnknown;
  float bias = 0.0F;
  Usual apart_size, move_size, neighbours_move_size, moves_apart_size, level_size;
  float level_mean = 0.0F, level_count = 0.0F;
  float sum_up = 0.0F, sum_down = 0.0F;
  float apart_now = kUnknown;  // at the current slot, for the rest of the record and the neighbours
  Recent apart, beside, outside, last, day, moves, neighbours_moves, moves_apart;
  StuckSurprise::Run run;
  float run_apart_begin = kUnknown;

  void forget_recent() {
    for (Recent* one : {&apart, &beside, &outside, &last, &day, &moves, &neighbours_moves, &moves_apart})
      one->clear();
    sum_up = sum_down = 0.0F;
    reference = kUnknown;
    run = {};
    any = false;
  }
};

struct Neighbours {  // what the other streams say of a cell
  float middle = kUnknown, spread = kUnknown, low = kUnknown, high = kUnknown;
};

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5F * (*middle + *std::max_element(values.begin(), middle));
}

class Reader {
 public:
  Reader(const Panel& panel, const datum::Schema& schema, const Completion& completion)
      : panel_(panel),
        completion_(completion),
        work_(panel, schema),
        series_(panel.streams() * panel.fields()),
        stuck_(panel.fields()),
        levels_(panel.streams()),
        neighbours_(panel.streams() * panel.fields()),
        beside_(panel.fields()) {}

  void run(const EvidenceVisitor& visit) {
    for (std::size_t slot = 0; slot < panel_.slots(); ++slot) {
      for (std::size_t f = 0; f < panel_.fields(); ++f)
        if (work_.is_number[f] != 0) compare(slot, f);
      for (std::size_t s = 0; s < panel_.streams(); ++s) {
        for (std::size_t f = 0; f < panel_.fields(); ++f) {
          const std::size_t cell = panel_.at(slot, s, f);
          if (work_.is_number[f] != 0 && panel_.observed(cell)) take({slot, s, f, cell});
        }
        compare_record(slot, s);
      }
      for (std::size_t s = 0; s < panel_.streams(); ++s) {
        for (std::size_t f = 0; f < panel_.fields(); ++f) {
          const std::size_t cell = panel_.at(slot, s, f);
          if (work_.is_number[f] == 0 || !panel_.observed(cell)) continue;
          const Reading reading{slot, s, f, cell};
          visit(reading, describe(reading));
        }
      }
      learn();
    }
  }

 private:
  [[nodiscard]] Series& of(std::size_t s, std::size_t f) { return series_[s * panel_.fields() + f]; }
  [[nodiscard]] float level_of(std::size_t cell, std::size_t f) const {
    return static_cast<float>(work_.scales[f].forward(panel_.value(cell)));
  }

  void compare(std::size_t slot, std::size_t f) {
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      const std::size_t cell = panel_.at(slot, s, f);
      levels_[s] = panel_.observed(cell) ? level_of(cell, f) - of(s, f).bias : kUnknown;
      of(s, f).apart_now = kUnknown;
    }
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      Neighbours& out = neighbours_[s * panel_.fields() + f];
      out = {};
      if (std::isnan(levels_[s])) continue;
      scratch_.clear();
      for (std::size_t k = 0; k < panel_.streams(); ++k)
        if (k != s && !std::isnan(levels_[k]) && panel_.arrived_before(slot, s, k))
          scratch_.push_back(levels_[k]);
      if (scratch_.size() < kNeighboursMin) continue;
      out.low = *std::min_element(scratch_.begin(), scratch_.end());
      out.high = *std::max_element(scratch_.begin(), scratch_.end());
      out.middle = median(scratch_);
      for (float& value : scratch_) value = std::abs(value - out.middle);
      out.spread = median(scratch_);
      of(s, f).apart_now = of(s, f).apart_size.scaled(levels_[s] - out.middle);
    }
  }

  // Adds the reading to what is recent.
  void take(const Reading& at) {
    Series& now = of(at.stream, at.field);
    const Neighbours& around = neighbours_[at.stream * panel_.fields() + at.field];
    if (now.any && at.slot - now.slot > kGapMax) now.forget_recent();
    const float level = level_of(at.cell, at.field);
    const Residual& residual = completion_.residuals[at.cell];
    const float move = now.any ? level - now.level : kUnknown;
    const float neighbours_move = around.middle - now.reference;
    now.moves.add(now.move_size.scaled(move));
    now.neighbours_moves.add(now.move_size.scaled(neighbours_move));
    now.moves_apart.add(now.moves_apart_size.scaled(move - neighbours_move));
    now.apart.add(now.apart_now);
    const float beyond = std::max({level - now.bias - around.high, around.low - level + now.bias, 0.0F});
    now.outside.add(std::isnan(around.middle) ? kUnknown : now.apart_size.scaled(beyond));
    now.last.add(residual.known ? residual.after_last : kUnknown);
    now.day.add(residual.known ? residual.after_day : kUnknown);
    if (!std::isnan(now.apart_now)) {
      now.sum_up = std::clamp(now.sum_up + now.apart_now - kSumSlack, 0.0F, kSumMax);
      now.sum_down = std::clamp(now.sum_down - now.apart_now - kSumSlack, 0.0F, kSumMax);
    }
    const bool tie = now.any && level == now.level;
    stuck_[at.field].arrive(now.run, panel_.value(at.cell), tie, now.neighbours_moves.at(0));
    if (now.run.length == 0) now.run_apart_begin = now.apart_now;
    pending_.push_back({&now, move, neighbours_move, level, around.middle, at.slot});
  }

  // Less what the other fields of the record make one expect.
  void compare_record(std::size_t slot, std::size_t s) {
    record_.assign(panel_.fields(), kUnknown);
    for (std::size_t f = 0; f < panel_.fields(); ++f)
      if (work_.is_number[f] != 0) record_[f] = of(s, f).apart_now;
    for (std::size_t f = 0; f < panel_.fields(); ++f)
      if (work_.is_number[f] != 0 && panel_.observed(panel_.at(slot, s, f)))
        of(s, f).beside.add(record_[f] - beside_.expected(record_, f));
    beside_.arrive(record_);
  }

  // Sizes and biases change only when the slot is done, so that the order of its streams plays no part.
  void learn() {
    for (const Pending& one : pending_) {
      Series& now = *one.series;
      if (!std::isnan(one.move)) now.move_size.learn(one.move);
      if (!std::isnan(one.move - one.neighbours_move))
        now.moves_apart_size.learn(one.move - one.neighbours_move);
      if (!std::isnan(one.reference)) {
        const float apart = one.level - now.bias - one.reference;
        const float limit = kClip * now.apart_size.size;
        const float rate = 1.0F / (now.apart_size.count + 1.0F);
        now.bias += rate * (now.apart_size.count >= 10.0F ? std::clamp(apart, -limit, limit) : apart);
        now.apart_size.learn(apart);
      }
      now.level_count = std::min(now.level_count + 1.0F, kLevelMemory);
      now.level_mean += (one.level - now.level_mean) / now.level_count;
      now.level_size.learn(one.level - now.level_mean);
      now.level = one.level;
      now.reference = one.reference;
      now.slot = one.slot;
      now.any = true;
    }
    pending_.clear();
    for (StuckSurprise& one : stuck_) one.learn();
    beside_.learn();
  }

  [[nodiscard]] Evidence describe(const Reading& at) {
    Evidence out;
    out.fill(kUnknown);
    const Series& now = of(at.stream, at.field);
    write_apart(now, at, out);
    out[evidence("beside")] = now.beside.at(0);
    out[evidence("beside_before")] = now.beside.at(1);
    out[evidence("beside_mean3")] = now.beside.mean(3);
    out[evidence("beside_mean6")] = now.beside.mean(6);
    out[evidence("beside_mean12")] = now.beside.mean(12);
    write_predicted(now, out);
    write_moves(now, out);
    write_rest(now, at, out);
    return out;
  }

  void write_apart(const Series& now, const Reading& at, Evidence& out) {
    const Recent& apart = now.apart;
    out[evidence("apart")] = apart.at(0);
    out[evidence("apart_before")] = apart.at(1);
    out[evidence("apart_mean3")] = apart.mean(3);
    out[evidence("apart_mean6")] = apart.mean(6);
    out[evidence("apart_mean12")] = apart.mean(12);
    out[evidence("apart_mean24")] = apart.mean(24);
    out[evidence("apart_mean48")] = apart.mean(48);
    out[evidence("apart_min3")] = apart.min(3);
    out[evidence("apart_min6")] = apart.min(6);
    out[evidence("apart_min12")] = apart.min(12);
    out[evidence("apart_max3")] = apart.max(3);
    out[evidence("apart_max6")] = apart.max(6);
    out[evidence("apart_max12")] = apart.max(12);
    out[evidence("apart_spread6")] = apart.spread(6);
    out[evidence("apart_spread12")] = apart.spread(12);
    out[evidence("apart_spread24")] = apart.spread(24);
    out[evidence("apart_step")] = apart.at(0) - apart.mean(1, 25);
    out[evidence("apart_rise24")] = apart.mean(6) - apart.mean(24, 48);
    out[evidence("apart_rise48")] = apart.mean(12) - apart.mean(48, 72);
    out[evidence("apart_sum_up")] = now.sum_up;
    out[evidence("apart_sum_down")] = now.sum_down;
    out[evidence("outside")] = now.outside.at(0);
    out[evidence("outside_mean6")] = now.outside.mean(6);
    out[evidence("outside_mean24")] = now.outside.mean(24);
    const Neighbours& around = neighbours_[at.stream * panel_.fields() + at.field];
    out[evidence("neighbours_spread")] = now.apart_size.scaled(around.spread);
    float largest = kUnknown, second = kUnknown;
    for (std::size_t k = 0; k < panel_.streams(); ++k) {
      const float other = std::abs(of(k, at.field).apart_now);
      if (k == at.stream || std::isnan(other) || !panel_.arrived_before(at.slot, at.stream, k)) continue;
      if (!(largest >= other)) {
        second = largest;
        largest = other;
      } else if (!(second >= other)) {
        second = other;
      }
    }
    out[evidence("neighbours_largest")] = largest;
    out[evidence("neighbours_second")] = second;
  }

  static void write_predicted(const Series& now, Evidence& out) {
    out[evidence("last")] = now.last.at(0);
    out[evidence("last_before")] = now.last.at(1);
    out[evidence("last_before2")] = now.last.at(2);
    out[evidence("day")] = now.day.at(0);
    out[evidence("day_mean3")] = now.day.mean(3);
    out[evidence("day_mean6")] = now.day.mean(6);
    out[evidence("day_mean12")] = now.day.mean(12);
    out[evidence("day_mean24")] = now.day.mean(24);
    out[evidence("day_mean48")] = now.day.mean(48);
    out[evidence("day_spread12")] = now.day.spread(12);
  }

  static float mean_size(const Recent& recent, std::size_t last) {
    float sum = 0.0F, known = 0.0F;
    for (std::size_t back = 0; back < std::min(last, recent.count()); ++back) {
      if (std::isnan(recent.at(back))) continue;
      sum += std::abs(recent.at(back));
      known += 1.0F;
    }
    return known > 0.0F ? sum / known : kUnknown;
  }

  static void write_moves(const Series& now, Evidence& out) {
    out[evidence("move")] = now.moves.at(0);
    out[evidence("move_before")] = now.moves.at(1);
    out[evidence("turn")] = now.moves_apart.at(0) - now.moves_apart.at(1);
    out[evidence("moves3")] = mean_size(now.moves, 3);
    out[evidence("moves6")] = mean_size(now.moves, 6);
    out[evidence("moves12")] = mean_size(now.moves, 12);
    out[evidence("moves24")] = mean_size(now.moves, 24);
    out[evidence("neighbours_move")] = now.neighbours_moves.at(0);
    out[evidence("neighbours_moves6")] = mean_size(now.neighbours_moves, 6);
    out[evidence("neighbours_moves24")] = mean_size(now.neighbours_moves, 24);
    out[evidence("moves_apart6")] = mean_size(now.moves_apart, 6);
    out[evidence("moves_apart24")] = mean_size(now.moves_apart, 24);
    out[evidence("run")] = static_cast<float>(now.run.length);
    out[evidence("run_surprise")] = now.run.surprise;
    out[evidence("run_apart")] = now.run.length == 0 ? 0.0F : now.apart_now - now.run_apart_begin;
    out[evidence("value_commonness")] = now.run.commonness;
  }

  void write_rest(const Series& now, const Reading& at, Evidence& out) {
    const Residual& residual = completion_.residuals[at.cell];
    out[evidence("twins_agree")] = residual.twins_agree;
    out[evidence("twins_disagree")] = residual.twins_disagree;
    out[evidence("twin_last")] = residual.twin_after_last;
    float sum = 0.0F, known = 0.0F, largest = kUnknown, last = kUnknown;
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      const Series& other = of(at.stream, f);
      if (f == at.field || work_.is_number[f] == 0 || !panel_.observed(panel_.at(at.slot, at.stream, f)))
        continue;
      const float apart = std::abs(other.apart.mean(6)), jump = std::abs(other.last.at(0));
      if (!std::isnan(apart)) {
        sum += std::min(apart, 10.0F);
        known += 1.0F;
        if (!(largest >= apart)) largest = apart;
      }
      if (!std::isnan(jump) && !(last >= jump)) last = jump;
    }
    if (known > 0.0F) out[evidence("record_apart_mean")] = sum / known;
    out[evidence("record_apart_max")] = largest;
    out[evidence("record_last_max")] = last;
    out[evidence("level")] = now.level_size.scaled(level_of(at.cell, at.field) - now.level_mean);
    out[evidence("hour")] = static_cast<float>(work_.hour(at.slot));
    out[evidence("gap")] = now.any ? static_cast<float>(at.slot - now.slot) : kUnknown;
  }

  struct Pending {
    Series* series;
    float move, neighbours_move, level, reference;
    std::size_t slot;
  };

  const Panel& panel_;
  const Completion& completion_;
  Work work_;
  std::vector<Series> series_;
  std::vector<StuckSurprise> stuck_;
  std::vector<float> levels_, scratch_, record_;
  std::vector<Neighbours> neighbours_;
  RecordBonds beside_;
  std::vector<Pending> pending_;
};

}  // namespace

void read_evidence(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                   const EvidenceVisitor& visit) {
  EXPECTS(completion.residuals.size() == panel.cells());
  Reader(panel, schema, completion).run(visit);
}

}  // namespace skywarden::onboard
