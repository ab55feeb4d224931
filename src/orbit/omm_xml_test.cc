#include <doctest/doctest.h>

#include <string>

#include "orbit/element_file.h"
#include "orbit/omm.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

const std::string kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ndm>\n";

// A sun-synchronous orbit of no real satellite.
std::string message(const std::string& norad,
                    const std::string& mean_motion = "<MEAN_MOTION>14.6</MEAN_MOTION>",
                    const std::string& theory = "SGP4") {
  return "<omm id=\"CCSDS_OMM_VERS\" "
         "version=\"2.0\"><header><CREATION_DATE/><ORIGINATOR/></header><body><segment>"
         "<metadata><OBJECT_NAME>A &amp; B</OBJECT_NAME><OBJECT_ID>2026-001A</OBJECT_ID>"
         "<CENTER_NAME>EARTH</CENTER_NAME><REF_FRAME>TEME</REF_FRAME><TIME_SYSTEM>UTC</TIME_SYSTEM>"
         "<MEAN_ELEMENT_THEORY>" +
         theory +
         "</MEAN_ELEMENT_THEORY></metadata><data><meanElements><COMMENT>a</COMMENT><COMMENT>b</COMMENT>" +
         "<EPOCH>2026-05-07T12:00:00.25</EPOCH>" + mean_motion +
         "<ECCENTRICITY>.0002512</ECCENTRICITY><INCLINATION>97.9487</INCLINATION>"
         "<RA_OF_ASC_NODE>178.9069</RA_OF_ASC_NODE><ARG_OF_PERICENTER>31.1993</ARG_OF_PERICENTER>"
         "<MEAN_ANOMALY>106.9638</MEAN_ANOMALY></meanElements><tleParameters>"
         "<EPHEMERIS_TYPE>0</EPHEMERIS_TYPE><CLASSIFICATION_TYPE>U</CLASSIFICATION_TYPE><NORAD_CAT_ID>" +
         norad +
         "</NORAD_CAT_ID><ELEMENT_SET_NO>999</ELEMENT_SET_NO><REV_AT_EPOCH>7</REV_AT_EPOCH>"
         "<BSTAR>.76796E-4</BSTAR><MEAN_MOTION_DOT>0</MEAN_MOTION_DOT><MEAN_MOTION_DDOT>0</MEAN_MOTION_DDOT>"
         "</tleParameters></data></segment></body></omm>\n";
}

}  // namespace

TEST_CASE("a sample as published is read like its JSON") {
  REFERENCE_OR_SKIP(path, "space/sgp4/sample_omm.xml");
  const auto file = read_elements(testing::read_file(path), "sample");
  REQUIRE(file.has_value());
  CHECK(file->problems.empty());
  REQUIRE(file->sets.size() == 1);
  const ElementSet& set = file->sets[0];
  CHECK(set.norad == 5);
  CHECK(set.name == "VANGUARD 1");
  CHECK(set.designator == "1958-002B");
  CHECK(set.eccentricity == 0.1845686);
  CHECK(set.bstar == -.22483E-4);
  CHECK(format_utc(set.epoch, 6) == "2020-10-13T04:52:48.472320Z");
}

TEST_CASE("one message stands alone, with a namespace, units and a byte order mark") {
  std::string text = message("270001", "<MEAN_MOTION units=\"rev/day\">14.6</MEAN_MOTION>");
  text.replace(text.find("<omm"), 4, "<ndm:omm");
  text.replace(text.find("</omm"), 5, "</ndm:omm");
  const auto file = read_elements("\xEF\xBB\xBF  " + text, "one");
  REQUIRE(file.has_value());
  REQUIRE(file->sets.size() == 1);
  CHECK(file->sets[0].norad == 270001);
  CHECK(file->sets[0].name == "A & B");
  CHECK(revs_per_day(file->sets[0]) == doctest::Approx(14.6).epsilon(1e-14));
}

