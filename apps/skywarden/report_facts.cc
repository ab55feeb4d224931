#include "report_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "reasoning/wording.h"
#include "report_words.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_text.h"

namespace skywarden::app {
namespace {

using datum::ProposalKind;
using reasoning::Language;

constexpr std::size_t kReasonsTold = 3;
constexpr std::size_t kPlacesTold = 3;
constexpr double kNamedWithinKm = 200.0;
constexpr double kHereM = 1.0;  // nearer than this to the area is inside it

std::vector<NearPlace> places_near(const Message& message, const std::vector<NamedPoint>& places) {
  std::vector<NearPlace> near;
  for (const NamedPoint& place : places) {
    Metres away = distance(message.centre, place.point);
    for (const datum::Ring& ring : message.rings)
      if (ring.size() >= 4) away = std::min(away, wildfire::distance_from(ring, place.point));
    if (away.value() <= kPlacesWithinKm * 1000.0)
      near.push_back({place, away, bearing(message.centre, place.point)});
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const NearPlace& a, const NearPlace& b) { return a.distance < b.distance; });
  if (near.size() > kPlacesShown) near.resize(kPlacesShown);
  return near;
}

bool worse(const ToldEvent& a, const ToldEvent& b) {
  const Message& x = a.last_fire();
  const Message& y = b.last_fire();
  if (a.cancelled() != b.cancelled()) return b.cancelled();
  if (x.level.severity != y.level.severity) return x.level.severity > y.level.severity;
  if (x.hectares != y.hectares) return x.hectares > y.hectares;
  return a.id < b.id;
}

std::vector<wildfire::Place> as_places(const std::vector<NamedPoint>& points) {
  std::vector<wildfire::Place> places;
  for (const NamedPoint& p : points)
    places.push_back({plain_text(p.name), plain_text(p.name_zh), p.point, p.population.value_or(0)});
  return places;
}

std::string coordinates(GeoPoint p) {
  return fmt::format("{:.3f}° {}, {:.3f}° {}", std::abs(p.lat_deg), p.lat_deg < 0 ? "S" : "N",
                     std::abs(p.lon_deg), p.lon_deg < 0 ? "W" : "E");
}

std::string chinese_name(const NamedPoint& place) {
  return plain_text(place.name_zh.empty() ? place.name : place.name_zh);
}

Bilingual where(const Incident& incident, const ReportFacts& facts) {
  const ToldEvent& lead = facts.told.front();
  const Message& m = lead.last_fire();
  const auto places = as_places(incident.places);
  Bilingual out{coordinates(m.centre) + ".", coordinates(m.centre) + "。"};
  const bool named = std::any_of(places.begin(), places.end(), [&](const wildfire::Place& p) {
    return distance(p.centre, m.centre).value() <= kNamedWithinKm * 1000.0;
  });
  if (named) {
    const Metres most = kilometres(kNamedWithinKm);
    out.en = fmt::format("{}, centre {}",
                         wildfire::location_words(m.centre, places, Language::kEnglish, most), out.en);
    out.zh = fmt::format("{}，中心{}", wildfire::location_words(m.centre, places, Language::kChinese, most),
                         out.zh);
  }
  if (facts.told.size() > 1) {
    out.en = fmt::format("{} fires were told of, {} of them later cancelled. The worst: {}",
                         counted(facts.told.size()), counted(facts.cancelled), out.en);
    out.zh = fmt::format("共通报{}处火情，其中{}处后来取消。最严重者：{}", counted(facts.told.size()),
                         counted(facts.cancelled), out.zh);
  } else if (lead.cancelled()) {
    out.en = "The alert was cancelled at the end. It stood " + out.en;
    out.zh = "警报最后已取消。位置：" + out.zh;
  }
  if (out.en.starts_with("at ")) out.en[0] = 'A';
  return out;
}

Bilingual how_big(const Incident& incident, const ReportFacts& facts) {
  const EventStory& story = *facts.told.front().story;
  const Message& m = facts.told.front().last_fire();
  const Bilingual area = area_text(m.hectares, incident.us_units);
  Bilingual out{fmt::format("At most {}: the pixels that were seen burning, an upper bound.", area.en),
                fmt::format("至多{}，即所见着火像元之和，为上限。", area.zh)};
  if (story.messages.size() > 1) {
    const Bilingual first = area_text(story.messages.front().hectares, incident.us_units);
    const auto span = duration_text(m.time - story.messages.front().time);
    out.en += fmt::format(" The first alert said {}, {} earlier.", first.en, span.en);
    out.zh += fmt::format("首次警报时为{}，早{}。", first.zh, span.zh);
  }
  return out;
}

std::string percent_zh(double probability) {
  return reasoning::percent(probability, Language::kChinese);
}

const char* chinese_certainty(wildfire::Certainty certainty) {
  static constexpr std::array<const char*, 4> kWords = {"不太可能", "可能", "很可能", "已观测到"};
  return kWords[static_cast<std::size_t>(certainty)];
}

Bilingual how_sure(const ReportFacts& facts) {
  const Message& m = facts.told.front().last_fire();
  return {
      fmt::format(
          "Probability {} (90 % interval {} to {}); an alert needed {} under {} danger. Certainty in CAP's "
          "words: {}.",
          percent_text(m.probability), percent_text(m.low), percent_text(m.high), percent_text(m.threshold),
          reasoning::danger_word(m.danger, Language::kEnglish), wildfire::cap_word(m.level.certainty)),
      fmt::format("概率{}（90%区间{}至{}）；火险等级{}时，警报门槛为{}。CAP确定性：{}。",
                  percent_zh(m.probability), percent_zh(m.low), percent_zh(m.high),
                  reasoning::danger_word(m.danger, Language::kChinese), percent_zh(m.threshold),
                  chinese_certainty(m.level.certainty))};
}

Bilingual why(const ReportFacts& facts) {
  const Message& m = facts.told.front().last_fire();
  Bilingual out;
  for (std::size_t i = 0; i < m.reasons.size() && i < kReasonsTold; ++i) {
    out.en += (i == 0 ? "" : "; ") + plain_text(m.reasons[i].text_en);
    out.zh += (i == 0 ? "" : "；") + plain_text(m.reasons[i].text_zh);
  }
  if (out.en.empty()) return {"No reason was recorded.", "没有记录理由。"};
  out.en += fmt::format(". Agreed by {} of {} vote shares.", counted(m.shares_for), counted(m.shares_total));
  out.zh += fmt::format("。{}份投票权中有{}份一致同意。", counted(m.shares_total), counted(m.shares_for));
  return out;
}

Bilingual who(const Incident& incident, const ReportFacts& facts) {
  if (incident.places.empty()) return {"Not known: no places were given.", "未知：没有给出地名数据。"};
  const auto& near = facts.told.front().near;
  if (near.empty()) return {"No place that was given lies within 50 km.", "50公里内没有所给的地点。"};
  Bilingual out;
  for (std::size_t i = 0; i < near.size() && i < kPlacesTold; ++i) {
    const NearPlace& n = near[i];
    const bool inside = n.distance.value() < kHereM;
    const Bilingual away = distance_text(n.distance, incident.us_units);
    const Bilingual towards = direction_text(n.bearing);
    const std::string people =
        n.place.population ? counted(static_cast<std::uint64_t>(*n.place.population)) : "";
    out.en += (i == 0 ? "" : "; ") + plain_text(n.place.name);
    out.zh += (i == 0 ? "" : "；") + chinese_name(n.place);
    if (!people.empty()) {
      out.en += fmt::format(" ({} people)", people);
      out.zh += fmt::format("（{}人）", people);
    }
    out.en += inside ? " inside the area" : fmt::format(" {} to the {}", away.en, towards.en);
    out.zh += inside ? "位于区域内" : fmt::format("在{}方向{}", towards.zh, away.zh);
  }
  out.en += ".";
  out.zh += "。";
  return out;
}

// Names of parts as the loader gives them; others stay as they are.
std::string chinese_part(const std::string& part) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 12> kWords = {
      {{"danger start codes", "火险起始码"},
       {"hotspots", "热点"},
       {"records", "地面记录"},
       {"terrain", "地形"},
       {"fuel", "可燃物"},
       {"roads", "道路"},
       {"places", "地点"},
       {"ground stations", "地面站"},
       {"weather stations", "气象站"},
       {"heat sources", "热源"},
       {"satellites", "卫星编队"},
       {"script of faults", "故障脚本"}}};
  for (const auto& [english, chinese] : kWords)
    if (part == english) return chinese;
  return plain_text(part);
}

