#include "report_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "report_words.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTurnsListed = 100;   // of each kind, in report.json
constexpr std::size_t kChangesListed = 40;  // of an epoch
constexpr std::size_t kChangesInRow = 6;    // on the page
constexpr std::size_t kGroupsInLine = 6;    // of equal shares, on the page

std::string name_of(const PlaySummary& summary, NodeId node) {
  const std::size_t at = node.value() - std::size_t{1};
  return at < summary.members.size() ? summary.members[at].name : fmt::format("#{}", node.value());
}

Json node_json(const PlaySummary& summary, NodeId node) {
  return node == kNobody ? Json(nullptr) : Json(name_of(summary, node));
}

std::string shares_text(const PlaySummary& summary) {
  std::map<std::uint64_t, std::size_t, std::greater<>> nodes_with;
  for (const MemberAtEnd& member : summary.members)
    if (member.share > 0) ++nodes_with[member.share];
  std::string out;
  std::size_t told = 0;
  for (const auto& [share, nodes] : nodes_with) {
    if (told++ == kGroupsInLine) return out + ", …";
    out += fmt::format("{}{} × {}", out.empty() ? "" : ", ", nodes, share);
  }
  return out.empty() ? "–" : out;
}

std::string changes_text(const PlaySummary& summary, std::span<const ShareChange> changes) {
  std::string out;
  for (std::size_t i = 0; i < std::min(changes.size(), kChangesInRow); ++i)
    out += fmt::format("{}{}: {} → {}", out.empty() ? "" : "; ", name_of(summary, changes[i].node),
                       changes[i].from, changes[i].to);
  if (changes.size() > kChangesInRow) out += fmt::format("; {} more", changes.size() - kChangesInRow);
  return out.empty() ? "–" : out;
}

const Turn* agreed_turn(const AgreementNews& news, const Turn& begun) {
  for (const Turn& turn : news.agreed.first)
    if (turn.epoch == begun.epoch) return turn.index == begun.index ? &turn : nullptr;
  return nullptr;
}

Json reasons_json(const MemberAtEnd& member) {
  Json list = Json::array();
  for (const Bilingual& reason : member.reasons) list.push_back({{"en", reason.en}, {"zh", reason.zh}});
  return list;
}

Json shares_json(const PlaySummary& summary) {
  Json list = Json::array();
  for (const MemberAtEnd& member : summary.members)
    if (member.founded > 0 || member.share > 0)
      list.push_back({{"node", member.name},
                      {"founded", member.founded},
                      {"share", member.share},
                      {"changed_in", member.changed_in > 0 ? Json(member.changed_in) : Json(nullptr)},
                      {"reasons", reasons_json(member)}});
  return list;
}

Json elections_json(const ReportInput& in) {
  const AgreementNews& news = in.news.agreement;
  Json causes = Json::object();
  for (std::size_t i = 0; i < kElectionCauses; ++i)
    causes[std::string(to_string(static_cast<ElectionCause>(i)))] = news.causes[i];
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(news.elections.first.size(), kTurnsListed); ++i) {
    const Turn& turn = news.elections.first[i];
    list.push_back({{"time", format_utc(turn.time, 3)},
                    {"term", turn.term},
                    {"leader", node_json(in.summary, turn.node)},
                    {"cause", to_string(turn.cause)},
                    {"previous", node_json(in.summary, turn.previous)}});
  }
  return {{"count", news.elections.count}, {"causes", causes}, {"list", list}};
}

Json epochs_json(const ReportInput& in) {
  const AgreementNews& news = in.news.agreement;
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(news.begun.first.size(), kTurnsListed); ++i) {
    const Turn& turn = news.begun.first[i];
    const Turn* agreed = agreed_turn(news, turn);
    Json changes = Json::array();
    for (std::size_t k = 0; k < std::min(turn.changes.size(), kChangesListed); ++k)
      changes.push_back({{"node", node_json(in.summary, turn.changes[k].node)},
                         {"from", turn.changes[k].from},
                         {"to", turn.changes[k].to}});
    list.push_back({{"epoch", turn.epoch},
                    {"joint", turn.joint},
                    {"begun", format_utc(turn.time, 3)},
                    {"agreed", agreed == nullptr ? Json(nullptr) : Json(format_utc(agreed->time, 3))},
                    {"changes_count", turn.changes.size()},
                    {"changes", changes}});
  }
  return {{"begun", news.begun.count}, {"agreed", news.agreed.count}, {"list", list}};
}

