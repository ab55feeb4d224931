#include "report.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "png.h"
#include "report_example.h"
#include "report_figures.h"
#include "report_svg.h"
#include "report_words.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::json;

struct Written {
  std::string html;
  Json json;
};

Written write(const ReportBuilder& report, const PlaySummary& summary) {
  const std::string json = report.json(summary);
  return {report.html(summary), Json::parse(json)};
}

// For people who change the page: SKYWARDEN_REPORT_DIR=DIR keeps what the tests wrote.
void keep(const std::string& name, const std::string& html) {
  if (const char* folder = std::getenv("SKYWARDEN_REPORT_DIR"); folder != nullptr)
    std::ofstream(std::filesystem::path(folder) / (name + ".html")) << html;
}

Written full_report(Incident& incident) {
  ReportBuilder report(incident);
  example::tell_weather(report, incident);
  example::tell_faults(report, incident);
  example::tell_turns(report, incident);
  example::tell_fire(report, incident);
  Written written = write(report, example::summary());
  keep(incident.us_units ? "us" : "full", written.html);
  return written;
}

// The first thing that is wrong with the nesting of tags; empty when nothing is. Stricter than HTML: void
// elements must close themselves, attributes must be quoted, and no < or & stands free.
std::string nesting_error(const std::string& html) {
  std::vector<std::string> open;
  std::size_t at = html.find('>') + 1;  // after the doctype
  while (at < html.size()) {
    if (html[at] == '&' && html.substr(at, 9).find(';') == std::string::npos)
      return "free & at " + html.substr(at, 40);
    if (html[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t start = at;
    bool quoted = false;
    for (++at; at < html.size() && (quoted || html[at] != '>'); ++at) {
      if (html[at] == '"') quoted = !quoted;
      if (html[at] == '<') return "tag within a tag at " + html.substr(start, 60);
    }
    const std::string tag = html.substr(start + 1, at - start - 1);
    ++at;
    if (tag.empty() || tag.ends_with('/')) continue;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1))
        return "closes " + tag + (open.empty() ? "" : " in " + open.back());
      open.pop_back();
      continue;
    }
    open.push_back(tag.substr(0, tag.find(' ')));
    if (open.back() == "style") at = html.find("</style>", at);
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

bool asks_for_something(const std::string& html) {
  for (const char* request : {"src=\"", "href=\"http", "href=\"//", "@import", "url(http", "url(//",
                              "<script", "<link", "<iframe", "onload=\""})
    if (html.find(request) != std::string::npos) return true;
  return false;
}

TEST_CASE("a full report is one well-formed page that asks nobody for anything") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  CHECK(nesting_error(w.html) == "");
  CHECK_FALSE(asks_for_something(w.html));
  for (const char* id : {"map", "timeline", "fires", "places", "alerts", "danger", "completeness",
                         "agreement", "sources", "how"})
    CHECK_MESSAGE(w.html.find("id=\"" + std::string(id) + "\"") != std::string::npos, id);
  CHECK(w.html.find("EXERCISE") != std::string::npos);
  CHECK(w.html.find("lang=\"zh\"") != std::string::npos);
  CHECK(count_of(w.html, "<svg") >= 6);  // map, timeline, area and probability, two fields
  CHECK(w.html.find("data:image/png;base64,iVBORw0KGgo") != std::string::npos);
}

TEST_CASE("text from files is shown as text, never as markup") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  CHECK(w.html.find("<script") == std::string::npos);
  CHECK(w.html.find("Alma &lt;script&gt;alert(1)&lt;/script&gt;") != std::string::npos);
  CHECK(w.html.find("<img") == std::string::npos);
  CHECK(w.html.find("9 pixels &lt;hot&gt;") != std::string::npos);
  CHECK(w.html.find("Valley fire &amp; &lt;b&gt;friends&lt;/b&gt;") != std::string::npos);
  CHECK(w.html.find('\xff') == std::string::npos);
  CHECK(w.html.find("Bad ? bytes") != std::string::npos);
}

