// Completion of the newest records of one schema, a few at a time, from the rows that came lately: what a
// service asks of completion. It keeps a bounded number of rows for each stream and runs onboard/complete.h
// over them anew for each batch. Whoever completes streams with a state of their own can stand here instead:
// `complete_newest` is all that the service calls.
//
// Three depths, dearest first, so that a deadline can be met with less:
//   kSystem  all streams of the schema together: copies of other streams, neighbours, the trained model
//   kStream  the record's own stream alone, with the trained model
//   kRules   the stream's last known value, without an interval
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
#include "serving/plugin.h"

namespace skywarden::serving {

enum class CompletionDepth : std::uint8_t { kSystem, kStream, kRules };
[[nodiscard]] std::string_view to_string(CompletionDepth depth);  // "system", "stream", "rules"

struct RecentRowsOptions {
  std::size_t stream_rows = 16;         // kept of each stream
  std::size_t streams_max = 1024;       // beyond, the stream that has been silent for longest is forgotten
  std::size_t system_streams_max = 32;  // with more, kSystem is kStream: time grows with their square
  std::size_t cells_max = 1'000'000;    // of a panel of all streams; beyond, kSystem is kStream
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

class RecentRows {
 public:
  // `reviewer` is the trained model at work, or null; causal.
  RecentRows(const datum::Schema& schema, std::unique_ptr<onboard::NumberReviewer> reviewer,
             RecentRowsOptions options = {});

  // Records in the order of their arrival, fields as many as the schema has. What is said of one rests on
  // those before it in the list and on earlier calls.
  [[nodiscard]] std::vector<CompletedNewest> complete_newest(std::span<const datum::Record* const> newest,
                                                             CompletionDepth depth);

  // Another model, or none, from the next call on.
  void set_reviewer(std::unique_ptr<onboard::NumberReviewer> reviewer) { reviewer_ = std::move(reviewer); }
  // A completion method and detector from outside, or none. When it fails, what the others said stays, and
  // take_complaint says so once for each run of failures.
  void set_method(std::unique_ptr<PluginMethod> method);
  [[nodiscard]] std::optional<std::string> take_complaint();

  [[nodiscard]] const datum::Schema& schema() const { return schema_; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    std::deque<datum::Record> rows;  // oldest first
    std::uint64_t heard = 0;         // number of the record that came last
  };

  void complete_together(std::span<const datum::Record* const> newest, std::span<const std::string> streams,
                         std::span<CompletedNewest> out);
  void complete_by_rules(const datum::Record& newest, CompletedNewest& out) const;
  void describe(const datum::Record& newest, CompletedNewest& out) const;
  void apply_method(const datum::Record& newest, CompletedNewest& out);
  [[nodiscard]] bool fits_together(std::size_t newest, std::size_t streams) const;
  void keep(const datum::Record& record);

  const datum::Schema& schema_;
  std::unique_ptr<onboard::NumberReviewer> reviewer_;
  std::unique_ptr<PluginMethod> method_;
  RecentRowsOptions options_;
  std::map<std::string, Stream> streams_;
  std::uint64_t records_ = 0;
  bool method_fails_ = false;
  std::optional<std::string> complaint_;
};

}  // namespace skywarden::serving
