#include "onboard/complete_grid.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr std::array<double, 10> kSteps{1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
constexpr std::array<double, 10> kPerUnit{1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr std::uint32_t kValuesMin = 20;  // before their grid is believed

bool lies_on(double value, std::size_t step) {
  const double scaled = value * kPerUnit[step];
  return std::abs(scaled - std::round(scaled)) <= 1e-9 * std::max(1.0, std::abs(scaled));
}

}  // namespace

GridFinder::GridFinder(const datum::Schema& schema, std::size_t streams)
    : counts_(streams * schema.fields.size()) {
  for (const datum::FieldSpec& spec : schema.fields) {
    is_number_.push_back(spec.kind == datum::FieldKind::kNumber ? 1 : 0);
    resolutions_.push_back(spec.resolution.value_or(0.0));
  }
}

void GridFinder::learn(const Panel& panel, std::size_t slot, std::size_t stream) {
  for (std::size_t f = 0; f < is_number_.size(); ++f) {
    const std::size_t cell = panel.at(slot, stream, f);
    if (is_number_[f] == 0 || !panel.observed(cell)) continue;
    const double value = panel.value(cell);
    if (value == 0.0) continue;  // zero lies on every grid
    std::size_t step = 0;
    while (step + 1 < kSteps.size() && !lies_on(value, step)) ++step;
    Counts& counts = counts_[stream * is_number_.size() + f];
    ++counts.of[step];
    ++counts.total;
  }
}

void GridFinder::move_streams(StreamMoves moves) {
  const std::size_t fields = is_number_.size();
  onboard::move_streams(counts_, 1, counts_.size() / fields, fields, moves, Counts{});
}

std::int8_t GridFinder::decimals(std::size_t stream, std::size_t field) const {
  const Counts& counts = counts_[stream * is_number_.size() + field];
  std::size_t step = 0;
  double seen = counts.of[0];
  while (step + 1 < kSteps.size() && seen < kShare * counts.total) seen += counts.of[++step];
  if (counts.total < kValuesMin) {  // one digit more than all had, lest they were round by chance
    step = kSteps.size() - 1;
    while (step > 0 && counts.total > 0 && counts.of[step] == 0) --step;
    step = std::min(step + 1, kSteps.size() - 1);
  }
  // The schema's resolution is the least step; a coarser one may have been learnt.
  if (resolutions_[field] > 0.0)
    while (step > 0 && kSteps[step] < resolutions_[field] * 0.999) --step;
  return static_cast<std::int8_t>(static_cast<int>(step) + kFewest);
}

double GridFinder::step(std::size_t stream, std::size_t field) const {
  return kSteps[static_cast<std::size_t>(decimals(stream, field) - kFewest)];
}

double GridFinder::round(std::size_t stream, std::size_t field, double value) const {
  const auto step = static_cast<std::size_t>(decimals(stream, field) - kFewest);
  return kPerUnit[step] >= 1.0 ? std::round(value * kPerUnit[step]) / kPerUnit[step]
                               : std::round(value * kPerUnit[step]) * kSteps[step];
}

std::string format_on_grid(double value, int decimals) {
  std::string out = fmt::format("{:.{}f}", value, std::max(0, decimals));
  if (out.starts_with('-') && out.find_first_not_of("-0.") == std::string::npos) out.erase(0, 1);
  return out;
}

}  // namespace skywarden::onboard
