#include "onboard/complete_stream.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

// The source of records that come one by one: those of a slot see the ones before them. Each of a backlog is
// its own source, and they see each other.
constexpr std::uint32_t kOneByOne = 0;

Result<void> check_field(const datum::FieldSpec& spec, const datum::Field& field) {
  const datum::Value* value = datum::value_of(field);
  if (value == nullptr) return {};
  const auto* number = std::get_if<double>(value);
  const auto* level = std::get_if<datum::Category>(value);
  if (spec.kind == datum::FieldKind::kNumber && (number == nullptr || !std::isfinite(*number)))
    return fail(Errc::kMalformed, "{}: expected a finite number", spec.name);
  if (spec.kind == datum::FieldKind::kCategory && (level == nullptr || level->level >= spec.levels.size()))
    return fail(Errc::kMalformed, "{}: expected one of {} levels", spec.name, spec.levels.size());
  if (spec.kind == datum::FieldKind::kText && !std::holds_alternative<std::string>(*value))
    return fail(Errc::kMalformed, "{}: expected a text", spec.name);
  return {};
}

CompleteOptions steps_options(const StreamOptions& options, NumberReviewer* reviewer) {
  CompleteOptions out;
  out.causal = true;
  out.abstain_beyond = options.abstain_beyond;
  out.copy_disagreements_max = options.copy_disagreements_max;
  out.reviewer = reviewer;
  return out;
}

}  // namespace

Result<void> StreamOptions::validate() const {
  if (streams_max < 1 || streams_max > 4096) return fail(Errc::kOutOfRange, "streams_max: expected 1…4,096");
  if (window_slots < 256 || window_slots > (1U << 20U) || !std::has_single_bit(window_slots))
    return fail(Errc::kOutOfRange, "window_slots: expected a power of two, 256…2^20");
  if (slots_max < 1 || slots_max > 0x7FFFFFFF)  // of Work::previous
    return fail(Errc::kOutOfRange, "slots_max: expected 1…2^31 − 1");
  return {};
}

StreamCompleter::StreamCompleter(datum::Schema schema, std::unique_ptr<NumberReviewer> reviewer,
                                 StreamOptions options)
    : schema_(std::move(schema)),
      reviewer_(std::move(reviewer)),
      options_(options),
      window_(schema_.fields.size(), options_.window_slots),
      steps_(window_.panel(), schema_, steps_options(options_, reviewer_.get()), {}) {
  EXPECTS(options_.validate().has_value());
}

Result<void> StreamCompleter::check(const datum::Record& record) const {
  if (record.stream.empty()) return fail(Errc::kMalformed, "expected the name of a stream");
  if (record.fields.size() != schema_.fields.size())
    return fail(Errc::kMalformed, "{}: {} fields, expected {}", record.stream, record.fields.size(),
                schema_.fields.size());
  for (std::size_t f = 0; f < record.fields.size(); ++f)
    if (const auto sound = check_field(schema_.fields[f], record.fields[f]); !sound)
      return fail(sound.error().code, "{}: {}", record.stream, sound.error().message);
  if (worn_out()) return fail(Errc::kLimitReached, "expected at most {} slots", options_.slots_max);
  return {};
}

void StreamCompleter::set_reviewer(std::unique_ptr<NumberReviewer> reviewer) {
  steps_.set_reviewer(reviewer.get());
  reviewer_ = std::move(reviewer);
}

std::unique_ptr<NumberReviewer> StreamCompleter::take_reviewer() {
  steps_.set_reviewer(nullptr);
  return std::move(reviewer_);
}

void StreamCompleter::rename(const std::vector<std::size_t>& moves) {
  const std::size_t before = window_.panel().streams();
  window_.name_streams(moves, names_);
  steps_.move_streams(moves, before);
}

