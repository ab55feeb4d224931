#include "onboard/missing_pattern.h"

#include <algorithm>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr double kPriorRate = 0.1, kPriorRecords = 10.0;
constexpr double kRateMin = 0.005, kRateMax = 0.95;

// Of a stream's field. The rate is that at which it goes missing after it was there, so that a long outage
// does not make losses look usual.
struct Series {
  double chances = kPriorRecords, onsets = kPriorRate * kPriorRecords;
  std::size_t run = 0;  // records missing up to the last one
  bool seen = false;

  [[nodiscard]] double rate() const { return std::clamp(onsets / chances, kRateMin, kRateMax); }
  void step(bool missing, double memory) {
    if (seen && run == 0) {
      chances += 1.0;
      onsets += missing ? 1.0 : 0.0;
      if (chances > memory) {
        onsets *= memory / chances;
        chances = memory;
      }
    }
    run = missing ? run + 1 : 0;
    seen = true;
  }
};

class Recogniser {
 public:
  Recogniser(const Panel& panel, bool causal, const MissingPatternOptions& options)
      : panel_(panel),
        causal_(causal),
        options_(options),
        series_(panel.streams() * panel.fields()),
        out_(panel.cells(), MissingPattern::kNone) {}

  std::vector<MissingPattern> run() && {
    if (!causal_) learn_rates_and_runs();
    std::size_t begin = 0;
    while (begin < panel_.slots()) {  // all slots of one time together
      std::size_t end = begin + 1;
      while (end < panel_.slots() && panel_.time(end) == panel_.time(begin)) ++end;
      read_time(begin, end);
      begin = end;
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool is_missing(std::size_t cell) const { return !panel_.observed(cell); }
  [[nodiscard]] bool has_record(std::size_t slot, std::size_t stream) const {
    return panel_.record_at(slot, stream) != Panel::kNoRecord;
  }
  [[nodiscard]] bool unlikely(double log_chance) const { return log_chance < std::log(options_.chance_max); }

  void learn_rates_and_runs() {
    run_lengths_.assign(panel_.cells(), 0);
    std::vector<std::vector<std::size_t>> open(series_.size());
    const auto close = [&](std::vector<std::size_t>& cells) {
      for (const std::size_t cell : cells) run_lengths_[cell] = static_cast<std::uint32_t>(cells.size());
      cells.clear();
    };
    for (std::size_t slot = 0; slot < panel_.slots(); ++slot) {
      for (std::size_t s = 0; s < panel_.streams(); ++s) {
        if (!has_record(slot, s)) continue;
        for (std::size_t f = 0; f < panel_.fields(); ++f) {
          const std::size_t cell = panel_.at(slot, s, f), one = s * panel_.fields() + f;
          series_[one].step(is_missing(cell), 1e18);
          if (is_missing(cell))
            open[one].push_back(cell);
          else
            close(open[one]);
        }
      }
    }
    for (std::vector<std::size_t>& cells : open) close(cells);
  }

  void read_time(std::size_t begin, std::size_t end) {
    std::vector<double> all_missing(panel_.fields(), 0.0);  // logarithm of the chance, while all so far are
    std::vector<std::size_t> records(panel_.fields(), 0);
    if (!causal_)
      for (std::size_t slot = begin; slot < end; ++slot)
        for (std::size_t s = 0; s < panel_.streams(); ++s)
          if (has_record(slot, s)) count_record(slot, s, all_missing, records);
    for (std::size_t slot = begin; slot < end; ++slot) {
      for (std::size_t s = 0; s < panel_.streams(); ++s) {
        if (!has_record(slot, s)) continue;
        if (causal_) count_arrived(begin, slot, s, all_missing, records);
        read_record(slot, s, all_missing, records);
      }
      if (causal_) learn(slot);
    }
  }

  // Adds a record to "everything that shares its time"; one value that arrived ends it for its field.
  void count_record(std::size_t slot, std::size_t s, std::vector<double>& all_missing,
                    std::vector<std::size_t>& records) const {
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      all_missing[f] += is_missing(panel_.at(slot, s, f)) ? std::log(rate(s, f)) : 1e9;
      ++records[f];
    }
  }

  void count_arrived(std::size_t begin, std::size_t slot, std::size_t s, std::vector<double>& all_missing,
                     std::vector<std::size_t>& records) const {
    if (panel_.streams() == 1) {  // one after another
      if (slot == begin) {
        std::fill(all_missing.begin(), all_missing.end(), 0.0);
        std::fill(records.begin(), records.end(), 0);
      }
      count_record(slot, s, all_missing, records);
      return;
    }
    std::fill(all_missing.begin(), all_missing.end(), 0.0);
    std::fill(records.begin(), records.end(), 0);
    if (panel_.streams() > options_.streams_max) return;
    for (std::size_t k = 0; k < panel_.streams(); ++k)
      if (has_record(slot, k) && (k == s || panel_.arrived_before(slot, s, k)))
        count_record(slot, k, all_missing, records);
  }

  void learn(std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s)
      if (has_record(slot, s))
        for (std::size_t f = 0; f < panel_.fields(); ++f)
          series_[s * panel_.fields() + f].step(is_missing(panel_.at(slot, s, f)), options_.memory);
  }

  [[nodiscard]] double rate(std::size_t s, std::size_t f) const {
    return series_[s * panel_.fields() + f].rate();
  }

  [[nodiscard]] bool record_lost(std::size_t slot, std::size_t s) const {
    double log_chance = 0.0;
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      if (!is_missing(panel_.at(slot, s, f))) return false;
      log_chance += std::log(rate(s, f));
    }
    return panel_.fields() > 1 && unlikely(log_chance);
  }

  void read_record(std::size_t slot, std::size_t s, const std::vector<double>& all_missing,
                   const std::vector<std::size_t>& records) {
    const bool lost = record_lost(slot, s);
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      const std::size_t cell = panel_.at(slot, s, f);
      if (!is_missing(cell)) continue;
      const std::size_t length = causal_ ? series_[s * panel_.fields() + f].run + 1 : run_lengths_[cell];
      const bool stretch = unlikely(static_cast<double>(length - 1) * std::log(rate(s, f)));
      const bool structured = stretch && length >= options_.long_records;
      const bool together = records[f] > 1 && unlikely(all_missing[f]);
      if (lost || (together && !structured))
        out_[cell] = MissingPattern::kSpatial;
      else if (structured)
        out_[cell] = MissingPattern::kStructured;
      else
        out_[cell] = stretch ? MissingPattern::kTemporal : MissingPattern::kRandom;
    }
  }

  const Panel& panel_;
  bool causal_;
  MissingPatternOptions options_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> run_lengths_;  // offline: records of the hole that a cell stands in
  std::vector<MissingPattern> out_;
};

}  // namespace

std::string_view to_string(MissingPattern pattern) {
  constexpr std::array<std::string_view, kMissingPatterns> kNames{"", "random", "temporal", "structured",
                                                                  "spatial"};
  return kNames[static_cast<std::size_t>(pattern)];
}

std::vector<MissingPattern> missing_patterns(const Panel& panel, bool causal,
                                             const MissingPatternOptions& options) {
  return Recogniser(panel, causal, options).run();
}

}  // namespace skywarden::onboard
