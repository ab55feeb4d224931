#include "onboard/missing_report.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "statistics/random_shift.h"

namespace skywarden::onboard {
namespace {

constexpr double kHalfOf90 = 1.6449;  // deviations of a normal error

bool has_record(const Panel& panel, std::size_t slot, std::size_t stream) {
  return panel.record_at(slot, stream) != Panel::kNoRecord;
}

// The numbers of all records, each stream's moved to its own mean, and for each field what the other streams
// show of it, the same way.
class Observed {
 public:
  Observed(const Panel& panel, const datum::Schema& schema) : panel_(panel) {
    for (std::size_t f = 0; f < panel.fields(); ++f)
      if (schema.fields[f].kind == datum::FieldKind::kNumber) numbers_.push_back(f);
    const std::size_t columns = panel.streams() * panel.fields();
    std::vector<double> counts(columns, 0.0), sums(columns, 0.0);
    for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
      if (!panel.observed(cell)) continue;
      counts[cell % columns] += 1.0;
      sums[cell % columns] += panel.value(cell);
    }
    for (std::size_t c = 0; c < columns; ++c) means_.push_back(counts[c] > 0.0 ? sums[c] / counts[c] : 0.0);
  }

  [[nodiscard]] const std::vector<std::size_t>& numbers() const { return numbers_; }
  [[nodiscard]] double centred(std::size_t cell) const {
    return panel_.value(cell) - means_[cell % means_.size()];
  }
  // What all streams show of the field at the slot.
  struct Shown {
    double sum = 0.0, count = 0.0;
  };
  [[nodiscard]] Shown shown(std::size_t slot, std::size_t field) const {
    Shown out;
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      const std::size_t cell = panel_.at(slot, s, field);
      if (!panel_.observed(cell)) continue;
      out.sum += centred(cell);
      out.count += 1.0;
    }
    return out;
  }

 private:
  const Panel& panel_;
  std::vector<std::size_t> numbers_;
  std::vector<double> means_;  // stream × field
};

std::optional<RandomnessTest> test_field(const Panel& panel, const datum::Schema& schema,
                                         const Observed& observed, std::size_t field, double significance) {
  std::vector<std::size_t> partners;
  for (const std::size_t p : observed.numbers())
    if (p != field) partners.push_back(p);
  const bool number = schema.fields[field].kind == datum::FieldKind::kNumber;
  statistics::MarkedRows rows;
  rows.width = partners.size() + (number ? 1 : 0);
  rows.rows_a_step = panel.streams();
  std::vector<float> values;
  std::vector<std::uint8_t> known, marked;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    const Observed::Shown all = number ? observed.shown(slot, field) : Observed::Shown{};
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      const bool exists = has_record(panel, slot, s);
      marked.push_back(exists && !panel.observed(panel.at(slot, s, field)) ? 1 : 0);
      const auto put = [&](std::optional<double> value) {
        values.push_back(static_cast<float>(value.value_or(0.0)));
        known.push_back(exists && value ? 1 : 0);
      };
      for (const std::size_t p : partners) {
        const std::size_t cell = panel.at(slot, s, p);
        put(panel.observed(cell) ? std::optional(observed.centred(cell)) : std::nullopt);
      }
      if (!number) continue;
      const std::size_t own = panel.at(slot, s, field);
      const double sum = all.sum - (panel.observed(own) ? observed.centred(own) : 0.0);
      const double others = all.count - (panel.observed(own) ? 1.0 : 0.0);
      put(others > 0.0 ? std::optional(sum / others) : std::nullopt);
    }
  }
  rows.values = values;
  rows.known = known;
  rows.marked = marked;
  const auto result = statistics::random_shift_test(rows);
  if (!result) return std::nullopt;
  RandomnessTest out;
  out.p = result->p;
  out.effect = result->effects[result->strongest];
  out.with = result->strongest < partners.size() ? schema.fields[partners[result->strongest]].name
                                                 : schema.fields[field].name + " at other streams";
  out.rejected = out.p <= significance;
  return out;
}

std::optional<MissingSensitivity> sensitivity_of(const Panel& panel, const datum::FieldSpec& spec,
                                                 const Completion& completion, std::size_t field) {
  MissingSensitivity out;
  double count = 0.0, filled = 0.0, sum = 0.0;
  for (std::size_t cell = field; cell < panel.cells(); cell += panel.fields()) {
    const Origin origin = completion.origins[cell];
    if (origin == Origin::kNone) continue;
    count += 1.0;
    sum += completion.values[cell];
    if (origin != Origin::kEstimated) continue;
    filled += 1.0;
    const double error =
        0.5 * static_cast<double>(completion.highs[cell] - completion.lows[cell]) / kHalfOf90;
    out.usual_error += error;
    for (std::size_t k = 0; k < out.kShifts.size(); ++k) {
      const double truth = completion.values[cell] + out.kShifts[k] * error;
      const double tolerance = std::max(spec.tolerance_abs, spec.tolerance_rel * std::abs(truth));
      out.beyond[k] += out.kShifts[k] * error > tolerance ? 1.0 : 0.0;
      out.mean_moves[k] += out.kShifts[k] * error;
    }
  }
  if (filled == 0.0) return std::nullopt;
  out.mean = sum / count;
  out.usual_error /= filled;
  for (double& share : out.beyond) share /= filled;
  for (double& move : out.mean_moves) move /= count;
  return out;
}

void count_patterns(const Panel& panel, const Completion& completion,
                    const std::vector<MissingPattern>& patterns, std::size_t windows, MissingReport& out) {
  const std::size_t count = std::min(windows, panel.slots());
  for (std::size_t w = 0; w < count; ++w) {
    const std::size_t first = panel.slots() * w / count, last = panel.slots() * (w + 1) / count;
    MissingWindow window{panel.time(first), panel.time(last - 1), 0,
                         std::vector<PatternCounts>(panel.fields(), PatternCounts{})};
    for (std::size_t slot = first; slot < last; ++slot) {
      for (std::size_t s = 0; s < panel.streams(); ++s) {
        if (!has_record(panel, slot, s)) continue;
        for (std::size_t f = 0; f < panel.fields(); ++f) {
          const std::size_t cell = panel.at(slot, s, f);
          const auto pattern = static_cast<std::size_t>(patterns[cell]);
          FieldMissing& field = out.fields[f];
          ++field.cells;
          ++field.patterns[pattern];
          field.missing += panel.observed(cell) ? 0 : 1;
          field.filled += panel.observed(cell) || completion.origins[cell] == Origin::kNone ? 0 : 1;
          field.abstained += completion.abstained[cell];
          ++window.cells;
          ++window.patterns[f][pattern];
        }
      }
    }
    out.windows.push_back(std::move(window));
  }
}

}  // namespace

MissingReport report_missing(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                             const std::vector<MissingPattern>& patterns,
                             const MissingReportOptions& options) {
  EXPECTS(patterns.size() == panel.cells() && completion.origins.size() == panel.cells());
  MissingReport out;
  out.fields.resize(schema.fields.size());
  if (panel.cells() == 0) return out;
  count_patterns(panel, completion, patterns, std::max<std::size_t>(1, options.windows), out);
  const Observed observed(panel, schema);
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    FieldMissing& field = out.fields[f];
    if (field.missing == 0) continue;
    if (panel.cells() <= options.tested_cells_max)
      field.test = test_field(panel, schema, observed, f, options.significance);
    if (schema.fields[f].kind == datum::FieldKind::kNumber)
      field.sensitivity = sensitivity_of(panel, schema.fields[f], completion, f);
  }
  return out;
}

}  // namespace skywarden::onboard
