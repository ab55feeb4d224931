#include "onboard/firms.h"

#include <doctest/doctest.h>

#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

const std::string kModisNrt =
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,"
    "daynight\n";
const std::string kRow = "10.1,30.1,301.08,1.92,1.35,2022-02-26,0005,A,37,6.1NRT,288.54,11.8,N\n";

std::string only_problem(const std::string& bytes) {
  const auto file = read_firms(bytes).value();
  REQUIRE(file.problems.size() == 1);
  CHECK(file.hotspots.size() == 1);  // the good row beside it
  return to_line("f", file.problems[0]);
}

}  // namespace

TEST_CASE("MODIS near real time") {
  const auto file = read_firms(kModisNrt + kRow).value();
  REQUIRE(file.hotspots.size() == 1);
  const datum::Hotspot& spot = file.hotspots[0];
  CHECK(format_utc(spot.time) == "2022-02-26T00:05:00Z");
  CHECK(spot.centre == GeoPoint{10.1, 30.1});
  CHECK(spot.scan.value() == doctest::Approx(1920));
  CHECK(spot.track.value() == doctest::Approx(1350));
  CHECK(spot.brightness.value() == 301.08);
  CHECK(spot.background->value() == 288.54);
  CHECK(spot.radiative_power->value() == doctest::Approx(11.8e6));
  CHECK(spot.confidence.value() == doctest::Approx(0.37));
  CHECK_FALSE(spot.daytime);
  CHECK(spot.satellite == "A");
  CHECK(spot.instrument == "MODIS");
  CHECK(spot.id == observation_id(spot));
}

TEST_CASE("MODIS archive: full names, month/day/year, lost leading zeros") {
  const auto file =
      read_firms(
          "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,"
          "bright_t31,frp,daynight,type\n"
          "-11.807,142.0583,313,1,1,8/1/2019,56,Terra,MODIS,48,297.3,6.6,D,0\n")
          .value();
  REQUIRE(file.hotspots.size() == 1);
  CHECK(format_utc(file.hotspots[0].time) == "2019-08-01T00:56:00Z");
  CHECK(file.hotspots[0].daytime);
}

TEST_CASE("VIIRS: its own column names, words for confidence, every satellite") {
  const std::string header =
      "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,confidence,version,bright_ti5,"
      "frp,daynight\n";
  const auto file = read_firms(header +
                               "1,2,330.1,0.42,0.38,2023-01-01,1015,N,nominal,2.0NRT,290,3.0,N\n"
                               "1,2,330.1,0.42,0.38,2023-01-01,1015,N20,h,2.0NRT,290,,D\n"
                               "1,2,330.1,0.42,0.38,2023-01-01,1015,N21,low,2.0NRT,,1,D\n"
                               "1,2,330.1,0.42,0.38,2023-01-01,1015,1,l,2.0NRT,290,1,D\n")
                        .value();
  REQUIRE(file.hotspots.size() == 4);
  CHECK(file.problems.empty());
  for (const auto& spot : file.hotspots) CHECK(spot.instrument == "VIIRS");
  CHECK(file.hotspots[0].confidence.value() == 0.7);
  CHECK(file.hotspots[1].confidence.value() == 0.95);
  CHECK(file.hotspots[2].confidence.value() == 0.3);
  CHECK_FALSE(file.hotspots[1].radiative_power.has_value());
  CHECK_FALSE(file.hotspots[2].background.has_value());
  CHECK(satellite_name("1") == satellite_name("N20"));
  CHECK(satellite_name("T") == "Terra");
  CHECK(satellite_name("GOES-16") == "GOES-16");
}

TEST_CASE("VIIRS under MODIS column names is told by its satellite and its pixel") {
  const std::string row = "38.6,-122.6,302.6,0.42,0.38,2017-10-09,1015,{},n,2,289.95,3.02,N\n";
  const auto instrument = [&](std::string_view satellite) {
    return read_firms(kModisNrt + fmt::format(fmt::runtime(row), satellite))
        .value()
        .hotspots.at(0)
        .instrument;
  };
  CHECK(instrument("N") == "VIIRS");
  CHECK(instrument("somebody") == "VIIRS");
  CHECK(instrument("Terra") == "MODIS");
}

TEST_CASE("a file without daynight takes the sun's mean hour") {
  const auto file = read_firms(
                        "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence\n"
                        "0,0,310,1,1,2020-01-01,1200,T,50\n0,180,310,1,1,2020-01-01,1200,T,50\n")
                        .value();
  CHECK(file.hotspots.at(0).daytime);
  CHECK_FALSE(file.hotspots.at(1).daytime);
}