TEST_CASE("the JSON holds the page's numbers") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  const Json& j = w.json;
  CHECK(j["format"] == "skywarden-report");
  CHECK(j["status"] == "Exercise");
  const Json& fire = j["events"]["list"][0];
  CHECK(fire["area_ha"].get<double>() == doctest::Approx(1172.84).epsilon(1e-6));  // 5 × 2,345,678 m²
  for (const Json& event : j["events"]["list"]) {
    CHECK(w.html.find(event["event"].get<std::string>()) != std::string::npos);
    CHECK(w.html.find(area_text(event["area_ha"], false).en) != std::string::npos);
  }
  CHECK(j["messages"]["list"].size() == 5);
  for (const Json& message : j["messages"]["list"]) {
    CHECK(w.html.find(area_text(message["area_ha"], false).en) != std::string::npos);
    CHECK(w.html.find(percent_text(message["probability"])) != std::string::npos);
    CHECK(w.html.find(message["local_time"].get<std::string>()) != std::string::npos);
  }
  for (const Json& near : fire["near"])
    if (near["distance_km"] > 0.01)
      CHECK(w.html.find(distance_text(kilometres(near["distance_km"]), false).en) != std::string::npos);
  CHECK(w.html.find(counted(j["agreement"]["packets_sent"])) != std::string::npos);
  CHECK(w.html.find(counted(j["agreement"]["packets_lost"])) != std::string::npos);
  CHECK(w.html.find(counted(j["agreement"]["bundles_carried"])) != std::string::npos);
  for (const Json& a : j["answer"])
    CHECK(w.html.find(escaped(a["en"].get<std::string>())) != std::string::npos);
}

TEST_CASE("the group's elections, epochs and shares are told with times, causes and names") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  const Json& a = w.json["agreement"];
  CHECK(a["epoch"] == 1);
  CHECK(a["elections"]["count"] == 2);
  CHECK(a["elections"]["causes"] == Json{{"first", 1}, {"crash", 1}, {"silence", 0}, {"handover", 0}});
  CHECK(a["elections"]["list"][0]["previous"].is_null());
  CHECK(a["elections"]["list"][1] == Json{{"time", "2026-07-01T13:21:00.000Z"},
                                          {"term", 2},
                                          {"leader", "SAT <2>"},
                                          {"cause", "crash"},
                                          {"previous", "SAT <1>"}});
  REQUIRE(a["epochs"]["list"].size() == 2);
  const Json& joint = a["epochs"]["list"][0];
  CHECK(joint["joint"] == true);
  CHECK(joint["agreed"] == "2026-07-01T15:10:03.000Z");
  CHECK(joint["changes"][1] == Json{{"node", "SAT <14>"}, {"from", 0}, {"to", 2}});
  CHECK(a["epochs"]["list"][1]["agreed"].is_null());
  CHECK(a["epochs"]["agreed"] == 1);
  REQUIRE(a["shares"].size() == 13);  // not the one that only listens
  CHECK(a["share_rule"] == Json{{"en", "Shares <follow> what is measured"}, {"zh", "表决权随测量而定"}});
  Json first = a["shares"][0];
  CHECK(first["reasons"].size() == 2);
  CHECK(first["reasons"][0] == Json{{"en", "it is near & answers"}, {"zh", "它较近"}});
  first.erase("reasons");
  CHECK(first == Json{{"node", "SAT <1>"}, {"founded", 1}, {"share", 4}, {"changed_in", 1}});
  CHECK(a["shares"][1]["reasons"].empty());
  CHECK(w.html.find("it is near &amp; answers; changed in epoch 1") != std::string::npos);
  CHECK(w.html.find("它较近；在第 1 期配置中变更") != std::string::npos);
  CHECK(w.html.find("Shares &lt;follow&gt; what is measured") != std::string::npos);
  CHECK(a["shares"][1]["changed_in"].is_null());
  CHECK(a["restored"]["list"][0]["index"] == 39);
  CHECK(w.html.find("SAT &lt;1&gt;: 1 → 4; SAT &lt;14&gt;: 0 → 2") != std::string::npos);
  CHECK(w.html.find("1 × 4, 1 × 2, 11 × 1") != std::string::npos);
  CHECK(w.html.find("1, joint") != std::string::npos);
  CHECK(w.html.find("SAT &lt;1&gt; went down") != std::string::npos);
  CHECK(w.html.find("SAT &lt;1&gt; 已停机") != std::string::npos);
  CHECK(nesting_error(w.html) == "");
}

TEST_CASE("of very many elections all are counted and the first are listed") {
  const Incident incident = example::incident();
  ReportBuilder report(incident);
  for (std::uint64_t term = 1; term <= 5000; ++term)
    report.on_turn({.time = incident.start, .node = NodeId(1), .term = term});
  CHECK(report.news().agreement.elections.first.size() == kReportTurnsMax);
  const Written w = write(report, {});
  CHECK(w.html.find("4,980 more elections.") != std::string::npos);
  CHECK(w.json["agreement"]["elections"]["count"] == 5000);
  CHECK(w.json["agreement"]["elections"]["list"].size() == 100);
  CHECK(w.json["agreement"]["elections"]["list"][0]["leader"] == "#1");  // nobody was named
}

