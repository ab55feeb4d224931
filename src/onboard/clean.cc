#include "onboard/clean.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

using datum::Field;
using datum::FieldSpec;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;

constexpr double kSecondsAnHour = 3600.0;
// Past this many pairs the memory of how often a field moves is halved, so that it follows the seasons.
constexpr double kPairsMax = 10'000;

constexpr double kPriorPairs = 2;

// The observed number or level; nothing for text and for what is not observed.
std::optional<double> observed_level(const Field& field) {
  const auto* observed = std::get_if<Observed>(&field);
  if (observed == nullptr) return std::nullopt;
  if (const double* number = std::get_if<double>(&observed->value)) return *number;
  if (const auto* category = std::get_if<datum::Category>(&observed->value)) return category->level;
  return std::nullopt;
}

double distance(const FieldSpec& spec, double a, double b) {
  const double straight = std::abs(a - b);
  if (!spec.circular || !spec.min || !spec.max) return straight;
  return std::min(straight, (*spec.max - *spec.min) - straight);
}

bool out_of_range(const FieldSpec& spec, double value) {
  if (spec.kind != datum::FieldKind::kNumber) return false;
  return !std::isfinite(value) || (spec.min && value < *spec.min) || (spec.max && value > *spec.max);
}

}  // namespace

std::size_t CleanReport::count(std::size_t field, MissingReason reason) const {
  EXPECTS(field < counts_.size());
  return counts_[field][static_cast<std::size_t>(reason)];
}

std::size_t CleanReport::count(MissingReason reason) const {
  std::size_t sum = 0;
  for (const auto& of_field : counts_) sum += of_field[static_cast<std::size_t>(reason)];
  return sum;
}

void CleanReport::add(std::size_t field, MissingReason reason) {
  EXPECTS(field < counts_.size() && static_cast<std::size_t>(reason) < kReasons);
  ++counts_[field][static_cast<std::size_t>(reason)];
}

std::vector<std::string> CleanReport::lines(const datum::Schema& schema) const {
  EXPECTS(schema.fields.size() == counts_.size());
  std::vector<std::string> out;
  for (std::size_t f = 0; f < counts_.size(); ++f) {
    std::string line;
    for (std::size_t r = 0; r < kReasons; ++r) {
      if (counts_[f][r] == 0) continue;
      line += fmt::format("{}{} {}", line.empty() ? ": " : ", ", counts_[f][r],
                          to_string(static_cast<MissingReason>(r)));
    }
    if (!line.empty()) out.push_back(schema.fields[f].name + line);
  }
  return out;
}

Cleaner::Cleaner(datum::Schema schema, CleanOptions options)
    : schema_(std::move(schema)),
      options_(options),
      report_(schema_.fields.size()),
      motion_(schema_.fields.size()) {
  EXPECTS(options_.confirmations >= 1);
  EXPECTS(options_.stuck_probability_max > 0.0 && options_.rest_factor >= 1.0);
}

void Cleaner::clean(datum::Record& record, std::optional<Instant> arrival) {
  EXPECTS(record.fields.size() == schema_.fields.size());
  ++report_.records;
  auto at = streams_.find(record.stream);
  if (at == streams_.end() && streams_.size() < options_.streams_max)
    at = streams_
             .emplace(record.stream, StreamState{{}, {}, 0, std::vector<FieldState>(schema_.fields.size())})
             .first;
  StreamState* stream = at == streams_.end() ? nullptr : &at->second;
  if (stream == nullptr) ++report_.unwatched;
  const bool clock_right = stream == nullptr || believes_clock(*stream, record.time, arrival);
  if (!clock_right) ++report_.clock_jumps;

  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    if (const auto* missing = std::get_if<Missing>(&record.fields[i])) {
      report_.add(i, missing->reason);
      continue;
    }
    if (!clock_right) {
      lose(record, i, MissingReason::kClockJump);
      continue;
    }
    const auto value = observed_level(record.fields[i]);
    if (!value) continue;
    if (out_of_range(schema_.fields[i], *value)) {
      lose(record, i, MissingReason::kOutOfRange);
    } else if (stream != nullptr && !schema_.time_repeats) {
      if (const auto reason = judge(i, stream->fields[i], *value, record.time)) lose(record, i, *reason);
    }
  }
}

