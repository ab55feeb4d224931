// A small system of stations for tests: level, wind and rain, hourly, with a daily course, a common signal,
// own noise and a twin. Only tests include it.
#pragma once

#include <cmath>
#include <vector>

#include "base/random.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "inference/tree_ensemble.h"
#include "onboard/complete_network_graph.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

inline datum::Schema example_schema() {
  datum::Schema schema;
  schema.name = "example";
  datum::FieldSpec temp, rain, wind;
  temp.name = "temp";
  temp.resolution = 0.1;
  temp.tolerance_abs = 1.0;
  rain.name = "rain";
  rain.min = 0.0;
  rain.resolution = 0.1;
  rain.tolerance_abs = 0.5;
  rain.tolerance_rel = 0.2;
  wind.name = "wind";
  wind.kind = datum::FieldKind::kCategory;
  wind.levels = {"N", "NE", "E", "SE", "S", "SW", "W", "NW"};
  wind.circular = true;
  schema.fields = {temp, rain, wind};
  return schema;
}

// Stations a, b, c and d; d repeats a in temp and wind. It hardly ever rains, and then not everywhere.
inline std::vector<datum::Record> example_records(std::size_t hours, std::uint64_t seed) {
  Random random(seed);
  std::vector<datum::Record> out;
  double common = 0.0, sector = 0.0;
  std::vector<double> own(3, 0.0);
  for (std::size_t t = 0; t < hours; ++t) {
    common += 0.5 * random.normal(0.0, 1.0) - 0.02 * common;
    sector += random.normal(0.0, 0.4);
    const double daily = 4.0 * std::sin(2.0 * 3.14159265358979 * static_cast<double>(t % 24) / 24.0);
    const bool wet = random.chance(0.03);
    std::vector<datum::Record> hour(4);
    for (std::size_t s = 0; s < 3; ++s) {
      own[s] = 0.9 * own[s] + random.normal(0.0, 0.2);
      const double temp = 10.0 + common + daily + own[s] + static_cast<double>(s);
      const double turn = std::round(sector + random.normal(0.0, 0.2));
      const auto level = static_cast<std::uint16_t>(((static_cast<long>(turn) % 8) + 8) % 8);
      const double rain = wet ? std::round(random.uniform(0.0, 40.0)) / 10.0 : 0.0;
      hour[s].fields = {datum::Observed{std::round(temp * 10.0) / 10.0}, datum::Observed{rain},
                        datum::Observed{datum::Category{level}}};
    }
    hour[3].fields = hour[0].fields;
    hour[3].fields[1] = datum::Observed{wet ? std::round(random.uniform(0.0, 40.0)) / 10.0 : 0.0};
    for (std::size_t s = 0; s < 4; ++s) {
      hour[s].stream = std::string(1, static_cast<char>('a' + s));
      hour[s].time = Instant{} + std::chrono::hours(static_cast<long>(t));
      out.push_back(std::move(hour[s]));
    }
  }
  return out;
}

// Whether two fields say the same, of an estimate also how surely and by whom.
inline bool same(const datum::Field& a, const datum::Field& b) {
  if (a.index() != b.index()) return false;
  if (std::holds_alternative<datum::Missing>(a)) return true;
  if (*datum::value_of(a) != *datum::value_of(b)) return false;
  const auto* x = std::get_if<datum::Estimated>(&a);
  const auto* y = std::get_if<datum::Estimated>(&b);
  if (x == nullptr) return true;
  return x->interval == y->interval && x->by == y->by && x->probability == y->probability &&
         x->abstained == y->abstained;
}

inline Panel panel_of(const std::vector<datum::Record>& records, bool arrival_order) {
  PanelOptions options;
  options.arrival_order = arrival_order;
  PanelBuilder builder(records.front().fields.size(), options);
  // Each station is a source of its own, as a file each would be.
  for (const datum::Record& record : records) {
    const auto source = static_cast<std::uint32_t>(record.stream[0] - 'a');
    if (!builder.add(source, record.stream, record.time, record.fields)) return {};
  }
  auto panel = builder.build();
  return panel ? std::move(*panel) : Panel{};
}

// Hides each cell with this chance; says where what was hidden stood.
struct Hidden {
  std::size_t record = 0, field = 0;
  datum::Field truth;
};
inline std::vector<Hidden> hide(std::vector<datum::Record>& records, double chance, std::uint64_t seed) {
  Random random(seed);
  std::vector<Hidden> out;
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (std::size_t f = 0; f < records[r].fields.size(); ++f) {
      if (!random.chance(chance)) continue;
      out.push_back({r, f, records[r].fields[f]});
      records[r].fields[f] = datum::Missing{datum::MissingReason::kLinkLoss};
    }
  }
  return out;
}

// A record of each station an hour, three in ten cells hidden; the hours after `kept_hours` are cut off.
inline Panel holed_panel(std::size_t hours, std::uint64_t seed, std::size_t kept_hours) {
  auto records = example_records(hours, seed);
  hide(records, 0.3, seed);
  records.resize(kept_hours * 4);
  return panel_of(records, true);
}

// Trees of a single leaf: what they say does not depend on the features.
inline inference::TreeEnsemble saying(float value, std::size_t features) {
  inference::TreeNode leaf;
  leaf.value = value;
  return inference::TreeEnsemble::make(features, 0.0F, std::vector<std::vector<inference::TreeNode>>{{leaf}})
      .value();
}

inline NetworkShape small_network(NetworkKind kind) {
  NetworkShape shape;
  shape.kind = kind;
  shape.layers = shape.sets = 1;
  shape.width = 16;
  shape.heads = 2;
  shape.hidden = 32;
  return shape;
}

}  // namespace skywarden::onboard
