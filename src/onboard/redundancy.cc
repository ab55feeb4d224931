#include "onboard/redundancy.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/contract.h"

namespace skywarden::onboard {

CopyFinder::CopyFinder(std::size_t streams, std::size_t fields, CopyOptions options)
    : streams_(streams),
      fields_(fields),
      options_(options),
      evidence_(streams * streams * fields),
      trusted_(streams * streams * fields, 0),
      last_(streams * fields) {}

void CopyFinder::learn(const Panel& panel, std::size_t slot, bool causal) {
  EXPECTS(panel.streams() == streams_ && panel.fields() == fields_);
  for (std::size_t s = 0; s < streams_; ++s) {
    for (std::size_t f = 0; f < fields_; ++f) {
      Last& last = last_[s * fields_ + f];
      const std::size_t cell = panel.at(slot, s, f);
      if (!panel.observed(cell)) continue;
      const double value = panel.value(cell);
      last.changed = last.known && value != last.value;
      last.known = true;
      last.value = value;
      if (last.lead == 0) last.majority = value;
      last.lead += value == last.majority ? 1 : -1;
    }
  }
  const auto fade = static_cast<float>(options_.memory);
  for (std::size_t s = 0; s < streams_; ++s) {
    for (std::size_t k = 0; k < streams_; ++k) {
      if (s == k || (causal && !panel.arrived_before(slot, s, k))) continue;
      bool touched = false;
      for (std::size_t f = 0; f < fields_; ++f) {
        const std::size_t mine = panel.at(slot, s, f);
        const std::size_t theirs = panel.at(slot, k, f);
        if (!panel.observed(mine) || !panel.observed(theirs)) continue;
        const Last& a = last_[s * fields_ + f];
        const Last& b = last_[k * fields_ + f];
        const bool usual = a.value == a.majority && b.value == b.majority && a.lead > 0 && b.lead > 0;
        if (usual || !(a.changed || b.changed)) continue;
        Evidence& evidence = evidence_[index(s, k, f)];
        evidence.agreements *= fade;
        evidence.disagreements *= fade;
        (a.value == b.value ? evidence.agreements : evidence.disagreements) += 1.0F;
        touched = true;
      }
      if (touched) judge(s, k);
    }
  }
}

void CopyFinder::move_streams(StreamMoves moves) {
  move_pairs(evidence_, streams_, fields_, moves, Evidence{});
  move_pairs(trusted_, streams_, fields_, moves, std::uint8_t{0});
  onboard::move_streams(last_, 1, streams_, fields_, moves, Last{});
  streams_ = moves.size();
}

void CopyFinder::judge(std::size_t stream, std::size_t other) {
  const auto holds = [&](std::size_t f, double agreements_min) {
    const Evidence& e = evidence_[index(stream, other, f)];
    return e.agreements >= agreements_min && e.disagreements <= options_.disagreements_max * e.agreements;
  };
  int related = 0;
  for (std::size_t f = 0; f < fields_; ++f) related += holds(f, options_.agreements_min) ? 1 : 0;
  const double agreements_min =
      related >= options_.related_fields_min ? options_.agreements_min_related : options_.agreements_min;
  for (std::size_t f = 0; f < fields_; ++f)
    trusted_[index(stream, other, f)] = holds(f, agreements_min) ? 1 : 0;
}

LookupFinder::LookupFinder(std::vector<std::uint8_t> is_category, std::vector<std::uint8_t> usable,
                           std::vector<double> tolerances, LookupOptions options)
    : fields_(is_category.size()),
      is_category_(std::move(is_category)),
      usable_(std::move(usable)),
      tolerances_(std::move(tolerances)),
      options_(options),
      rules_(fields_ * fields_),
      spread_(fields_) {
  EXPECTS(usable_.size() == fields_);
  EXPECTS(tolerances_.size() == fields_);
}

double LookupFinder::deviation(std::size_t field) const {
  return spread_[field].deviation / std::max(1.0, spread_[field].count);
}

double LookupFinder::error_limit(std::size_t to) const {
  return std::max(options_.error_max * deviation(to), std::min(options_.error_max_tolerance * tolerances_[to],
                                                               options_.error_max_deviation * deviation(to)));
}

bool LookupFinder::believed(const Trials& trials, std::size_t to) const {
  if (is_category_[to] == 0)
    return trials.count >= options_.trials_min && trials.mean_error() <= error_limit(to);
  if (trials.count < options_.category_trials_min) return false;
  const Spread& spread = spread_[to];
  const double misses = 1.0 - trials.hits / trials.count;
  return misses <= 1.0 - options_.hits_min &&
         misses <= (1.0 - options_.gain_min) * (1.0 - spread.repeats / std::max(1.0, spread.count));
}

double LookupFinder::answer(const Entry& entry, bool category) {
  // The value that most records had, or their mean when none prevails.
  return category || 2 * entry.lead > entry.count ? entry.candidate : entry.mean;
}

std::optional<LookupFinder::Said> LookupFinder::say_between(const Rule& rule, std::size_t from,
                                                            std::size_t to, double key) const {
  if (is_category_[from] != 0 || is_category_[to] != 0) return std::nullopt;
  const auto above = rule.table.upper_bound(key);
  if (above == rule.table.begin() || above == rule.table.end()) return std::nullopt;
  const auto below = std::prev(above);
  const double low = answer(below->second, false), high = answer(above->second, false);
  const double way = (key - below->first) / (above->first - below->first);
  return Said{low + (high - low) * way, std::abs(high - low)};
}

std::optional<LookupFinder::Answer> LookupFinder::ask(std::size_t from, std::size_t to, double key) const {
  const Rule& rule = rules_[from * fields_ + to];
  if (rule.dropped) return std::nullopt;
  // A key that is a mere code fails between its values and may still be known value by value.
  const bool at_keys = believed(rule.at_keys, to);
  Trials all = rule.at_keys;
  all.add(rule.between);
  const bool everywhere = is_category_[to] == 0 && believed(all, to);
  if (const auto found = rule.table.find(key); found != rule.table.end()) {
    if (!at_keys && !everywhere) return std::nullopt;
    const Trials& trials = at_keys ? rule.at_keys : all;
    const bool category = is_category_[to] != 0;
    const double error = category ? 1.0 - trials.hits / trials.count : trials.mean_error();
    return Answer{from, answer(found->second, category), error};
  }
  if (!everywhere || rule.between.count < options_.interpolation_trials_min) return std::nullopt;
  const auto said = say_between(rule, from, to, key);
  if (!said) return std::nullopt;
  const double error = rule.step_sum > 0.0 ? said->step * rule.between.error_sum / rule.step_sum : 0.0;
  if (error > options_.interpolation_error_max * error_limit(to)) return std::nullopt;
  return Answer{from, said->value, error};
}

std::optional<LookupFinder::Answer> LookupFinder::look_up(std::size_t field, const double* values,
                                                          const std::uint8_t* known) const {
  std::optional<Answer> best;
  for (std::size_t from = 0; from < fields_; ++from) {
    if (from == field || known[from] == 0) continue;
    const auto said = ask(from, field, values[from]);
    if (said && (!best || said->error < best->error)) best = said;
  }
  return best;
}

void LookupFinder::test_and_learn(std::size_t from, std::size_t to, double key, double value) {
  Rule& rule = rules_[from * fields_ + to];
  if (rule.dropped) return;
  const auto found = rule.table.find(key);
  if (found == rule.table.end()) {
    if (const auto said = say_between(rule, from, to, key)) {
      rule.between.add({.count = 1, .hits = 0, .error_sum = std::abs(said->value - value)});
      rule.step_sum += said->step;
    }
    if (rule.table.size() < options_.keys_max) rule.table.emplace(key, Entry{value, value, 1, 1});
    return;
  }
  Entry& entry = found->second;
  const double said = answer(entry, is_category_[to] != 0);
  rule.at_keys.add({.count = 1, .hits = said == value ? 1.0 : 0.0, .error_sum = std::abs(said - value)});
  ++entry.count;
  entry.mean += (value - entry.mean) / entry.count;
  if (entry.lead == 0) entry.candidate = value;
  entry.lead += value == entry.candidate ? 1 : -1;
  const Trials& trials = rule.at_keys;
  if (trials.count < options_.giving_up_trials) return;
  const bool far_off = is_category_[to] != 0 ? trials.hits < 0.5 * trials.count
                                             : trials.mean_error() > 10 * options_.error_max * deviation(to);
  if (far_off) {
    rule.dropped = true;
    rule.table.clear();
  }
}

void LookupFinder::learn(const double* values, const std::uint8_t* known) {
  for (std::size_t to = 0; to < fields_; ++to) {
    if (known[to] == 0 || usable_[to] == 0) continue;
    for (std::size_t from = 0; from < fields_; ++from) {
      if (from == to || known[from] == 0 || usable_[from] == 0) continue;
      test_and_learn(from, to, values[from], values[to]);
    }
  }
  for (std::size_t f = 0; f < fields_; ++f) {
    if (known[f] == 0 || usable_[f] == 0) continue;
    Spread& spread = spread_[f];
    spread.repeats += spread.count > 0 && spread.last == values[f] ? 1 : 0;
    spread.last = values[f];
    spread.count += 1;
    spread.mean += (values[f] - spread.mean) / spread.count;
    spread.deviation += std::abs(values[f] - spread.mean);
  }
}

}  // namespace skywarden::onboard
