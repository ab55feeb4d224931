#include "onboard/schema_inference.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/random.h"
#include "base/text.h"
#include "onboard/complete.h"
#include "onboard/decode.h"
#include "onboard/ingest.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

Result<ProposedSchema> propose(std::string_view csv, std::string_view name = "table") {
  const auto table = datum::parse_delimited(csv, {.detect_delimiter = true}).value();
  SchemaSketch sketch;
  for (const std::string& column : table.header) REQUIRE(sketch.add_column(column).has_value());
  for (const auto& row : table.rows) sketch.add_row(row);
  return sketch.propose(name);
}

const datum::FieldSpec& field(const ProposedSchema& proposal, std::string_view name) {
  const auto at = std::find_if(proposal.fields.begin(), proposal.fields.end(),
                               [&](const ProposedField& each) { return each.spec.name == name; });
  REQUIRE(at != proposal.fields.end());
  return at->spec;
}

bool has_mark(const ProposedSchema& proposal, std::string_view mark) {
  const auto& marks = proposal.schema.missing_marks;
  return std::find(marks.begin(), marks.end(), mark) != marks.end();
}

// What was proposed parses, and fills the very table it came from: every cell of a number or category that
// has a record is observed or estimated, and no row was lost.
void check_completes(std::string_view csv, const std::string& name) {
  INFO(name);
  const auto proposal = propose(csv, name);
  REQUIRE(proposal.has_value());
  const std::string toml = to_toml(*proposal, name);
  INFO(toml);
  const auto schema = datum::parse_schema(toml, name);
  REQUIRE_MESSAGE(schema.has_value(), (schema ? "" : schema.error().message));
  const auto table = datum::parse_delimited(csv, {.detect_delimiter = true}).value();
  const auto layout = lay_out(*schema, table);
  REQUIRE(layout.has_value());
  PanelBuilder builder(schema->fields.size(), {});
  std::vector<datum::Field> fields(schema->fields.size());
  // The first rows are enough to complete; all are decoded.
  constexpr std::size_t kCompleted = 300;
  std::size_t malformed = 0, out_of_range = 0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto time = decode_row_time(*schema, *layout, table.rows[r]);
    REQUIRE(time.has_value());
    const auto stream = stream_name(*schema, *layout, table.rows[r], "file");
    REQUIRE(stream.has_value());
    for (std::size_t f = 0; f < fields.size(); ++f) {
      fields[f] = decode_field(schema->fields[f], *schema, table.rows[r][layout->fields[f]]);
      const auto* missing = std::get_if<datum::Missing>(&fields[f]);
      malformed += missing != nullptr && missing->reason == datum::MissingReason::kMalformed ? 1 : 0;
      out_of_range += missing != nullptr && missing->reason == datum::MissingReason::kOutOfRange ? 1 : 0;
    }
    if (r < kCompleted) REQUIRE(builder.add(0, *stream, *time, fields).has_value());
  }
  CHECK(malformed == 0);
  CHECK(out_of_range == 0);
  const auto panel = builder.build();
  REQUIRE(panel.has_value());
  const Completion completion = complete(*panel, *schema, {});
  std::size_t observed = 0;
  for (const Origin origin : completion.origins) observed += origin == Origin::kObserved ? 1 : 0;
  CHECK(observed > 0);
}

}  // namespace

