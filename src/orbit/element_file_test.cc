#include "orbit/element_file.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "orbit/omm.h"
#include "orbit/tle.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

// Our own set, with right checksums: a sun-synchronous orbit of no real satellite.
const std::string kName = "SAMPLE 1";
const std::string kFirst = "1 99001U 26001A   26127.50000000  .00000333  00000+0  76796-4 0  9990";
const std::string kSecond = "2 99001  97.9487 178.9069 0002512  31.1993 106.9638 14.61070847403702";

std::string with_checksum(std::string line) {
  line[68] = static_cast<char>('0' + tle_checksum(line));
  return line;
}

ElementFile parsed(const std::string& text) {
  auto file = read_elements(text, "sample.tle");
  REQUIRE(file.has_value());
  return *file;
}

}  // namespace

TEST_CASE("a three-line set is read with its units") {
  const ElementFile file =
      parsed(kName + "\n" + with_checksum(kFirst) + "\n" + with_checksum(kSecond) + "\n");
  CHECK(file.problems.empty());
  CHECK(file.warnings.empty());
  REQUIRE(file.sets.size() == 1);
  const ElementSet& set = file.sets[0];
  CHECK(set.norad == 99001);
  CHECK(set.name == "SAMPLE 1");
  CHECK(label(set) == "SAMPLE 1");
  CHECK(set.designator == "26001A");
  CHECK(set.classification == 'U');
  CHECK(format_utc(set.epoch, 3) == "2026-05-07T12:00:00.000Z");
  CHECK(set.epoch_jd.fraction == 0.5);
  CHECK(revs_per_day(set) == doctest::Approx(14.61070847).epsilon(1e-12));
  CHECK(set.inclination == doctest::Approx(97.9487 * 0.017453292519943295).epsilon(1e-12));
  CHECK(set.eccentricity == 0.0002512);
  CHECK(set.bstar == doctest::Approx(7.6796e-5).epsilon(1e-12));
  CHECK(set.mean_motion_dot == 3.33e-6);
  CHECK(set.revolution == 40370);
}

TEST_CASE("name lines, comments, blank lines, CRLF and two-line files are all fine") {
  const std::string one = with_checksum(kFirst);
  const std::string two = with_checksum(kSecond);
  const ElementFile file =
      parsed("\xEF\xBB\xBF# comment\r\n0 SAMPLE 1\r\n" + one + "\r\n" + two + "  \r\n\r\n" + one + "\r\n" +
             two + "     0.00      4320.0        360.00\r\n");
  REQUIRE(file.sets.size() == 2);
  CHECK(file.sets[0].name == "SAMPLE 1");
  CHECK(file.sets[1].name.empty());
  CHECK(label(file.sets[1]) == "99001");
  CHECK(file.problems.empty());
  CHECK(file.warnings.empty());
}

TEST_CASE("catalogue numbers past 99999 are written with a letter, without I and O") {
  CHECK(parse_catalogue_number("A0000") == 100000);
  CHECK(parse_catalogue_number("E8493") == 148493);
  CHECK(parse_catalogue_number("H9999") == 179999);
  CHECK(parse_catalogue_number("J0000") == 180000);
  CHECK(parse_catalogue_number("P4018") == 234018);
  CHECK(parse_catalogue_number("Z9999") == 339999);
  CHECK(parse_catalogue_number("    5") == 5);
  CHECK(parse_catalogue_number("123456789") == 123456789);
  for (const char* bad : {"I0000", "O0000", "a0000", "1A000", "", "     ", "-1", "1234567890"})
    CHECK_FALSE(parse_catalogue_number(bad).has_value());
  std::string one = kFirst;
  std::string two = kSecond;
  one.replace(2, 5, "T0001");
  two.replace(2, 5, "T0001");
  const ElementFile file = parsed(with_checksum(one) + "\n" + with_checksum(two) + "\n");
  REQUIRE(file.sets.size() == 1);
  CHECK(file.sets[0].norad == 270001);
}

