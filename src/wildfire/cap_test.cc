#include "wildfire/cap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <pugixml.hpp>
#include <regex>
#include <set>
#include <type_traits>

#include "base/text.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_example.h"
#include "wildfire/cap_xml.h"

namespace skywarden::wildfire {
namespace {

using datum::Alert;
using datum::ProposalKind;
using datum::Provenance;

CapContext context() {
  CapContext c;
  c.places = example::places();
  c.incident = "Tubbs fire, 2017";
  c.utc_offset_min = -420;
  c.provenance = {{Provenance::kObserved, "VIIRS pass of 10:15 UTC", "世界协调时10:15的VIIRS过境"},
                  {Provenance::kReconstructed, "weather", "气象"},
                  {Provenance::kWhatIf, "satellites that relay and vote", "中继与表决的卫星"}};
  return c;
}

// ---- the constraints of the CAP 1.2 schema and §3.2, written anew
// -------------------------------------------

struct Rule {
  const char* name;
  int min, max;
};
constexpr int kMany = 1000;
const std::vector<Rule> kAlertRules = {{"identifier", 1, 1}, {"sender", 1, 1},      {"sent", 1, 1},
                                       {"status", 1, 1},     {"msgType", 1, 1},     {"source", 0, 1},
                                       {"scope", 1, 1},      {"restriction", 0, 1}, {"addresses", 0, 1},
                                       {"code", 0, kMany},   {"note", 0, 1},        {"references", 0, 1},
                                       {"incidents", 0, 1},  {"info", 0, kMany}};
const std::vector<Rule> kInfoRules = {
    {"language", 0, 1},      {"category", 1, kMany}, {"event", 1, 1},         {"responseType", 0, kMany},
    {"urgency", 1, 1},       {"severity", 1, 1},     {"certainty", 1, 1},     {"audience", 0, 1},
    {"eventCode", 0, kMany}, {"effective", 0, 1},    {"onset", 0, 1},         {"expires", 0, 1},
    {"senderName", 0, 1},    {"headline", 0, 1},     {"description", 0, 1},   {"instruction", 0, 1},
    {"web", 0, 1},           {"contact", 0, 1},      {"parameter", 0, kMany}, {"resource", 0, kMany},
    {"area", 0, kMany}};
const std::vector<Rule> kAreaRules = {{"areaDesc", 1, 1},    {"polygon", 0, kMany}, {"circle", 0, kMany},
                                      {"geocode", 0, kMany}, {"altitude", 0, 1},    {"ceiling", 0, 1}};
const std::vector<Rule> kParameterRules = {{"valueName", 1, 1}, {"value", 1, 1}};

void check_sequence(const pugi::xml_node& node, const std::vector<Rule>& rules) {
  std::size_t at = 0;
  std::map<std::string, int> count;
  for (const pugi::xml_node& child : node.children()) {
    const std::string name = child.name();
    while (at < rules.size() && name != rules[at].name) ++at;
    REQUIRE_MESSAGE(at < rules.size(), "unknown or misplaced element " << name);
    ++count[name];
  }
  for (const Rule& rule : rules) {
    INFO(rule.name);
    CHECK(count[rule.name] >= rule.min);
    CHECK(count[rule.name] <= rule.max);
  }
}

void check_one_of(const pugi::xml_node& node, const char* name, const std::set<std::string>& words) {
  for (const pugi::xml_node& child : node.children(name)) CHECK(words.count(child.child_value()) == 1);
}

void check_time(const std::string& text) {
  static const std::regex pattern(R"(\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d)");
  CHECK_MESSAGE(std::regex_match(text, pattern), text);
  CHECK(parse_utc(text));
}

std::vector<GeoPoint> read_polygon(const std::string& text) {
  std::vector<GeoPoint> points;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string pair = text.substr(at, end - at);
    const std::size_t comma = pair.find(',');
    REQUIRE(comma != std::string::npos);
    points.push_back(
        {parse_number(pair.substr(0, comma)).value(), parse_number(pair.substr(comma + 1)).value()});
    at = end + 1;
  }
  return points;
}

void check_area(const pugi::xml_node& area) {
  check_sequence(area, kAreaRules);
  CHECK(area.child("polygon"));
  for (const pugi::xml_node& polygon : area.children("polygon")) {
    const std::vector<GeoPoint> points = read_polygon(polygon.child_value());
    CHECK(points.size() >= 4);
    CHECK(points.size() <= kCapPolygonPointsMax);
    CHECK(points.front() == points.back());
    for (const GeoPoint p : points) {
      CHECK(std::abs(p.lat_deg) <= 90.0);
      CHECK(std::abs(p.lon_deg) <= 180.0);
    }
  }
  static const std::regex circle(R"(-?\d+(\.\d+)?,-?\d+(\.\d+)? \d+(\.\d+)?)");
  for (const pugi::xml_node& c : area.children("circle")) CHECK(std::regex_match(c.child_value(), circle));
}

void check_info(const pugi::xml_node& info) {
  check_sequence(info, kInfoRules);
  check_one_of(info, "category", {"Fire"});
  check_one_of(
      info, "responseType",
      {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"});
  check_one_of(info, "urgency", {"Immediate", "Expected", "Future", "Past", "Unknown"});
  check_one_of(info, "severity", {"Extreme", "Severe", "Moderate", "Minor", "Unknown"});
  check_one_of(info, "certainty", {"Observed", "Likely", "Possible", "Unlikely", "Unknown"});
  for (const char* time : {"effective", "onset", "expires"}) check_time(info.child_value(time));
  for (const pugi::xml_node& parameter : info.children("parameter"))
    check_sequence(parameter, kParameterRules);
  for (const pugi::xml_node& area : info.children("area")) check_area(area);
  CHECK(is_valid_utf8(info.child_value("headline")));
  CHECK(std::string_view(info.child_value("headline")).size() > 0);
}

void check_document(const pugi::xml_document& document) {
  const pugi::xml_node alert = document.child("alert");
  REQUIRE(alert);
  CHECK(std::string(alert.attribute("xmlns").value()) == "urn:oasis:names:tc:emergency:cap:1.2");
  check_sequence(alert, kAlertRules);
  for (const char* name : {"identifier", "sender"}) {
    const std::string text = alert.child_value(name);
    CHECK(!text.empty());
    CHECK(text.find_first_of(" ,<&\t\n") == std::string::npos);
  }
  check_time(alert.child_value("sent"));
  check_one_of(alert, "status", {"Actual", "Exercise", "System", "Test", "Draft"});
  check_one_of(alert, "msgType", {"Alert", "Update", "Cancel", "Ack", "Error"});
  check_one_of(alert, "scope", {"Public", "Restricted", "Private"});
  CHECK((std::string(alert.child_value("scope")) == "Restricted") == !alert.child("restriction").empty());
  CHECK((std::string(alert.child_value("msgType")) == "Alert") == alert.child("references").empty());
  static const std::regex references(R"([^ ,<&]+,[^ ,<&]+,[^ ,<&]+( [^ ,<&]+,[^ ,<&]+,[^ ,<&]+)*)");
  if (alert.child("references")) CHECK(std::regex_match(alert.child_value("references"), references));
  std::vector<std::string> languages;
  for (const pugi::xml_node& info : alert.children("info")) {
    check_info(info);
    languages.emplace_back(info.child_value("language"));
  }
  CHECK(languages == std::vector<std::string>{"en-US", "zh-CN"});
}

pugi::xml_document read_cap(const std::string& xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_full);
  REQUIRE_MESSAGE(parsed, parsed.description());
  check_document(document);
  return document;
}

std::string made(const Alert& alert, const std::vector<Alert>& earlier = {},
                 const CapContext& c = context()) {
  const auto xml = to_cap(alert, earlier, c);
  REQUIRE_MESSAGE(xml.has_value(), (xml ? "" : xml.error().message));
  return *xml;
}

const std::vector<Alert>& chain() {
  static const std::vector<Alert> alerts = {example::alert(0),
                                            example::alert(1, ProposalKind::kUpdate),
                                            example::alert(2, ProposalKind::kUpdate),
                                            example::alert(3, ProposalKind::kCancel),
                                            example::alert(4),
                                            example::alert(5, ProposalKind::kUpdate)};
  return alerts;
}

TEST_CASE("every message of a chain is valid and an exercise") {
  for (std::size_t n = 0; n < chain().size(); ++n) {
    const std::string xml =
        made(chain()[n], {chain().begin(), chain().begin() + static_cast<std::ptrdiff_t>(n)});
    const auto document = read_cap(xml);
    CHECK(std::string(document.child("alert").child_value("status")) == "Exercise");
    CHECK(xml.find("<status>Actual") == std::string::npos);
  }
}

TEST_CASE("an update refers to every message since its chain was opened") {
  const std::string sender = "skywarden.exercise";
  const auto update = read_cap(made(chain()[2], chain()));
  CHECK(std::string(update.child("alert").child_value("references")) ==
        sender + ",skywarden-exercise-00000000000000ab-0,2017-10-09T04:58:12-00:00 " + sender +
            ",skywarden-exercise-00000000000000ab-1,2017-10-09T05:28:12-00:00");
  const auto reopened = read_cap(made(chain()[5], chain()));
  CHECK(std::string(reopened.child("alert").child_value("references")) ==
        sender + ",skywarden-exercise-00000000000000ab-4,2017-10-09T06:58:12-00:00");
  CHECK_FALSE(read_cap(made(chain()[4], chain())).child("alert").child("references"));
}

TEST_CASE("an update without its chain is refused") {
  const auto lone = to_cap(chain()[1], {}, context());
  REQUIRE_FALSE(lone);
  CHECK(lone.error().code == Errc::kNotFound);
  Alert other = chain()[0];
  other.proposal.event = EventId(1);
  CHECK_FALSE(to_cap(chain()[1], std::vector{other}, context()));
}

TEST_CASE("references of a long chain are limited and keep the opening") {
  std::vector<Alert> alerts = {example::alert(0)};
  for (std::uint32_t n = 1; n <= 100; ++n) alerts.push_back(example::alert(n, ProposalKind::kUpdate));
  const auto document = read_cap(made(alerts.back(), alerts));
  const std::string references = document.child("alert").child_value("references");
  CHECK(std::count(references.begin(), references.end(), ' ') + 1 == static_cast<long>(kCapReferencesMax));
  CHECK(references.starts_with("skywarden.exercise,skywarden-exercise-00000000000000ab-0,"));
  CHECK(references.find("-99,") != std::string::npos);
}

TEST_CASE("numbers of the finding travel as parameters") {
  const auto document = read_cap(made(chain()[0]));
  std::map<std::string, std::string> values;
  for (const auto& parameter : document.child("alert").child("info").children("parameter"))
    values[parameter.child_value("valueName")] = parameter.child_value("value");
  CHECK(values["probability"] == "0.968123");
  CHECK(values["probability_low_90"] == "0.871000");
  CHECK(values["danger_class"] == "very high");
  CHECK(values["area_ha"] == "1243.20");
  CHECK(values["radiative_power_mw"] == "340.000");
  CHECK(values["observations"] == "57");
  CHECK(values["shares_for"] == "30");
  CHECK(values["shares_total"] == "33");
}

TEST_CASE("an exercise says that it is one, and what is not observed") {
  const auto document = read_cap(made(chain()[0]));
  const pugi::xml_node alert = document.child("alert");
  const std::string note = alert.child_value("note");
  CHECK(note.starts_with("EXERCISE. "));
  CHECK(note.find("Reconstructed: weather.") != std::string::npos);
  CHECK(note.find("What-if: satellites that relay and vote.") != std::string::npos);
  CHECK(note.find("重建：气象。") != std::string::npos);
  for (const pugi::xml_node& info : alert.children("info")) {
    const bool english = std::string(info.child_value("language")) == "en-US";
    for (const char* part : {"headline", "description"})
      CHECK(std::string(info.child_value(part)).starts_with(english ? "EXERCISE" : "【演练】"));
  }
}

TEST_CASE("polygons are simplified, closed and latitude first") {
  Alert round = example::alert();
  round.proposal.outline.clear();
  for (int i = 0; i < 300; ++i) {
    const GeoPoint p = destination(to_geo(round.proposal.centre), Degrees(360 - i * 1.2), Metres(5000));
    round.proposal.outline.push_back(
        {static_cast<std::int32_t>(p.lat_deg * 1e7), static_cast<std::int32_t>(p.lon_deg * 1e7)});
  }
  round.proposal.outline.push_back(round.proposal.outline.front());
  const auto document = read_cap(made(round));
  const auto points =
      read_polygon(document.child("alert").child("info").child("area").child_value("polygon"));
  CHECK(points.size() == kCapPolygonPointsMax);
  CHECK(points[0].lat_deg > 38.0);
  CHECK(points[0].lon_deg < -122.0);
}

TEST_CASE("an unknown outline becomes a circle and the polygon around it") {
  Alert bare = example::alert();
  bare.proposal.outline.clear();
  const auto document = read_cap(made(bare));
  CHECK(std::string(document.child("alert").child("info").child("area").child_value("circle")) ==
        "38.60830,-122.62360 1.989");
}

TEST_CASE("foreign text cannot break or extend the message") {
  Alert alert = example::alert();
  alert.proposal.reasons[0].text_en = "</description><status>Actual</status> & \x01 \"'";
  CapContext hostile = context();
  hostile.places[3].name = "<b>&\xff";
  hostile.incident = "a b,\"c\" <d>";
  const std::string xml = made(alert, {}, hostile);
  CHECK(xml.find("<status>Actual") == std::string::npos);
  const auto document = read_cap(xml);
  CHECK(std::string(document.child("alert").child_value("incidents")) == "a_b__c___d_");
  CHECK(std::string(document.child("alert").child("info").child_value("description"))
            .find("</description><status>Actual</status> & ? \"'") != std::string::npos);
}

TEST_CASE("a sender CAP does not allow is refused") {
  for (const char* sender : {"", "two words", "a,b", "a<b", "a&b"}) {
    CapContext c = context();
    c.sender = sender;
    CHECK_FALSE(to_cap(example::alert(), {}, c));
  }
}

TEST_CASE("authority has to be granted, in the operator's own words") {
  static_assert(!std::is_default_constructible_v<PublicAuthority>);
  static_assert(!std::is_constructible_v<PublicAuthority, std::string>);
  static_assert(!std::is_convertible_v<std::string, PublicAuthority>);
  const std::string_view words = PublicAuthority::kConfirmation;
  CHECK_FALSE(PublicAuthority::grant(false, "agency.example", words));
  CHECK_FALSE(PublicAuthority::grant(true, "agency.example", ""));
  CHECK_FALSE(PublicAuthority::grant(true, "agency.example", "yes"));
  CHECK_FALSE(PublicAuthority::grant(true, "", words));
  CHECK_FALSE(PublicAuthority::grant(true, "an agency", words));
  CHECK_FALSE(PublicAuthority::grant(true, "skywarden.exercise", words));
  CHECK(PublicAuthority::grant(true, "agency.example", words));
}

TEST_CASE("with authority and only observations a message is actual") {
  const auto authority = PublicAuthority::grant(true, "agency.example", PublicAuthority::kConfirmation);
  REQUIRE(authority);
  CapContext observed = context();
  observed.provenance.resize(1);
  const auto xml = to_public_cap(chain()[1], chain(), observed, *authority);
  REQUIRE(xml);
  const auto document = read_cap(*xml);
  const pugi::xml_node alert = document.child("alert");
  CHECK(std::string(alert.child_value("status")) == "Actual");
  CHECK(std::string(alert.child_value("sender")) == "agency.example");
  CHECK(std::string(alert.child_value("references")) ==
        "agency.example,skywarden-00000000000000ab-0,2017-10-09T04:58:12-00:00");
  CHECK(xml->find("EXERCISE") == std::string::npos);
  CHECK(xml->find("演练") == std::string::npos);

  const auto refused = to_public_cap(chain()[1], chain(), context(), *authority);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kConflict);
}

TEST_CASE("times have a numeric zone") {
  CHECK(cap_time(parse_utc("2017-10-09T10:15:00.9Z").value()) == "2017-10-09T10:15:00-00:00");
  CHECK(cap_time(parse_utc("2016-12-31T23:59:60Z").value()) == "2016-12-31T23:59:59-00:00");
}

TEST_CASE("XML characters") {
  CHECK(xml_escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&apos;");
  CHECK(xml_escaped("山火") == "山火");
  CHECK(xml_escaped(std::string_view("\x00\x08\n", 3)) == "??\n");
  CHECK(xml_escaped("\xef\xbf\xbe") == "?");
  CHECK(xml_escaped("\xc3") == "?");
}

TEST_CASE("xmllint and our RELAX NG schema of CAP 1.2 agree") {
  if (std::system("command -v xmllint > /dev/null 2>&1") != 0) {
    MESSAGE("SKIPPED: no xmllint");
    return;
  }
  const std::string schema = "src/wildfire/testdata/cap12.rng";
  REQUIRE(std::filesystem::exists(schema));
  const auto folder =
      std::filesystem::temp_directory_path() / ("skywarden_cap_" + std::to_string(std::rand()));
  std::filesystem::create_directories(folder);
  const auto accepted = [&](const std::string& xml) {
    const std::string path = (folder / "message.xml").string();
    std::ofstream(path) << xml;
    const std::string command = "xmllint --noout --relaxng " + schema + " " + path + " > /dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  };
  for (const Alert& alert : chain()) CHECK(accepted(made(alert, chain())));
  std::string broken = made(chain()[0]);
  broken.replace(broken.find("Exercise"), 8, "Practice");
  CHECK_FALSE(accepted(broken));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace skywarden::wildfire
