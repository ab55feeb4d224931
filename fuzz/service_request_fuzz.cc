// Bodies of requests to the service: whatever comes, an answer or one line. What can be read is completed.
#include <string_view>

#include "serving/completion_ladder.h"
#include "serving/requests.h"

namespace {

using namespace skywarden;

datum::Schema make_schema() {
  datum::Schema schema;
  schema.name = "s";
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  datum::FieldSpec number, category, text;
  number.name = "n";
  number.min = -50;
  number.max = 50;
  category.name = "c";
  category.kind = datum::FieldKind::kCategory;
  category.levels = {"N", "E", "S", "W"};
  text.name = "t";
  text.kind = datum::FieldKind::kText;
  schema.fields = {number, category, text};
  return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const datum::Schema schema = make_schema();
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  serving::EngineShape shape;
  shape.inputs = {{"in", 2}, {"kind", 1, true, true, 4}};
  shape.outputs = {{"out", 2}};
  shape.rows_max = 8;
  const auto query =
      serving::read_infer(body, [&](const std::string&) -> Result<serving::EngineShape> { return shape; });
  if (query && !serving::check_sequence(shape, query->sequence)) __builtin_trap();
  if (!query && query.error().message.find('\n') != std::string::npos) __builtin_trap();
  (void)serving::read_watts(body);
  if (const auto offer = serving::read_offer(body);
      offer && !serving::read_offer(serving::offer_json(*offer)))
    __builtin_trap();
  const auto schema_of = [&](const std::string& name) { return name == "s" ? &schema : nullptr; };
  const auto records = serving::read_complete(body, schema_of);
  if (!records) return 0;
  // Sent on, it says the same; as somebody's answer about itself it may say anything.
  const auto sent_on = serving::forwarded_json(schema, records->records, records->before,
                                               records->wishes.priority, std::chrono::seconds(1));
  const auto again = sent_on ? serving::read_complete(*sent_on, schema_of) : records;
  if (!again || again->records.size() != records->records.size() ||
      again->before.size() != records->before.size())
    __builtin_trap();
  (void)serving::relayed_json(body, schema, records->records, {}, "neighbour", "n");
  serving::CompletionLadder ladder(
      schema, nullptr,
      {.system = {.streams_max = 2, .window_slots = 256}, .stream_rows = 4, .streams_max = 3, .owed_max = 4});
  std::vector<const datum::Record*> newest;
  for (const datum::Record& record : records->records) {
    if (record.fields.size() != schema.fields.size()) __builtin_trap();
    newest.push_back(&record);
  }
  auto done = ladder.complete_newest(newest, static_cast<serving::Haste>(size % 3));
  if (done.size() != newest.size()) __builtin_trap();
  done = ladder.complete_newest(newest, serving::Haste::kNone);
  const std::string answer = serving::complete_json(schema, done, records->problems, {});
  if (!serving::relayed_json(answer, schema, records->records, records->problems, "neighbour", "n"))
    __builtin_trap();
  done = ladder.complete_and_forgo(newest);
  (void)serving::complete_json(schema, done, records->problems, {});
  return 0;
}
