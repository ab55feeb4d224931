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

TEST_CASE("a completion says what came before, whether it was sent on, and whether the ground is wanted") {
  const datum::Schema schema = station_schema();
  const auto schema_of = [&](const std::string& name) { return name == schema.name ? &schema : nullptr; };
  const auto records = onboard::example_records(3, 3);
  const std::vector<datum::Record> before(records.begin(), records.begin() + 4), now{records[4]};
  const auto body =
      forwarded_json(schema, now, before, inference::Priority::kHigh, std::chrono::milliseconds(250));
  REQUIRE(body);
  const auto query = read_complete(*body, schema_of);
  REQUIRE(query);
  CHECK(query->forwarded);
  CHECK_FALSE(query->deeper);
  CHECK(query->wishes.priority == inference::Priority::kHigh);
  CHECK(query->wishes.within == std::chrono::milliseconds(250));
  REQUIRE(query->before.size() == 4);
  REQUIRE(query->records.size() == 1);
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    CHECK(onboard::same(query->records[0].fields[f], now[0].fields[f]));
    CHECK(onboard::same(query->before[2].fields[f], before[2].fields[f]));
  }
  CHECK(query->before[2].time == before[2].time);
  const auto why_not = [&](const std::string& more) {
    const auto read = read_complete(
        R"({"schema":"example",)" + more + R"("records":[{"station":"a","time":"2020-01-01"}]})", schema_of);
    return read ? "" : read.error().message;
  };
  CHECK(why_not("").empty());
  CHECK(why_not(R"("deeper":true,)").empty());
  CHECK(why_not(R"("deeper":1,)") == "\"deeper\": expected true or false");
  CHECK(why_not(R"("before":{},)") == "\"before\": expected an array of objects");
  CHECK(why_not(R"("before":[1],)").starts_with("before 1: "));
  std::string many = "[";
  for (int i = 0; i < 256; ++i) many += i > 0 ? ",{}" : "{}";
  CHECK(why_not("\"before\":" + many + "],") == "\"before\": expected at most 256 objects with \"records\"");
}

TEST_CASE("an estimate too uncertain to act on says so") {
  const datum::Schema schema = station_schema();
  CompletedNewest done;
  done.record = onboard::example_records(1, 3).front();
  datum::Estimated estimate{4.5, datum::Interval{-20.0, 30.0}, Probability(0.0), "model"};
  const auto said = [&] {
    done.record.fields[0] = estimate;
    done.patterns.assign(schema.fields.size(), GapPattern::kNone);
    return nlohmann::json::parse(record_json(schema, done))["fields"][schema.fields[0].name];
  };
  CHECK_FALSE(said().contains("abstained"));
  estimate.abstained = true;
  CHECK(said()["abstained"] == true);
}

TEST_CASE("another's answer is passed on only if it speaks of the records that were sent") {
  const datum::Schema schema = station_schema();
  auto records = onboard::example_records(1, 3);
  records.resize(1);
  records[0].fields[0] = datum::Missing{};
  CompletedNewest done;
  done.record = records[0];
  done.record.fields[0] = datum::Estimated{4.5, datum::Interval{4.0, 5.0}, Probability(0.0), "model"};
  done.patterns.assign(schema.fields.size(), GapPattern::kNone);
  const std::string answer = complete_json(
      schema, {done}, {}, {.waited = std::chrono::microseconds(7), .took = std::chrono::microseconds(35)});
  CHECK(said_time(answer) == std::chrono::microseconds(42));
  CHECK(said_time("{}") == Duration::zero());
  const std::vector<datum::RowProblem> problems{{1, "rain", "expected a number"}};
  const auto relayed = relayed_json(answer, schema, records, problems, "neighbour", "http://127.0.0.1:1");
  REQUIRE(relayed);
  const auto said = nlohmann::json::parse(*relayed);
  CHECK(said["place"] == "neighbour");
  CHECK(said["node"] == "http://127.0.0.1:1");
  CHECK(said["records"][0]["fields"]["temp"]["value"] == 4.5);
  CHECK(said["problems"][0]["field"] == "rain");
  const auto refuses = [&](const std::vector<datum::Record>& asked, const std::string& text) {
    return !relayed_json(text, schema, asked, {}, "neighbour", "x");
  };
  CHECK_FALSE(refuses(records, answer));
  CHECK(refuses({}, answer));
  CHECK(refuses({records[0], records[0]}, answer));
  auto other = records;
  other[0].time += std::chrono::hours(1);
  CHECK(refuses(other, answer));
  other = records;
  other[0].stream = "b";
  CHECK(refuses(other, answer));
  other = records;
  other[0].fields[1] = datum::Missing{};  // what it calls observed was not
  CHECK(refuses(other, answer));
  CHECK(refuses(records, std::string(100, '[')));
  CHECK(refuses(records, R"({"records":[1]})"));
}

TEST_CASE("texts are written as the JSON library writes them, with and without escapes") {
  std::vector<std::string> texts = {"",     "PM2.5", "twin:Dongsi", "a \"b\"", "back\\slash",
                                    "高温", "\x7F",  "\xFF"};
  for (int c = 0; c < 256; ++c) texts.push_back("x" + std::string(1, static_cast<char>(c)) + "y");
  for (const std::string& text : texts)
    CHECK(json_text(text) ==
          nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}
