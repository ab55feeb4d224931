#include "augmentation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "masked_panel.h"

namespace skywarden::fit {
namespace {

using onboard::Panel;

// The stream's readings of one field, each at the slot that its clock says.
void shift_field(const Panel& panel, std::size_t stream, std::size_t field, std::int64_t by,
                 std::vector<double>& values) {
  const auto slots = static_cast<std::int64_t>(panel.slots());
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    const std::int64_t from = slot - by;
    if (from < 0 || from >= slots) continue;
    const std::size_t source = panel.at(static_cast<std::size_t>(from), stream, field);
    if (panel.observed(source))
      values[panel.at(static_cast<std::size_t>(slot), stream, field)] = panel.value(source);
  }
}

void add_noise(const Panel& panel, const datum::FieldSpec& spec, std::size_t stream, std::size_t field,
               double deviation, Random& random, std::vector<double>& values) {
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    double& value = values[panel.at(slot, stream, field)];
    value += random.normal(0.0, deviation);
    if (spec.resolution && *spec.resolution > 0.0)
      value = std::round(value / *spec.resolution) * *spec.resolution;
    if (spec.min) value = std::max(value, *spec.min);
    if (spec.max) value = std::min(value, *spec.max);
  }
}

}  // namespace

Result<AugmentedPanel> augment(const Panel& panel, const datum::Schema& schema,
                               const Augmentation& augmentation, Random& random, bool arrival_order) {
  std::vector<double> truth(panel.cells(), 0.0);
  for (std::size_t cell = 0; cell < panel.cells(); ++cell)
    if (panel.observed(cell)) truth[cell] = panel.value(cell);
  const auto for_numbers = [&](auto visit) {
    for (std::size_t f = 0; f < schema.fields.size(); ++f)
      if (schema.fields[f].kind == datum::FieldKind::kNumber) visit(f);
  };
  for (std::size_t s = 0; s < panel.streams() && augmentation.shift > 0; ++s) {
    if (!random.chance(augmentation.streams)) continue;
    const auto by = 1 + static_cast<std::int64_t>(random.below(augmentation.shift));
    const bool late = random.chance(0.5);
    for_numbers([&](std::size_t f) { shift_field(panel, s, f, late ? by : -by, truth); });
  }
  std::vector<double> read = truth;
  for (std::size_t s = 0; s < panel.streams() && augmentation.noise > 0.0; ++s) {
    if (!random.chance(augmentation.streams)) continue;
    const double tolerances = random.uniform(0.0, augmentation.noise);
    for_numbers([&](std::size_t f) {
      add_noise(panel, schema.fields[f], s, f, tolerances * schema.fields[f].tolerance_abs, random, read);
    });
  }
  auto true_panel = with_values(panel, schema, truth, arrival_order);
  if (!true_panel) return tl::unexpected(true_panel.error());
  auto read_panel = with_values(panel, schema, read, arrival_order);
  if (!read_panel) return tl::unexpected(read_panel.error());
  return AugmentedPanel{std::move(*true_panel), std::move(*read_panel)};
}

void add_augmentation_options(command_line::Command command, Augmentation& augmentation) {
  command
      .add_option("--noise", augmentation.noise,
                  "train with noise in the numbers of some streams, its deviation up to so many tolerances")
      .check(command_line::range(0.0, 100.0))
      .capture_default_str();
  command
      .add_option("--shift", augmentation.shift,
                  "train with the clocks of some streams off by up to so many rows")
      .check(command_line::range(0, 1000))
      .capture_default_str();
}

void note_augmentation(nlohmann::ordered_json& record, const Augmentation& augmentation) {
  if (!augmentation.any()) return;
  record["augmentation"] = {{"noise_tolerances", augmentation.noise},
                            {"shift_slots", augmentation.shift},
                            {"share_of_streams", augmentation.streams}};
}

}  // namespace skywarden::fit
