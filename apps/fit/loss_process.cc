#include "loss_process.h"

#include <algorithm>
#include <cmath>

namespace skywarden::fit {
namespace {

using onboard::Panel;
using Marks = std::vector<std::uint8_t>;

// Long and short alike: the logarithm is uniform.
std::size_t draw_length(Random& random, double least, double most) {
  return static_cast<std::size_t>(std::lround(std::exp(random.uniform(std::log(least), std::log(most)))));
}

template <typename Visit>
void for_series(const Panel& panel, Visit visit) {
  for (std::size_t s = 0; s < panel.streams(); ++s)
    for (std::size_t f = 0; f < panel.fields(); ++f) visit(s, f);
}

void scatter(Random& random, Marks& marks) {
  const double rate = random.uniform(0.05, 0.6);
  for (std::uint8_t& mark : marks) mark |= random.chance(rate) ? 1 : 0;
}

// Stretches of one length for each series, each lost by chance.
void stretch(const Panel& panel, double least, double most, Random& random, Marks& marks) {
  const double rate = random.uniform(0.08, 0.35);
  for_series(panel, [&](std::size_t s, std::size_t f) {
    const std::size_t length = draw_length(random, least, most);
    const std::size_t start = random.below(length);
    bool lost = random.chance(rate);
    for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
      if ((slot + start) % length == 0) lost = random.chance(rate);
      if (lost) marks[panel.at(slot, s, f)] = 1;
    }
  });
}

void lose_records(const Panel& panel, Random& random, Marks& marks) {
  const double rate = random.uniform(0.08, 0.35);
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    const std::size_t length = draw_length(random, 1, 24);
    bool lost = false;
    for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
      if (slot % length == 0) lost = random.chance(rate);
      if (!lost) continue;
      for (std::size_t f = 0; f < panel.fields(); ++f) marks[panel.at(slot, s, f)] = 1;
    }
  }
}

void select_numbers(const Panel& panel, std::size_t f, double often, double seldom, Random& random,
                    Marks& marks) {
  std::vector<double> values;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot)
    for (std::size_t s = 0; s < panel.streams(); ++s)
      if (panel.observed(panel.at(slot, s, f))) values.push_back(panel.value(panel.at(slot, s, f)));
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  const bool hides_low = random.chance(0.2);
  const double share = random.uniform(0.1, 0.35);
  const auto rank =
      static_cast<std::size_t>((hides_low ? share : 1.0 - share) * static_cast<double>(values.size()));
  const double bound = values[std::min(rank, values.size() - 1)];
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      const std::size_t cell = panel.at(slot, s, f);
      const bool chosen = hides_low ? panel.value(cell) < bound : panel.value(cell) > bound;
      if (random.chance(chosen ? often : seldom)) marks[cell] = 1;
    }
  }
}

void select_levels(const Panel& panel, std::size_t f, std::size_t levels, double often, double seldom,
                   Random& random, Marks& marks) {
  std::vector<std::pair<std::size_t, std::size_t>> counts(levels);
  for (std::size_t l = 0; l < levels; ++l) counts[l].second = l;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot)
    for (std::size_t s = 0; s < panel.streams(); ++s)
      if (panel.observed(panel.at(slot, s, f)))
        ++counts[static_cast<std::size_t>(panel.value(panel.at(slot, s, f)))].first;
  std::sort(counts.begin(), counts.end());
  std::vector<std::uint8_t> rare(levels, 0);
  for (std::size_t i = 0; i < levels / 2; ++i) rare[counts[i].second] = 1;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    for (std::size_t s = 0; s < panel.streams(); ++s) {
      const std::size_t cell = panel.at(slot, s, f);
      const bool chosen = panel.observed(cell) && rare[static_cast<std::size_t>(panel.value(cell))] != 0;
      if (random.chance(chosen ? often : seldom)) marks[cell] = 1;
    }
  }
}

void select(const Panel& panel, const datum::Schema& schema, Random& random, Marks& marks) {
  const double often = random.uniform(0.3, 0.7);
  const double seldom = random.uniform(0.02, 0.12);
  for (std::size_t f = 0; f < panel.fields(); ++f) {
    if (schema.fields[f].kind == datum::FieldKind::kNumber)
      select_numbers(panel, f, often, seldom, random, marks);
    else if (schema.fields[f].kind == datum::FieldKind::kCategory)
      select_levels(panel, f, schema.fields[f].levels.size(), often, seldom, random, marks);
  }
}

LossKind draw_part(Random& random, std::optional<LossKind> left_out) {
  LossKind kind = LossKind::kMixed;
  do kind = static_cast<LossKind>(random.below(kLossKinds - 1));
  while (kind == left_out);
  return kind;
}

void draw(const Panel& panel, const datum::Schema& schema, LossKind kind, Random& random,
          std::optional<LossKind> left_out, Marks& marks) {
  switch (kind) {
    case LossKind::kScattered:
      return scatter(random, marks);
    case LossKind::kStretches:
      return stretch(panel, 3, 100, random, marks);
    case LossKind::kOutages:
      return stretch(panel, 300, 1000, random, marks);
    case LossKind::kRecords:
      return lose_records(panel, random, marks);
    case LossKind::kSelective:
      return select(panel, schema, random, marks);
    case LossKind::kMixed: {
      const LossKind first = draw_part(random, left_out);
      const LossKind second = draw_part(random, left_out);
      draw(panel, schema, first, random, left_out, marks);
      draw(panel, schema, second, random, left_out, marks);
      return;
    }
  }
}

}  // namespace

std::string_view to_string(LossKind kind) {
  switch (kind) {
    case LossKind::kScattered:
      return "scattered";
    case LossKind::kStretches:
      return "stretches";
    case LossKind::kOutages:
      return "outages";
    case LossKind::kRecords:
      return "records";
    case LossKind::kSelective:
      return "selective";
    case LossKind::kMixed:
      return "mixed";
  }
  return {};
}

std::optional<LossKind> loss_kind_of(std::string_view name) {
  for (int kind = 0; kind < kLossKinds; ++kind)
    if (to_string(static_cast<LossKind>(kind)) == name) return static_cast<LossKind>(kind);
  return std::nullopt;
}

std::vector<std::uint8_t> draw_losses(const onboard::Panel& panel, const datum::Schema& schema, LossKind kind,
                                      Random& random, std::optional<LossKind> left_out) {
  Marks marks(panel.cells(), 0);
  draw(panel, schema, kind, random, left_out, marks);
  for (std::size_t cell = 0; cell < marks.size(); ++cell)
    if (!panel.observed(cell)) marks[cell] = 0;
  return marks;
}

}  // namespace skywarden::fit
