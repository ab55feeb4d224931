#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "onboard/ingest.h"
#include "onboard/record_batch_test_data.h"
#include "onboard/record_csv.h"

using namespace skywarden;
using namespace skywarden::onboard;
using datum::TimeFormat;

namespace {

datum::Schema schema_with(TimeFormat format, std::vector<std::string> columns, int offset) {
  datum::Schema schema = batch_schema();
  schema.time_format = format;
  schema.time_columns = std::move(columns);
  schema.utc_offset_min = offset;
  schema.stream_columns = {"region", "station"};
  schema.time_repeats = true;  // keeps equal times apart
  return schema;
}

}  // namespace

TEST_CASE("records written as a table are read again as the same records") {
  CHECK(rc::check([] {
    const int offset = *rc::gen::elementOf(std::vector<int>{0, 480, -210, 840, -840});
    const auto hour = Duration(std::chrono::hours(1));
    const auto [schema, unit] = *rc::gen::elementOf(std::vector<std::pair<datum::Schema, Duration>>{
        {schema_with(TimeFormat::kIso, {"t"}, offset), Duration(1)},
        {schema_with(TimeFormat::kYmdh, {"year", "month", "day", "hour"}, offset / 60 * 60), hour},
        {schema_with(TimeFormat::kFirms, {"acq_date", "acq_time"}, offset), hour / 60},
        {schema_with(TimeFormat::kUnix, {"t"}, offset), Duration(std::chrono::seconds(1))}});
    auto records = drawn_records(schema, 12);
    // Across the leap second at the end of 2016, which no table of hours shows.
    Instant time = parse_utc("2016-12-31T22:00:00Z").value();
    for (std::size_t i = 0; i < records.size(); ++i) {
      records[i].time = time;
      records[i].stream = "r/" + records[i].stream;
      records[i].provenance = datum::Provenance::kObserved;
      const Instant next = time + unit * *rc::gen::inRange<std::int64_t>(1, 5);
      time = time < parse_utc("2017-01-01T00:00:00Z").value() && unit >= hour / 60
                 ? parse_utc("2017-01-01T00:00:00Z").value()
                 : next;
      for (std::size_t f = 0; f < records[i].fields.size(); ++f) {
        const auto number = datum::number_of(records[i].fields[f]);
        const bool mark = number && (*number == -999 || *number == -9999);
        const bool outside = number && schema.fields[f].min && (*number < 0 || *number > 360);
        const auto* observed = std::get_if<datum::Observed>(&records[i].fields[f]);
        const auto* text = observed ? std::get_if<std::string>(&observed->value) : nullptr;
        // A table cannot say why something is missing.
        if (observed == nullptr || mark || outside || (text && text->empty()))
          records[i].fields[f] = datum::Missing{datum::MissingReason::kNotReported};
      }
    }
    const auto csv = records_to_csv(schema, records);
    RC_ASSERT(csv.has_value());
    const auto again = ingest_csv(*csv, schema);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->problems.empty());
    RC_ASSERT(again->records.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) RC_ASSERT(shown(again->records[i]) == shown(records[i]));
    std::vector<datum::RowProblem> problems;
    for (const datum::Record& record : records) {
      const auto line = record_to_json(schema, record);
      RC_ASSERT(line.has_value());
      const auto read = decode_json_line(*line, schema, {}, 1, problems);
      RC_ASSERT(read.has_value());
      RC_ASSERT(shown(*read) == shown(record));
    }
    RC_ASSERT(problems.empty());
  }));
}

TEST_CASE("a stream with fewer parts than the schema has columns makes no table") {
  const auto schema = schema_with(TimeFormat::kIso, {"t"}, 0);
  datum::Record record;
  record.stream = "alone";
  record.fields.assign(schema.fields.size(), datum::Missing{});
  CHECK_FALSE(records_to_csv(schema, std::vector{record}).has_value());
  CHECK_FALSE(record_to_json(schema, record).has_value());
}

TEST_CASE("seconds before 1970 keep their sign") {
  const auto schema = schema_with(TimeFormat::kUnix, {"t"}, 0);
  const auto cell = [&](const char* utc) { return time_cells(schema, parse_utc(utc).value()).at(0); };
  CHECK(cell("1970-01-01T00:00:00.5Z") == "0.500000000");
  CHECK(cell("1969-12-31T23:59:59.25Z") == "-0.750000000");
  CHECK(cell("1969-12-31T23:59:58.25Z") == "-1.750000000");
  CHECK(cell("1969-12-31T23:59:58Z") == "-2");
}
