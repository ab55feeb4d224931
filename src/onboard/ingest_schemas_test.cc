// The schemas that ship, against the files they were written for.
#include <doctest/doctest.h>

#include <filesystem>

#include "onboard/clean.h"
#include "onboard/ingest.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

datum::Schema shipped(const std::string& name) {
  const std::string path = "schemas/" + name + ".toml";  // tests run at the root of the repository
  return datum::parse_schema(testing::read_file(path), path).value();
}

}  // namespace

TEST_CASE("every shipped schema parses and is named like its file") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("schemas")) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    CHECK(shipped(entry.path().stem()).name == entry.path().stem());
  }
  CHECK(count >= 8);
}

TEST_CASE("Beijing air quality reads without a problem line") {
  REFERENCE_OR_SKIP(path, "completion/prsa/PRSA_Aotizhongxin.csv.gz");
  const auto schema = shipped("prsa");
  auto in = ingest_csv(testing::read_file(path), schema).value();
  CHECK(in.problems.empty());
  CHECK(in.duplicates + in.joined + in.late == 0);
  REQUIRE(in.records.size() == 27'768);
  CHECK(format_utc(in.records[0].time) == "2013-02-28T16:00:00Z");
  CHECK(in.records[0].stream == "Aotizhongxin");
  // Good data should pass the cleaning nearly whole.
  Cleaner cleaner(schema);
  for (auto& record : in.records) cleaner.clean(record);
  const auto& report = cleaner.report();
  CHECK(report.clock_jumps == 0);
  CHECK(report.count(datum::MissingReason::kOutOfRange) == 0);
  CHECK(report.count(datum::MissingReason::kRateOfChange) < 20);
  CHECK(report.count(datum::MissingReason::kStuck) < 200);
}

TEST_CASE("New York weather reads without a problem line, and its impossible wind is lost") {
  REFERENCE_OR_SKIP(path, "completion/weather/nyc_noaa_2013_jan_sep.csv.gz");
  const auto schema = shipped("weather");
  auto in = ingest_csv(testing::read_file(path), schema).value();
  CHECK(in.problems.empty());
  REQUIRE(in.records.size() == 19'618);
  CHECK(in.duplicates + in.joined == 0);
  std::size_t lost = 0;
  for (const auto& record : in.records) {
    const auto* missing = std::get_if<datum::Missing>(&record.fields[*schema.field_index("wind_speed")]);
    if (missing != nullptr && missing->reason == datum::MissingReason::kOutOfRange) ++lost;
  }
  CHECK(lost == 1);  // 1048 miles an hour at Newark on 2013-02-12
}

TEST_CASE("FIRMS files of both styles read as records without a problem line") {
  const auto modis = shipped("firms_modis");
  REFERENCE_OR_SKIP(near_real_time, "completion/firms/modis_c61_global_20220226.csv.gz");
  const auto global = ingest_csv(testing::read_file(near_real_time), modis).value();
  CHECK(global.problems.empty());
  CHECK(global.records.size() + global.duplicates == 13'842);
  REFERENCE_OR_SKIP(archive, "wildfire/firms_australia_2019/modis_2019_08.csv.gz");
  const auto australia = ingest_csv(testing::read_file(archive), modis).value();
  CHECK(australia.problems.empty());
  CHECK(australia.records.size() + australia.duplicates == 16'254);
  REFERENCE_OR_SKIP(viirs, "wildfire/tubbs_2017/viirs_first_overpass.csv");
  const auto tubbs = ingest_csv(testing::read_file(viirs), shipped("firms_viirs")).value();
  CHECK(tubbs.problems.empty());
  CHECK(tubbs.records.size() + tubbs.duplicates == 597);
}

TEST_CASE("smoke trials, fires and storms read without a problem line") {
  struct Case {
    const char* schema;
    const char* file;
    std::size_t records;
  };
  for (const Case& each : {Case{"smoke", "completion/smoke/smoke_iot_4f_first60.csv.gz", 37'577},
                           Case{"montesinho", "completion/fire/montesinho_forestfires.csv.gz", 517},
                           Case{"algerian_fires", "completion/fire/algerian_bejaia.csv.gz", 122},
                           Case{"storms", "completion/weather/noaa_storms_1975_2009.csv.gz", 12'501}}) {
    REFERENCE_OR_SKIP(path, each.file);
    INFO(each.schema);
    const auto schema = shipped(each.schema);
    const auto in = ingest_csv(testing::read_file(path), schema).value();
    CHECK(in.problems.empty());
    CHECK(in.records.size() + in.duplicates + in.joined == each.records);
    std::size_t out_of_range = 0;
    for (const auto& record : in.records)
      for (const datum::Field& field : record.fields) {
        const auto* missing = std::get_if<datum::Missing>(&field);
        out_of_range += missing != nullptr && missing->reason == datum::MissingReason::kOutOfRange ? 1 : 0;
      }
    CHECK(out_of_range == 0);
  }
}

TEST_CASE("rows without a time keep the file's order") {
  const auto schema =
      datum::parse_schema("name = \"t\"\n[time]\nformat = \"none\"\n[[field]]\nname = \"a\"\n", "t").value();
  const auto in = ingest_csv("a\n3\n1\n2\n1\n", schema).value();
  REQUIRE(in.records.size() == 3);
  CHECK(in.duplicates == 1);
  CHECK(datum::number_of(in.records[0].fields[0]) == 3.0);
  CHECK(datum::number_of(in.records[2].fields[0]) == 2.0);
  CHECK_FALSE(datum::parse_schema("name = \"t\"\n[time]\nformat = \"none\"\ncolumns = [\"x\"]\n"
                                  "[[field]]\nname = \"a\"\n",
                                  "t")
                  .has_value());
}

TEST_CASE("VIIRS rows under NASA's own column names") {
  const auto in =
      ingest_csv(
          "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,"
          "version,bright_ti5,frp,daynight\n"
          "-12.5,131.2,331.07,0.39,0.36,2023-09-01,0512,N20,VIIRS,nominal,2.0NRT,297.6,4.1,D\n"
          "-12.5,131.3,331.07,0.39,0.36,2023-09-01,0512,N,VIIRS,l,2.0NRT,297.6,4.1,D\n",
          shipped("firms_viirs"))
          .value();
  CHECK(in.problems.empty());
  CHECK(in.records.size() == 2);
}