TEST_CASE("a spoilt message costs itself and says which one and why") {
  const std::string motion = "<MEAN_MOTION>14.6</MEAN_MOTION>";
  const struct {
    std::string text, key, expected;
  } cases[] = {
      {message("7", "<MEAN_MOTION>fast</MEAN_MOTION>"), "MEAN_MOTION", "expected a number, found 'fast'"},
      {message("7", "<MEAN_MOTION>NaN</MEAN_MOTION>"), "MEAN_MOTION", "expected a number, found 'NaN'"},
      {message("7", ""), "MEAN_MOTION", "expected a number, found nothing"},
      {message("7", "<SEMI_MAJOR_AXIS>7000</SEMI_MAJOR_AXIS>"), "MEAN_MOTION",
       "expected a number, found nothing"},
      {message("7", motion + motion), "MEAN_MOTION", "expected one MEAN_MOTION"},
      {message("7", "<MEAN_MOTION units=\"rad/s\">1</MEAN_MOTION>"), "MEAN_MOTION",
       "expected the unit rev/day, found 'rad/s'"},
      {message("7", motion, "SGP4-XP"), "MEAN_ELEMENT_THEORY", "expected SGP4, found 'SGP4-XP'"},
      {message("no"), "NORAD_CAT_ID", "expected a catalogue number, found 'no'"},
      {"<omm/>", "NORAD_CAT_ID", "expected a catalogue number, found nothing"}};
  for (const auto& c : cases) {
    const auto file = read_elements(kHead + message("1") + c.text + message("3") + "</ndm>", "a.xml");
    REQUIRE(file.has_value());
    REQUIRE(file->sets.size() == 2);
    CHECK(file->sets[1].norad == 3);
    REQUIRE(file->problems.size() == 1);
    CHECK(datum::to_line("a.xml", file->problems[0]) == "a.xml:2:" + c.key + ": " + c.expected);
  }
}

TEST_CASE("where the XML breaks off, the messages before are kept") {
  const std::string two = kHead + message("1") + message("2");
  const auto unclosed = read_elements(two, "a.xml");
  REQUIRE(unclosed.has_value());
  CHECK(unclosed->sets.size() == 2);
  REQUIRE(unclosed->problems.size() == 1);
  CHECK(unclosed->problems[0].row == 3);
  CHECK(unclosed->problems[0].expected.find("expected well-formed XML, found at line ") == 0);
  for (std::size_t cut = two.find("<omm", kHead.size() + 10) + 5; cut < two.size() - 7; ++cut) {
    const auto half = read_elements(two.substr(0, cut), "a.xml");
    REQUIRE(half.has_value());
    CHECK(half->sets.size() == 1);
    REQUIRE(half->problems.size() == 1);
    CHECK(half->problems[0].row == 2);
  }
  const auto nothing = read_elements(kHead + "<omm><body>", "a.xml");
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().code == Errc::kMalformed);
  CHECK_FALSE(read_elements("<", "a.xml").has_value());
  CHECK_FALSE(read_elements("<?xml version=\"1.0\"?>", "a.xml").has_value());
}

TEST_CASE("depth, size and number are limited, entities are not expanded") {
  std::string deep = "<ndm>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  const auto nested = read_elements(deep, "deep");
  REQUIRE_FALSE(nested.has_value());
  CHECK(nested.error().code == Errc::kLimitReached);
  const auto many = parse_omm_xml(kHead + message("1") + message("2") + "</ndm>", {.sets_max = 1});
  REQUIRE_FALSE(many.has_value());
  CHECK(many.error().code == Errc::kLimitReached);
  std::string text = message("1");
  text.replace(text.find("A &amp; B"), 9, "&boom;");
  const auto file = read_elements("<!DOCTYPE omm [<!ENTITY boom \"bang\">]>" + text, "x");
  REQUIRE(file.has_value());
  REQUIRE(file->sets.size() == 1);
  CHECK(file->sets[0].name == "&boom;");
  CHECK(read_elements("<ndm/>", "x")->sets.empty());
}
