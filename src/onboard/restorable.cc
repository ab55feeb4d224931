#include "onboard/restorable.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <queue>
#include <string_view>
#include <tuple>

namespace skywarden::onboard {
namespace {

using datum::FieldKind;
using datum::FieldSpec;

constexpr double kNever = std::numeric_limits<double>::infinity();

// One field of one stream: its values by time.
struct Column {
  std::vector<std::uint32_t> records;
  std::vector<double> times;   // seconds since the first
  std::vector<double> values;  // levels as numbers; of text nothing
};

double wrapped(double difference, double turn) {
  if (turn <= 0.0) return difference;
  return difference - turn * std::round(difference / turn);
}

// In tolerances of the field.
class ErrorOf {
 public:
  explicit ErrorOf(const FieldSpec& spec) : spec_(spec) {
    if (!spec.circular) return;
    if (spec.kind == FieldKind::kCategory) turn_ = static_cast<double>(spec.levels.size());
    if (spec.kind == FieldKind::kNumber && spec.min && spec.max) turn_ = *spec.max - *spec.min;
  }

  // Of the value at `at`, restored from those at `before` and `after`.
  [[nodiscard]] double operator()(const Column& column, std::size_t before, std::size_t at,
                                  std::size_t after) const {
    if (spec_.kind == FieldKind::kText || spec_.kind == FieldKind::kImage) return kNever;
    const double span = column.times[after] - column.times[before];
    const double share = span > 0.0 ? (column.times[at] - column.times[before]) / span : 0.5;
    const double step = wrapped(column.values[after] - column.values[before], turn_);
    const bool number = spec_.kind == FieldKind::kNumber;
    const double said = column.values[before] + step * (number ? share : std::round(share));
    const double off = std::abs(wrapped(column.values[at] - said, turn_));
    const double tolerance = std::max({spec_.tolerance_abs, spec_.tolerance_rel * std::abs(column.values[at]),
                                       number ? spec_.resolution.value_or(0.0) : 0.5, 1e-9});
    return off / tolerance;
  }

 private:
  const FieldSpec& spec_;
  double turn_ = 0.0;  // values wrap by this; 0: not at all
};

struct Ranked {
  double error = kNever;  // the worst that dropping it and all before it makes
  std::size_t round = 0;  // in which its column dropped it
  CellPlace place;
};

// Drops one value after another.
class Simplification {
 public:
  Simplification(const Column& column, const FieldSpec& spec)
      : column_(column), error_of_(spec), before_(column.values.size()), after_(column.values.size()) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      before_[i] = i == 0 ? 0 : i - 1;
      after_[i] = i + 1;
    }
  }

  void rank(std::uint32_t field, std::vector<Ranked>& out) {
    const std::size_t size = column_.values.size();
    std::vector<std::uint8_t> dropped(size, 0);
    std::vector<Candidate> current(size);
    for (std::size_t i = 1; i + 1 < size; ++i) offer(current[i] = judge(i));
    double worst = 0.0;
    std::size_t round = 0;
    while (!candidates_.empty()) {
      const Candidate next = candidates_.top();
      candidates_.pop();
      if (dropped[next.at] != 0 || next != current[next.at]) continue;  // judged anew since
      dropped[next.at] = 1;
      worst = std::max(worst, next.error);
      out.push_back({worst, round++, {column_.records[next.at], field}});
      const std::size_t left = before_[next.at];
      const std::size_t right = after_[next.at];
      after_[left] = right;
      before_[right] = left;
      if (left > 0) offer(current[left] = judge(left));
      if (right + 1 < size) offer(current[right] = judge(right));
    }
    // Nothing on one side to restore the ends from.
    out.push_back({kNever, round++, {column_.records.front(), field}});
    if (size > 1) out.push_back({kNever, round, {column_.records.back(), field}});
  }

 private:
  struct Candidate {
    double error = 0.0;
    std::size_t gap = 0;
    std::size_t at = 0;
    friend auto operator<=>(const Candidate&, const Candidate&) = default;
  };

  [[nodiscard]] Candidate judge(std::size_t at) const {
    const std::size_t left = before_[at];
    const std::size_t right = after_[at];
    const std::size_t gap = right - left;
    if (gap > kGapMax + 1) return {kNever, gap, at};
    double worst = 0.0;
    for (std::size_t i = left + 1; i < right; ++i)
      worst = std::max(worst, error_of_(column_, left, i, right));
    return {worst, gap, at};
  }
  void offer(const Candidate& candidate) { candidates_.push(candidate); }

  const Column& column_;
  ErrorOf error_of_;
  std::vector<std::size_t> before_, after_;  // of those left
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

double plain_value(const datum::Field& field) {
  const datum::Value* value = datum::value_of(field);
  if (value == nullptr) return 0.0;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* category = std::get_if<datum::Category>(value)) return category->level;
  return 0.0;
}

}  // namespace

std::vector<CellPlace> least_restorable_first(const BatchPacker& packer, const datum::Schema& schema,
                                              std::span<const datum::Record> records,
                                              datum::Criticality level) {
  std::map<std::string_view, std::vector<std::uint32_t>> streams;
  for (std::uint32_t r = 0; r < records.size(); ++r) streams[records[r].stream].push_back(r);
  std::vector<Ranked> ranked;
  for (auto& [name, members] : streams) {
    std::stable_sort(members.begin(), members.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return records[a].time < records[b].time; });
    for (std::uint32_t f = 0; f < schema.fields.size(); ++f) {
      if (schema.fields[f].criticality != level) continue;
      Column column;
      for (const std::uint32_t r : members) {
        if (!packer.present(r, f)) continue;
        column.records.push_back(r);
        column.times.push_back(to_seconds(records[r].time - records[members.front()].time));
        column.values.push_back(plain_value(records[r].fields[f]));
      }
      if (!column.records.empty()) Simplification(column, schema.fields[f]).rank(f, ranked);
    }
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::tuple(b.error, b.round, a.place.record, a.place.field) <
           std::tuple(a.error, a.round, b.place.record, b.place.field);
  });
  std::vector<CellPlace> out;
  out.reserve(ranked.size());
  for (const Ranked& each : ranked) out.push_back(each.place);
  return out;
}

}  // namespace skywarden::onboard
