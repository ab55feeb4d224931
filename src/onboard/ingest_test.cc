#include "onboard/ingest.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::onboard;
using datum::MissingReason;

namespace {

const datum::Schema& tower() {
  static const datum::Schema schema = datum::parse_schema(R"(
name = "tower"
[time]
columns = ["time"]
[stream]
columns = ["station"]
[[field]]
name = "temp"
unit = "degC"
min = -40
max = 60
[[field]]
name = "wind"
kind = "category"
levels = ["N", "E", "S", "W"]
circular = true
[[field]]
name = "note"
kind = "text"
)",
                                                          "tower.toml")
                                          .value();
  return schema;
}

Ingested csv(std::string_view bytes) {
  return ingest_csv(bytes, tower()).value();
}
Ingested jsonl(std::string_view bytes) {
  return ingest_jsonl(bytes, tower()).value();
}

std::vector<std::string> lines(const Ingested& in) {
  std::vector<std::string> out;
  out.reserve(in.problems.size());
  for (const auto& problem : in.problems) out.push_back(to_line("f", problem));
  return out;
}

MissingReason reason_of(const datum::Field& field) {
  REQUIRE(std::holds_alternative<datum::Missing>(field));
  return std::get<datum::Missing>(field).reason;
}

const std::string kHeader = "time,station,temp,wind,note\n";

}  // namespace

TEST_CASE("rows become records; what is empty is missing") {
  const Ingested in = csv(kHeader + "2020-01-01T00:00Z,a,12.5,E,fine\n2020-01-01T01:00Z,a,,NA,\n");
  REQUIRE(in.records.size() == 2);
  CHECK(in.problems.empty());
  CHECK(in.records[0].stream == "a");
  CHECK(datum::number_of(in.records[0].fields[0]) == 12.5);
  CHECK(std::get<datum::Category>(*datum::value_of(in.records[0].fields[1])).level == 1);
  for (const auto& field : in.records[1].fields) CHECK(reason_of(field) == MissingReason::kNotReported);
}

TEST_CASE("rows out of order are put in order, equal times stay as they came") {
  const Ingested in = csv(kHeader +
                          "2020-01-01T02:00Z,a,3,,\n2020-01-01T01:00Z,b,2,,\n"
                          "2020-01-01T01:00Z,a,1,,\n2020-01-01T03:00Z,a,4,,\n");
  REQUIRE(in.records.size() == 4);
  CHECK(in.records[0].stream == "b");
  CHECK(in.records[1].stream == "a");
  CHECK(datum::number_of(in.records[2].fields[0]) == 3.0);
  CHECK(in.late == 1);
  const Ingested as_came =
      ingest_csv(kHeader + "2020-01-02,a,3,,\n2020-01-01,a,2,,\n", tower(), {.sort = false}).value();
  CHECK(datum::number_of(as_came.records[0].fields[0]) == 3.0);
}

TEST_CASE("the same stream and time twice: dropped, joined, or the first kept") {
  const Ingested in = csv(kHeader +
                          "2020-01-01T00:00Z,a,1,,\n"
                          "2020-01-01T00:00:00+00:00,a,1.0,,\n"  // says the same
                          "2020-01-01T00:00Z,a,,W,\n"            // fills a gap
                          "2020-01-01T00:00Z,a,7,,\n"            // contradicts
                          "2020-01-01T00:00Z,b,7,,\n");          // another stream
  REQUIRE(in.records.size() == 2);
  CHECK(in.duplicates == 1);
  CHECK(in.joined == 1);
  CHECK(in.rows_skipped == 1);
  CHECK(datum::number_of(in.records[0].fields[0]) == 1.0);
  CHECK(std::get<datum::Category>(*datum::value_of(in.records[0].fields[1])).level == 3);
  CHECK(lines(in) ==
        std::vector<std::string>{"f:5:temp: expected one value of stream 'a' at 2020-01-01T00:00:00Z, "
                                 "found another; the first is kept"});
}