Result<std::size_t> StreamCompleter::stream_of(const std::string& name) {
  if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
  std::vector<std::size_t> moves(names_.size());
  std::iota(moves.begin(), moves.end(), std::size_t{0});
  if (names_.size() < options_.streams_max) {
    moves.push_back(kNewStream);
    names_.push_back(name);
    latest_.push_back(Instant::min());
    last_slots_.push_back(0);
    rename(moves);
    return numbers_.emplace(name, names_.size() - 1).first->second;
  }
  const auto silent = static_cast<std::size_t>(std::min_element(last_slots_.begin(), last_slots_.end()) -
                                               last_slots_.begin());
  if (!has_slot() || newest() - last_slots_[silent] < options_.idle_slots ||
      seconds_between(latest_[silent], window_.panel().time(newest())) < to_seconds(options_.idle))
    return fail(Errc::kLimitReached, "{}: expected at most {} streams", name, options_.streams_max);
  numbers_.erase(names_[silent]);
  names_[silent] = name;
  latest_[silent] = Instant::min();
  moves[silent] = kNewStream;
  rename(moves);
  ++forgotten_;
  return numbers_.emplace(name, silent).first->second;
}

void StreamCompleter::settle() {
  if (settled_) return;
  steps_.learn(newest());
  settled_ = true;
}

void StreamCompleter::open(Instant time) {
  settle();
  steps_.open(window_.open(time));
  settled_ = false;
}

// The latest slot not after the time at which the stream has no record yet; else the newest.
std::size_t StreamCompleter::slot_passed(std::size_t stream, Instant time) const {
  const Panel& panel = window_.panel();
  const std::size_t late_max = std::min<std::size_t>(kLateSlots, panel.rows() - Work::kMargin - 1);
  const std::size_t oldest = newest() > late_max ? newest() - late_max : 0;
  std::size_t low = oldest, high = newest() + 1;  // the first slot after the time lies in low…high
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (panel.time(middle) <= time)
      low = middle + 1;
    else
      high = middle;
  }
  if (low > oldest && panel.record_at(low - 1, stream) == Panel::kNoRecord) return low - 1;
  return newest();
}

std::optional<std::size_t> StreamCompleter::free_slot(std::size_t stream, Instant time) const {
  if (!has_slot()) return std::nullopt;
  const Panel& panel = window_.panel();
  const auto is_free = [&](std::size_t slot) { return panel.record_at(slot, stream) == Panel::kNoRecord; };
  if (time < panel.time(newest())) {
    const std::size_t slot = slot_passed(stream, time);
    if (is_free(slot)) return slot;
  }
  return time <= panel.time(newest()) && is_free(newest()) ? std::optional(newest()) : std::nullopt;
}

std::size_t StreamCompleter::slot_for(std::size_t stream, Instant time) {
  if (const auto slot = free_slot(stream, time)) return *slot;
  open(has_slot() ? std::max(time, window_.panel().time(newest())) : time);
  return newest();
}

CompletedRecord StreamCompleter::answer(const datum::Record& record, std::size_t slot,
                                        std::size_t stream) const {
  CompletedRecord out{record, slot != newest() || settled_};
  const Panel& panel = window_.panel();
  const Completion& said = steps_.said();
  for (std::size_t f = 0; f < record.fields.size(); ++f) {
    if (!std::holds_alternative<datum::Missing>(record.fields[f])) continue;
    const std::size_t cell = panel.at(slot, stream, f);
    if (said.origins[cell] == Origin::kNone) continue;
    out.record.fields[f] = completed_field(panel, schema_, said, cell, f);
  }
  return out;
}

bool StreamCompleter::joins_newest(const datum::Record& record) const {
  const auto known = numbers_.find(record.stream);
  if (known == numbers_.end() || !has_slot()) return false;
  return free_slot(known->second, std::max(latest_[known->second], record.time)) == newest();
}

Result<CompletedRecord> StreamCompleter::complete(const datum::Record& record) {
  const datum::Record* const one = &record;
  return std::move(complete_each(std::span(&one, 1)).front());
}

