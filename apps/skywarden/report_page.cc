#include "report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reasoning/wording.h"
#include "report_agreement.h"
#include "report_figures.h"
#include "report_words.h"
#include "wildfire/event_export.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kEventsCharted = 6;
constexpr std::size_t kMessageRowsMax = 120;
constexpr std::size_t kProblemLinesMax = 40;
constexpr std::size_t kDangerRowsMax = 24;
constexpr std::size_t kFieldRowsMax = 80;
constexpr std::size_t kLogRowsMax = 40;
constexpr std::size_t kCommitsTold = 12;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light;--ink:#1c1c1a;--soft:#5a5a55;--line:#d6d5cd}
*{box-sizing:border-box}
body{margin:0 auto;max-width:820px;padding:0 20px 48px;color:var(--ink);background:#fff;
 font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
.exercise{margin:0 -20px;padding:8px 20px;background:#ffd400;color:#000;font-weight:700;letter-spacing:.02em;
 -webkit-print-color-adjust:exact;print-color-adjust:exact}
h1{font-size:27px;line-height:1.2;margin:22px 0 2px}.zh{font-size:17px;margin:0}
h2{font-size:19px;margin:34px 0 8px;border-bottom:2px solid var(--ink);padding-bottom:3px}
h3{font-size:15px;margin:20px 0 4px}
h2 [lang=zh],h3 [lang=zh]{font-weight:400;color:var(--soft);margin-left:.4em}
.answer{background:#f6f4ec;border-left:5px solid #b3001b;padding:10px 16px;margin:14px 0}
.answer p{margin:0}
.soft,figcaption,caption{color:var(--soft);font-size:13px}
caption{text-align:left;caption-side:bottom;padding-top:4px}
figure{margin:10px 0;break-inside:avoid}
svg{display:block;width:100%;height:auto}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:6px 14px}
table{border-collapse:collapse;width:100%;font-size:13px;margin:6px 0 12px;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:3px 7px 3px 0;border-bottom:1px solid var(--line)}
th{font-weight:600;border-bottom-color:#888}
td.n,th.n{text-align:right;white-space:nowrap;padding-right:12px}
tr{break-inside:avoid}thead{display:table-header-group}
.w{white-space:nowrap}td .soft{font-size:11.5px}.id{font-size:11px;color:var(--soft)}
.tag{display:inline-block;padding:0 6px;border-radius:3px;border:1px solid;font-size:12px;white-space:nowrap}
.observed{color:#1b5e20}.reconstructed{color:#7a5200}.simulated{color:#6a1b9a}.what-if{color:#0b5394}
.share{display:inline-block;height:9px;vertical-align:middle;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.why{color:var(--soft);font-size:12.5px}
.key b{font-weight:700}
svg text{font-family:inherit;fill:#1c1c1a}
svg .axis{font-size:11px}svg .small,svg .grid{font-size:9.5px;fill:#444}
svg .place{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
svg .large{font-size:14px;font-weight:700}svg .mark{font-size:10px;font-weight:700}
svg .rule{stroke:#000;stroke-opacity:.12;stroke-width:.6}
ul{margin:4px 0;padding-left:20px}
@page{size:A4;margin:13mm}
@media print{body{max-width:none;padding:0;font-size:11.5px}.exercise{margin:0}h2{break-after:avoid}table{font-size:10.5px}}
@media (max-width:560px){.pair{grid-template-columns:1fr}.scroll{overflow-x:auto}}
)";

class Page {
 public:
  void heading(const char* id, const Bilingual& title) {
    add("<h2 id=\"{}\">{}<span lang=\"zh\">{}</span></h2>\n", id, escaped(title.en), escaped(title.zh));
  }
  void minor(const Bilingual& title) {
    add("<h3>{}<span lang=\"zh\">{}</span></h3>\n", escaped(title.en), escaped(title.zh));
  }
  void soft(const std::string& text) { add("<p class=\"soft\">{}</p>\n", escaped(text)); }
  // A column whose name ends in '#' holds numbers.
  void table(const std::vector<std::string>& columns) {
    numeric_.clear();
    out_ += "<div class=\"scroll\"><table><thead><tr>";
    for (const std::string& name : columns) {
      numeric_.push_back(name.ends_with('#'));
      add("<th{}>{}</th>", numeric_.back() ? " class=\"n\"" : "",
          escaped(numeric_.back() ? name.substr(0, name.size() - 1) : name));
    }
    out_ += "</tr></thead><tbody>\n";
  }
  // Cells are markup: the caller escapes foreign text.
  void row(const std::vector<std::string>& cells) {
    out_ += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i)
      add("<td{}>{}</td>", i < numeric_.size() && numeric_[i] ? " class=\"n\"" : "", cells[i]);
    out_ += "</tr>\n";
  }
  void end_table() { out_ += "</tbody></table></div>\n"; }
  void figure(const std::string& svg, const std::string& caption) {
    add("<figure>{}<figcaption>{}</figcaption></figure>\n", svg, escaped(caption));
  }
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void raw(std::string_view markup) { out_ += markup; }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_;
  std::vector<bool> numeric_;
};

std::string tag(datum::Provenance provenance) {
  const Bilingual words = provenance_words(provenance);
  return fmt::format("<span class=\"tag {}\">{} <span lang=\"zh\">{}</span></span>", words.en, words.en,
                     words.zh);
}

std::string interval_text(const Message& m) {
  return fmt::format("<span class=\"w\">{}</span> <span class=\"w\">[{}–{}]</span>",
                     percent_text(m.probability), percent_text(m.low), percent_text(m.high));
}

std::string level_text(const Message& m) {
  return fmt::format("{}, {}, {}", wildfire::cap_word(m.level.severity), wildfire::cap_word(m.level.urgency),
                     wildfire::cap_word(m.level.certainty));
}

std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const auto& [name, count] : counts) order.emplace_back(count, name);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string out;
  constexpr std::size_t kNamed = 4;
  for (std::size_t i = 0; i < order.size() && i < kNamed; ++i)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", order[i].second, counted(order[i].first));
  if (order.size() > kNamed) out += fmt::format(", {} more", order.size() - kNamed);
  return escaped(out);
}

std::string local_and_utc(const LocalClock& clock, Instant t) {
  return fmt::format("<span class=\"w\">{}</span><br/><span class=\"soft w\">{}Z</span>", clock.stamp(t),
                     utc_stamp(t));
}

// ---- sections -----------------------------------------------------------------------------------

void write_head(Page& page, const ReportInput& in) {
  const Incident& incident = in.incident;
  const LocalClock clock(incident.utc_offset_min);
  const std::string title = incident.title.en.empty() ? incident.name : incident.title.en;
  page.raw(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "img-src data:\"/>\n");
  page.add("<title>Exercise: {}</title>\n<style>{}</style>\n</head>\n<body>\n", escaped(title), kStyle);
  page.raw(
      "<div class=\"exercise\" role=\"note\">EXERCISE – no alert in this report was sent to the public. "
      "<span lang=\"zh\">演练：本报告中的警报均未向公众发布。</span></div>\n");
  page.add("<main>\n<h1>{}</h1>\n", escaped(title));
  if (!incident.title.zh.empty() && incident.title.zh != title)
    page.add("<p class=\"zh\" lang=\"zh\">{}</p>\n", escaped(incident.title.zh));
  page.add("<p class=\"soft\">{} to {} {} ({} to {} UTC)</p>\n", clock.stamp(incident.start),
           clock.stamp(incident.end), clock.zone(), utc_stamp(incident.start), utc_stamp(incident.end));
}

void write_answer(Page& page, const ReportInput& in) {
  page.raw("<section class=\"answer\" aria-label=\"The answer\">\n<p>");
  for (const Answer& a : in.facts.answers)
    page.add("<b>{}.</b> {} ", escaped(a.question.en), escaped(a.text.en));
  page.raw("</p>\n</section>\n<section class=\"answer\" lang=\"zh\" aria-label=\"结论\">\n<p>");
  for (const Answer& a : in.facts.answers)
    page.add("<b>{}：</b>{} ", escaped(a.question.zh), escaped(a.text.zh));
  page.raw("</p>\n</section>\n");
  if (!in.incident.summary.en.empty()) page.add("<p>{}</p>\n", escaped(in.incident.summary.en));
  if (!in.incident.summary.zh.empty() && in.incident.summary.zh != in.incident.summary.en)
    page.add("<p lang=\"zh\">{}</p>\n", escaped(in.incident.summary.zh));
}

void write_map(Page& page, const ReportInput& in) {
  page.heading("map", {"Where it burns", "火在何处"});
  const auto map = map_figure(in);
  if (!map) return page.soft("No part of the incident has a place, so there is no map.");
  std::string caption = fmt::format("{} of {} hotspots lie inside the picture.",
                                    counted(map->hotspots_inside), counted(in.news.hotspots.items().size()));
  if (in.news.hotspots.items().size() < in.news.hotspots.count())
    caption += fmt::format(" An even choice of {} seen.", counted(in.news.hotspots.count()));
  if (in.facts.told.size() > in.facts.shown())
    caption += fmt::format(" Areas are drawn for the {} worst fires; the other {} are small squares.",
                           in.facts.shown(), counted(in.facts.told.size() - in.facts.shown()));
  if (in.facts.told.size() > 1)
    caption += " Numbers as in the table; those that would cover a worse one are left out.";
  caption += map->relief ? " Relief lit from the north-west." : " No terrain was given.";
  if (!map->roads) caption += " No roads were given.";
  if (in.incident.places.empty()) caption += " No places were given.";
  page.figure(map->svg, caption);
}

void write_timeline(Page& page, const ReportInput& in) {
  page.heading("timeline", {"When", "时间线"});
  page.figure(timeline_figure(in),
              "Alerts: red first, orange updates, grey cancels. Danger: green low, blue moderate, yellow "
              "high, orange very "
              "high, red extreme. Data: grey gaps, blue filled in. Hotspots: height grows with the root of "
              "their number.");
}

void write_events(Page& page, const ReportInput& in) {
  const ReportFacts& facts = in.facts;
  page.heading("fires", {"Fires that were told of", "已通报的火情"});
  if (facts.told.empty()) return page.soft("None.");
  const LocalClock clock(in.incident.utc_offset_min);
  page.table({"No.#", "Event", "First alert " + clock.zone(), "Messages#", "Area at most", "Power MW#",
              "Probability [90 %]", "Severity, urgency, certainty", "Danger"});
  for (std::size_t i = 0; i < facts.shown(); ++i) {
    const ToldEvent& event = facts.told[i];
    const Message& m = event.last_fire();
    page.row({std::to_string(i + 1),
              "<span class=\"id\">" + wildfire::to_text(event.id) + "</span>" +
                  (event.cancelled() ? "<br/>cancelled 已取消" : ""),
              local_and_utc(clock, event.story->messages.front().time), counted(event.story->messages_told),
              escaped(area_text(m.hectares, in.incident.us_units).en), three_digits(m.megawatts),
              interval_text(m), level_text(m),
              std::string(reasoning::danger_word(m.danger, reasoning::Language::kEnglish))});
  }
  page.end_table();
  if (facts.told.size() > facts.shown())
    page.soft(fmt::format("The {} worst of {} are shown; {} more were told of.", facts.shown(),
                          counted(facts.told.size()), counted(facts.told.size() - facts.shown())));
  if (facts.quiet > 0)
    page.soft(fmt::format(
        "Other events that were judged and not told of: {} ({} undecided, {} at heat sources that stay).",
        counted(facts.quiet), counted(facts.quiet_undecided), counted(facts.quiet_persistent)));
  for (std::size_t i = 0; i < facts.shown() && i < kEventsCharted; ++i) {
    page.minor({fmt::format("Fire {}", i + 1), fmt::format("火情{}", i + 1)});
    page.add(
        "<figure><div class=\"pair\">{}</div><figcaption>Steps: what was agreed, until the next message. "
        "Grey dots: "
        "single satellites' findings before agreement. Dashed: the threshold of the day. Local time "
        "{}.</figcaption></figure>\n",
        event_figure(in, facts.told[i], i + 1), clock.zone());
  }
}

void write_places(Page& page, const ReportInput& in) {
  page.heading("places", {"Who is threatened", "谁受威胁"});
  if (in.incident.places.empty())
    return page.soft("No places were given, so nobody can be named. 没有地名数据。");
  if (in.facts.told.empty()) return page.soft("No fire was told of.");
  page.table({"Fire#", "Place", "Distance from the area", "Direction", "People#"});
  bool any = false;
  for (std::size_t i = 0; i < in.facts.shown(); ++i) {
    for (const NearPlace& near : in.facts.told[i].near) {
      any = true;
      const std::string name_zh = near.place.name_zh.empty() ? ""
                                                             : fmt::format(" <span lang=\"zh\">{}</span>",
                                                                           escaped(near.place.name_zh));
      page.row({std::to_string(i + 1), escaped(near.place.name) + name_zh,
                near.distance.value() < 1.0 ? "inside 区域内"
                                            : escaped(distance_text(near.distance, in.incident.us_units).en),
                direction_text(near.bearing).en,
                near.place.population ? counted(static_cast<std::uint64_t>(*near.place.population)) : "–"});
    }
  }
  page.end_table();
  page.soft(any ? "The five nearest places within 50 km of each fire, from the edge of its last area; "
                  "direction as seen "
                  "from its centre."
                : "No place that was given lies within 50 km of a fire.");
}

std::string reasons_markup(const Message& m) {
  std::string out;
  for (const datum::ProposalReason& r : m.reasons)
    out += fmt::format("{}{} ({:+.2f})", out.empty() ? "" : "<br/>", escaped(r.text_en),
                       static_cast<double>(r.log_odds_milli) / 1000.0);
  return "<span class=\"why\">" + out + "</span>";
}

void write_messages(Page& page, const ReportInput& in) {
  page.heading("alerts", {"Alerts", "警报"});
  page.soft(fmt::format("Agreed: alerts {}, updates {}, cancels {}.", counted(in.summary.alerts),
                        counted(in.summary.updates), counted(in.summary.cancels)));
  if (in.facts.told.empty()) return;
  const LocalClock clock(in.incident.utc_offset_min);
  page.table({"Fire#", "Message and time " + clock.zone(),
              "Area at most, probability [90 %], severity, urgency, certainty", "Why (log-odds)"});
  std::size_t rows = 0;
  std::uint64_t told = 0;
  for (std::size_t i = 0; i < in.facts.shown(); ++i) {
    told += in.facts.told[i].story->messages_told;
    for (const Message* m : messages_shown(*in.facts.told[i].story)) {
      if (rows >= kMessageRowsMax) break;
      ++rows;
      page.row(
          {std::to_string(i + 1),
           fmt::format("<b>{} {}</b><br/>", kind_word(m->kind), m->sequence) + local_and_utc(clock, m->time),
           fmt::format("<span class=\"w\">{}</span><br/>{}<br/><span class=\"w\">{}</span>",
                       escaped(area_text(m->hectares, in.incident.us_units).en), interval_text(*m),
                       level_text(*m)),
           reasons_markup(*m)});
    }
  }
  page.end_table();
  if (told > rows)
    page.soft(fmt::format(
        "Of each fire the first and the latest {} messages are shown: {} of {} of these fires. The rest "
        "is in alerts/ and decisions.jsonl.",
        kMessagesShown - 1, rows, counted(told)));
}

void write_danger(Page& page, const ReportInput& in) {
  page.heading("danger", {"Danger of the day", "当日火险"});
  if (in.news.stations.empty())
    return page.soft("No weather was given: the chance of fire before anybody looked is a flat one.");
  page.table({"Station", "Worst day UTC", "Danger", "FFMC#", "DMC#", "DC#", "ISI#", "BUI#", "FWI#",
              "Filled in that day"});
  std::size_t rows = 0;
  for (const auto& [name, station] : in.news.stations) {
    if (++rows > kDangerRowsMax) break;
    const DangerNews& d = station.worst;
    const auto number = [](double v) { return fmt::format("{:.1f}", v); };
    page.row({escaped(name), utc_stamp(d.time),
              std::string(reasoning::danger_word(d.prior.danger, reasoning::Language::kEnglish)),
              number(d.ffmc), number(d.dmc), number(d.dc), number(d.isi), number(d.bui), number(d.fwi),
              d.bridged.empty() ? "–" : escaped(d.bridged)});
  }
  page.end_table();
  if (in.news.stations.size() > kDangerRowsMax)
    page.soft(fmt::format("{} more stations.", in.news.stations.size() - kDangerRowsMax));
}

std::string share_bar(const FieldTally& t) {
  const double all = static_cast<double>(t.observed + t.estimated + t.missing);
  if (all <= 0.0) return "";
  const auto part = [&](std::uint64_t n, const char* colour) {
    return fmt::format("<span class=\"share\" style=\"width:{:.1f}px;background:{}\"></span>",
                       90.0 * static_cast<double>(n) / all, colour);
  };
  return "<span class=\"w\">" + part(t.observed, "#3a3a38") + part(t.estimated, "#e8871e") +
         part(t.missing, "#cfcfca") + "</span>";
}

void write_completeness(Page& page, const ReportInput& in) {
  page.heading("completeness", {"What was missing and how it was filled", "缺失与补全"});
  if (in.news.fields.empty()) return page.soft("No records were given.");
  page.table({"Field", "", "Observed#", "Filled in#", "Still missing#", "Strange#", "Kinds of gap",
              "Why missing", "Filled in by"});
  FieldTally total;
  std::size_t rows = 0;
  for (const auto& [key, t] : in.news.fields) {
    total.observed += t.observed;
    total.estimated += t.estimated;
    total.missing += t.missing;
    total.anomalous += t.anomalous;
    if (++rows > kFieldRowsMax) continue;
    page.row({escaped(key.second), share_bar(t), counted(t.observed), counted(t.estimated),
              counted(t.missing), counted(t.anomalous), counts_text(t.patterns), counts_text(t.reasons),
              counts_text(t.methods)});
  }
  page.row({"<b>all</b>", share_bar(total), counted(total.observed), counted(total.estimated),
            counted(total.missing), counted(total.anomalous), "", "", ""});
  page.end_table();
  if (rows > kFieldRowsMax)
    page.soft(fmt::format("{} more fields are counted in the last row.", rows - kFieldRowsMax));
  for (const RecordMethods& one : in.summary.methods)
    page.soft(
        fmt::format("Records of {}: completed by {}; strange readings found {}.", one.schema,
                    one.completion.empty() ? "the baseline, no trained model fits"
                                           : "the baseline and the trained model " + one.completion +
                                                 ", which filled in what stands as “model”",
                    one.anomaly.empty() ? "without a trained model" : "by the trained model " + one.anomaly));
  page.soft(fmt::format(
      "Values that an instrument cannot have measured (range, rate, stuck, clock), set aside before "
      "anything was filled in: {}.",
      counted(in.summary.fields_implausible)));
  const LocalClock clock(in.incident.utc_offset_min);
  for (const StreamSeries* series : streams_drawn(in.news)) {
    page.add("<h3>{} {}</h3>\n<figure><div class=\"pair\">", escaped(series->stream),
             tag(series->provenance));
    for (std::size_t k = 0; k < series->readings.size() && k < kFieldsDrawn; ++k)
      page.raw(field_figure(in, *series, k));
    page.add(
        "</div><figcaption>Black: observed. Orange: filled in, with the 90 % interval. Grey ticks: still "
        "missing. "
        "Ring: does not fit. Local time {}.</figcaption></figure>\n",
        clock.zone());
  }
  if (in.news.streams.size() > kStreamsDrawn || in.news.records_beyond > 0)
    page.soft("Drawn are the stations with most holes; all are counted above.");
}

std::string commits_text(const std::vector<Duration>& commits) {
  std::string out;
  for (std::size_t i = 0; i < commits.size() && i < kCommitsTold; ++i)
    out += (i == 0 ? "" : ", ") + duration_text(commits[i]).en;
  if (commits.size() > kCommitsTold) out += fmt::format(", {} more", commits.size() - kCommitsTold);
  return out;
}

// Every fault and repair in order of time; of the leaders the first, and the next one after each fault or
// repair.
std::vector<const LogNews*> log_told(const ReportNews& news) {
  std::vector<const LogNews*> all;
  for (const LogKind kind :
       {LogKind::kLeader, LogKind::kCrash, LogKind::kRestart, LogKind::kCut, LogKind::kHeal})
    for (const LogNews& line : news.log[lane_of(kind)].first) all.push_back(&line);
  std::stable_sort(all.begin(), all.end(),
                   [](const LogNews* a, const LogNews* b) { return a->time < b->time; });
  std::vector<const LogNews*> told;
  bool leader_told = false;
  for (const LogNews* line : all) {
    const bool leader = line->kind == LogKind::kLeader;
    if (!leader || !leader_told) told.push_back(line);
    leader_told = leader;
  }
  return told;
}

void write_log(Page& page, const ReportInput& in) {
  const auto lines = log_told(in.news);
  if (lines.empty()) return;
  const LocalClock clock(in.incident.utc_offset_min);
  page.table({"Time " + clock.zone(), "UTC", "What happened", "经过"});
  for (std::size_t i = 0; i < lines.size() && i < kLogRowsMax; ++i)
    page.row({fmt::format("<span class=\"w\">{}</span>", clock.stamp(lines[i]->time)),
              fmt::format("<span class=\"w\">{}</span>", format_utc(lines[i]->time)),
              escaped(lines[i]->text.en),
              fmt::format("<span lang=\"zh\">{}</span>", escaped(lines[i]->text.zh))});
  page.end_table();
  if (lines.size() > kLogRowsMax)
    page.soft(fmt::format("{} more such lines.", counted(lines.size() - kLogRowsMax)));
  page.soft(fmt::format(
      "Every fault and repair is listed; of {} changes of the leader the first, and the next one after each "
      "of them.",
      counted(in.news.log[lane_of(LogKind::kLeader)].count)));
}

void write_elections(Page& page, const ReportInput& in) {
  const std::vector<ElectionRow> rows = election_rows(in);
  if (rows.empty()) return;
  page.minor({"Elections", "选举"});
  const LocalClock clock(in.incident.utc_offset_min);
  page.table({"Time " + clock.zone(), "Leader", "Term#", "Why", "原因"});
  for (const ElectionRow& row : rows)
    page.row({fmt::format("<span class=\"w\">{}</span>", clock.stamp(row.time)), escaped(row.leader),
              counted(row.term), escaped(row.cause.en),
              fmt::format("<span lang=\"zh\">{}</span>", escaped(row.cause.zh))});
  page.end_table();
  const std::uint64_t count = in.news.agreement.elections.count;
  if (count > rows.size()) page.soft(fmt::format("{} more elections.", counted(count - rows.size())));
}

void write_shares(Page& page, const ReportInput& in) {
  const std::vector<ShareRow> rows = share_rows(in);
  if (rows.empty()) return;
  page.minor({"Vote shares at the end, and why", "结束时的表决权及其原因"});
  const Bilingual& rule = in.summary.share_rule;
  if (!rule.en.empty()) page.soft(fmt::format("{}. {}。", rule.en, rule.zh));
  page.table({"Member", "Share#", "Why", "原因"});
  for (const ShareRow& row : rows)
    page.row({escaped(row.member), counted(row.share), escaped(row.reasons.en),
              fmt::format("<span lang=\"zh\">{}</span>", escaped(row.reasons.zh))});
  page.end_table();
}

void write_epochs(Page& page, const ReportInput& in) {
  const std::vector<EpochRow> rows = epoch_rows(in);
  if (rows.empty()) return;
  page.minor({"Epochs of other vote shares", "表决权的新配置期"});
  const LocalClock clock(in.incident.utc_offset_min);
  page.table({"Begun " + clock.zone(), "Agreed, UTC", "Epoch", "Vote shares that changed"});
  for (const EpochRow& row : rows)
    page.row({clock.stamp(row.begun), row.agreed, row.epoch, escaped(row.changes)});
  page.end_table();
  const std::uint64_t begun = in.news.agreement.begun.count;
  if (begun > rows.size()) page.soft(fmt::format("{} more epochs.", counted(begun - rows.size())));
}

void write_agreement(Page& page, const ReportInput& in) {
  const PlaySummary& s = in.summary;
  page.heading("agreement", {"How it was agreed", "如何达成一致"});
  page.table({"", "", "Value"});
  const auto line = [&](const char* en, const char* zh, const std::string& value) {
    page.row({en, fmt::format("<span lang=\"zh\">{}</span>", zh), escaped(value)});
  };
  line("Nodes, of them with a vote", "节点，其中有投票权", fmt::format("{}, {}", s.nodes, s.voters));
  line("Leaders", "先后的领导节点", counted(s.leaders));
  line("Nodes lost", "节点失联", counted(s.crashes));
  line("Partitions", "网络分隔", counted(s.partitions));
  const double lost = s.packets_sent == 0
                          ? 0.0
                          : 100.0 * static_cast<double>(s.packets_lost) / static_cast<double>(s.packets_sent);
  line("Packets sent, lost", "发送与丢失的数据包",
       fmt::format("{}, {} ({:.2f} %)", counted(s.packets_sent), counted(s.packets_lost), lost));
  line("Without a path: carried as bundles, delivered so", "无实时路径：以束携带，已送达",
       fmt::format("{}, {}", counted(s.bundles_carried), counted(s.bundles_delivered)));
  if (s.first_alert_known) {
    line("First alert agreed, UTC", "首次警报达成一致", format_utc(s.first_alert, 3));
    line("From the newest observation behind it", "距其最新观测", duration_text(s.observation_to_alert).en);
  }
  if (s.median_commit_ms > 0.0)
    line("Proposal to agreement, median", "提案到一致，中位数", three_digits(s.median_commit_ms) + " ms");
  line("Leader lost to next commit", "失去领导节点到下次一致",
       s.leader_loss_to_commit.empty() ? "–" : commits_text(s.leader_loss_to_commit));
  for (const AgreementLine& fact : agreement_lines(in))
    line(fact.label.en.c_str(), fact.label.zh.c_str(), fact.value);
  page.end_table();
  write_shares(page, in);
  write_elections(page, in);
  write_epochs(page, in);
  page.soft("All in virtual time. Satellites, links and votes are simulated.");
  write_log(page, in);
}

void write_sources(Page& page, const ReportInput& in) {
  const Incident& incident = in.incident;
  page.heading("sources", {"What is observed and what is not", "哪些是实测，哪些不是"});
  page.table({"Part", "Origin", "File", "Rows#", "Left out#", "Source"});
  for (const Part& part : incident.parts)
    page.row({escaped(part.part), tag(part.provenance), escaped(part.file), counted(part.rows),
              counted(part.bad_rows), escaped(part.source)});
  page.end_table();
  if (!in.news.sources.empty()) {
    page.table({"Hotspots seen by", "Instrument", "Origin", "Count#"});
    for (const auto& [key, count] : in.news.sources)
      page.row({escaped(std::get<0>(key)), escaped(std::get<1>(key)), tag(std::get<2>(key)), counted(count)});
    page.end_table();
  }
  if (incident.satellites_what_if)
    page.soft(
        "The satellites are WHAT-IF: real orbits moved to the incident's time. They relay and vote and are "
        "never "
        "cited as observers.");
  if (!incident.missing.empty()) {
    std::string list;
    for (const std::string& part : incident.missing) list += (list.empty() ? "" : ", ") + part;
    page.soft("Not given: " + list + ". The rest works without.");
  }
  page.minor({"Problems with the input", "输入中的问题"});
  if (incident.problems.empty()) return page.soft("None.");
  page.raw("<ul>\n");
  for (std::size_t i = 0; i < incident.problems.size() && i < kProblemLinesMax; ++i)
    page.add("<li>{}</li>\n", escaped(incident.problems[i]));
  page.raw("</ul>\n");
  if (incident.problems.size() > kProblemLinesMax)
    page.soft(fmt::format("{} more lines.", counted(incident.problems.size() - kProblemLinesMax)));
}

void write_glossary(Page& page) {
  page.heading("how", {"How these numbers are made", "数字从何而来"});
  page.raw(
      "<p class=\"soft key\"><b>Area</b> is the union of the pixels' footprints, an upper bound of what "
      "burns. "
      "<b>Probability</b> pools the day's danger as a prior with the evidence as log-odds, each weighed by "
      "its reliability; "
      "the interval holds 90 %. <b>Threshold</b> depends on the danger class: a day of low danger needs "
      "more. "
      "<b>Danger</b> is the Canadian Fire Weather Index System. <b>Severity, urgency, certainty</b> are CAP "
      "1.2's words, "
      "derived from area, radiative power, danger and probability. <b>Filled in</b> values come from twins, "
      "neighbours and "
      "the past, with a 90 % interval. <b>Agreed</b> means held by a majority of vote shares. The same "
      "numbers are in "
      "report.json; docs/formats.md lists its keys, docs/numbers.md says how each figure of the project is "
      "measured, "
      "ARCHITECTURE.md follows one record from the station to the alert.</p>\n"
      "<p class=\"soft\" "
      "lang=\"zh\">面积为像元足迹之并，是上限；概率以当日火险为先验，按可靠度汇合各证据；区间为90%"
      "；门槛随火险等级而变；"
      "严重程度、紧迫程度与确定性按CAP "
      "1.2；补全值来自相同传感器、邻站与过去，并给出90%区间；“一致”指多数投票权已保存该条目。"
      "同样的数字见report.json，其字段见docs/formats.md。</p>\n");
}

}  // namespace

std::string report_page(const ReportInput& in) {
  Page page;
  write_head(page, in);
  write_answer(page, in);
  write_map(page, in);
  write_timeline(page, in);
  write_events(page, in);
  write_places(page, in);
  write_messages(page, in);
  write_danger(page, in);
  write_completeness(page, in);
  write_agreement(page, in);
  write_sources(page, in);
  write_glossary(page);
  page.raw("</main>\n</body>\n</html>\n");
  return std::move(page).take();
}

}  // namespace skywarden::app
