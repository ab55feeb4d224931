#include "wildfire/alert_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "reasoning/explain.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"

namespace skywarden::wildfire {
namespace {

using datum::Alert;
using datum::Proposal;
using datum::ProposalKind;

constexpr double kAtPlaceM = 1500.0;                     // nearer than this is "at"
constexpr double kLargeWithinM = 50'000;                 // the largest place so near is always named
constexpr double kAcresPerHectare = 2.4710538146716532;  // international acre
constexpr double kMilesPerMetre = 1.0 / 1609.344;

// Both languages of one phrase; the numbers come in the same order.
struct Phrase {
  const char* en;
  const char* zh;
};

template <typename... Args>
std::string say(Language language, Phrase phrase, const Args&... args) {
  return fmt::format(fmt::runtime(language == Language::kEnglish ? phrase.en : phrase.zh), args...);
}

std::string grouped(long long value) {  // 1,234,567
  std::string text = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string three_digits(double value) {  // 0.4, 7.3, 38, 1,240, 12,400
  if (value < 10.0) return fmt::format("{:.1f}", value);
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(value)) - 2.0));
  return grouped(std::llround(std::round(value / unit) * unit));
}

std::string distance_words(Metres distance, Language language) {
  const double km = distance.value() / 1000.0, miles = distance.value() * kMilesPerMetre;
  if (language == Language::kChinese) return fmt::format("{:.{}f}公里", km, km < 2.0 ? 1 : 0);
  return fmt::format("{:.{}f} km ({:.{}f} mi)", km, km < 2.0 ? 1 : 0, miles, miles < 2.0 ? 1 : 0);
}

std::string_view direction_words(Degrees bearing, Language language) {
  constexpr std::array<Phrase, 8> kWords = {{{"north", "以北"},
                                             {"north-east", "东北"},
                                             {"east", "以东"},
                                             {"south-east", "东南"},
                                             {"south", "以南"},
                                             {"south-west", "西南"},
                                             {"west", "以西"},
                                             {"north-west", "西北"}}};
  const Phrase& words = kWords[static_cast<std::size_t>(std::lround(bearing.value() / 45.0)) % 8];
  return language == Language::kEnglish ? words.en : words.zh;
}

const std::string& name_of(const Place& place, Language language) {
  return language == Language::kChinese && !place.name_zh.empty() ? place.name_zh : place.name;
}

const Place* nearest(GeoPoint where, std::span<const Place> places, Metres place_max) {
  const Place* best = nullptr;
  for (const Place& place : places) {
    const Metres away = distance(where, place.centre);
    if (away <= place_max && (best == nullptr || away < distance(where, best->centre))) best = &place;
  }
  return best;
}

std::string coordinates(GeoPoint p) {
  return fmt::format("{:.4f}° {}, {:.4f}° {}", std::fabs(p.lat_deg), p.lat_deg < 0.0 ? 'S' : 'N',
                     std::fabs(p.lon_deg), p.lon_deg < 0.0 ? 'W' : 'E');
}

std::string day_words(const CivilTime& t, Language language) {
  constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                        "May",       "June",     "July",     "August",
                                                        "September", "October",  "November", "December"};
  if (language == Language::kChinese) return fmt::format("{}年{}月{}日", t.year, t.month, t.day);
  return fmt::format("{} {} {}", t.day, kMonths[static_cast<std::size_t>(t.month - 1)], t.year);
}

std::string time_words(Instant t, const TextOptions& options, Language language) {
  const CivilTime utc = to_civil(t);
  if (!options.utc_offset_min)
    return say(language, {"{1:02}:{2:02} UTC on {0}", "{0}{1:02}:{2:02}（世界协调时）"},
               day_words(utc, language), utc.hour, utc.minute);
  const CivilTime local = to_civil(t + std::chrono::minutes(*options.utc_offset_min));
  return say(language,
             {"{1:02}:{2:02} local time on {0} ({3:02}:{4:02} UTC)",
              "当地时间{0}{1:02}:{2:02}（世界协调时{3:02}:{4:02}）"},
             day_words(local, language), local.hour, local.minute, utc.hour, utc.minute);
}