std::vector<Result<CompletedRecord>> StreamCompleter::complete_each(
    std::span<const datum::Record* const> records) {
  std::vector<Result<CompletedRecord>> out(records.size());
  std::vector<CompletionSteps::Arrived> arrived;
  std::vector<std::size_t> waiting;  // who they are, to be completed together
  const auto complete_arrived = [&] {
    steps_.complete(arrived);
    for (std::size_t i = 0; i < waiting.size(); ++i)
      out[waiting[i]] = answer(*records[waiting[i]], arrived[i].slot, arrived[i].stream);
    arrived.clear();
    waiting.clear();
  };
  const auto waits = [&](const std::string& stream) {
    return std::ranges::any_of(waiting, [&](std::size_t r) { return records[r]->stream == stream; });
  };
  for (std::size_t r = 0; r < records.size(); ++r) {
    const datum::Record& record = *records[r];
    if (!waiting.empty() && (waits(record.stream) || !joins_newest(record))) complete_arrived();
    const auto sound = check(record);
    const auto stream = sound ? stream_of(record.stream) : tl::unexpected(sound.error());
    if (!stream) {
      out[r] = tl::unexpected(stream.error());
      continue;
    }
    latest_[*stream] = std::max(latest_[*stream], record.time);
    const std::size_t slot = slot_for(*stream, latest_[*stream]);
    window_.put(slot, *stream, kOneByOne, record.fields);
    last_slots_[*stream] = std::max(last_slots_[*stream], slot);
    arrived.push_back({slot, *stream});
    steps_.arrive(std::span(arrived).last(1));
    if (slot != newest()) steps_.carry_forward(slot, *stream, newest());
    waiting.push_back(r);
  }
  complete_arrived();
  return out;
}

std::vector<Result<CompletedRecord>> StreamCompleter::complete_backlog(
    std::span<const datum::Record> records) {
  std::vector<Result<CompletedRecord>> out(records.size());
  // By time, then by how many of its stream and time came before, then by name, so that the order of arrival
  // does not matter.
  struct Entry {
    Instant time;
    std::size_t rank, record;
  };
  std::vector<Entry> order;
  std::vector<std::size_t> together;
  std::map<std::pair<Instant, std::string_view>, std::size_t> ranks;
  for (std::size_t r = 0; r < records.size(); ++r)
    order.push_back({records[r].time, ranks[{records[r].time, records[r].stream}]++, r});
  std::sort(order.begin(), order.end(), [&](const Entry& a, const Entry& b) {
    return std::tie(a.time, a.rank, records[a.record].stream) <
           std::tie(b.time, b.rank, records[b.record].stream);
  });
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    together.clear();
    for (; last < order.size() && order[last].time == order[first].time &&
           order[last].rank == order[first].rank;
         ++last)
      together.push_back(order[last].record);
    complete_together(records, together, out);
  }
  return out;
}

void StreamCompleter::complete_together(std::span<const datum::Record> records,
                                        std::span<const std::size_t> together,
                                        std::vector<Result<CompletedRecord>>& out) {
  std::map<std::size_t, std::size_t> members;  // stream → record
  const Panel& panel = window_.panel();
  const Instant time = records[together.front()].time;
  for (const std::size_t r : together) {
    const auto sound = check(records[r]);
    const auto stream = sound ? stream_of(records[r].stream) : tl::unexpected(sound.error());
    if (!stream) {
      out[r] = tl::unexpected(stream.error());
    } else if (time < latest_[*stream] || (has_slot() && time < panel.time(newest()))) {
      out[r] = complete(records[r]);
    } else {
      members.emplace(*stream, r);
      latest_[*stream] = time;
      last_slots_[*stream] = has_slot() ? newest() : 0;  // so that no other member takes its place
    }
  }
  if (members.empty()) return;
  bool newest_is_free = has_slot() && !settled_ && panel.time(newest()) == time;
  for (const auto& [stream, r] : members)
    newest_is_free = newest_is_free && panel.record_at(newest(), stream) == Panel::kNoRecord;
  if (!newest_is_free) open(time);
  std::vector<CompletionSteps::Arrived> arrived;
  for (const auto& [stream, r] : members) {
    window_.put(newest(), stream, static_cast<std::uint32_t>(stream) + 1, records[r].fields);
    last_slots_[stream] = newest();
    arrived.push_back({newest(), stream});
  }
  steps_.arrive(arrived);
  steps_.complete(arrived);
  for (const auto& [stream, r] : members) out[r] = answer(records[r], newest(), stream);
}

}  // namespace skywarden::onboard