void Cleaner::lose(datum::Record& record, std::size_t field, MissingReason reason) {
  record.fields[field] = Missing{reason};
  report_.add(field, reason);
}

bool Cleaner::believes_clock(StreamState& stream, Instant time, std::optional<Instant> arrival) const {
  // Nothing is observed before it happened, however often it is said.
  if (arrival && time > *arrival + options_.ahead_max) return false;
  const auto follows = [&](Instant before) {
    return time >= before - options_.late_max && time <= before + options_.gap_max;
  };
  if (!stream.latest || follows(*stream.latest)) {
    stream.latest = stream.latest ? std::max(*stream.latest, time) : time;
    stream.leap.reset();
    return true;
  }
  stream.agreeing = stream.leap && follows(*stream.leap) ? stream.agreeing + 1 : 1;
  stream.leap = time;
  if (stream.agreeing < options_.confirmations) return false;
  stream.latest = time;
  stream.leap.reset();
  // What was known belongs to another time: rates and runs across the leap would mean nothing.
  for (FieldState& field : stream.fields) {
    field.believed.reset();
    field.candidate.reset();
    field.run.reset();
    field.repeats = 0.0;
  }
  return true;
}

std::optional<MissingReason> Cleaner::judge(std::size_t field, FieldState& state, double value,
                                            Instant time) {
  const FieldSpec& spec = schema_.fields[field];
  if (spec.rate_max_per_hour && too_fast(spec, state, value, time)) return MissingReason::kRateOfChange;
  if (spec.stuck_hours && is_stuck(spec, state, motion_[field], value, time)) return MissingReason::kStuck;
  return std::nullopt;
}

bool Cleaner::too_fast(const FieldSpec& spec, FieldState& state, double value, Instant time) const {
  const auto reachable = [&](const Level& from) {
    const Duration apart =
        std::max(time >= from.time ? time - from.time : from.time - time, options_.rate_interval_min);
    return distance(spec, value, from.value) <= *spec.rate_max_per_hour * to_seconds(apart) / kSecondsAnHour;
  };
  if (state.believed && !reachable(*state.believed)) {
    state.agreeing = state.candidate && reachable(*state.candidate) ? state.agreeing + 1 : 1;
    state.candidate = Level{value, time};
    if (state.agreeing < options_.confirmations) return true;
  }
  state.candidate.reset();
  if (!state.believed || time >= state.believed->time) state.believed = Level{value, time};
  return false;
}

void Cleaner::Motion::add_run(double repeats) {
  pairs += repeats + 1.0;
  changes += 1.0;
  if (pairs <= kPairsMax) return;
  pairs /= 2.0;
  changes /= 2.0;
}

bool Cleaner::is_stuck(const FieldSpec& spec, FieldState& state, Motion& all_streams, double value,
                       Instant time) const {
  if (!state.run || value != state.run->value) {
    if (state.run) {
      state.motion.add_run(state.repeats);
      all_streams.add_run(state.repeats);
    }
    state.run = Level{value, time};
    state.repeats = 0.0;
    return false;
  }
  state.repeats += 1.0;
  const bool at_end = (spec.min && value == *spec.min) || (spec.max && value == *spec.max);
  const double hours_max = *spec.stuck_hours * (at_end ? options_.rest_factor : 1.0);
  if (to_seconds(time - state.run->time) / kSecondsAnHour <= hours_max) return false;
  // A stream that has not moved yet is judged by the same field of the others, and by itself ever more.
  const double prior = all_streams.pairs > 0.0 ? all_streams.changes / all_streams.pairs : 0.0;
  const double moves = (state.motion.changes + kPriorPairs * prior) / (state.motion.pairs + kPriorPairs);
  const bool stuck = state.repeats * std::log1p(-moves) < std::log(options_.stuck_probability_max);
  // A run found stuck says nothing of how the field normally moves.
  if (stuck) state.repeats -= 1.0;
  return stuck;
}

}  // namespace skywarden::onboard
