#include "onboard/complete_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kPartnersMax = 24;
constexpr std::size_t kNearest = 4;      // neighbours told one by one
constexpr std::int64_t kDaySearch = 48;  // slots in which the same hour of another day is looked for
constexpr std::int64_t kTrendSlots = 6;  // between two known values that still show a trend
constexpr std::array<std::int64_t, 3> kSpatialLags{1, 3, 12};

constexpr std::array<const char*, kSharedFeatures + 1> kOwnNames{"baseline",
                                                                 "mean_error",
                                                                 "width",
                                                                 "last",
                                                                 "next",
                                                                 "slots_before",
                                                                 "slots_after",
                                                                 "usual",
                                                                 "recent_mean",
                                                                 "trend_before",
                                                                 "trend_after",
                                                                 "hour_before",
                                                                 "hour_after",
                                                                 "hour",
                                                                 "month",
                                                                 "slots_seen",
                                                                 "spatial",
                                                                 "spatial_as_last",
                                                                 "spatial_as_next",
                                                                 "spatial_as_lately",
                                                                 "spatial_as_usual",
                                                                 "spatial_change_1",
                                                                 "spatial_change_3",
                                                                 "spatial_change_12",
                                                                 "neighbours",
                                                                 "least",
                                                                 "middle",
                                                                 "most",
                                                                 "nearest_1",
                                                                 "nearest_2",
                                                                 "nearest_3",
                                                                 "nearest_4",
                                                                 "nearest_deviation",
                                                                 "lately",
                                                                 "over_days",
                                                                 "missing_high",
                                                                 "missing_low",
                                                                 "record_known"};

std::vector<std::size_t> partners_of(const datum::Schema& schema, std::size_t field) {
  std::vector<std::size_t> out;
  for (std::size_t p = 0; p < schema.fields.size() && out.size() < kPartnersMax; ++p) {
    const datum::FieldKind kind = schema.fields[p].kind;
    if (p != field && (kind == datum::FieldKind::kNumber || kind == datum::FieldKind::kCategory))
      out.push_back(p);
  }
  return out;
}

float counted(std::int64_t slots) {
  return static_cast<float>(std::min<std::int64_t>(slots, 2000));
}

}  // namespace

std::vector<std::string> feature_names(const datum::Schema& schema, std::size_t field) {
  std::vector<std::string> out(kOwnNames.begin(), kOwnNames.end());
  for (const std::size_t p : partners_of(schema, field)) {
    const std::string& name = schema.fields[p].name;
    out.push_back(name);
    if (schema.fields[p].kind != datum::FieldKind::kNumber) continue;
    out.push_back(name + ".since_last");
    out.push_back(name + ".from_neighbours");
  }
  return out;
}

FeatureWriter::FeatureWriter(const Work& work, const datum::Schema& schema, const Course& forward,
                             const Course* backward, const SpatialModel& spatial, const CopyFinder& copies,
                             const LossPattern& losses)
    : work_(work),
      forward_(forward),
      backward_(backward),
      spatial_(spatial),
      copies_(copies),
      losses_(losses) {
  for (std::size_t f = 0; f < schema.fields.size(); ++f) partners_.push_back(partners_of(schema, f));
}

float FeatureWriter::level_from(std::int64_t slot, const Place& at) const {
  if (slot < 0 || (slot > at.left && (at.right < 0 || slot < at.right))) return kUnknown;
  const std::size_t cell = work_.panel.at(static_cast<std::size_t>(slot), at.stream, at.field);
  return work_.known(cell) ? work_.levels[cell] - at.base : kUnknown;
}

FeatureWriter::Place FeatureWriter::write_shared(std::size_t slot, std::size_t stream, std::size_t field,
                                                 const GapEnds& ends, const NumberEstimate& estimate) {
  const std::size_t cell = work_.panel.at(slot, stream, field);
  const Place at{slot,
                 stream,
                 field,
                 cell,
                 ends.left,
                 ends.right,
                 ends.with_record,
                 work_.known(cell),
                 static_cast<float>(estimate.value)};
  row_.clear();
  write_gap(at, estimate);
  write_time(at);
  write_neighbours(at);
  write_losses(at);
  ENSURES(row_.size() == kSharedFeatures);
  return at;
}