// The parts of one provenance, each once.
std::vector<std::string> part_names(const Incident& incident, datum::Provenance provenance) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Part& part : incident.parts)
    if (part.provenance == provenance) add(part.part);
  if (provenance == datum::Provenance::kWhatIf && incident.satellites_what_if) add("satellites");
  return names;
}

// "hotspots (24), satellites": hotspots with how many were seen.
Bilingual list_of(const std::vector<std::string>& names, std::uint64_t hotspots) {
  Bilingual out;
  for (const std::string& name : names) {
    const bool count = name == "hotspots" && hotspots > 0;
    out.en += (out.en.empty() ? "" : ", ") + plain_text(name) + (count ? " (" + counted(hotspots) + ")" : "");
    out.zh +=
        (out.zh.empty() ? "" : "、") + chinese_part(name) + (count ? "（" + counted(hotspots) + "个）" : "");
  }
  return out;
}

std::uint64_t hotspots_of(const ReportNews& news, datum::Provenance provenance) {
  std::uint64_t count = 0;
  for (const auto& [key, n] : news.sources)
    if (std::get<2>(key) == provenance) count += n;
  return count;
}

Bilingual what_is_simulated(const Incident& incident, const ReportNews& news) {
  Bilingual out;
  for (const auto provenance : {datum::Provenance::kObserved, datum::Provenance::kReconstructed,
                                datum::Provenance::kSimulated, datum::Provenance::kWhatIf}) {
    const auto names = part_names(incident, provenance);
    if (names.empty()) continue;
    const Bilingual words = provenance_words(provenance);
    const Bilingual list = list_of(names, hotspots_of(news, provenance));
    out.en += fmt::format("{}{}: {}", out.en.empty() ? "" : "; ", words.en, list.en);
    out.zh += fmt::format("{}{}：{}", out.zh.empty() ? "" : "；", words.zh, list.zh);
  }
  if (!incident.faults.empty()) {
    out.en += fmt::format("; {} scripted faults are part of the exercise", incident.faults.size());
    out.zh += fmt::format("；另有{}次按脚本注入的故障", incident.faults.size());
  }
  out.en += ". Links, votes and delays between satellites are simulated; the alerts are an exercise.";
  out.zh += "。卫星间的链路、投票与时延为模拟；所有警报均为演练。";
  if (!out.en.empty() && out.en[0] >= 'a' && out.en[0] <= 'z')
    out.en[0] = static_cast<char>(out.en[0] - 'a' + 'A');
  return out;
}

