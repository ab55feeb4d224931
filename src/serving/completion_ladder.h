// Completion of the newest records of one schema at the best depth that there is time and room for: what a
// service asks of completion. Dearest first:
//   kSystem  all streams of the schema together (onboard/complete_stream.h): copies of other streams,
//            neighbours, the trained model. A record costs the same however many came before.
//   kTrees   the same without the model's networks, where it has some
//   kStream  the record's own stream alone, from the rows of it that came lately and without the trained
//            model: for what the system cannot take, streams beyond those that it has room for, and times
//            ahead of everybody's, which would hold its clock
//   kRules   the stream's last known value, without an interval
// What was answered by rules for want of time is owed to the system and shown to it before anything later, at
// the next calls in time; as long as something is still owed, records are answered by rules. More comes off
// with each call than the call adds.
// A pure machine: one thread, no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/complete_features.h"
#include "onboard/complete_stream.h"
#include "serving/plugin.h"

namespace skywarden::serving {

enum class CompletionDepth : std::uint8_t { kSystem, kTrees, kStream, kRules };
[[nodiscard]] std::string_view to_string(CompletionDepth depth);  // "system", "trees", "stream", "rules"

// How little time there is: for everything, for all but networks, for rules alone.
enum class Haste : std::uint8_t { kNone, kSome, kGreat };

struct LadderOptions {
  onboard::StreamOptions system = {};
  std::size_t stream_rows = 16;    // kept of each stream
  std::size_t streams_max = 1024;  // beyond, the stream that has been silent for longest is forgotten
  std::size_t owed_max = 4096;     // records, at most a million; beyond, the system never sees the oldest
  // A time that lies further ahead of the middle one of the last nine, and further than twice the pace of
  // those before, is not believed.
  Duration ahead_max = std::chrono::hours(24);
  [[nodiscard]] Result<void> validate() const;
};

// How a hole came to be, as far as the rows of its stream show.
enum class GapPattern : std::uint8_t { kNone, kScattered, kStretch, kWholeRecord };
[[nodiscard]] std::string_view to_string(
    GapPattern pattern);  // "none", "scattered", "stretch", "whole_record"

struct CompletedNewest {
  datum::Record record;                              // observed fields as they came; time as it came
  std::vector<GapPattern> patterns;                  // of its fields
  std::vector<double> anomalies;                     // of its fields, 0…1, when a plug-in detects; else empty
  CompletionDepth depth = CompletionDepth::kSystem;  // at which it was completed
  bool new_stream = false;                           // nothing of this stream was known before
  bool clock_back = false;  // its time lies before the stream's newest; it was taken as it arrived
};

class CompletionLadder {
 public:
  // `reviewer` is the trained model at work, or null; causal. Options that validate.
  CompletionLadder(const datum::Schema& schema, std::unique_ptr<onboard::NumberReviewer> reviewer,
                   LadderOptions options = {});

  // Records in the order of their arrival, fields as many as the schema has, values as it says. What is said
  // of one rests on those before it in the list and on earlier calls.
  [[nodiscard]] std::vector<CompletedNewest> complete_newest(std::span<const datum::Record* const> newest,
                                                             Haste haste);
  // By rules alone, and the system is never shown them: for want of power, when a debt would cost later what
  // is to be saved now, or while another node is asked. Their rows are kept.
  [[nodiscard]] std::vector<CompletedNewest> complete_and_forgo(std::span<const datum::Record* const> newest);

  // What complete_newest would cost: records owed that it would show beside so many new ones, the latest of
  // the times that were stated last, and how many streams the system knows.
  [[nodiscard]] std::size_t to_be_shown(std::size_t newest, Haste haste) const;
  [[nodiscard]] std::optional<Instant> newest_time() const;
  [[nodiscard]] std::size_t system_streams() const { return system_->streams(); }
  // Rows of a stream that are kept, oldest first.
  [[nodiscard]] std::vector<datum::Record> rows_of(const std::string& stream) const;

  // Another model, or none, from the next call on.
  void set_reviewer(std::unique_ptr<onboard::NumberReviewer> reviewer);
  // A completion method and detector from outside, or none. When it fails, what the others said stays, and
  // take_complaint says so once for each run of failures.
  void set_method(std::unique_ptr<PluginMethod> method);
  [[nodiscard]] std::optional<std::string> take_complaint();

  [[nodiscard]] const datum::Schema& schema() const { return schema_; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] std::size_t owed() const { return owed_.size(); }
  // Records that the system never saw.
  [[nodiscard]] std::uint64_t never_shown() const { return never_shown_; }

 private:
  struct Stream {
    std::deque<datum::Record> rows;  // oldest first
    std::uint64_t heard = 0;         // number of the record that came last
  };

  static constexpr std::size_t kTimesKept = 9;

  void show_owed(std::size_t count);
  void owe(const datum::Record& record);
  void note_time(Instant time);
  [[nodiscard]] bool ahead_of_all(Instant time) const;
  using Shown = Result<onboard::CompletedRecord>;
  [[nodiscard]] std::vector<Shown> show(std::span<const datum::Record* const> records);
  [[nodiscard]] std::vector<std::optional<Shown>> show_in_time(std::span<const datum::Record* const> newest);
  void take_shown(const datum::Record& newest, std::optional<Shown> shown, CompletedNewest& out);
  void complete_alone(const datum::Record& newest, CompletedNewest& out) const;
  void complete_in_haste(const datum::Record& newest, CompletedNewest& out);
  void complete_by_rules(const datum::Record& newest, CompletedNewest& out) const;
  void describe(const datum::Record& newest, CompletedNewest& out) const;
  void apply_method(const datum::Record& newest, CompletedNewest& out);
  void keep(const datum::Record& record);

  const datum::Schema& schema_;
  LadderOptions options_;
  std::unique_ptr<onboard::StreamCompleter> system_;
  std::unique_ptr<PluginMethod> method_;
  std::map<std::string, Stream> streams_;
  std::deque<datum::Record> owed_;  // oldest first
  std::deque<Instant> times_;       // the last that were stated
  std::uint64_t records_ = 0, never_shown_ = 0;
  bool method_fails_ = false;
  std::optional<std::string> complaint_;
};

}  // namespace skywarden::serving