TEST_CASE("a wrong checksum warns, and leaves the set out when asked") {
  std::string one = with_checksum(kFirst);
  one[68] = one[68] == '9' ? '0' : static_cast<char>(one[68] + 1);
  const std::string text = one + "\n" + with_checksum(kSecond) + "\n";
  const ElementFile kept = parsed(text);
  CHECK(kept.sets.size() == 1);
  CHECK(kept.problems.empty());
  REQUIRE(kept.warnings.size() == 1);
  CHECK(kept.warnings[0].row == 1);
  CHECK(datum::to_line("f", kept.warnings[0]).find("f:1:69: expected checksum") == 0);
  const auto strict = read_elements(text, "f", {.checksum_strict = true});
  REQUIRE(strict.has_value());
  CHECK(strict->sets.empty());
  CHECK(strict->problems.size() == 1);
}

TEST_CASE("a spoilt set costs itself, not its neighbours") {
  const std::string good = with_checksum(kFirst) + "\n" + with_checksum(kSecond) + "\n";
  std::string letters = with_checksum(kSecond);
  letters.replace(8, 8, " 97.9x87");
  std::string other = kSecond;
  other.replace(2, 5, "99002");
  const struct {
    std::string text;
    std::size_t row;
  } cases[] = {{with_checksum(kFirst) + "\n" + letters + "\n", 2},
               {with_checksum(kFirst) + "\n" + with_checksum(other) + "\n", 2},
               {with_checksum(kFirst) + "\n", 1},
               {with_checksum(kSecond) + "\n", 1},
               {with_checksum(kFirst).substr(0, 40) + "\n" + with_checksum(kSecond) + "\n", 1}};
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const ElementFile file = parsed(c.text + good);
    CHECK(file.sets.size() == 1);
    REQUIRE(file.problems.size() == 1);
    CHECK(file.problems[0].row == c.row);
  }
}

TEST_CASE("swapped lines cost one problem a set, whatever stands around them") {
  const std::string one = with_checksum(kFirst) + "\n";
  const std::string two = with_checksum(kSecond) + "\n";
  std::string other_first = kFirst;
  std::string other_second = kSecond;
  other_first.replace(2, 5, "99002");
  other_second.replace(2, 5, "99002");
  const std::string other = with_checksum(other_second) + "\n" + with_checksum(other_first) + "\n";
  for (const std::string& text :
       {two + one + one + two, "A\n" + two + one + "B\n" + one + two, one + two + two + one}) {
    CAPTURE(text);
    const ElementFile file = parsed(text);
    CHECK(file.sets.size() == 1);
    REQUIRE(file.problems.size() == 1);
    CHECK(file.problems[0].expected == "expected line 1 of the set before its line 2, found them swapped");
  }
  const ElementFile all = parsed(two + one + other);
  CHECK(all.sets.empty());
  REQUIRE(all.problems.size() == 2);
  CHECK(all.problems[0].row == 1);
  CHECK(all.problems[1].row == 3);
}

TEST_CASE("what is no element file is refused with a line that names it") {
  for (const char* bad : {"", "\n\n", "hello\nworld\n", "{", "[1, 2", "\xFF\xFEx"}) {
    const auto file = read_elements(bad, "odd.txt");
    REQUIRE_FALSE(file.has_value());
    CHECK(file.error().message.find("odd.txt: ") == 0);
  }
  CHECK(read_elements("<!DOCTYPE html><html><body>Not found</body></html>", "x").error().message ==
        "x: expected <ndm> or <omm>, found <html>");
  CHECK(read_elements("CCSDS_OMM_VERS = 2.0\n", "x").error().code == Errc::kUnsupported);
  CHECK(read_elements(std::string("1 \0 binary", 10), "x").error().code == Errc::kMalformed);
}

