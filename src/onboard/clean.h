// Cleaning as readings arrive: what cannot be true becomes Missing with the reason, what can stays Observed.
// Five checks, each from the schema: range, rate of change, stuck value, and two on the clock. Causal: a
// reading is judged by itself and what came before it, never by what follows, in constant time and memory a
// field.
//
// It does not look for what is merely unusual (see anomaly.h), and it cannot know that the first reading of a
// stream is wrong: after a wrong first reading `confirmations` − 1 good ones are lost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::onboard {

struct CleanOptions {
  // A change faster than the schema's rate_max_per_hour, or a leap of the clock, is believed once this many
  // readings in a row agree on the new level or the new time. A spike that returns never gets there.
  int confirmations = 3;
  // Within this time the schema's whole hourly change is allowed: readings a minute apart carry noise that is
  // not smaller by sixty.
  Duration rate_interval_min = std::chrono::hours(1);
  // A repeated value is stuck after the schema's stuck_hours, and only when a field that moves as this one
  // did before (and as it does in the other streams) would repeat itself so often with at most this
  // probability. Rain that stays 0 normally repeats itself, so it is not stuck; what was never seen to move
  // is never stuck.
  double stuck_probability_max = 1e-6;
  // At the end of its range (calm, saturated air) a reading may rest this many times longer.
  double rest_factor = 4.0;
  // A record may be this much older than the latest of its stream: links reorder.
  Duration late_max = std::chrono::hours(1);
  // A gap longer than this is a leap of the clock until confirmed.
  Duration gap_max = std::chrono::hours(24 * 31);
  // A record may be this much ahead of its arrival, when the arrival is known.
  Duration ahead_max = std::chrono::minutes(5);
  // Streams beyond this many get the range check only.
  std::size_t streams_max = 100'000;
};

// What cleaning saw, per field and reason. Counts every field that leaves as Missing, also those that arrived
// so.
class CleanReport {
 public:
  static constexpr std::size_t kReasons = 8;  // as datum::MissingReason

  explicit CleanReport(std::size_t fields = 0) : counts_(fields) {}
  [[nodiscard]] std::size_t count(std::size_t field, datum::MissingReason reason) const;
  [[nodiscard]] std::size_t count(datum::MissingReason reason) const;  // of all fields
  void add(std::size_t field, datum::MissingReason reason);
  // "TEMP: 3 rate_of_change, 14 stuck", a line for each field that lost something, in the schema's order.
  [[nodiscard]] std::vector<std::string> lines(const datum::Schema& schema) const;

  std::size_t records = 0;      // seen
  std::size_t clock_jumps = 0;  // records whose time was not believed; all their fields are lost
  std::size_t unwatched = 0;    // records of streams beyond streams_max

 private:
  std::vector<std::array<std::size_t, kReasons>> counts_;
};

class Cleaner {
 public:
  explicit Cleaner(datum::Schema schema, CleanOptions options = {});

  // The record's fields are those of the schema. `arrival` is when it came, if that is known.
  void clean(datum::Record& record, std::optional<Instant> arrival = std::nullopt);
  [[nodiscard]] const CleanReport& report() const { return report_; }

 private:
  struct Level {  // a number, or a category's level
    double value = 0.0;
    Instant time{};
  };
  struct Motion {  // how often a value moved, over pairs of neighbouring readings
    double changes = 0.0, pairs = 0.0;
    void add_run(double repeats);
  };
  struct FieldState {
    std::optional<Level> believed;   // the last reading that was kept
    std::optional<Level> candidate;  // the last that changed too fast
    int agreeing = 0;                // readings in a row that agree with the candidate
    std::optional<Level> run;        // since when the value repeats itself
    double repeats = 0.0;            // readings of the run after its first
    Motion motion;
  };
  struct StreamState {
    std::optional<Instant> latest;
    std::optional<Instant> leap;  // the last time that was not believed
    int agreeing = 0;
    std::vector<FieldState> fields;
  };

  [[nodiscard]] bool believes_clock(StreamState& stream, Instant time, std::optional<Instant> arrival) const;
  [[nodiscard]] std::optional<datum::MissingReason> judge(std::size_t field, FieldState& state, double value,
                                                          Instant time);
  [[nodiscard]] bool too_fast(const datum::FieldSpec& spec, FieldState& state, double value,
                              Instant time) const;
  [[nodiscard]] bool is_stuck(const datum::FieldSpec& spec, FieldState& state, Motion& all_streams,
                              double value, Instant time) const;
  void lose(datum::Record& record, std::size_t field, datum::MissingReason reason);

  datum::Schema schema_;
  CleanOptions options_;
  CleanReport report_;
  std::vector<Motion> motion_;  // per field, of all streams
  std::map<std::string, StreamState, std::less<>> streams_;
};

}  // namespace skywarden::onboard