RecordNumber FeatureWriter::describe_alone(std::size_t slot, std::size_t stream, std::size_t field,
                                           const GapEnds& ends, const NumberEstimate& estimate) {
  const Place at = write_shared(slot, stream, field, ends, estimate);
  RecordNumber out{
      field, at.cell, work_.known(at.cell), true, 0.0F, at.base, static_cast<float>(estimate.mean_error), {}};
  if (out.known) out.level = work_.levels[at.cell];
  std::copy(row_.begin(), row_.end(), out.features.begin());
  return out;
}

MissingNumber FeatureWriter::describe(std::size_t slot, std::size_t stream, std::size_t field,
                                      const GapEnds& ends, const NumberEstimate& estimate) {
  const Place at = write_shared(slot, stream, field, ends, estimate);
  write_record(at);
  const auto here = static_cast<std::int64_t>(slot);
  return {at.cell, field, at.left >= 0 ? here - at.left : 0, at.right >= 0 ? at.right - here : 0, row_};
}

void FeatureWriter::write_gap(const Place& at, const NumberEstimate& estimate) {
  const Panel& panel = work_.panel;
  const auto here = static_cast<std::int64_t>(at.slot);
  const auto slots = static_cast<std::int64_t>(panel.slots());
  row_.insert(row_.end(), {at.base, static_cast<float>(estimate.mean_error),
                           static_cast<float>(estimate.high - estimate.low), level_from(at.left, at),
                           level_from(at.right, at), at.left >= 0 ? counted(here - at.left) : kUnknown,
                           at.right >= 0 ? counted(at.right - here) : kUnknown});
  // The usual course as it was known at the nearer end of the gap: later summaries know nothing more.
  const bool from_left = at.left >= 0;
  const std::int64_t end = from_left ? at.left : at.right;
  float usual = kUnknown, mean = kUnknown;
  if (end >= 0) {
    const Course& course = from_left || backward_ == nullptr ? forward_ : *backward_;
    const std::int64_t step = from_left ? -1 : 1;
    std::int64_t same_hour = end;
    for (std::int64_t n = 0; n < kDaySearch && same_hour >= 0 && same_hour < slots; ++n, same_hour += step) {
      if (work_.hour(static_cast<std::size_t>(same_hour)) != work_.hour(at.slot)) continue;
      usual = course.usual(panel.at(static_cast<std::size_t>(same_hour), at.stream, at.field)) - at.base;
      break;
    }
    mean = course.recent_mean(panel.at(static_cast<std::size_t>(end), at.stream, at.field)) - at.base;
  }
  float trend_before = kUnknown, trend_after = kUnknown;
  if (at.left > 0) {
    const std::int64_t one_more =
        work_.previous[panel.at(static_cast<std::size_t>(at.left - 1), at.stream, at.field)];
    if (one_more >= 0 && at.left - one_more <= kTrendSlots)
      trend_before =
          (level_from(at.left, at) - level_from(one_more, at)) / static_cast<float>(at.left - one_more);
  }
  if (at.right >= 0 && at.right + 1 < slots) {
    const std::int64_t one_more =
        work_.next[panel.at(static_cast<std::size_t>(at.right + 1), at.stream, at.field)];
    if (one_more >= 0 && one_more - at.right <= kTrendSlots)
      trend_after =
          (level_from(one_more, at) - level_from(at.right, at)) / static_cast<float>(one_more - at.right);
  }
  row_.insert(row_.end(), {usual, mean, trend_before, trend_after});
}

void FeatureWriter::write_time(const Place& at) {
  const auto slots = static_cast<std::int64_t>(work_.panel.slots());
  const auto same_hour = [&](std::int64_t step) {
    std::int64_t other = static_cast<std::int64_t>(at.slot) + step;
    for (std::int64_t n = 0; n < kDaySearch && other >= 0 && other < slots; ++n, other += step)
      if (work_.hour(static_cast<std::size_t>(other)) == work_.hour(at.slot)) return level_from(other, at);
    return kUnknown;
  };
  row_.insert(row_.end(), {same_hour(-1), backward_ != nullptr ? same_hour(1) : kUnknown,
                           static_cast<float>(work_.hour(at.slot)), static_cast<float>(work_.month(at.slot)),
                           backward_ != nullptr ? kUnknown : counted(static_cast<std::int64_t>(at.slot))});
}

