#include "statistics/random_shift.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

constexpr std::size_t kFew = 20;

struct Column {  // of all rows
  double count = 0, sum = 0, squares = 0;
  [[nodiscard]] double deviation() const {
    if (count < 2.0) return 0.0;
    const double mean = sum / count;
    return std::sqrt(std::max(0.0, squares / count - mean * mean));
  }
};

struct Difference {
  double effect = 0.0, z = 0.0;
};

std::vector<std::size_t> some_marked(const MarkedRows& rows, std::size_t at_most) {
  std::vector<std::size_t> all;
  for (std::size_t r = 0; r < rows.marked.size(); ++r)
    if (rows.marked[r] != 0) all.push_back(r);
  if (all.size() <= at_most) return all;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < at_most; ++i) out.push_back(all[i * all.size() / at_most]);
  return out;
}

// Of one column between the marked rows, moved by so many rows, and all others.
std::vector<Difference> differences(const MarkedRows& rows, std::span<const std::size_t> marked,
                                    std::size_t moved, std::span<const Column> columns) {
  std::vector<double> counts(rows.width, 0.0), sums(rows.width, 0.0);
  const std::size_t total = rows.marked.size();
  for (const std::size_t r : marked) {
    const std::size_t at = (r + moved) % total * rows.width;
    for (std::size_t c = 0; c < rows.width; ++c) {
      if (rows.known[at + c] == 0) continue;
      counts[c] += 1.0;
      sums[c] += static_cast<double>(rows.values[at + c]);
    }
  }
  std::vector<Difference> out(rows.width);
  for (std::size_t c = 0; c < rows.width; ++c) {
    const double elsewhere = columns[c].count - counts[c];
    const double deviation = columns[c].deviation();
    if (counts[c] < 2.0 || elsewhere < 2.0 || deviation <= 0.0) continue;
    out[c].effect = (sums[c] / counts[c] - (columns[c].sum - sums[c]) / elsewhere) / deviation;
    out[c].z = std::abs(out[c].effect) / std::sqrt(1.0 / counts[c] + 1.0 / elsewhere);
  }
  return out;
}

double largest(std::span<const Difference> differences) {
  double out = 0.0;
  for (const Difference& d : differences) out = std::max(out, d.z);
  return out;
}

}  // namespace

std::optional<RandomShift> random_shift_test(const MarkedRows& rows, const RandomShiftOptions& options) {
  EXPECTS(rows.rows_a_step > 0 && rows.marked.size() % rows.rows_a_step == 0);
  EXPECTS(rows.values.size() == rows.marked.size() * rows.width && rows.known.size() == rows.values.size());
  const std::size_t total = rows.marked.size(), steps = total / rows.rows_a_step;
  const auto count = static_cast<std::size_t>(std::count(rows.marked.begin(), rows.marked.end(), 1));
  if (count < kFew || total - count < kFew || steps < kFew || rows.width == 0) return std::nullopt;

  std::vector<Column> columns(rows.width);
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    if (rows.known[i] == 0) continue;
    Column& column = columns[i % rows.width];
    const auto value = static_cast<double>(rows.values[i]);
    column.count += 1.0;
    column.sum += value;
    column.squares += value * value;
  }
  const std::vector<std::size_t> marked = some_marked(rows, options.marked_max);
  const std::vector<Difference> observed = differences(rows, marked, 0, columns);
  const double statistic = largest(observed);
  RandomShift out;
  for (std::size_t c = 0; c < rows.width; ++c) {
    out.effects.push_back(observed[c].effect);
    if (observed[c].z > observed[out.strongest].z) out.strongest = c;
  }
  // All shifts that there are when they are few.
  const std::size_t shifts = std::min(options.shifts, steps - 1);
  std::size_t as_large = 0;
  for (std::size_t k = 1; k <= shifts; ++k) {
    const std::size_t moved = k * steps / (shifts + 1) * rows.rows_a_step;
    if (largest(differences(rows, marked, moved, columns)) >= statistic) ++as_large;
  }
  out.p = static_cast<double>(1 + as_large) / static_cast<double>(1 + shifts);
  return out;
}

}  // namespace skywarden::statistics
