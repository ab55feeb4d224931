// bench-anomaly: what it costs to judge readings by the trained model: the completion that says what each
// would have been, and the judgement. Hourly records of the PRSA files. One JSON line a figure; how many
// faults are found is bench/injected_faults.py's matter.
#include "onboard/anomaly.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "onboard/anomaly_model.h"
#include "prsa_records.h"

namespace skywarden {
namespace {

struct Arguments {
  PrsaInput from{.model = "models/prsa.anomaly"};
  std::size_t hours = 3000;
};

Result<onboard::Panel> panel_of(const std::vector<datum::Record>& records, std::size_t fields) {
  onboard::PanelBuilder builder(fields, {.arrival_order = true});
  std::map<std::string, std::uint32_t> sources;  // each station a link of its own
  for (const datum::Record& record : records) {
    const auto source =
        sources.emplace(record.stream, static_cast<std::uint32_t>(sources.size())).first->second;
    const auto added = builder.add(source, record.stream, record.time, record.fields);
    if (!added) return tl::unexpected<Error>(added.error());
  }
  return builder.build();
}

std::size_t readings(const onboard::Panel& panel, const datum::Schema& schema,
                     const onboard::AnomalyModel& model) {
  std::size_t out = 0;
  for (const onboard::FieldJudge& field : model.fields) {
    const std::size_t f = schema.field_index(field.field).value();
    for (std::size_t slot = 0; slot < panel.slots(); ++slot)
      for (std::size_t s = 0; s < panel.streams(); ++s) out += panel.observed(panel.at(slot, s, f)) ? 1 : 0;
  }
  return out;
}

Result<void> run(const Arguments& a) {
  const auto schema = schema_from(a.from.schema);
  if (!schema) return tl::unexpected<Error>(schema.error());
  const auto bytes = formats::read_file(a.from.model);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto model = onboard::decode_anomaly_model(std::as_bytes(std::span(*bytes)), *schema);
  if (!model) return fail(model.error().code, "{}: {}", a.from.model, model.error().message);
  const auto records = prsa_records(a.from.data, *schema, a.hours);
  if (!records) return tl::unexpected<Error>(records.error());
  const auto panel = panel_of(*records, schema->fields.size());
  if (!panel) return tl::unexpected<Error>(panel.error());

  const double began = cpu_seconds();
  const auto completion = onboard::complete_for_anomaly(*panel, *schema);
  const double completed = cpu_seconds();
  const auto scores =
      onboard::anomaly_scores(*model, *panel, *schema, completion, 0.0, onboard::AnomalyOptions{}.warm_up);
  const double judged = cpu_seconds();
  const std::size_t count = readings(*panel, *schema, *model);
  const auto flagged = std::ranges::count_if(scores, [](float score) { return score > 1.0F; });
  const auto per_record = [&](double seconds) {
    return seconds / static_cast<double>(records->size()) * 1e6;
  };
  fmt::print(
      "{{\"figure\": \"records completed with what each reading would have been\", \"streams\": {}, "
      "\"records\": {}, \"cpu_us\": {:.1f}}}\n",
      panel->streams(), records->size(), per_record(completed - began));
  fmt::print(
      "{{\"figure\": \"readings judged\", \"model\": \"{}\", \"readings\": {}, \"flagged\": {}, \"cpu_us\": "
      "{:.2f}, \"cpu_us_a_record\": {:.1f}}}\n",
      a.from.model, count, flagged, (judged - completed) / static_cast<double>(count) * 1e6,
      per_record(judged - completed));
  return {};
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::Arguments a;
  skywarden::command_line::Program app{"What it costs to judge readings by the trained model"};
  a.from.add_options(app, "a model of anomalies");
  app.add_option("--hours", a.hours, "of each station")
      .check(skywarden::command_line::range(300, 100'000))
      .capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto ran = skywarden::run(a);
  if (!ran) fmt::print(stderr, "bench-anomaly: {}\n", ran.error().message);
  return ran ? 0 : 1;
}
