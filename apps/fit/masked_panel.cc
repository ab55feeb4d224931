#include "masked_panel.h"

namespace skywarden::fit {
namespace {

using onboard::Panel;

Result<Panel> rebuild(const Panel& panel, const datum::Schema& schema, std::size_t first, std::size_t last,
                      const std::vector<std::uint8_t>* hidden, const std::vector<double>* values,
                      bool arrival_order) {
  onboard::PanelOptions options;
  options.arrival_order = arrival_order;
  onboard::PanelBuilder builder(schema.fields.size(), options);
  std::vector<datum::Field> fields(schema.fields.size());
  for (std::size_t record = 0; record < panel.records(); ++record) {
    const Panel::Place place = panel.place(record);
    if (place.slot < first || place.slot >= last) continue;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const std::size_t cell = panel.at(place.slot, place.stream, f);
      const bool number = schema.fields[f].kind == datum::FieldKind::kNumber;
      if (!panel.observed(cell) || (hidden != nullptr && (*hidden)[cell] != 0))
        fields[f] = datum::Missing{};
      else if (number)
        fields[f] = datum::Observed{values != nullptr ? (*values)[cell] : panel.value(cell)};
      else
        fields[f] = datum::Observed{datum::Category{static_cast<std::uint16_t>(panel.value(cell))}};
    }
    const auto added = builder.add(panel.first_source(place.stream), panel.stream_name(place.stream),
                                   panel.time(place.slot), fields);
    if (!added) return tl::unexpected(added.error());
  }
  return builder.build();
}

}  // namespace

Result<Panel> part_of(const Panel& panel, const datum::Schema& schema, std::size_t first, std::size_t last,
                      bool arrival_order) {
  return rebuild(panel, schema, first, last, nullptr, nullptr, arrival_order);
}

Result<Panel> without(const Panel& panel, const datum::Schema& schema,
                      const std::vector<std::uint8_t>& hidden, bool arrival_order) {
  return rebuild(panel, schema, 0, panel.slots(), &hidden, nullptr, arrival_order);
}

Result<Panel> with_values(const Panel& panel, const datum::Schema& schema, const std::vector<double>& values,
                          bool arrival_order) {
  return rebuild(panel, schema, 0, panel.slots(), nullptr, &values, arrival_order);
}

}  // namespace skywarden::fit