TEST_CASE("each bad cell is one line and costs its row") {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string row = kRow;
    row.replace(row.find(from), from.size(), to);
    return kModisNrt + kRow + row;
  };
  CHECK(only_problem(with("10.1", "999")) == "f:3:latitude: expected latitude −90…90, found '999'");
  CHECK(only_problem(with("30.1", "")) == "f:3:longitude: expected longitude −180…180, found ''");
  CHECK(only_problem(with("301.08", "NaN")) == "f:3:brightness: expected brightness 150…600, found 'NaN'");
  CHECK(only_problem(with("1.92", "1e999")) == "f:3:scan: expected scan 0.1…10, found '1e999'");
  CHECK(only_problem(with("37", "sure")) ==
        "f:3:confidence: expected confidence 0…100 or l, n, h, found 'sure'");
  CHECK(only_problem(with("11.8", "-5")) == "f:3:frp: expected frp 0…100000, found '-5'");
  CHECK(only_problem(with("0005", "2575")) == "f:3:acq_date+acq_time: expected a time as hhmm, found '2575'");
  CHECK(only_problem(with("2022-02-26", "2022-02-30")) ==
        "f:3:acq_date+acq_time: day 30 does not exist in 2022-02");
  CHECK(only_problem(with(",A,", ",\xE9,")) == "f:3:satellite: expected a name, found '?'");
  CHECK(only_problem(with(",N\n", "\n")) == "f:3: expected 13 columns, found 12");
}

TEST_CASE("the same detection twice is one hotspot, rows out of order are put in order") {
  std::string earlier = kRow;
  earlier.replace(earlier.find("0005"), 4, "0001");
  const auto file = read_firms(kModisNrt + kRow + kRow + earlier).value();
  REQUIRE(file.hotspots.size() == 2);
  CHECK(file.duplicates == 1);
  CHECK(format_utc(file.hotspots[0].time) == "2022-02-26T00:01:00Z");
}

TEST_CASE("mixed time zones in the time of acquisition") {
  std::string zoned = kRow;
  zoned.replace(zoned.find("0005"), 4, "08:05+08:00");
  CHECK(read_firms(kModisNrt + kRow + zoned).value().duplicates == 1);
}

TEST_CASE("a header is recognised, others are not, and an absent column is named") {
  const auto header = [](const std::string& line) { return datum::parse_delimited(line).value().header; };
  CHECK(looks_like_firms(header(kModisNrt)));
  CHECK(looks_like_firms(header("Latitude,LONGITUDE,bright_ti4,acq_date,acq_time\n")));
  CHECK_FALSE(looks_like_firms(header("No,year,month,day,hour,PM2.5\n")));
  CHECK(read_firms("latitude,longitude,brightness\n").error().message == "expected a FIRMS column 'scan'");
  CHECK_FALSE(read_firms("").has_value());
  CHECK(read_firms(kModisNrt).value().hotspots.empty());
}

TEST_CASE("CRLF, a byte-order mark, semicolons") {
  std::string bytes = "\xEF\xBB\xBF" + kModisNrt + kRow;
  std::string crlf;
  for (const char c : bytes) crlf += c == '\n' ? "\r\n" : c == ',' ? ";" : std::string(1, c);
  CHECK(read_firms(crlf).value().hotspots.size() == 1);
}

TEST_CASE("published FIRMS files read without a problem line") {
  struct Expected {
    const char* path;
    std::size_t rows;
    const char* instrument;
  };
  for (const Expected& expected :
       {Expected{"completion/firms/modis_c61_global_20220226.csv.gz", 13'842, "MODIS"},
        Expected{"wildfire/firms_australia_2019/modis_2019_08.csv.gz", 16'254, "MODIS"},
        Expected{"wildfire/tubbs_2017/viirs_first_overpass.csv", 597, "VIIRS"}}) {
    REFERENCE_OR_SKIP(path, expected.path);
    const auto file = read_firms(testing::read_file(path)).value();
    CHECK(file.problems.empty());
    CHECK(file.hotspots.size() + file.duplicates == expected.rows);
    CHECK(file.duplicates < expected.rows / 100);
    for (const auto& spot : file.hotspots) REQUIRE(spot.instrument == expected.instrument);
  }
}