Bilingual no_alert(const ReportFacts& facts, const ReportNews& news) {
  return {
      fmt::format(
          "No alert was raised. {} hotspots and {} possible events were judged; none came surely over the "
          "day's threshold ({} undecided, {} at heat sources that stay).",
          counted(news.hotspots.count()), counted(facts.quiet), counted(facts.quiet_undecided),
          counted(facts.quiet_persistent)),
      fmt::format(
          "没有发出警报。共判断{}个热点、{}处可能的火情，均未确切超过当日门槛（{}处未决，{}处为固定热源）。",
          counted(news.hotspots.count()), counted(facts.quiet), counted(facts.quiet_undecided),
          counted(facts.quiet_persistent))};
}

void answer(const Incident& incident, const ReportNews& news, ReportFacts& facts) {
  if (facts.told.empty()) {
    facts.answers.push_back({"where", {"Where", "何处"}, no_alert(facts, news)});
  } else {
    facts.answers.push_back({"where", {"Where", "何处"}, where(incident, facts)});
    facts.answers.push_back({"how_big", {"How big", "多大"}, how_big(incident, facts)});
    facts.answers.push_back({"how_sure", {"How sure", "多确定"}, how_sure(facts)});
    facts.answers.push_back({"why", {"Why", "为何"}, why(facts)});
    facts.answers.push_back({"who", {"Who is threatened", "谁受威胁"}, who(incident, facts)});
  }
  facts.answers.push_back(
      {"simulated", {"What is simulated", "哪些是模拟"}, what_is_simulated(incident, news)});
}

}  // namespace

const Message& ToldEvent::last_fire() const {
  for (auto m = story->messages.rbegin(); m != story->messages.rend(); ++m)
    if (m->kind != ProposalKind::kCancel) return *m;
  return story->messages.back();
}

ReportFacts facts_of(const Incident& incident, const ReportNews& news, const PlaySummary& /*summary*/) {
  ReportFacts facts;
  for (const auto& [id, story] : news.events) {
    if (story.messages.empty()) {
      ++facts.quiet;
      if (story.persistent_source)
        ++facts.quiet_persistent;
      else if (story.abstained > 0 && story.fire + story.no_fire == 0)
        ++facts.quiet_undecided;
      continue;
    }
    facts.told.push_back({id, &story, {}});
    if (facts.told.back().cancelled()) ++facts.cancelled;
  }
  std::sort(facts.told.begin(), facts.told.end(), worse);
  for (std::size_t i = 0; i < facts.shown(); ++i)
    facts.told[i].near = places_near(facts.told[i].last_fire(), incident.places);
  answer(incident, news, facts);
  return facts;
}

std::vector<const Message*> messages_shown(const EventStory& story) {
  std::vector<const Message*> out;
  const std::size_t n = story.messages.size();
  const std::size_t skipped = n > kMessagesShown ? n - kMessagesShown : 0;
  for (std::size_t i = 0; i < n; ++i)
    if (i == 0 || i > skipped) out.push_back(&story.messages[i]);
  return out;
}

const char* kind_word(ProposalKind kind) {
  static constexpr std::array<const char*, 3> kWords = {"Alert", "Update", "Cancel"};
  return kWords[static_cast<std::size_t>(kind)];
}

Bilingual provenance_words(datum::Provenance provenance) {
  static constexpr std::array<const char*, 4> kChinese = {"实测", "重建", "模拟", "假设"};
  return {std::string(datum::to_string(provenance)), kChinese[static_cast<std::size_t>(provenance)]};
}

}  // namespace skywarden::app