TEST_CASE("fields are counted by what became of them") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  const Json& c = w.json["completeness"];
  CHECK(c["observed"] == 21);
  CHECK(c["estimated"] == 2);
  CHECK(c["missing"] == 1);
  CHECK(c["anomalous"] == 1);
  CHECK(c["fields"][0]["field"] == "temp_c");
  CHECK(c["fields"][0]["estimated_by"] == Json{{"interpolation", 2}});
  CHECK(c["fields"][1]["missing_because"] == Json{{"link_loss", 1}});
  CHECK(c["fields"][0]["patterns"] == Json{{"temporal", 2}});
  CHECK(c["fields"][1]["patterns"] == Json{{"random", 1}});
  CHECK(w.html.find("interpolation 2") != std::string::npos);
  CHECK(c["methods"][0]["completion_model"] == "weather <1>.trees");
  CHECK(c["methods"][0]["anomaly_model"].is_null());
  CHECK(w.html.find("trained model weather &lt;1&gt;.trees") != std::string::npos);
}

TEST_CASE("the nearest places within 50 km are named, those inside the area as inside") {
  Incident incident = example::incident();
  const Written w = full_report(incident);
  const Json& near = w.json["events"]["list"][0]["near"];
  REQUIRE(near.size() == 3);  // not the one 300 km away
  CHECK(near[0]["name_zh"] == "阿尔玛");
  CHECK(near[0]["distance_km"] == 0.0);
  CHECK(near[1]["distance_km"] < near[2]["distance_km"]);
  CHECK(w.html.find("inside 区域内") != std::string::npos);
}

TEST_CASE("US units come first where they are asked for, and the JSON stays metric") {
  Incident incident = example::incident();
  const Written metric = full_report(incident);
  incident.us_units = true;
  incident.utc_offset_min = -570;
  const Written us = full_report(incident);
  CHECK(us.html.find("2,900 acres (1,170 ha)") != std::string::npos);
  CHECK(us.html.find("°F") != std::string::npos);
  CHECK(us.html.find("UTC−9:30") != std::string::npos);
  CHECK(metric.html.find("1,170 ha (2,900 acres)") != std::string::npos);
  CHECK(us.json["events"] == metric.json["events"]);
}

TEST_CASE("equal plays give equal bytes, however long the machine took") {
  const Incident incident = example::incident();
  PlaySummary quick = example::summary(), slow = example::summary();
  slow.wall_seconds = 99.0;
  ReportBuilder a(incident), b(incident);
  example::tell_fire(a, incident);
  example::tell_fire(b, incident);
  CHECK(a.html(quick) == b.html(slow));
  CHECK(a.json(quick) == b.json(slow));
}

TEST_CASE("an incident of which nothing is known still has a report") {
  Incident incident;
  incident.name = "empty";
  incident.start = incident.end = example::at("2026-07-01T10:00:00Z");
  const ReportBuilder report(incident);
  const Written w = write(report, {});
  keep("empty", w.html);
  CHECK(nesting_error(w.html) == "");
  CHECK(w.html.find("No alert was raised") != std::string::npos);
  CHECK(w.html.find("so there is no map") != std::string::npos);
  CHECK(w.json["events"]["told"] == 0);
  CHECK(w.json["agreement"]["first_alert"].is_null());
}

TEST_CASE("records alone, without places or terrain") {
  Incident incident = example::incident();
  incident.bbox = {};
  incident.elevation.reset();
  incident.places.clear();
  incident.roads_geojson = "not json";
  ReportBuilder report(incident);
  example::tell_weather(report, incident);
  const Written w = write(report, {});
  CHECK(nesting_error(w.html) == "");
  CHECK(w.html.find("No terrain was given") != std::string::npos);
  CHECK(w.html.find("No roads were given") != std::string::npos);
  CHECK(w.json["completeness"]["observed"] == 21);
}

TEST_CASE("a cancelled fire is told as cancelled, with the size it had") {
  const Incident incident = example::incident();
  ReportBuilder report(incident);
  example::tell_fire(report, incident);
  report.on_alert(example::alert(0xf1, 5, datum::ProposalKind::kCancel, incident.end, 0, {45.19, 10.18}), {});
  const Written w = write(report, example::summary());
  const Json& fire = w.json["events"]["list"][0];
  CHECK(fire["state"] == "cancelled");
  CHECK(fire["area_ha"].get<double>() == doctest::Approx(1172.84).epsilon(1e-6));
  CHECK(w.json["events"]["cancelled"] == 1);
  CHECK(w.html.find("cancelled at the end") != std::string::npos);
  CHECK(nesting_error(w.html) == "");
}

