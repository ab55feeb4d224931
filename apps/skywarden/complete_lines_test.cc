#include "complete_lines.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

using namespace skywarden;
using namespace skywarden::app;

namespace {

datum::Schema schema() {
  datum::Schema out;
  out.name = "weather";
  out.time_columns = {"time"};
  out.stream_columns = {"station"};
  datum::FieldSpec temperature;
  temperature.name = "temp_c";
  temperature.min = -60.0;
  temperature.max = 60.0;
  temperature.tolerance_abs = 1.0;
  out.fields = {temperature};
  return out;
}

struct Said {
  CompletedLines lines;
  std::vector<nlohmann::json> answers;
  std::vector<std::string> complaints;
};

Said complete(const std::string& text) {
  std::istringstream in(text);
  Said out;
  out.lines = complete_lines(
      in, schema(), nullptr, {},
      [&](std::string_view line) { out.answers.push_back(nlohmann::json::parse(line)); },
      [&](std::string_view line) { out.complaints.emplace_back(line); });
  return out;
}

std::string line(int hour, const std::string& value) {
  return R"({"time":"2022-02-26T)" + std::string(hour < 10 ? "0" : "") + std::to_string(hour) +
         R"(:00:00Z","station":"a","temp_c":)" + value + "}\n";
}

}  // namespace

TEST_CASE("each record is answered before the next is read, a hole with an interval") {
  std::string text;
  for (int hour = 0; hour < 12; ++hour)
    text += line(hour, hour == 11 ? "null" : std::to_string(10 + hour % 3));
  const Said said = complete(text);
  CHECK(said.lines.records == 12);
  CHECK(said.lines.sound());
  REQUIRE(said.answers.size() == 12);
  CHECK(said.answers[3]["fields"]["temp_c"]["state"] == "observed");
  const auto& hole = said.answers[11]["fields"]["temp_c"];
  CHECK(hole["state"] == "estimated");
  CHECK(hole["low"].get<double>() <= hole["value"].get<double>());
  CHECK(hole["value"].get<double>() <= hole["high"].get<double>());
}

TEST_CASE("lines that are no records, far too long ones among them, are told and cost themselves alone") {
  const Said said = complete(line(0, "10") + "not json\n\n" + R"({"station":"a","temp_c":3})" + "\n" +
                             std::string(3'000'000, 'x') + "\r\n" + line(1, "\"warm\"") + line(2, "11"));
  CHECK(said.lines.records == 3);
  CHECK(said.lines.refused == 3);
  CHECK(said.lines.problems == 1);
  CHECK_FALSE(said.lines.sound());
  REQUIRE(said.complaints.size() == 4);
  CHECK(said.complaints[0].starts_with("standard input:2:"));
  CHECK(said.complaints[2].find("1048576 bytes") != std::string::npos);
  CHECK(said.complaints[3].find("temp_c") != std::string::npos);
}

TEST_CASE("a sender that is wrong throughout is told so at some point, and no more") {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  const Said said = complete(text);
  CHECK(said.lines.refused == 500);
  CHECK(said.complaints.size() == 101);
}

TEST_CASE("a last line without an end counts, and none is no fault") {
  std::string text = line(0, "10");
  text.pop_back();
  CHECK(complete(text).lines.records == 1);
  CHECK(complete("").lines.sound());
}