struct Near {
  const Place* place = nullptr;
  Metres away;  // from the area; 0 inside
};

// The nearest places, and the largest one within kLargeWithinM; nearest first.
std::vector<Near> places_near(const std::vector<datum::Ring>& rings, std::span<const Place> places,
                              Metres place_max) {
  std::vector<Near> all;
  for (const Place& place : places) {
    Metres away = place_max + Metres(1.0);
    for (const datum::Ring& ring : rings) away = std::min(away, distance_from(ring, place.centre));
    if (away <= place_max) all.push_back({&place, away});
  }
  std::stable_sort(all.begin(), all.end(), [](const Near& a, const Near& b) { return a.away < b.away; });
  const auto within =
      std::find_if(all.begin(), all.end(), [](const Near& n) { return n.away.value() > kLargeWithinM; });
  const auto largest = std::max_element(all.begin(), within, [](const Near& a, const Near& b) {
    return a.place->population < b.place->population;
  });
  if (all.size() <= kPlacesTold) return all;
  const bool far_but_large = largest != within && largest - all.begin() >= static_cast<long>(kPlacesTold);
  if (far_but_large) all[kPlacesTold - 1] = *largest;
  all.resize(kPlacesTold);
  return all;
}

std::string place_words(const Near& near, Language language) {
  const std::string people = near.place->population > 0 ? say(language, {" ({} people)", "（人口{}）"},
                                                              grouped(near.place->population))
                                                        : std::string();
  const std::string& name = name_of(*near.place, language);
  if (near.away.value() <= 0.0)
    return say(language, {"{}{}, inside the area", "{}{}，位于范围内"}, name, people);
  return say(language, {"{}{}, {} from its edge", "{}{}，距边缘{}"}, name, people,
             distance_words(near.away, language));
}

std::string places_sentence(const Proposal& proposal, std::span<const Place> places, Metres place_max,
                            Language language) {
  std::string list;
  for (const Near& near : places_near(area_rings(proposal), places, place_max)) {
    if (!list.empty()) list += language == Language::kEnglish ? "; " : "；";
    list += place_words(near, language);
  }
  return list.empty() ? list : say(language, {" Places near: {}.", "附近地点：{}。"}, list);
}

datum::Reason to_reason(const datum::ProposalReason& r) {
  return {.kind = r.kind,
          .log_odds = r.log_odds_milli / 1000.0,
          .source = r.source,
          .text_en = r.text_en,
          .text_zh = r.text_zh,
          .age = std::chrono::milliseconds(r.age_ms)};
}

std::string reasons_sentences(const Proposal& proposal, Language language) {
  std::string out;
  std::size_t told = 0;
  for (const datum::ProposalReason& r : proposal.reasons) {
    // Danger is told by itself, and why somebody abstained is not for the public.
    if (r.source == reasoning::kPriorSource || r.source == reasoning::kAbstentionSource) continue;
    if (++told > kReasonsTold) break;
    out += (language == Language::kEnglish ? " " : "") + reasoning::sentence(to_reason(r), language);
  }
  return out.empty() ? out : (language == Language::kEnglish ? " Why:" : "依据：") + out;
}

std::string agreement_sentence(const Alert& alert, Language language) {
  const std::size_t nodes = alert.proposal.merged.size(), seen = alert.proposal.observations.size();
  if (language == Language::kChinese)
    return fmt::format("由{0}颗卫星依据{1}次观测判定，获{3}份表决份额中的{2}份确认。", nodes, seen,
                       alert.shares_for, alert.shares_total);
  return fmt::format(" Judged by {} satellite{} from {} observation{}, confirmed by {} of {} vote shares.",
                     nodes, nodes == 1 ? "" : "s", seen, seen == 1 ? "" : "s", alert.shares_for,
                     alert.shares_total);
}

