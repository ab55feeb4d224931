#include "serving/completion_ladder.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "onboard/complete.h"
#include "onboard/panel.h"

namespace skywarden::serving {
namespace {

constexpr std::size_t kStretchRows = 3;  // that a field is missing in a row until it is called a stretch
constexpr std::size_t kOwedAtOnce = 32;  // records owed that are shown with a call, at least

bool missing(const datum::Field& field) {
  return std::holds_alternative<datum::Missing>(field);
}

bool all_missing(const datum::Record& record) {
  return std::ranges::all_of(record.fields, missing);
}

skywarden_cell cell_of(const datum::Field& field) {
  skywarden_cell cell{};
  const datum::Value* value = datum::value_of(field);
  if (value == nullptr) return cell;
  cell.state = std::holds_alternative<datum::Observed>(field) ? SKYWARDEN_OBSERVED : SKYWARDEN_ESTIMATED;
  if (const auto* number = std::get_if<double>(value)) cell.value = cell.low = cell.high = *number;
  if (const auto* level = std::get_if<datum::Category>(value)) {
    cell.value = level->level;
    cell.low = 1.0;
  }
  if (const auto* estimated = std::get_if<datum::Estimated>(&field)) {
    if (estimated->interval) {
      cell.low = estimated->interval->low;
      cell.high = estimated->interval->high;
    }
    if (std::holds_alternative<datum::Category>(*value)) cell.low = estimated->probability.value();
  }
  return cell;
}

datum::Field field_of(const skywarden_cell& cell, const datum::FieldSpec& spec, const std::string& by) {
  datum::Estimated out;
  out.by = by;
  if (spec.kind == datum::FieldKind::kCategory) {
    out.value = datum::Category{static_cast<std::uint16_t>(cell.value)};
    out.probability = Probability(cell.low);
  } else {
    out.value = cell.value;
    out.interval = datum::Interval{cell.low, cell.high};
  }
  return out;
}

std::vector<skywarden_cell> cells_of(const datum::Record& record) {
  std::vector<skywarden_cell> out;
  for (const datum::Field& field : record.fields) out.push_back(cell_of(field));
  return out;
}

bool same(const skywarden_cell& a, const skywarden_cell& b) {
  return a.state == b.state && a.value == b.value && a.low == b.low && a.high == b.high;
}

}  // namespace

std::string_view to_string(CompletionDepth depth) {
  switch (depth) {
    case CompletionDepth::kSystem:
      return "system";
    case CompletionDepth::kTrees:
      return "trees";
    case CompletionDepth::kStream:
      return "stream";
    case CompletionDepth::kRules:
      return "rules";
  }
  return "";
}

std::string_view to_string(GapPattern pattern) {
  switch (pattern) {
    case GapPattern::kNone:
      return "none";
    case GapPattern::kScattered:
      return "scattered";
    case GapPattern::kStretch:
      return "stretch";
    case GapPattern::kWholeRecord:
      return "whole_record";
  }
  return "";
}

Result<void> LadderOptions::validate() const {
  if (stream_rows == 0 || stream_rows > 10'000)
    return fail(Errc::kOutOfRange, "stream_rows: expected 1…10,000");
  if (streams_max == 0 || streams_max > 4096) return fail(Errc::kOutOfRange, "streams_max: expected 1…4,096");
  if (owed_max > 1'000'000) return fail(Errc::kOutOfRange, "owed_max: expected at most 1,000,000");
  if (ahead_max <= Duration::zero()) return fail(Errc::kOutOfRange, "ahead_max: expected more than 0");
  return system.validate();
}

CompletionLadder::CompletionLadder(const datum::Schema& schema,
                                   std::unique_ptr<onboard::NumberReviewer> reviewer, LadderOptions options)
    : schema_(schema),
      options_(options),
      system_(std::make_unique<onboard::StreamCompleter>(schema, std::move(reviewer), options_.system)) {
  EXPECTS(options_.validate().has_value());
}

void CompletionLadder::set_reviewer(std::unique_ptr<onboard::NumberReviewer> reviewer) {
  system_->set_reviewer(std::move(reviewer));
}

void CompletionLadder::set_method(std::unique_ptr<PluginMethod> method) {
  method_ = std::move(method);
  method_fails_ = false;
}

std::optional<std::string> CompletionLadder::take_complaint() {
  return std::exchange(complaint_, std::nullopt);
}

std::vector<CompletedNewest> CompletionLadder::complete_newest(std::span<const datum::Record* const> newest,
                                                               Haste haste) {
  std::vector<CompletedNewest> out(newest.size());
  // Of what is owed nobody asks the networks' opinion any more.
  system_->spare_networks(true);
  show_owed(to_be_shown(newest.size(), haste));
  const bool by_rules = haste == Haste::kGreat || !owed_.empty();
  const bool spared = system_->spare_networks(haste != Haste::kNone) && haste != Haste::kNone;
  // The system knows all of them before the first is kept here: it looks at several at once.
  std::vector<std::optional<Shown>> shown;
  if (!by_rules) shown = show_in_time(newest);
  for (std::size_t i = 0; i < newest.size(); ++i) {
    const datum::Record& record = *newest[i];
    EXPECTS(record.fields.size() == schema_.fields.size());
    describe(record, out[i]);
    if (by_rules) {
      note_time(record.time);
      complete_in_haste(record, out[i]);
    } else {
      if (spared) out[i].depth = CompletionDepth::kTrees;
      take_shown(record, std::move(shown[i]), out[i]);
      if (method_) apply_method(record, out[i]);
    }
    keep(record);
  }
  return out;
}

std::vector<CompletedNewest> CompletionLadder::complete_and_forgo(
    std::span<const datum::Record* const> newest) {
  std::vector<CompletedNewest> out(newest.size());
  for (std::size_t i = 0; i < newest.size(); ++i) {
    const datum::Record& record = *newest[i];
    EXPECTS(record.fields.size() == schema_.fields.size());
    out[i].record = record;
    describe(record, out[i]);
    note_time(record.time);
    complete_by_rules(record, out[i]);
    ++never_shown_;
    keep(record);
  }
  return out;
}

std::size_t CompletionLadder::to_be_shown(std::size_t newest, Haste haste) const {
  return haste == Haste::kGreat ? 0 : std::min(owed_.size(), std::max(kOwedAtOnce, 2 * newest));
}

std::optional<Instant> CompletionLadder::newest_time() const {
  return times_.empty() ? std::nullopt : std::optional(*std::ranges::max_element(times_));
}

std::vector<datum::Record> CompletionLadder::rows_of(const std::string& stream) const {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return {};
  return {found->second.rows.begin(), found->second.rows.end()};
}

void CompletionLadder::show_owed(std::size_t count) {
  const std::size_t many = std::min(count, owed_.size());
  std::vector<const datum::Record*> records;
  for (std::size_t i = 0; i < many; ++i) records.push_back(&owed_[i]);
  for (const Shown& shown : show(records))
    if (!shown) ++never_shown_;
  owed_.erase(owed_.begin(), owed_.begin() + static_cast<std::ptrdiff_t>(many));
}

void CompletionLadder::note_time(Instant time) {
  times_.push_back(time);
  if (times_.size() > kTimesKept) times_.pop_front();
}

bool CompletionLadder::ahead_of_all(Instant time) const {
  std::vector<Instant> sorted(times_.begin(), times_.end());
  std::ranges::sort(sorted);
  if (sorted.empty()) return false;
  const Instant middle = sorted[(sorted.size() - 1) / 2];
  // Records that come once a week are that far apart without anything being wrong.
  return onboard::seconds_between(middle, time) >
         std::max(to_seconds(options_.ahead_max), 2.0 * onboard::seconds_between(sorted.front(), middle));
}

void CompletionLadder::complete_in_haste(const datum::Record& newest, CompletedNewest& out) {
  out.record = newest;
  complete_by_rules(newest, out);
  if (ahead_of_all(newest.time))
    ++never_shown_;
  else
    owe(newest);
}

void CompletionLadder::owe(const datum::Record& record) {
  owed_.push_back(record);
  if (owed_.size() <= options_.owed_max) return;
  owed_.pop_front();
  ++never_shown_;
}

std::vector<CompletionLadder::Shown> CompletionLadder::show(std::span<const datum::Record* const> records) {
  auto out = system_->complete_each(records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (out[i] || !system_->worn_out()) continue;
    system_ = std::make_unique<onboard::StreamCompleter>(schema_, system_->take_reviewer(), options_.system);
    std::ranges::move(system_->complete_each(records.subspan(i)),
                      out.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return out;
}

// Nothing for those that would hold the system's clock.
std::vector<std::optional<CompletionLadder::Shown>> CompletionLadder::show_in_time(
    std::span<const datum::Record* const> newest) {
  std::vector<std::optional<Shown>> out(newest.size());
  std::vector<const datum::Record*> records;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < newest.size(); ++i) {
    note_time(newest[i]->time);
    if (ahead_of_all(newest[i]->time)) continue;
    records.push_back(newest[i]);
    places.push_back(i);
  }
  auto shown = show(records);
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(shown[i]);
  return out;
}

void CompletionLadder::take_shown(const datum::Record& newest, std::optional<Shown> shown,
                                  CompletedNewest& out) {
  if (shown && *shown) {
    out.record = std::move((*shown)->record);
    return;
  }
  ++never_shown_;
  out.record = newest;
  out.depth = CompletionDepth::kStream;
  complete_alone(newest, out);
}

void CompletionLadder::complete_alone(const datum::Record& newest, CompletedNewest& out) const {
  onboard::PanelBuilder builder(schema_.fields.size(), {.arrival_order = true});
  const auto add = [&](const datum::Record& record) {
    const auto added = builder.add(0, record.stream, record.time, record.fields);
    ENSURES(added.has_value());  // a few rows of one stream
    return *added;
  };
  if (const auto found = streams_.find(newest.stream); found != streams_.end())
    for (const datum::Record& row : found->second.rows) add(row);
  const std::size_t place = add(newest);
  const auto panel = builder.build();
  ENSURES(panel.has_value());
  const onboard::Completion completion = onboard::complete(*panel, schema_, {.causal = true});
  const datum::Record completed = onboard::completed_record(*panel, schema_, completion, place);
  for (std::size_t f = 0; f < schema_.fields.size(); ++f)
    if (missing(newest.fields[f])) out.record.fields[f] = completed.fields[f];
}

void CompletionLadder::complete_by_rules(const datum::Record& newest, CompletedNewest& out) const {
  out.depth = CompletionDepth::kRules;
  const auto found = streams_.find(newest.stream);
  if (found == streams_.end()) return;
  for (std::size_t f = 0; f < schema_.fields.size(); ++f) {
    if (!missing(newest.fields[f]) || schema_.fields[f].kind > datum::FieldKind::kCategory) continue;
    const auto& rows = found->second.rows;
    const auto last = std::find_if(rows.rbegin(), rows.rend(),
                                   [&](const datum::Record& row) { return !missing(row.fields[f]); });
    if (last == rows.rend()) continue;
    datum::Estimated estimate{*datum::value_of(last->fields[f]), std::nullopt, Probability(0.0),
                              "last_value"};
    out.record.fields[f] = std::move(estimate);
  }
}

void CompletionLadder::describe(const datum::Record& newest, CompletedNewest& out) const {
  const auto found = streams_.find(newest.stream);
  out.new_stream = found == streams_.end();
  const bool whole = all_missing(newest);
  out.patterns.reserve(newest.fields.size());
  for (std::size_t f = 0; f < newest.fields.size(); ++f) {
    std::size_t length = 0;
    if (missing(newest.fields[f])) {
      length = 1;
      if (found != streams_.end())
        for (auto row = found->second.rows.rbegin();
             row != found->second.rows.rend() && missing(row->fields[f]); ++row)
          ++length;
    }
    out.patterns.push_back(length == 0              ? GapPattern::kNone
                           : whole                  ? GapPattern::kWholeRecord
                           : length >= kStretchRows ? GapPattern::kStretch
                                                    : GapPattern::kScattered);
  }
  if (out.new_stream) return;
  out.clock_back = std::ranges::any_of(found->second.rows,
                                       [&](const datum::Record& row) { return row.time > newest.time; });
}

void CompletionLadder::apply_method(const datum::Record& newest, CompletedNewest& out) {
  std::vector<skywarden_cell> before;
  if (const auto found = streams_.find(newest.stream); found != streams_.end())
    for (const datum::Record& row : found->second.rows) {
      const auto cells = cells_of(row);
      before.insert(before.end(), cells.begin(), cells.end());
    }
  const std::vector<skywarden_cell> said = cells_of(out.record);
  Result<void> went;
  if (method_->completes()) {
    std::vector<skywarden_cell> cells = said;
    went = method_->complete(before, cells);
    if (went)
      for (std::size_t f = 0; f < cells.size(); ++f)
        if (cells[f].state == SKYWARDEN_ESTIMATED && !same(cells[f], said[f]))
          out.record.fields[f] = field_of(cells[f], schema_.fields[f], method_->name());
  }
  if (went && method_->detects()) {
    auto scores = method_->score(before, cells_of(out.record));
    if (scores)
      out.anomalies = std::move(*scores);
    else
      went = tl::unexpected<Error>(scores.error());
  }
  if (!went && !method_fails_) complaint_ = went.error().message;
  method_fails_ = !went;
}

void CompletionLadder::keep(const datum::Record& record) {
  Stream& stream = streams_[record.stream];
  if (stream.rows.size() < options_.stream_rows) {
    stream.rows.push_back(record);
  } else {  // the oldest gives its memory to the newest
    datum::Record oldest = std::move(stream.rows.front());
    stream.rows.pop_front();
    oldest = record;
    stream.rows.push_back(std::move(oldest));
  }
  stream.heard = ++records_;
  if (streams_.size() <= options_.streams_max) return;
  streams_.erase(
      std::ranges::min_element(streams_, {}, [](const auto& entry) { return entry.second.heard; }));
}

}  // namespace skywarden::serving