Json restored_json(const ReportInput& in) {
  const TurnLane& lane = in.news.agreement.restored;
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(lane.first.size(), kTurnsListed); ++i)
    list.push_back({{"time", format_utc(lane.first[i].time, 3)},
                    {"node", node_json(in.summary, lane.first[i].node)},
                    {"index", lane.first[i].index}});
  return {{"count", lane.count}, {"list", list}};
}

}  // namespace

std::vector<AgreementLine> agreement_lines(const ReportInput& in) {
  const AgreementNews& news = in.news.agreement;
  const auto [first, crash, silence, handover] = news.causes;
  return {
      {{"Vote shares at the end, nodes × share", "结束时的表决权（节点 × 份额）"}, shares_text(in.summary)},
      {{"Elections: first, leader down, leader not heard, handed over",
        "选举：首次、领导停机、领导失联、主动移交"},
       fmt::format("{}, {}, {}, {}", first, crash, silence, handover)},
      {{"Epochs of other shares agreed", "达成一致的新配置期"},
       news.agreed.count == 0 ? "none: the founding shares hold"
                              : fmt::format("{}, the last is epoch {}", news.agreed.count, in.summary.epoch)},
      {{"Ledgers taken over from another node", "从他节点接收的账本"}, counted(news.restored.count)}};
}

std::vector<ElectionRow> election_rows(const ReportInput& in) {
  const TurnLane& lane = in.news.agreement.elections;
  std::vector<ElectionRow> rows;
  for (std::size_t i = 0; i < std::min(lane.first.size(), kElectionRowsMax); ++i) {
    const Turn& turn = lane.first[i];
    rows.push_back({turn.time, name_of(in.summary, turn.node), turn.term,
                    cause_words(turn, [&](NodeId node) { return name_of(in.summary, node); })});
  }
  return rows;
}

std::vector<ShareRow> share_rows(const ReportInput& in) {
  std::vector<ShareRow> rows;
  for (const MemberAtEnd& member : in.summary.members) {
    if (member.share == 0) continue;
    ShareRow row{member.name, member.share, {}};
    for (const Bilingual& reason : member.reasons) {
      row.reasons.en += (row.reasons.en.empty() ? "" : "; ") + reason.en;
      row.reasons.zh += (row.reasons.zh.empty() ? "" : "；") + reason.zh;
    }
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ShareRow& a, const ShareRow& b) { return a.share > b.share; });
  if (rows.size() > kShareRowsMax) rows.resize(kShareRowsMax);
  return rows;
}

std::vector<EpochRow> epoch_rows(const ReportInput& in) {
  const AgreementNews& news = in.news.agreement;
  std::vector<EpochRow> rows;
  for (std::size_t i = 0; i < std::min(news.begun.first.size(), kEpochRowsMax); ++i) {
    const Turn& turn = news.begun.first[i];
    const Turn* agreed = agreed_turn(news, turn);
    rows.push_back({turn.time, fmt::format("{}{}", turn.epoch, turn.joint ? ", joint" : ""),
                    agreed == nullptr ? "–" : format_utc(agreed->time, 3),
                    changes_text(in.summary, turn.changes)});
  }
  return rows;
}

void add_agreement(Json& agreement, const ReportInput& in) {
  agreement["epoch"] = in.summary.epoch;
  agreement["share_rule"] = {{"en", in.summary.share_rule.en}, {"zh", in.summary.share_rule.zh}};
  agreement["shares"] = shares_json(in.summary);
  agreement["elections"] = elections_json(in);
  agreement["epochs"] = epochs_json(in);
  agreement["restored"] = restored_json(in);
}

}  // namespace skywarden::app