TEST_CASE("pixels of one image share a time; only equal ones are duplicates") {
  datum::Schema schema = tower();
  schema.time_repeats = true;
  const auto in =
      ingest_csv(kHeader + "2020-01-01,a,1,,\n2020-01-01,a,2,,\n2020-01-01,a,1,,\n", schema).value();
  CHECK(in.records.size() == 2);
  CHECK(in.duplicates == 1);
}

TEST_CASE("wrong columns: an absent time is an error, an absent field is one line") {
  CHECK(ingest_csv("when,station,temp\n", tower()).error().message ==
        "expected a column 'time', found when,station,temp");
  CHECK_FALSE(ingest_csv("time,station,other\n2020-01-01,a,1\n", tower()).has_value());
  const Ingested in = csv("Station,TIME,Temp,wind\na,2020-01-01,5,N\n");
  CHECK(in.records.size() == 1);
  CHECK(lines(in) == std::vector<std::string>{"f:1:note: expected a column of this name; read as missing"});
}

TEST_CASE("cut rows are left out, the rest is kept") {
  const Ingested in = csv(kHeader + "2020-01-01,a,1,N,\n2020-01-02,a\n2020-01-03,a,3,N,\n2020-01-");
  CHECK(in.records.size() == 2);
  CHECK(lines(in) ==
        std::vector<std::string>{"f:3: expected 5 columns, found 2", "f:5: expected 5 columns, found 1"});
  CHECK(in.rows_skipped == 2);
}

TEST_CASE("NaN is a gap; infinity and 1e999 are malformed; huge numbers are out of range") {
  const Ingested in = csv(kHeader +
                          "2020-01-01,a,NaN,N,\n2020-01-02,a,1e999,N,\n2020-01-03,a,inf,N,\n"
                          "2020-01-04,a,99999999999999999999,N,\n");
  REQUIRE(in.records.size() == 4);
  CHECK(reason_of(in.records[0].fields[0]) == MissingReason::kNotReported);
  CHECK(reason_of(in.records[1].fields[0]) == MissingReason::kMalformed);
  CHECK(reason_of(in.records[2].fields[0]) == MissingReason::kMalformed);
  CHECK(reason_of(in.records[3].fields[0]) == MissingReason::kOutOfRange);
  CHECK(lines(in) ==
        std::vector<std::string>{"f:3:temp: expected temp −40…60, found '1e999'; read as missing",
                                 "f:4:temp: expected temp −40…60, found 'inf'; read as missing"});
}

TEST_CASE("Latin-1 bytes spoil their cell only") {
  const Ingested in =
      csv(kHeader + "2020-01-01,a,1,N,caf\xE9\n2020-01-02,\xE9,1,N,\n2020-01-03,a,2\xB0,\xC9,ok\n");
  REQUIRE(in.records.size() == 2);
  CHECK(reason_of(in.records[0].fields[2]) == MissingReason::kMalformed);
  CHECK(datum::number_of(in.records[0].fields[0]) == 1.0);
  CHECK(lines(in) ==
        std::vector<std::string>{"f:2:note: expected UTF-8 text, found 'caf?'; read as missing",
                                 "f:3:station: expected the name of a stream, found '?'",
                                 "f:4:temp: expected temp −40…60, found '2?'; read as missing",
                                 "f:4:wind: expected one of N, E, S, W, found '?'; read as missing"});
}

TEST_CASE("UTF-16, binary and empty files say so in one line") {
  CHECK(ingest_csv(std::string_view("\xFF\xFEt\0", 4), tower()).error().code == Errc::kUnsupported);
  CHECK(ingest_csv(std::string_view("time\0,station", 13), tower()).error().code == Errc::kMalformed);
  CHECK(ingest_csv("", tower()).error().message == "expected a header row, found nothing");
  CHECK(ingest_jsonl(std::string_view("\xFE\xFF\0{", 4), tower()).error().code == Errc::kUnsupported);
  CHECK(ingest_jsonl("\n \r\n", tower()).error().message == "expected one JSON object a line, found nothing");
}