TEST_CASE("a continent on fire stays readable: the worst twenty, counts for the rest, under 5 MB") {
  Incident incident = example::incident();
  incident.bbox = {};
  constexpr std::uint64_t kEvents = 2'600;
  ReportBuilder report(incident);
  std::vector<datum::Hotspot> hotspots;
  for (std::uint64_t i = 0; i < 100'000; ++i)
    hotspots.push_back(example::hotspot(
        incident.start + std::chrono::milliseconds(400 * i),
        {-40.0 + 0.1 * static_cast<double>(i % 300), 115.0 + 0.1 * static_cast<double>(i / 300 % 380)},
        datum::Provenance::kObserved));
  report.on_hotspots(hotspots);
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    const GeoPoint centre{-40.0 + 0.011 * static_cast<double>(i), 115.0 + 0.1 * static_cast<double>(i % 380)};
    for (std::uint32_t n = 0; n < 60; ++n)
      report.on_alert(
          example::alert(i + 1, n, n == 0 ? datum::ProposalKind::kAlert : datum::ProposalKind::kUpdate,
                         incident.start + std::chrono::minutes(n * 10), 1'000'000 + 1000 * i, centre),
          {});
  }
  const Written w = write(report, {});
  keep("many", w.html);
  CHECK(nesting_error(w.html) == "");
  CHECK(w.html.size() < 5'000'000);
  CHECK(w.json.dump().size() < 5'000'000);
  CHECK(w.json["events"]["told"] == kEvents);
  CHECK(w.json["events"]["list"].size() == kEventsShown);
  CHECK(w.json["events"]["list"][0]["event"] == "0000000000000a28");  // 2600, the largest
  CHECK(w.json["events"]["list"][0]["messages"] == 60);
  CHECK(w.json["hotspots"]["count"] == 100'000);
  CHECK(report.news().hotspots.items().size() <= kReportHotspotsMax);
  CHECK(w.html.find("2,580 more were told of") != std::string::npos);
  const auto& kept = report.news().events.at(EventId(1)).messages;
  CHECK(kept.size() == kReportMessagesMax);
  CHECK(kept.front().sequence == 0);
  CHECK(kept.back().sequence == 59);
}

TEST_CASE("a fire across the antimeridian has a map of its own size") {
  Incident incident = example::incident();
  incident.bbox = {};
  incident.elevation.reset();
  ReportBuilder report(incident);
  for (const double lon : {179.9, -179.9})
    report.on_hotspots(
        std::vector{example::hotspot(incident.start, {-17.0, lon}, datum::Provenance::kObserved)});
  const PlaySummary summary;
  const auto map = map_figure({incident, report.news(), facts_of(incident, report.news(), summary), summary});
  REQUIRE(map);
  CHECK(map->hotspots_inside == 2);
  CHECK(map->svg.find(" km<") != std::string::npos);
  CHECK(map->svg.find("5 km<") != std::string::npos);  // a scale bar of kilometres, not of half the Earth
}

TEST_CASE("a thinned list keeps few, evenly, and counts all") {
  Thinned<int> list(8);
  for (int i = 0; i < 1000; ++i) list.add(i);
  CHECK(list.count() == 1000);
  REQUIRE(list.items().size() >= 3);
  CHECK(list.items().size() < 8);
  const int gap = list.items()[1] - list.items()[0];
  CHECK(list.items()[0] == 0);
  for (std::size_t i = 1; i < list.items().size(); ++i) CHECK(list.items()[i] - list.items()[i - 1] == gap);
}

TEST_CASE("numbers are written with three digits") {
  CHECK(three_digits(0) == "0");
  CHECK(three_digits(0.456) == "0.46");
  CHECK(three_digits(12.34) == "12.3");
  CHECK(three_digits(999.6) == "1,000");
  CHECK(three_digits(1'234'567) == "1,230,000");
  CHECK(three_digits(-1234) == "−1,230");
  CHECK(counted(16'254) == "16,254");
  CHECK(counted(999) == "999");
}

TEST_CASE("durations are told in the units people use") {
  CHECK(duration_text(std::chrono::milliseconds(840)).en == "0.84 s");
  CHECK(duration_text(std::chrono::minutes(12)).en == "12 min");
  CHECK(duration_text(std::chrono::hours(6)).en == "6 h");
  CHECK(duration_text(std::chrono::minutes(65)).zh == "1小时5分钟");
  CHECK(duration_text(std::chrono::hours(347)).en == "14 days 11 h");
}

TEST_CASE("times follow the offset of the place") {
  const Instant t = example::at("2017-10-09T04:50:00Z");
  CHECK(LocalClock(-420).stamp(t) == "2017-10-08 21:50");
  CHECK(LocalClock(-420).zone() == "UTC−7");
  CHECK(LocalClock(345).zone() == "UTC+5:45");
  CHECK(LocalClock(0).zone() == "UTC");
}

TEST_CASE("ticks of time fall on round local times, few enough") {
  const LocalClock clock(-420);
  const auto ticks =
      time_ticks(example::at("2017-10-08T12:00:00Z"), example::at("2017-10-09T18:00:00Z"), clock, 9);
  REQUIRE(!ticks.empty());
  CHECK(ticks.size() <= 9);
  CHECK(ticks.front().local == "10-08 06:00");
  CHECK(ticks.front().utc == "10-08 13:00");
  CHECK(
      time_ticks(example::at("2017-10-08T12:00:00Z"), example::at("2017-10-08T12:00:00Z"), clock, 9).empty());
  const auto years =
      time_ticks(example::at("2000-01-01T00:00:00Z"), example::at("2017-10-08T12:00:00Z"), clock, 9);
  CHECK(years.size() <= 20);
}

TEST_CASE("ticks of numbers are round and inside") {
  const auto ticks = number_ticks(0.0, 97.0, 4);
  REQUIRE(ticks.size() >= 2);
  CHECK(ticks.front().label == "0");
  CHECK(ticks[1].label == "50");
  CHECK(ticks.back().at <= 97.0);
  CHECK(number_ticks(3.0, 3.0, 4).empty());
  CHECK(number_ticks(-0.4, 0.4, 4)[0].label == "−0.4");
}

std::uint32_t u32(const std::string& s, std::size_t at) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<std::uint8_t>(s[at + i]);
  return v;
}

TEST_CASE("a picture survives as PNG") {
  Picture picture{3, 2, {}};
  for (int i = 0; i < 24; ++i) picture.rgba.push_back(static_cast<std::uint8_t>(i * 10));
  const std::string png = png_bytes(picture);
  REQUIRE(png.starts_with("\x89PNG\r\n\x1A\n"));
  std::map<std::string, std::string> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t length = u32(png, at);
    const std::string body = png.substr(at + 4, 4 + length);
    CHECK(u32(png, at + 8 + length) ==
          crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
    chunks[body.substr(0, 4)] = body.substr(4);
    at += 12 + length;
  }
  CHECK(chunks.contains("IEND"));
  CHECK(u32(chunks["IHDR"], 0) == 3);
  CHECK(u32(chunks["IHDR"], 4) == 2);
  std::string rows(2 * (1 + 12), '\0');
  uLongf size = rows.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                     reinterpret_cast<const Bytef*>(chunks["IDAT"].data()),
                     static_cast<uLong>(chunks["IDAT"].size())) == Z_OK);
  CHECK(size == rows.size());
  CHECK(static_cast<std::uint8_t>(rows[1]) == 0);
  CHECK(static_cast<std::uint8_t>(rows[13 + 1]) == 120);
}

TEST_CASE("base64 as in RFC 4648 §10") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("large terrain is coarsened, empty terrain has no picture") {
  formats::Grid grid;
  grid.cols = 1000;
  grid.rows = 700;
  grid.cell = 0.001;
  grid.values.assign(grid.cols * grid.rows, 100.0F);
  const std::string png = relief_png(grid);
  REQUIRE(png.size() > 24);
  CHECK(u32(png, 16) == 333);
  CHECK(u32(png, 20) == 233);
  grid.values.assign(grid.cols * grid.rows, std::nullopt);
  CHECK(relief_png(grid).empty());
}

TEST_CASE("the checker of nesting finds what is wrong") {
  CHECK(nesting_error("<!doctype html><p><b>x</b></p>") == "");
  CHECK(nesting_error("<!doctype html><p><b>x</p></b>") != "");
  CHECK(nesting_error("<!doctype html><p>") != "");
  CHECK(nesting_error("<!doctype html><p>a & b</p>") != "");
}

}  // namespace
}  // namespace skywarden::app
