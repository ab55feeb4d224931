#include "onboard/redundancy.h"

#include <algorithm>
#include <bit>
#include <cmath>

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
                           LookupOptions options)
    : fields_(is_category.size()),
      is_category_(std::move(is_category)),
      usable_(std::move(usable)),
      options_(options),
      rules_(fields_ * fields_),
      spread_(fields_) {
  EXPECTS(usable_.size() == fields_);
}

bool LookupFinder::believed(const Rule& rule, std::size_t to) const {
  if (rule.dropped || rule.trials < options_.trials_min) return false;
  const Spread& spread = spread_[to];
  if (is_category_[to] != 0) {
    const double misses = 1.0 - rule.hits / rule.trials;
    return misses <= 1.0 - options_.hits_min &&
           misses <= (1.0 - options_.gain_min) * (1.0 - spread.repeats / std::max(1.0, spread.count));
  }
  const double deviation = spread.deviation / std::max(1.0, spread.count);
  return rule.error_sum / rule.trials <= options_.error_max * deviation;
}

double LookupFinder::answer(const Entry& entry, bool category) {
  // The value that most records had, or their mean when none prevails.
  return category || 2 * entry.lead > entry.count ? entry.candidate : entry.mean;
}

std::optional<LookupFinder::Answer> LookupFinder::look_up(std::size_t field, const double* values,
                                                          const std::uint8_t* known) const {
  std::optional<Answer> best;
  for (std::size_t from = 0; from < fields_; ++from) {
    if (from == field || known[from] == 0) continue;
    const Rule& rule = rules_[from * fields_ + field];
    if (!believed(rule, field)) continue;
    const auto found = rule.table.find(std::bit_cast<std::uint64_t>(values[from] + 0.0));
    if (found == rule.table.end()) continue;
    const bool category = is_category_[field] != 0;
    const double error = category ? 1.0 - rule.hits / rule.trials : rule.error_sum / rule.trials;
    if (!best || error < best->error) best = Answer{from, answer(found->second, category), error};
  }
  return best;
}

void LookupFinder::test_and_learn(Rule& rule, std::size_t to, double key, double value) {
  const auto found = rule.table.find(std::bit_cast<std::uint64_t>(key + 0.0));
  if (found == rule.table.end()) {
    if (rule.table.size() < options_.keys_max)
      rule.table.emplace(std::bit_cast<std::uint64_t>(key + 0.0), Entry{value, value, 1, 1});
    return;
  }
  Entry& entry = found->second;
  const double said = answer(entry, is_category_[to] != 0);
  rule.trials += 1;
  rule.hits += said == value ? 1 : 0;
  rule.error_sum += std::abs(said - value);
  ++entry.count;
  entry.mean += (value - entry.mean) / entry.count;
  if (entry.lead == 0) entry.candidate = value;
  entry.lead += value == entry.candidate ? 1 : -1;
  if (rule.trials < options_.giving_up_trials) return;
  const Spread& spread = spread_[to];
  const bool far_off = is_category_[to] != 0
                           ? rule.hits < 0.5 * rule.trials
                           : rule.error_sum / rule.trials >
                                 10 * options_.error_max * spread.deviation / std::max(1.0, spread.count);
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
      Rule& rule = rules_[from * fields_ + to];
      if (!rule.dropped) test_and_learn(rule, to, values[from], values[to]);
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