float FeatureWriter::spatial_change(const Place& at, std::int64_t back) const {
  if (static_cast<std::int64_t>(at.slot) < back) return kUnknown;
  const std::size_t before = work_.panel.at(at.slot - static_cast<std::size_t>(back), at.stream, at.field);
  return work_.has_spatial(at.cell) && work_.has_spatial(before)
             ? work_.spatial[at.cell] - work_.spatial[before]
             : kUnknown;
}

void FeatureWriter::write_neighbours(const Place& at) {
  const Panel& panel = work_.panel;
  const bool heard = work_.has_spatial(at.cell);
  const float spatial = heard ? work_.spatial[at.cell] - at.base : kUnknown;
  const auto corrected = [&](std::int64_t end, const Course& course, auto error_of) {
    return !heard || end < 0
               ? kUnknown
               : spatial + error_of(course, panel.at(static_cast<std::size_t>(end), at.stream, at.field));
  };
  const auto error_at = [&](const Course& course, std::size_t cell) {
    return work_.has_spatial(cell) ? work_.levels[cell] - work_.spatial[cell] : course.recent_error(cell);
  };
  const Course& behind = backward_ != nullptr ? *backward_ : forward_;
  row_.insert(
      row_.end(),
      {spatial, corrected(at.left, forward_, error_at), corrected(at.right, behind, error_at),
       corrected(at.left, forward_, [](const Course& c, std::size_t cell) { return c.recent_error(cell); }),
       corrected(at.left, forward_, [](const Course& c, std::size_t cell) { return c.usual_error(cell); })});
  for (const std::int64_t lag : kSpatialLags) row_.push_back(spatial_change(at, lag));

  std::array<NearStream, kNearest> nearest;
  const std::size_t found =
      spatial_.nearest(work_, at.slot, at.stream, at.field, copies_, backward_ == nullptr, nearest, &levels_);
  std::sort(levels_.begin(), levels_.end());
  row_.push_back(static_cast<float>(levels_.size()));
  if (levels_.empty())
    row_.insert(row_.end(), 3, kUnknown);
  else
    row_.insert(row_.end(),
                {levels_.front() - at.base, levels_[levels_.size() / 2] - at.base, levels_.back() - at.base});
  for (std::size_t i = 0; i < kNearest; ++i)
    row_.push_back(i < found ? nearest[i].level - at.base : kUnknown);
  row_.push_back(found > 0 ? nearest[0].deviation : kUnknown);
}

void FeatureWriter::write_losses(const Place& at) {
  // A pretended gap has faded what arrived by as much as a real one of its length would have.
  const auto slot = static_cast<std::int64_t>(at.slot);
  const auto unseen = at.pretended ? static_cast<float>(slot - 1 - std::min(at.left, slot - 1)) : 0.0F;
  row_.insert(row_.end(), {losses_.lately(at.stream, at.field) * LossPattern::lately_after(unseen),
                           losses_.over_days(at.stream, at.field) * LossPattern::over_days_after(unseen),
                           losses_.missing_high(at.field), losses_.missing_low(at.field)});
}

void FeatureWriter::write_record(const Place& at) {
  const Panel& panel = work_.panel;
  const std::size_t first = panel.at(at.slot, at.stream, 0);
  float known = 0.0F;
  for (std::size_t p = 0; p < panel.fields(); ++p)
    if (p != at.field && at.with_record) known += work_.known(first + p) ? 1.0F : 0.0F;
  row_.push_back(known);
  const std::int64_t end = at.left >= 0 ? at.left : at.right;
  const std::size_t then = end >= 0 ? panel.at(static_cast<std::size_t>(end), at.stream, 0) : first;
  for (const std::size_t p : partners_[at.field]) {
    const std::size_t cell = first + p;
    const bool is_known = at.with_record && work_.known(cell);
    row_.push_back(is_known ? work_.levels[cell] : kUnknown);
    if (work_.is_number[p] == 0) continue;
    row_.push_back(is_known && end >= 0 && work_.known(then + p) ? work_.levels[cell] - work_.levels[then + p]
                                                                 : kUnknown);
    row_.push_back(is_known && work_.has_spatial(cell) ? work_.levels[cell] - work_.spatial[cell] : kUnknown);
  }
}

}  // namespace skywarden::onboard
