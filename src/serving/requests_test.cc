#include "serving/requests.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::serving;

namespace {

EngineShape two_wide() {
  EngineShape shape;
  shape.inputs = {{"in", 2}};
  shape.outputs = {{"out", 2}};
  shape.rows_max = 4;
  return shape;
}

Result<EngineShape> shape_of(const std::string& model) {
  if (model != "m") return fail(Errc::kNotFound, "no model '{}'", model);
  return two_wide();
}

datum::Schema station_schema() {
  datum::Schema schema = onboard::example_schema();
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  schema.fields[0].min = -50.0;
  schema.fields[0].max = 60.0;
  return schema;
}

std::string why(const std::string& body) {
  const auto query = read_infer(body, shape_of);
  return query ? "" : query.error().message;
}

}  // namespace

TEST_CASE("an inference is read") {
  const auto query =
      read_infer(R"({"model":"m","rows":[[1,2],[3,4.5]],"priority":"high","deadline_ms":20})", shape_of);
  REQUIRE(query);
  CHECK(query->sequence.rows == 2);
  CHECK(query->sequence.numbers.at(0) == std::vector<float>{1.0F, 2.0F, 3.0F, 4.5F});
  CHECK(query->wishes.priority == inference::Priority::kHigh);
  CHECK(query->wishes.within == std::chrono::milliseconds(20));
  CHECK(read_infer(R"({"model":"m","inputs":{"in":[[1,2]]}})", shape_of));
}

TEST_CASE("what is wrong with an inference is one line that names the place") {
  CHECK(why("") == "the body: expected a JSON object");
  CHECK(why("[1]") == "the body: expected a JSON object");
  CHECK(why(R"({"model":1})") == "\"model\": expected a name");
  CHECK(why(R"({"model":"other","rows":[]})") == "no model 'other'");
  CHECK(why(R"({"model":"m"})") == "expected \"rows\" or \"inputs\", and not both");
  CHECK(why(R"({"model":"m","rows":[[1,2],[3]]})") == "input 'in', row 2: expected 2 numbers");
  CHECK(why(R"({"model":"m","rows":[[1,"x"]]})") == "input 'in', row 1: expected finite numbers");
  CHECK(why(R"({"model":"m","rows":[[1,NaN]]})") == "the body: expected a JSON object");
  CHECK(why(R"({"model":"m","rows":[[1,1e300]]})") == "input 'in', row 1: expected finite numbers");
  CHECK(why(R"({"model":"m","rows":[]})") == "expected 1…4 rows, found 0");
  CHECK(why(R"({"model":"m","rows":[[1,2],[1,2],[1,2],[1,2],[1,2]]})") == "expected 1…4 rows, found 5");
  CHECK(why(R"({"model":"m","rows":[[1,2]],"priority":"urgent"})") ==
        "\"priority\": expected high, normal or low");
  CHECK(why(R"({"model":"m","rows":[[1,2]],"deadline_ms":0})").starts_with("\"deadline_ms\""));
  CHECK(why(std::string(100'000, '[')) == "expected at most 16 levels of nesting");
  CHECK(why("{\"model\":\"\xff\"}") == "the body: expected a JSON object");
  CHECK(why(R"({"model":"[[[[[[[[[[[[[[[[[[[[\"[[["})")
            .starts_with("no model"));  // brackets in text do not nest
}

TEST_CASE("a completion is read, and cells that cannot be are missing and told") {
  const datum::Schema schema = station_schema();
  const auto schema_of = [&](const std::string& name) { return name == "example" ? &schema : nullptr; };
  const auto query = read_complete(
      R"({"schema":"example","records":[{"station":"a","time":"2020-01-01T00:00:00Z","temp":12.5,"rain":null,"wind":"Q"},)"
      R"({"station":"b","time":"2020-01-01T00:00:00Z","temp":900}]})",
      schema_of);
  REQUIRE(query);
  REQUIRE(query->records.size() == 2);
  CHECK(datum::number_of(query->records[0].fields[0]) == 12.5);
  REQUIRE(query->problems.size() == 1);
  CHECK(query->problems[0].column == "wind");
  CHECK(std::get<datum::Missing>(query->records[1].fields[0]).reason == datum::MissingReason::kOutOfRange);
  const auto none = read_complete(R"({"schema":"other","records":[{}]})", schema_of);
  CHECK(none.error().code == Errc::kNotFound);
  CHECK(read_complete(R"({"schema":"example","records":[]})", schema_of).error().code == Errc::kMalformed);
  CHECK(read_complete(R"({"schema":"example","records":[{"station":"a"}]})", schema_of)
            .error()
            .message.starts_with("record 1: "));
  CHECK(read_complete(R"({"schema":"example","records":[7]})", schema_of)
            .error()
            .message.starts_with("record 1: "));
  CHECK(read_complete(R"({"schema":"example","records":[{"station":"a","time":"yesterday"}]})", schema_of)
            .error()
            .message.starts_with("record 1: "));
}

TEST_CASE("names and texts as long as a body are not kept") {
  datum::Schema schema = station_schema();
  schema.fields[1] = {};
  schema.fields[1].name = "note";
  schema.fields[1].kind = datum::FieldKind::kText;
  const auto read = [&](const std::string& station, const std::string& note) {
    return read_complete(
        nlohmann::json(
            {{"schema", "example"},
             {"records", {{{"station", station}, {"time", "2026-01-01T00:00:00Z"}, {"note", note}}}}})
            .dump(),
        [&](const std::string&) { return &schema; });
  };
  CHECK(read(std::string(256, 'a'), "short"));
  const auto refused = read(std::string(257, 'a'), "short");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kLimitReached);
  const auto cut = read("a", std::string(5000, 'b'));
  REQUIRE(cut);
  CHECK(std::holds_alternative<datum::Missing>(cut->records[0].fields[1]));
  REQUIRE(cut->problems.size() == 1);
  CHECK(cut->problems[0].column == "note");
}

TEST_CASE("answers are JSON whatever is in them") {
  const datum::Schema schema = station_schema();
  CompletedNewest done;
  done.record.stream = "a\"\\\n\xff";
  done.record.fields = {datum::Observed{1.5}, datum::Missing{},
                        datum::Estimated{datum::Category{2}, std::nullopt, Probability(0.75), "baseline"}};
  done.patterns = {GapPattern::kNone, GapPattern::kStretch, GapPattern::kScattered};
  const auto answer =
      nlohmann::json::parse(complete_json(schema, {done}, {{1, "wind", "expected \"N\""}}, {}));
  const auto& fields = answer["records"][0]["fields"];
  CHECK(fields["temp"]["value"] == 1.5);
  CHECK(fields["rain"]["pattern"] == "stretch");
  CHECK(fields["wind"]["value"] == "E");
  CHECK(fields["wind"]["p"] == 0.75);
  CHECK(answer["problems"][0]["field"] == "wind");
  const auto rows = nlohmann::json::parse(infer_json("m", two_wide(), {{1.0F, 2.0F, 3.0F, 4.0F}}, {}));
  CHECK(rows["outputs"]["out"] == nlohmann::json::parse("[[1,2],[3,4]]"));
  CHECK(nlohmann::json::parse(error_json("x", "a\"b"))["error"]["message"] == "a\"b");
}