Phrase fire_words(const Proposal& proposal) {
  switch (level_of(proposal).certainty) {
    case Certainty::kObserved:
      return {"wildfire", "山火"};
    case Certainty::kLikely:
      return {"probable wildfire", "高度疑似山火"};
    case Certainty::kPossible:
    case Certainty::kUnlikely:
      break;
  }
  return {"possible wildfire", "疑似山火"};
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string headline_of(const Proposal& p, const std::string& where, Language language, bool exercise) {
  const Phrase fire = fire_words(p);
  const bool english = language == Language::kEnglish;
  std::string text;
  if (p.kind == ProposalKind::kCancel) {
    text = say(language, {"cancelled: no wildfire {}", "解除：{}未发现山火"}, where);
  } else {
    if (p.kind == ProposalKind::kUpdate) text = say(language, {"update: ", "更新："});
    text += english ? fmt::format("{} {}", fire.en, where) : fmt::format("{}发现{}", where, fire.zh);
    if (p.area_m2 > 0) text += say(language, {", up to {}", "，面积至多{}"}, area_words(p.area_m2, language));
  }
  if (!exercise) return capitalised(text);
  return (english ? "EXERCISE: " : "【演练】") + capitalised(text);
}

std::string cancel_description(const Alert& alert, const std::string& where, const std::string& when,
                               Language language) {
  return say(language,
             {"At {1} satellites judge that there is no wildfire {0}; earlier messages about it are "
              "cancelled.",
              "{1}卫星判断：{0}没有山火，此前相关信息予以解除。"},
             where, when) +
         say(language, {" Probability of a fire {}.", "起火概率{}。"},
             reasoning::percent(alert.proposal.probability_ppm / 1e6, language)) +
         reasons_sentences(alert.proposal, language) + agreement_sentence(alert, language);
}

std::string fire_description(const Alert& alert, const std::string& where, const std::string& when,
                             std::span<const Place> places, Language language, const TextOptions& options) {
  const Proposal& p = alert.proposal;
  const auto in_words = [&](std::uint32_t ppm) { return reasoning::percent(ppm / 1e6, language); };
  std::string text = say(language,
                         {"At {1} satellites see heat of a {2} {0}. It has not been confirmed on the ground.",
                          "{1}，卫星在{0}探测到{2}的热源，尚未经地面核实。"},
                         where, when, language == Language::kEnglish ? fire_words(p).en : fire_words(p).zh);
  text += say(language, {" The area where heat is seen is up to {}", "探测到热源的范围至多{}"},
              area_words(p.area_m2, language));
  text += p.power_w > 0 ? say(language, {", its radiative power {} MW.", "，辐射功率{}兆瓦。"},
                              three_digits(static_cast<double>(p.power_w) / 1e6))
                        : say(language, {".", "。"});
  text += say(language, {" Fire danger of the day: {}.", "当日火险等级：{}。"},
              reasoning::danger_word(static_cast<datum::DangerClass>(p.danger), language));
  text += say(language, {" Probability of a fire {}, between {} and {}.", "起火概率{}（{}至{}）。"},
              in_words(p.probability_ppm), in_words(p.low_ppm), in_words(p.high_ppm));
  return text + places_sentence(p, places, options.place_max, language) + reasons_sentences(p, language) +
         agreement_sentence(alert, language);
}

Phrase advice(Urgency urgency) {
  switch (urgency) {
    case Urgency::kImmediate:
      return {
          "Leave at once if the authorities tell you to, or if you see fire or thick smoke coming towards "
          "you; do not wait for an order. Otherwise be ready to leave now: take identity papers, medicine, "
          "water and a phone, and help neighbours who cannot leave alone. Keep away from the area and keep "
          "roads free for fire engines. Close windows and doors. Follow local radio and the authorities. "
          "Call the emergency number if you see a fire that nobody attends.",
          "如当地部门要求撤离，或看到火焰、浓烟逼近，请立即撤离，不要等待通知。否则请立刻做好撤离准备：带好证"
          "件、药品、"
          "饮用水和手机，帮助行动不便的邻居。请远离该区域，为消防车辆让出道路，关好门窗。请收听当地广播，听从"
          "当地部门指挥。"
          "发现无人扑救的火情，请拨打火警电话。"};
    case Urgency::kExpected:
      return {
          "Be ready to leave: know two ways out, and lay out identity papers, medicine and water. Keep away "
          "from the area and keep roads free for fire engines. Follow local radio and the authorities. Call "
          "the emergency number if you see fire or smoke that nobody attends.",
          "请做好撤离准备：了解两条撤离路线，备好证件、药品和饮用水。请远离该区域，为消防车辆让出道路。请收听"
          "当地广播，"
          "听从当地部门指挥。发现无人处置的火情或烟雾，请拨打火警电话。"};
    case Urgency::kFuture:
      return {
          "Keep informed by local radio and the authorities. Keep away from the area. Do not light fires "
          "outdoors. Call the emergency number if you see fire or smoke that nobody attends.",
          "请关注当地广播和有关部门发布的信息，远离该区域，不要在野外用火。发现无人处置的火情或烟雾，请拨打火"
          "警电话。"};
    case Urgency::kPast:
      break;
  }
  return {
      "Nothing needs to be done because of the earlier messages. Other warnings and orders of the "
      "authorities stay in force.",
      "此前信息所述措施不再需要。其他预警及当地部门的指令仍然有效。"};
}

std::string instruction_of(const Proposal& p, Language language, bool exercise) {
  std::string text = say(language, advice(level_of(p).urgency));
  if (!exercise) return text;
  return say(language,
             {"This is an exercise: nobody needs to do anything. In a real event the advice would be: ",
              "这是演练，公众无需采取任何行动。真实事件中的建议为："}) +
         text;
}

}  // namespace

