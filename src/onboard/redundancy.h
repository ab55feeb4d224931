// Redundancy found in the data, never configured: a stream that copies another one in a field (twin stations
// fed by one instrument), and a field that determines another one of the same record (MODIS scan and track
// are both geometry of the scan angle). Both learn online from counts, so that a claim at a time rests on
// earlier evidence alone.
//
// What is not evidence: two streams that agree because hardly anything ever happens (no rain). An agreement
// counts only where something changed and the value is not the one that a field takes most of the time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "onboard/panel.h"

namespace skywarden::onboard {

struct CopyOptions {
  double agreements_min = 30;         // informative agreements before a copy is believed
  double agreements_min_related = 5;  // when the stream already copies the other in at least this many fields
  int related_fields_min = 3;
  double disagreements_max = 0.02;  // per agreement
  double memory = 0.9995;           // old evidence fades by this factor with each new piece
};

class CopyFinder {
 public:
  CopyFinder(std::size_t streams, std::size_t fields, CopyOptions options = {});

  // Takes in what was observed at one slot. In causal work a pair counts only where the one may see the
  // other.
  void learn(const Panel& panel, std::size_t slot, bool causal);
  void move_streams(StreamMoves moves);

  // The stream's field is a copy of the other's.
  [[nodiscard]] bool copies(std::size_t stream, std::size_t other, std::size_t field) const {
    return trusted_[index(stream, other, field)] != 0;
  }

 private:
  struct Evidence {
    float agreements = 0;
    float disagreements = 0;
  };
  struct Last {  // of a stream's field: its last value, and the value that more than half of all had
    double value = 0.0;
    double majority = 0.0;
    std::int64_t lead = 0;  // Boyer-Moore majority vote
    bool known = false;
    bool changed = false;
  };

  [[nodiscard]] std::size_t index(std::size_t stream, std::size_t other, std::size_t field) const {
    return (stream * streams_ + other) * fields_ + field;
  }
  void judge(std::size_t stream, std::size_t other);

  std::size_t streams_;
  std::size_t fields_;
  CopyOptions options_;
  std::vector<Evidence> evidence_;
  std::vector<std::uint8_t> trusted_;
  std::vector<Last> last_;
};

struct LookupOptions {
  double trials_min = 20;                // predictions tested before a rule that says a number is believed …
  double category_trials_min = 40;       // … or a category: right or wrong tells less than how far off
  double error_max = 0.03;               // numbers: mean error over the field's mean absolute deviation, or
  double error_max_tolerance = 0.2;      // over the tolerance that its schema states, whichever allows more,
  double error_max_deviation = 0.1;      // … but then never more than this share of the deviation
  double interpolation_trials_min = 5;   // tested interpolations before one is used
  double interpolation_error_max = 2.0;  // expected error of one, over the limit of the mean error
  double hits_min = 0.95;                // categories: share of right predictions
  double gain_min = 0.5;          // … and the share of the errors of always saying the last value it removes
  std::size_t keys_max = 4096;    // values remembered for a pair of fields
  double giving_up_trials = 400;  // after so many a rule that is far off is dropped for good
};

// For each ordered pair of fields a table from the one's value to the other's, tested on each new record
// before it learns from it. Between two numbers the table is also read between its keys: a rule is known by
// few records then, and holds for values that no record had yet. What lies between two keys is expected to
// err by a share of the step between their values, and that share is learnt as well.
class LookupFinder {
 public:
  // `is_category[f]`; fields with `usable[f]` false (text) take no part. `tolerances[f]`: the error of a
  // number that does not matter, 0 where none is stated.
  LookupFinder(std::vector<std::uint8_t> is_category, std::vector<std::uint8_t> usable,
               std::vector<double> tolerances, LookupOptions options = {});

  struct Answer {
    std::size_t from = 0;
    double value = 0.0;
    double error = 0.0;  // mean error of this rule so far; categories: share of wrong predictions
  };
  // The best believed rule that says what `field` is, given a record's known values.
  [[nodiscard]] std::optional<Answer> look_up(std::size_t field, const double* values,
                                              const std::uint8_t* known) const;
  void learn(const double* values, const std::uint8_t* known);

 private:
  struct Entry {
    double mean = 0.0;
    double candidate = 0.0;  // majority vote
    std::int32_t lead = 0;
    std::int32_t count = 0;
  };
  struct Trials {
    double count = 0, hits = 0, error_sum = 0;

    [[nodiscard]] double mean_error() const { return error_sum / std::max(1.0, count); }
    void add(const Trials& other) {
      count += other.count;
      hits += other.hits;
      error_sum += other.error_sum;
    }
  };
  struct Rule {
    std::map<double, Entry> table;
    Trials at_keys, between;  // … the keys that the table had
    double step_sum = 0;      // of the trials between keys: how far the values around were apart
    bool dropped = false;
  };
  struct Said {
    double value = 0.0;
    double step = 0.0;  // between the values of the two keys around; 0 at a key
  };
  struct Spread {
    double mean = 0.0, deviation = 0.0, last = 0.0;
    double count = 0, repeats = 0;
  };

  [[nodiscard]] double error_limit(std::size_t to) const;
  [[nodiscard]] double deviation(std::size_t field) const;  // mean absolute
  [[nodiscard]] bool believed(const Trials& trials, std::size_t to) const;
  [[nodiscard]] static double answer(const Entry& entry, bool category);
  [[nodiscard]] std::optional<Said> say_between(const Rule& rule, std::size_t from, std::size_t to,
                                                double key) const;
  [[nodiscard]] std::optional<Answer> ask(std::size_t from, std::size_t to, double key) const;
  void test_and_learn(std::size_t from, std::size_t to, double key, double value);

  std::size_t fields_;
  std::vector<std::uint8_t> is_category_, usable_;
  std::vector<double> tolerances_;
  LookupOptions options_;
  std::vector<Rule> rules_;  // from × to
  std::vector<Spread> spread_;
};

}  // namespace skywarden::onboard
