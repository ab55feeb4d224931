#include <doctest/doctest.h>

#include "datum/delimited.h"
#include "datum/hotspot.h"
#include "datum/schema.h"

using namespace skywarden;
using namespace skywarden::datum;

TEST_CASE("delimited text: quotes, CRLF, byte-order mark, short rows") {
  const auto table = parse_delimited(
                         "\xEF\xBB\xBF"
                         "a,b\r\n1,\"x,\"\"y\"\"\"\r\n2\r\n3,4\r\n")
                         .value();
  CHECK(table.header == std::vector<std::string>{"a", "b"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0][1] == "x,\"y\"");
  CHECK(table.row_numbers[1] == 4);
  REQUIRE(table.problems.size() == 1);
  CHECK(to_line("f.csv", table.problems[0]) == "f.csv:3: expected 2 columns, found 1");
  CHECK(table.column(" B ") == 1);
}

TEST_CASE("delimited text: an unclosed quote costs one line, not the file") {
  const auto table = parse_delimited("a,b\n\"1,2\n3,4\n").value();
  CHECK(table.problems.size() == 1);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0][0] == "3");
}

TEST_CASE("delimited text: what is no text says so") {
  CHECK(parse_delimited("").error().code == Errc::kMalformed);
  CHECK(parse_delimited("\xFF\xFE"
                        "a")
            .error()
            .code == Errc::kUnsupported);
  CHECK(parse_delimited(std::string_view("a\0b", 3)).error().code == Errc::kMalformed);
  CHECK(parse_delimited("a;b;c\n1;2;3\n", {.detect_delimiter = true}).value().delimiter == ';');
}

TEST_CASE("rows round-trip through quoting") {
  std::string out;
  append_row(out, {"a,b", "q\"q", "plain", "line\nbreak"});
  const auto table = parse_delimited("w,x,y,z\n" + out).value();
  CHECK(table.rows[0] == std::vector<std::string>{"a,b", "q\"q", "plain", "line\nbreak"});
}

TEST_CASE("a schema is read, and a wrong one names the key") {
  const std::string good = R"(
name = "tower"
[time]
columns = ["time"]
format = "iso"
[stream]
columns = ["station"]
[[field]]
name = "temp"
unit = "degC"
min = -40
max = 60
tolerance_abs = 1
[[field]]
name = "wind"
kind = "category"
levels = ["N", "E", "S", "W"]
circular = true
)";
  const Schema schema = parse_schema(good, "tower.toml").value();
  CHECK(schema.fields.size() == 2);
  CHECK(schema.fields[0].max == 60.0);
  CHECK(schema.field_index("wind") == 1);
  CHECK(parse_schema("name = 3", "x.toml").error().message == "x.toml: key 'name': expected a string");
  CHECK(parse_schema("name = ", "x.toml").error().message.starts_with("x.toml:1:"));
  CHECK_FALSE(parse_schema(good + "\ntypo = 1\n", "x.toml").has_value());
}

TEST_CASE("an observation has one identity however it is relayed") {
  Hotspot a;
  a.centre = {38.6, -122.6};
  a.satellite = "N";
  Hotspot b = a;
  b.confidence = Probability(0.9);
  CHECK(observation_id(a) == observation_id(b));
  b.centre.lat_deg += 0.001;
  CHECK(observation_id(a) != observation_id(b));
}