std::string area_words(std::uint64_t area_m2, Language language) {
  const double hectares = static_cast<double>(area_m2) / 1e4;
  return say(language, {"{} ha ({} acres)", "{}公顷（{}英亩）"}, three_digits(hectares),
             three_digits(hectares * kAcresPerHectare));
}

std::string location_words(GeoPoint where, std::span<const Place> places, Language language,
                           Metres place_max) {
  const Place* place = nearest(where, places, place_max);
  if (place == nullptr) return say(language, {"at {}", "{}"}, coordinates(where));
  const Metres away = distance(place->centre, where);
  const std::string& name = name_of(*place, language);
  if (away.value() < kAtPlaceM) return say(language, {"at {}", "{}附近"}, name);
  const Degrees towards = bearing(place->centre, where);
  if (language == Language::kEnglish)
    return fmt::format("{} {} of {}", distance_words(away, language), direction_words(towards, language),
                       name);
  return fmt::format("{}{}约{}处", name, direction_words(towards, language), distance_words(away, language));
}

AlertText text_of(const Alert& alert, std::span<const Place> places, Language language,
                  const TextOptions& options) {
  const Proposal& p = alert.proposal;
  const GeoPoint centre = to_geo(p.centre);
  const std::string where = location_words(centre, places, language, options.place_max);
  const std::string when = time_words(Instant(Duration(p.time_ns)), options, language);
  AlertText text;
  text.event = say(language, {"Wildfire", "山火"});
  text.headline = headline_of(p, where, language, options.exercise);
  text.description = p.kind == ProposalKind::kCancel
                         ? cancel_description(alert, where, when, language)
                         : fire_description(alert, where, when, places, language, options);
  if (options.exercise) text.description = say(language, {"EXERCISE. ", "【演练】"}) + text.description;
  text.instruction = instruction_of(p, language, options.exercise);
  text.area = say(language, {"{}, around {}", "{}，中心{}"}, capitalised(where), coordinates(centre));
  return text;
}

}  // namespace skywarden::wildfire