TEST_CASE("time, stream, kinds, units, marks, limits and grids are found") {
  const auto proposal = propose(
                            "time,station,Temp[C],RH (%),sky,wdir,No,note\n"
                            "2024-01-01T00:00:00Z,a,10.5,50,clear,0,1,first light over the ridge\n"
                            "2024-01-01T00:00:00Z,b,-999,55,cloudy,90,2,\n"
                            "2024-01-01T01:00:00Z,a,12.0,n/a,clear,180,3,smoke seen in the north\n"
                            "2024-01-01T01:00:00Z,b,11.5,60,clear,270,4,road closed by the river\n"
                            "2024-01-01T02:00:00Z,a,-999,61,cloudy,350,5,nothing\n"
                            "2024-01-01T02:00:00Z,b,9.0,,clear,10,6,fog\n")
                            .value();
  CHECK(proposal.schema.time_format == datum::TimeFormat::kIso);
  CHECK(proposal.schema.time_columns == std::vector<std::string>{"time"});
  CHECK(proposal.schema.stream_columns == std::vector<std::string>{"station"});
  CHECK(field(proposal, "Temp[C]").unit == "degC");
  CHECK(field(proposal, "Temp[C]").resolution == 0.5);
  CHECK(*field(proposal, "Temp[C]").min <= 7.5);
  CHECK(*field(proposal, "Temp[C]").max >= 13.5);
  CHECK(field(proposal, "RH (%)").min == 0.0);
  CHECK(field(proposal, "RH (%)").max == 100.0);
  CHECK(field(proposal, "sky").levels == std::vector<std::string>{"clear", "cloudy"});
  CHECK(field(proposal, "wdir").circular);
  CHECK(field(proposal, "note").kind == datum::FieldKind::kText);
  CHECK(has_mark(proposal, "-999"));
  CHECK(has_mark(proposal, "n/a"));
  REQUIRE(proposal.left_out.size() == 1);
  CHECK(proposal.left_out[0].starts_with("No"));
}

TEST_CASE("a number that one column reads is no mark of the whole table") {
  const auto proposal = propose("t,a,b\n0,1,990\n1,2,999\n2,999,1010\n3,1.5,1005\n").value();
  CHECK_FALSE(has_mark(proposal, "999"));
  CHECK(*field(proposal, "a").max < 999);
  CHECK(proposal.schema.time_format == datum::TimeFormat::kUnix);
}

TEST_CASE("a temperature named t that falls is no time") {
  const auto proposal = propose("t,v\n20,1\n19,2\n21,3\n").value();
  CHECK(proposal.schema.time_format == datum::TimeFormat::kNone);
  CHECK(field(proposal, "t").kind == datum::FieldKind::kNumber);
}

TEST_CASE("words in a column of numbers become marks when they are few, text when they are many") {
  std::string csv = "v,w\n";
  for (int i = 0; i < 100; ++i)
    csv += fmt::format("{},{}\n", i % 7 == 3 && i < 10 ? "bad" : std::to_string(i * i),
                       i % 2 ? "7" : "odd" + std::to_string(i));
  const auto proposal = propose(csv).value();
  CHECK(field(proposal, "v").kind == datum::FieldKind::kNumber);
  CHECK(has_mark(proposal, "bad"));
  CHECK(field(proposal, "w").kind == datum::FieldKind::kText);
}

TEST_CASE("names and cells that try to break out of the schema stay inside it") {
  const std::string csv =
      "\"a\"\"]\n[[field]]\",\"x\ty\",\xE7\x83\x9F\xE9\x9B\xBE,,dup,DUP\n"
      "\"l\"\"1\nname=\",1,\xE6\x9C\x89,1,1,2\n\"l\"\"1\nname=\",3,\xE6\x97\xA0,1,1,2\n"
      "other\\,2,\xE6\x9C\x89,1,1,2\nother\\,4,\xE6\x97\xA0,1,1,2\n";
  const auto proposal = propose(csv).value();
  const auto schema = datum::parse_schema(to_toml(proposal, "x\n[evil]"), "proposed");
  REQUIRE_MESSAGE(schema.has_value(), (schema ? "" : schema.error().message));
  CHECK(schema->fields.size() == 4);
  CHECK(schema->field_index("\xE7\x83\x9F\xE9\x9B\xBE").has_value());
  CHECK(proposal.left_out.size() == 2);
}

TEST_CASE("tables without rows, without fields and without end are refused or bounded") {
  CHECK(propose("a,b\n").error().code == Errc::kMalformed);
  CHECK(propose("time\n2024-01-01\n2024-01-02\n").error().code == Errc::kNotFound);
  SchemaSketch sketch;
  for (std::size_t i = 0; i < SchemaSketch::kColumnsMax; ++i)
    REQUIRE(sketch.add_column("c" + std::to_string(i)).has_value());
  CHECK(sketch.add_column("one more").error().code == Errc::kLimitReached);
}

