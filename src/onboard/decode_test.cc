#include "onboard/decode.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::onboard;
using datum::MissingReason;
using datum::TimeFormat;

namespace {

datum::Schema schema_with(TimeFormat format, std::vector<std::string> columns, int offset_min = 0) {
  datum::Schema schema;
  schema.name = "s";
  schema.time_format = format;
  schema.time_columns = std::move(columns);
  schema.utc_offset_min = offset_min;
  return schema;
}

std::string time_of(const datum::Schema& schema, std::vector<std::string_view> cells) {
  const auto t = decode_time(schema, cells);
  return t ? format_utc(*t) : t.error().message;
}

MissingReason reason_of(const datum::Field& field) {
  REQUIRE(std::holds_alternative<datum::Missing>(field));
  return std::get<datum::Missing>(field).reason;
}

}  // namespace

TEST_CASE("a number is observed, or missing for a reason") {
  const datum::Schema schema;
  datum::FieldSpec spec;
  spec.name = "temp";
  spec.min = -40;
  spec.max = 60;
  const auto decode = [&](std::string_view text) { return decode_field(spec, schema, text); };
  CHECK(datum::number_of(decode(" 12.5 ")) == 12.5);
  CHECK(datum::number_of(decode("-40")) == -40.0);
  CHECK(reason_of(decode("")) == MissingReason::kNotReported);
  CHECK(reason_of(decode("NaN")) == MissingReason::kNotReported);
  CHECK(reason_of(decode("-999.00")) == MissingReason::kNotReported);
  CHECK(reason_of(decode("61")) == MissingReason::kOutOfRange);
  CHECK(reason_of(decode("99999999999999999999")) == MissingReason::kOutOfRange);
  for (const char* bad : {"1e999", "inf", "12,5", "0x1F", "1 2", "\xB0", "--1"})
    CHECK(reason_of(decode(bad)) == MissingReason::kMalformed);
}

TEST_CASE("a category is one of its levels, whatever the case") {
  const datum::Schema schema;
  datum::FieldSpec spec;
  spec.kind = datum::FieldKind::kCategory;
  spec.levels = {"n", "N", "East"};
  const auto level = [&](std::string_view text) {
    return std::get<datum::Category>(*datum::value_of(decode_field(spec, schema, text))).level;
  };
  CHECK(level("N") == 1);
  CHECK(level("EAST ") == 2);
  CHECK(reason_of(decode_field(spec, schema, "West")) == MissingReason::kMalformed);
}

TEST_CASE("text that is no UTF-8 is malformed, not guessed at") {
  const datum::Schema schema;
  datum::FieldSpec spec;
  spec.kind = datum::FieldKind::kText;
  CHECK(reason_of(decode_field(spec, schema, "caf\xE9")) == MissingReason::kMalformed);
  CHECK(std::get<std::string>(*datum::value_of(decode_field(spec, schema, "café"))) == "café");
}

TEST_CASE("ISO times: a zone in the text wins over the schema's") {
  const auto beijing = schema_with(TimeFormat::kIso, {"t"}, 480);
  CHECK(time_of(beijing, {"2022-02-26T08:00"}) == "2022-02-26T00:00:00Z");
  CHECK(time_of(beijing, {"2022-02-26"}) == "2022-02-25T16:00:00Z");
  CHECK(time_of(beijing, {"2022-02-26T08:00Z"}) == "2022-02-26T08:00:00Z");
  CHECK(time_of(beijing, {"2022-02-26T08:00-05:00"}) == "2022-02-26T13:00:00Z");
  CHECK(time_of(beijing, {"yesterday"}).ends_with("found 'yesterday'"));
}

TEST_CASE("year, month, day, hour columns") {
  const auto prsa = schema_with(TimeFormat::kYmdh, {"year", "month", "day", "hour"}, 480);
  CHECK(time_of(prsa, {"2013", "3", "1", "0"}) == "2013-02-28T16:00:00Z");
  CHECK(time_of(prsa, {"2013.0", "3.0", "1.0", "0.0"}) == "2013-02-28T16:00:00Z");
  CHECK(time_of(prsa, {"2015", "7", "1", "0"}) == "2015-06-30T16:00:00Z");  // the leap second comes later
  CHECK(time_of(prsa, {"2013", "2", "30", "0"}) == "day 30 does not exist in 2013-02");
  CHECK(time_of(prsa, {"2013", "x", "1", "0"}) == "expected a whole number for the month, found 'x'");
  const auto daily = schema_with(TimeFormat::kYmdh, {"year", "month", "day"});
  CHECK(time_of(daily, {"2012", "6", "1"}) == "2012-06-01T00:00:00Z");
}

TEST_CASE("FIRMS times: both styles of date, leading zeros lost by a spreadsheet") {
  const auto firms = schema_with(TimeFormat::kFirms, {"acq_date", "acq_time"});
  CHECK(time_of(firms, {"2022-02-26", "0005"}) == "2022-02-26T00:05:00Z");
  CHECK(time_of(firms, {"8/1/2019", "56"}) == "2019-08-01T00:56:00Z");
  CHECK(time_of(firms, {"08/31/2019", "2359"}) == "2019-08-31T23:59:00Z");
  CHECK(time_of(firms, {"2019/08/31", "0"}) == "2019-08-31T00:00:00Z");
  CHECK(time_of(firms, {"2017-10-09", "10:15"}) == "2017-10-09T10:15:00Z");
  CHECK(time_of(firms, {"2017-10-09", "0315-07:00"}) == "2017-10-09T10:15:00Z");
  CHECK(time_of(firms, {"31/8/2019", "0"}) == "month 31 is outside 1…12");
  for (const char* bad : {"", "2460", "10:75", "noon", "10155", "-5"})
    CHECK(time_of(firms, {"2017-10-09", bad}).starts_with("expected a time as hhmm"));
  for (const char* bad : {"", "2017-10", "9.10.2017", "2017-10-09-1", "17-10-09"})
    CHECK(time_of(firms, {bad, "1015"}).starts_with("expected a date"));
}

TEST_CASE("Unix seconds, before and after 1970; milliseconds are refused") {
  const auto seconds = schema_with(TimeFormat::kUnix, {"t"});
  CHECK(time_of(seconds, {"1507544100"}) == "2017-10-09T10:15:00Z");
  CHECK(time_of(seconds, {"-1.5"}) == "1969-12-31T23:59:58Z");
  CHECK(time_of(seconds, {"1507544100000"}).starts_with("expected seconds since 1970"));
}

TEST_CASE("a table is laid out by its header, and an absent time column is named") {
  auto schema = schema_with(TimeFormat::kIso, {"time"});
  schema.stream_columns = {"site", "sensor"};
  schema.fields.resize(2);
  schema.fields[0].name = "temp";
  schema.fields[1].name = "wind";
  auto table = datum::parse_delimited("TIME,Site,sensor,temp\n2020-01-01,a,1,5\n2020-01-01,,1,5\n").value();
  const auto layout = lay_out(schema, table).value();
  CHECK(layout.fields == std::vector<std::size_t>{3, datum::Table::npos});
  CHECK(stream_name(schema, layout, table.rows[0], "file") == "a/1");
  CHECK_FALSE(stream_name(schema, layout, table.rows[1], "file").has_value());
  CHECK(format_utc(decode_row_time(schema, layout, table.rows[0]).value()) == "2020-01-01T00:00:00Z");
  table.header[0] = "when";
  CHECK(lay_out(schema, table).error().message == "expected a column 'time', found when,Site,sensor,temp");
}
