#include "node/intake.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "onboard/anomaly.h"
#include "onboard/complete.h"
#include "onboard/panel.h"

namespace skywarden::node {
namespace {

Result<onboard::Panel> panel_of(const datum::Schema& schema, const std::vector<datum::Record>& records) {
  onboard::PanelBuilder builder(schema.fields.size(), {.arrival_order = true});
  for (const datum::Record& record : records) {
    const auto added = builder.add(0, record.stream, record.time, record.fields);
    if (!added) return tl::unexpected(added.error());
  }
  return builder.build();
}

// Of each cell. A field that the model has a judge for is judged by it; the others as without a model.
std::vector<float> scores_of(const onboard::Panel& panel, const datum::Schema& schema,
                             const onboard::Completion& completion, const onboard::AnomalyModel* model) {
  const onboard::AnomalyOptions options;
  const onboard::Strangeness strange = onboard::strangeness(panel, schema, completion, options);
  std::vector<float> scores = onboard::anomaly_scores(panel, schema, completion, strange, nullptr, options);
  if (model == nullptr) return scores;
  const std::vector<float> judged =
      onboard::anomaly_scores(*model, panel, schema, completion, 0.0, options.warm_up);
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const bool known = std::ranges::any_of(model->fields, [&](const onboard::FieldJudge& judge) {
      return judge.field == schema.fields[f].name;
    });
    if (!known) continue;
    for (std::size_t cell = f; cell < scores.size(); cell += schema.fields.size())
      scores[cell] = judged[cell];
  }
  return scores;
}

enum class Quantity { kTemperature, kHumidity, kWind, kRain };

// The field that holds a quantity, by the names sensors use for it.
const datum::FieldSpec* field_of(const datum::Schema& schema, Quantity quantity, std::size_t& index) {
  static constexpr std::array<std::array<std::string_view, 6>, 4> kNames{{
      {"temp_c", "temp", "temperature", "t", "air_temp", "temp_f"},
      {"rh_pct", "rh", "humid", "humidity", "relative_humidity", "hum"},
      {"wind_kmh", "ws", "wind", "wspm", "wind_speed", "wind_ms"},
      {"rain_mm", "rain", "prec", "precip", "precipitation", "rain_in"},
  }};
  for (const std::string_view name : kNames[static_cast<std::size_t>(quantity)]) {
    for (index = 0; index < schema.fields.size(); ++index)
      if (lower_ascii(schema.fields[index].name) == name &&
          schema.fields[index].kind == datum::FieldKind::kNumber)
        return &schema.fields[index];
  }
  return nullptr;
}

double converted(double value, const std::string& unit) {
  const std::string u = lower_ascii(unit);
  if (u == "degf" || u == "f") return (value - 32.0) / 1.8;
  if (u == "k") return value - 273.15;
  if (u == "mph") return value * 1.609344;
  if (u == "m/s" || u == "ms") return value * 3.6;
  if (u == "kn" || u == "kt" || u == "knots") return value * 1.852;
  if (u == "in") return value * 25.4;
  return value;
}

std::optional<double> reading(const datum::Schema& schema, const datum::Record& record, Quantity quantity) {
  std::size_t index = 0;
  const datum::FieldSpec* field = field_of(schema, quantity, index);
  if (field == nullptr) return std::nullopt;
  // An estimate that abstained counts as missing: danger must not rest on it.
  const auto value = datum::usable_number_of(record.fields[index]);
  if (!value) return std::nullopt;
  return converted(*value, field->unit);
}

}  // namespace

Result<Prepared> prepare(const datum::Schema& schema, std::vector<datum::Record> records,
                         const PrepareModels& models) {
  Prepared out;
  onboard::Cleaner cleaner(schema);
  for (datum::Record& record : records) cleaner.clean(record);
  out.cleaned = cleaner.report();

  const auto panel = panel_of(schema, records);
  if (!panel) return tl::unexpected(panel.error());
  const onboard::Completion completion = onboard::complete_for_anomaly(*panel, schema, models.completion);
  const std::vector<float> scores = scores_of(*panel, schema, completion, models.anomaly);

  const std::vector<onboard::MissingPattern> patterns = onboard::missing_patterns(*panel, true);

  out.records.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    PreparedRecord prepared;
    prepared.record = onboard::completed_record(*panel, schema, completion, i);
    prepared.record.provenance = records[i].provenance;
    const onboard::Panel::Place place = panel->place(i);
    for (std::size_t field = 0; field < schema.fields.size(); ++field) {
      const bool observed = std::holds_alternative<datum::Observed>(prepared.record.fields[field]);
      const std::size_t cell = panel->at(place.slot, place.stream, field);
      prepared.anomalous.push_back(observed && scores[cell] > 1.0F);
      prepared.patterns.push_back(patterns[cell]);
    }
    out.records.push_back(std::move(prepared));
  }
  std::stable_sort(
      out.records.begin(), out.records.end(),
      [](const PreparedRecord& a, const PreparedRecord& b) { return a.record.time < b.record.time; });
  return out;
}

std::optional<wildfire::WeatherReading> weather_of(const datum::Schema& schema, const datum::Record& record) {
  std::size_t index = 0;
  if (field_of(schema, Quantity::kTemperature, index) == nullptr ||
      field_of(schema, Quantity::kHumidity, index) == nullptr)
    return std::nullopt;
  wildfire::WeatherReading out;
  out.time = record.time;
  out.temperature_c = reading(schema, record, Quantity::kTemperature);
  out.humidity_pct = reading(schema, record, Quantity::kHumidity);
  out.wind_kmh = reading(schema, record, Quantity::kWind);
  out.rain_mm = reading(schema, record, Quantity::kRain);
  return out;
}

DangerDesk::DangerDesk(const std::map<std::string, GeoPoint>& stations, wildfire::DangerOptions options) {
  for (const auto& [name, place] : stations) watches_.try_emplace(name, name, place, options);
}

void DangerDesk::add(const std::string& station, const wildfire::WeatherReading& reading) {
  const auto watch = watches_.find(station);
  if (watch != watches_.end()) watch->second.add(reading);
}

std::vector<DangerDesk::Change> DangerDesk::advance(Instant now) {
  std::vector<Change> changes;
  for (auto& [name, watch] : watches_) {
    watch.advance(now);
    if (!watch.statement()) continue;
    const auto [told, first] = told_.emplace(name, watch.statement()->noon);
    if (!first && told->second == watch.statement()->noon) continue;
    told->second = watch.statement()->noon;
    changes.push_back({name, *watch.statement(), watch.prior(now)});
  }
  return changes;
}

std::optional<datum::Prior> DangerDesk::prior(Instant now) const {
  std::optional<datum::Prior> worst;
  for (const auto& [name, watch] : watches_) {
    if (!watch.statement()) continue;
    const datum::Prior prior = watch.prior(now);
    if (!worst || prior.probability > worst->probability) worst = prior;
  }
  return worst;
}

}  // namespace skywarden::node