TEST_CASE("whatever rows hold, the proposal parses") {
  Random random(11);
  constexpr std::array<std::string_view, 14> kCells{
      "1", "-999", "2.50", "NA", "x", "\xFF\xFE", "2024-01-01", "\"", "1e30", "-1e-9", "", "null", "\\", "N"};
  for (int round = 0; round < 200; ++round) {
    SchemaSketch sketch;
    const std::size_t columns = 1 + random.below(6);
    for (std::size_t c = 0; c < columns; ++c)
      REQUIRE(sketch.add_column(std::string(kCells[random.below(kCells.size())]) + std::to_string(c))
                  .has_value());
    for (std::size_t r = 0; r < 1 + random.below(40); ++r) {
      std::vector<std::string> row;
      for (std::size_t c = 0; c < random.below(columns + 1); ++c)
        row.emplace_back(kCells[random.below(kCells.size())]);
      sketch.add_row(row);
    }
    const auto proposal = sketch.propose("any");
    if (!proposal) continue;
    const std::string toml = to_toml(*proposal, "any");
    const auto schema = datum::parse_schema(toml, "any");
    REQUIRE_MESSAGE(schema.has_value(), (schema ? "" : schema.error().message), toml);
  }
}

TEST_CASE("every table of the reference data completes with the schema proposed for it") {
  for (const char* name :
       {"completion/fire/algerian_bejaia.csv.gz", "completion/fire/montesinho_forestfires.csv.gz",
        "completion/smoke/smoke_iot_4f_first60.csv.gz", "completion/weather/noaa_storms_1975_2009.csv.gz",
        "completion/weather/nyc_noaa_2013_jan_sep.csv.gz",
        "completion/firms/modis_c61_global_20220226.csv.gz", "completion/prsa/PRSA_Tiantan.csv.gz",
        "completion/nab/realTweets/Twitter_volume_KO.csv.gz"}) {
    REFERENCE_OR_SKIP(path, name);
    check_completes(testing::read_file(path), name);
  }
}

TEST_CASE("what is proposed for known tables is what people wrote for them") {
  REFERENCE_OR_SKIP(storms_path, "completion/weather/noaa_storms_1975_2009.csv.gz");
  const auto storms = propose(testing::read_file(storms_path)).value();
  CHECK(storms.schema.time_columns == std::vector<std::string>{"year", "month", "day", "hour"});
  CHECK(storms.schema.stream_columns == std::vector<std::string>{"name"});
  CHECK(storms.schema.time_repeats);  // fixes at landfall
  CHECK(field(storms, "status").levels.size() == 9);
  CHECK(field(storms, "wind").resolution == 5.0);
  REFERENCE_OR_SKIP(firms_path, "completion/firms/modis_c61_global_20220226.csv.gz");
  const auto firms = propose(testing::read_file(firms_path)).value();
  CHECK(firms.schema.time_format == datum::TimeFormat::kFirms);
  CHECK(firms.schema.time_repeats);
  CHECK(firms.schema.stream_columns.empty());
  CHECK(field(firms, "latitude").max == 90.0);
  REFERENCE_OR_SKIP(weather_path, "completion/weather/nyc_noaa_2013_jan_sep.csv.gz");
  const auto weather = propose(testing::read_file(weather_path)).value();
  CHECK(weather.schema.time_columns == std::vector<std::string>{"time_hour"});
  CHECK(weather.schema.stream_columns == std::vector<std::string>{"origin"});
  CHECK(field(weather, "wind_dir").circular);
  REFERENCE_OR_SKIP(prsa_path, "completion/prsa/PRSA_Tiantan.csv.gz");
  const auto prsa = propose(testing::read_file(prsa_path)).value();
  CHECK(prsa.schema.time_format == datum::TimeFormat::kYmdh);
  CHECK(prsa.schema.stream_columns == std::vector<std::string>{"station"});
  CHECK(field(prsa, "wd").levels.size() == 16);
  CHECK(field(prsa, "wd").circular);
}