TEST_CASE("only a header is a file without records") {
  CHECK(csv(kHeader).records.empty());
  CHECK(csv(kHeader).problems.empty());
}

TEST_CASE("CRLF, a byte-order mark and a semicolon change nothing") {
  const Ingested in = csv("\xEF\xBB\xBFtime;station;temp;wind;note\r\n2020-01-01;a;1.5;N;x\r\n");
  REQUIRE(in.records.size() == 1);
  CHECK(in.problems.empty());
  CHECK(std::get<std::string>(*datum::value_of(in.records[0].fields[2])) == "x");
}

TEST_CASE("an unbalanced quote costs its line only") {
  const Ingested in = csv(kHeader + "2020-01-01,a,1,N,\"open\n2020-01-02,a,2,N,ok\n");
  CHECK(in.records.size() == 1);
  CHECK(lines(in) == std::vector<std::string>{"f:2: expected a closing quote"});
}

TEST_CASE("mixed time zones meet on one axis") {
  const Ingested in = csv(kHeader +
                          "2020-01-01T08:00+08:00,a,1,,\n2020-01-01T00:30Z,a,2,,\n"
                          "2019-12-31T20:00-05:00,a,3,,\n2020-01-01T01:30,a,4,,\nyesterday,a,5,,\n");
  REQUIRE(in.records.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(datum::number_of(in.records[i].fields[0]) == static_cast<double>(i + 1));
  CHECK(format_utc(in.records[2].time) == "2020-01-01T01:00:00Z");
  CHECK(in.problems.size() == 1);
}

TEST_CASE("too many records is a limit, not a crash") {
  CHECK(ingest_csv(kHeader + "2020-01-01,a,1,,\n2020-01-02,a,1,,\n", tower(), {.records_max = 1})
            .error()
            .code == Errc::kLimitReached);
}

TEST_CASE("JSON Lines: numbers, text, null and absent keys") {
  const Ingested in = jsonl(
      "\xEF\xBB\xBF{\"time\":\"2020-01-01T00:00Z\",\"station\":\"a\",\"temp\":1.5,\"wind\":\"s\",\"note\":"
      "true}\r\n"
      "\n"
      "{\"Time\":\"2020-01-01T01:00Z\",\"STATION\":7,\"temp\":\"2\",\"wind\":null}\n");
  REQUIRE(in.records.size() == 2);
  CHECK(in.problems.empty());
  CHECK(datum::number_of(in.records[0].fields[0]) == 1.5);
  CHECK(std::get<std::string>(*datum::value_of(in.records[0].fields[2])) == "true");
  CHECK(in.records[1].stream == "7");
  CHECK(datum::number_of(in.records[1].fields[0]) == 2.0);
  CHECK(reason_of(in.records[1].fields[1]) == MissingReason::kNotReported);
}

TEST_CASE("JSON Lines: each bad line is one problem, good lines are kept") {
  const std::string good = "{\"time\":\"2020-01-01\",\"station\":\"a\",\"temp\":1}\n";
  const Ingested in =
      jsonl("{\"time\":\"2020-01-01\",\n[1]\n{\"time\":\"2020-01-01\",\"station\":\"a\",\"temp\":NaN}\n" +
            good + "{\"station\":\"a\"}\n{\"time\":[],\"station\":\"a\"}\n" +
            "{\"time\":\"2020-01-02\",\"station\":\"a\",\"temp\":{\"x\":1}}\n" +
            "{\"time\":\"2020-01-03\",\"station\":\"a\",\"temp\":1e999}\n" +
            "{\"time\":\"2020-01-04\",\"station\":\"a\",\"temp\":99999999999999999999}\n" +
            "{\"time\":\"2020-01-05\",\"station\":\"a\",\"note\":\"\xE9\"}\n");
  REQUIRE(in.records.size() == 3);
  CHECK(reason_of(in.records[1].fields[0]) == MissingReason::kMalformed);
  CHECK(reason_of(in.records[2].fields[0]) == MissingReason::kOutOfRange);
  const auto all = lines(in);
  REQUIRE(all.size() == 8);
  CHECK(all[0] == "f:1: expected a JSON object, found '{\"time\":\"2020-01-01\",'");
  CHECK(all[3] == "f:5: expected a key 'time'");
  CHECK(all[5] == "f:7:temp: expected text or a number, found a list or object; read as missing");
}

TEST_CASE("JSON Lines: nesting and length have limits") {
  const std::string deep = std::string(100'000, '[') + "\n";
  const Ingested in =
      jsonl(deep + "{\"time\":\"2020-01-01\",\"station\":\"]]{{[[\\\"[[[[[[[[[[[[[[[[[[\",\"temp\":1}\n");
  CHECK(in.records.size() == 1);
  CHECK(lines(in) == std::vector<std::string>{"f:1: expected JSON nested at most 16 deep"});
  const auto narrow =
      ingest_jsonl(std::string(50, ' ') + "{\"time\":\"2020-01-01\"}", tower(), {.line_bytes_max = 10});
  CHECK(narrow->problems.size() == 1);
}

TEST_CASE("several sources merge in time, and one record is told once") {
  datum::Schema other = tower();
  other.name = "other";
  Source first{&tower(), csv(kHeader + "2020-01-01T00:00Z,a,1,,\n2020-01-01T02:00Z,a,3,,\n").records};
  Source second{&tower(), csv(kHeader + "2020-01-01T01:00Z,a,2,,\n2020-01-01T00:00Z,a,1,S,\n"
                                        "2020-01-01T02:00Z,a,9,,\n")
                              .records};
  Source third{&other, csv(kHeader + "2020-01-01T00:00Z,a,5,,\n").records};
  const Merged merged = merge({first, second, third}).value();
  REQUIRE(merged.records.size() == 4);
  CHECK(merged.sources == std::vector<std::uint32_t>{0, 2, 1, 0});
  CHECK(merged.joined == 1);
  CHECK(merged.conflicts == 1);
  CHECK(std::get<datum::Category>(*datum::value_of(merged.records[0].fields[1])).level == 2);
  CHECK(datum::number_of(merged.records[3].fields[0]) == 3.0);
  CHECK(merge({first, second}, 3).error().code == Errc::kLimitReached);
}

TEST_CASE("numbers of JSON are read as their text, and keys in any letters") {
  datum::Schema schema;
  schema.name = "numbers";
  schema.time_format = datum::TimeFormat::kNone;
  schema.fields.resize(1);
  schema.fields[0].name = "Value";
  for (const char* text :
       {"0", "-1", "18446744073709551615", "-9223372036854775808", "1e5", "-0.25", "12.0"}) {
    for (const char* key : {"Value", "vALUE", " value "}) {
      std::vector<datum::RowProblem> problems;
      const std::string line = fmt::format("{{\"other\":1,\"{}\":{}}}", key, text);
      const auto record = decode_json_line(line, schema, {}, 1, problems);
      REQUIRE(record);
      CHECK(problems.empty());
      CHECK(datum::number_of(record->fields[0]) == std::stod(text));
    }
    schema.fields[0].kind = datum::FieldKind::kText;
    std::vector<datum::RowProblem> problems;
    const auto record = decode_json_line(fmt::format("{{\"Value\":{}}}", text), schema, {}, 1, problems);
    REQUIRE(record);
    const std::string expected = std::string(text) == "1e5" ? "100000.0" : text;
    CHECK(std::get<std::string>(*datum::value_of(record->fields[0])) == expected);
    schema.fields[0].kind = datum::FieldKind::kNumber;
  }
}