TEST_CASE("OMM comes as CSV and as JSON, numbers as text included") {
  const std::string csv =
      "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,"
      "MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,"
      "MEAN_MOTION_DOT,MEAN_MOTION_DDOT\r\n"
      "SAMPLE "
      "1,2026-001A,2026-05-07T12:00:00.000000,14.61070847,.0002512,97.9487,178.9069,31.1993,106.9638,0,U,"
      "270001,999,40370,.76796E-4,3.33E-6,0\r\n"
      "SAMPLE "
      "2,2026-001B,yesterday,14.61070847,.0002512,97.9487,178.9069,31.1993,106.9638,0,U,270002,999,1,0,0,"
      "0\r\n";
  const auto from_csv = read_elements(csv, "a.csv");
  REQUIRE(from_csv.has_value());
  REQUIRE(from_csv->sets.size() == 1);
  CHECK(from_csv->sets[0].norad == 270001);
  CHECK(from_csv->sets[0].bstar == doctest::Approx(7.6796e-5));
  REQUIRE(from_csv->problems.size() == 1);
  CHECK(from_csv->problems[0].row == 3);
  CHECK(from_csv->problems[0].column == "EPOCH");
  const std::string json =
      R"([{"OBJECT_NAME":"SAMPLE 1","EPOCH":"2026-05-07T12:00:00","MEAN_MOTION":"14.61070847",)"
      R"("ECCENTRICITY":0.0002512,"INCLINATION":97.9487,"RA_OF_ASC_NODE":178.9069,"ARG_OF_PERICENTER":31.1993,)"
      R"("MEAN_ANOMALY":106.9638,"NORAD_CAT_ID":123456789,"BSTAR":7.6796e-05},{"OBJECT_NAME":"x"},7,)"
      R"({"NORAD_CAT_ID":1,"TIME_SYSTEM":"TAI"}])";
  const auto from_json = read_elements(json, "a.json");
  REQUIRE(from_json.has_value());
  REQUIRE(from_json->sets.size() == 1);
  CHECK(from_json->sets[0].norad == 123456789);
  CHECK(from_json->sets[0].mean_motion == from_csv->sets[0].mean_motion);
  REQUIRE(from_json->problems.size() == 3);
  CHECK(from_json->problems[0].column == "NORAD_CAT_ID");
  CHECK(from_json->problems[2].column == "TIME_SYSTEM");
  CHECK_FALSE(parse_omm_csv("NORAD_CAT_ID,EPOCH\n1,2\n").has_value());
}

TEST_CASE("the same satellites published as TLE and as OMM agree") {
  REFERENCE_OR_SKIP(tle_path, "space/tle/fire_eo_subset_2026-05.tle");
  REFERENCE_OR_SKIP(omm_path, "space/tle/fire_eo_subset_2026-05.omm.json");
  const auto tle = read_elements(testing::read_file(tle_path), "tle");
  const auto omm = read_elements(testing::read_file(omm_path), "omm");
  REQUIRE((tle.has_value() && omm.has_value()));
  REQUIRE(tle->sets.size() == 36);
  REQUIRE(omm->sets.size() == 36);
  CHECK(tle->warnings.empty());
  for (std::size_t i = 0; i < tle->sets.size(); ++i) {
    const ElementSet& a = tle->sets[i];
    const ElementSet& b = omm->sets[i];
    CAPTURE(a.name);
    CHECK(a.norad == b.norad);
    CHECK(a.name == b.name);
    CHECK(std::abs(to_seconds(a.epoch - b.epoch)) < 1.1e-6);
    CHECK(std::abs(a.mean_motion - b.mean_motion) < 1e-15);
    CHECK(a.eccentricity == b.eccentricity);
    CHECK(std::abs(a.inclination - b.inclination) < 1e-14);
    CHECK(std::abs(a.node - b.node) < 1e-14);
    CHECK(std::abs(a.perigee_argument - b.perigee_argument) < 1e-14);
    CHECK(std::abs(a.mean_anomaly - b.mean_anomaly) < 1e-14);
    CHECK(std::abs(a.bstar - b.bstar) <= 1e-12 * std::abs(b.bstar));
    CHECK(std::abs(a.mean_motion_dot - b.mean_motion_dot) <= 1e-12 * std::abs(b.mean_motion_dot));
  }
}

TEST_CASE("published catalogues are read whole") {
  REFERENCE_OR_SKIP(active, "space/tle/celestrak_active_2026-05-10.tle.gz");
  const auto file = read_elements(testing::read_file(active), "active");
  REQUIRE(file.has_value());
  CHECK(file->sets.size() == 15347);
  CHECK(file->problems.empty());
  CHECK(file->warnings.empty());
  REFERENCE_OR_SKIP(sample_csv, "space/sgp4/sample_omm.csv");
  CHECK(read_elements(testing::read_file(sample_csv), "csv")->sets.size() == 1);
  REFERENCE_OR_SKIP(sample_json, "space/sgp4/sample_omm.json");
  CHECK(read_elements(testing::read_file(sample_json), "json")->sets.at(0).norad == 5);
}
