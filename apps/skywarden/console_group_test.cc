#include "console_group.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "console_feed.h"
#include "orbit/walker.h"
#include "share_words.h"

namespace skywarden::app {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const Instant kStart = parse_utc("2030-01-01T00:00:00Z").value();
constexpr std::size_t kSatellites = 8;

std::vector<orbit::ElementSet> satellites() {
  orbit::WalkerPattern pattern;
  pattern.satellites = kSatellites;
  pattern.planes = 1;
  pattern.phasing = 0;
  pattern.inclination = Degrees(98.7);
  pattern.altitude = kilometres(829.0);
  pattern.epoch = kStart;
  return orbit::walker_elements(pattern).value();
}

Incident ring() {
  Incident incident;
  incident.start = kStart;
  incident.end = kStart + 2h;
  incident.satellites = satellites();
  incident.ground_stations = {{"north", "", {78.2, 15.4}, Metres(0.0)}};
  return incident;
}

Json group_of(Player& player) {
  return Json::parse(group_message(player));
}

Json member(const Json& group, std::uint32_t node) {
  for (const Json& entry : group["members"])
    if (entry["node"] == node) return entry;
  FAIL("no such member");
  return {};
}

TEST_CASE("parts are what open links join; a cut or sunken link, or a node that is down, joins nobody") {
  const std::vector<NodeId> live{NodeId(1), NodeId(2), NodeId(3), NodeId(4), NodeId(6)};
  const std::vector<sim::Link> links{
      {NodeId(4), NodeId(2), true, false},  {NodeId(1), NodeId(3), true, true},
      {NodeId(1), NodeId(6), false, false}, {NodeId(1), NodeId(5), true, false},
      {NodeId(5), NodeId(3), true, false},  {NodeId(2), NodeId(6), true, false}};
  const std::vector<std::vector<NodeId>> expected{
      {NodeId(2), NodeId(4), NodeId(6)}, {NodeId(1)}, {NodeId(3)}};
  CHECK(parts_by_links(live, links) == expected);
  CHECK(parts_by_links({}, links).empty());
}

TEST_CASE("parts: two nodes share one exactly when some way leads from one to the other") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::uint32_t>(1, 12);
    const auto pairs =
        *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(rc::gen::pair(
            rc::gen::inRange<std::uint32_t>(1, count + 1), rc::gen::inRange<std::uint32_t>(1, count + 1)));
    std::vector<NodeId> live;
    std::vector<sim::Link> links;
    std::vector<std::vector<bool>> reach(count, std::vector<bool>(count, false));
    for (std::uint32_t i = 0; i < count; ++i) {
      live.push_back(NodeId(i + 1));
      reach[i][i] = true;
    }
    for (const auto& [a, b] : pairs) {
      links.push_back({NodeId(a), NodeId(b), true, false});
      reach[a - 1][b - 1] = reach[b - 1][a - 1] = true;
    }
    for (std::uint32_t k = 0; k < count; ++k)
      for (std::uint32_t i = 0; i < count; ++i)
        for (std::uint32_t j = 0; j < count; ++j)
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;
    std::map<NodeId, std::size_t> part_of;
    const auto parts = parts_by_links(live, links);
    for (std::size_t p = 0; p < parts.size(); ++p)
      for (const NodeId node : parts[p]) RC_ASSERT(part_of.emplace(node, p).second);
    RC_ASSERT(part_of.size() == count);
    for (const NodeId a : live)
      for (const NodeId b : live)
        RC_ASSERT((part_of.at(a) == part_of.at(b)) == reach[a.value() - 1][b.value() - 1]);
  }));
}

TEST_CASE("a group in a ring: shares, quorum, leader, reach; a split shows as parts, of which one decides") {
  const Incident incident = ring();
  auto player = Player::prepare(incident, 1);
  REQUIRE(player);
  (*player)->advance(kStart + 10min);
  const Json calm = group_of(**player);
  REQUIRE(calm["leader"].is_number());
  CHECK(calm["leader"] == (*player)->world().leader().value());
  CHECK(calm["seen_by"] == calm["leader"]);
  CHECK(calm["epoch"] == 0);
  CHECK(calm["joint"] == false);
  CHECK(calm["agreed"] == true);
  REQUIRE(calm["halves"].size() == 1);
  CHECK(calm["halves"][0]["total"] == kSatellites);
  CHECK(calm["halves"][0]["quorum"] == kSatellites / 2 + 1);
  CHECK(calm["halves"][0]["reachable"] == kSatellites);
  CHECK(calm["members_of"] == kSatellites + 1);
  const Instant since = parse_utc(calm["leader_since"].get<std::string>()).value();
  CHECK(since > kStart);
  CHECK(since < kStart + 10min);
  for (std::uint32_t node = 1; node <= kSatellites; ++node) {
    CHECK(member(calm, node)["share"] == 1);
    CHECK(member(calm, node)["reasons"][0]["en"] == "founded with equal shares");
    CHECK(member(calm, node)["lag"] == 0);
    CHECK(member(calm, node)["reach"] == (calm["leader"] == node ? "leader" : "reachable"));
  }
  CHECK(member(calm, kSatellites + 1)["share"] == 0);

  // A ring that is cut once still holds together; who is cut off stands apart and decides nothing.
  const std::uint32_t leader = calm["leader"].get<std::uint32_t>();
  const auto along = [&](std::uint32_t steps) { return NodeId((leader - 1 + steps) % kSatellites + 1); };
  const NodeId lone = along(4);
  for (std::uint32_t node = 1; node <= kSatellites + 1; ++node)
    if (NodeId(node) != lone) (*player)->cut(lone, NodeId(node));
  (*player)->advance(kStart + 11min);
  const Json apart = group_of(**player);
  REQUIRE(apart["leader"] == leader);
  CHECK(member(apart, lone.value())["reach"] == "apart");
  CHECK(apart["halves"][0]["reachable"] == kSatellites - 1);
  std::size_t deciding = 0, nodes = 0;
  for (const Json& part : apart["parts"]) {
    deciding += part["decides"] == true ? 1 : 0;
    nodes += part["nodes"].size();
    CHECK(part["of"] == part["nodes"].size());
    if (part["nodes"] == Json::array({lone.value()})) CHECK(part["decides"] == false);
  }
  CHECK(nodes == kSatellites + 1);
  CHECK(deciding == 1);
  CHECK(apart["parts_of"] == apart["parts"].size());

  // Of a ring that is cut twice neither side here holds a quorum: nobody leads, and the page must say so.
  (*player)->kill(along(1));
  (*player)->advance(kStart + 20min);
  const Json torn = group_of(**player);
  CHECK(member(torn, along(1).value())["reach"] == "down");
  CHECK(torn["leader"].is_null());
  CHECK(torn["leader_since"].is_null());
  CHECK(torn["halves"][0]["reachable"] == 0);
  CHECK(member(torn, lone.value())["reach"] == "unknown");
  for (const Json& part : torn["parts"]) CHECK(part["decides"] == false);

  for (std::uint32_t node = 1; node <= kSatellites + 1; ++node) (*player)->kill(NodeId(node));
  const Json dead = group_of(**player);
  CHECK(dead["seen_by"].is_null());
  CHECK(dead["leader"].is_null());
}

TEST_CASE(
    "the feed tells of a group only when something changed, and keeps the last word for who comes later") {
  const Incident incident = ring();
  auto player = Player::prepare(incident, 1);
  REQUIRE(player);
  std::vector<Json> sent;
  ConsoleFeed feed([&](const std::string& message) { sent.push_back(Json::parse(message)); });
  feed.begin(incident, (*player)->nodes(), (*player)->methods());
  (*player)->listen(&feed);
  (*player)->advance(kStart + 10min);
  const auto count = [&](const char* type) {
    return std::count_if(sent.begin(), sent.end(), [&](const Json& m) { return m["type"] == type; });
  };
  CHECK(count("turn") >= 1);
  feed.group(**player);
  feed.group(**player);
  CHECK(count("group") == 1);
  const NodeId leader = (*player)->world().leader();
  (*player)->kill(leader);
  feed.group(**player);
  CHECK(count("group") == 2);
  (*player)->advance(kStart + 20min);
  feed.group(**player);
  CHECK(count("group") == 3);
  std::optional<Json> turn;
  for (const Json& message : sent)
    if (message["type"] == "turn") turn = message;
  REQUIRE(turn);
  CHECK((*turn)["kind"] == "elected");
  CHECK((*turn)["cause"] == "crash");
  CHECK((*turn)["previous"] == leader.value());
  std::size_t groups = 0, turns = 0;
  for (const std::string& message : feed.history()) {
    const Json kept = Json::parse(message);
    groups += kept["type"] == "group" ? 1 : 0;
    turns += kept["type"] == "turn" ? 1 : 0;
    if (kept["type"] == "group") CHECK(kept["leader"] == (*turn)["node"]);
  }
  CHECK(groups == 1);
  CHECK(turns == static_cast<std::size_t>(count("turn")));
  CHECK((*player)->summary().members.size() == kSatellites + 1);
  feed.begin(incident, (*player)->nodes(), (*player)->methods());
  CHECK(feed.history().empty());
}

TEST_CASE("of turns the newest are kept for a page that comes later") {
  ConsoleFeed feed([](const std::string&) {});
  for (std::uint64_t term = 1; term <= 1000; ++term) feed.on_turn({.node = NodeId(1), .term = term});
  const auto kept = feed.history();
  CHECK(kept.size() == 200);
  CHECK(Json::parse(kept.back())["term"] == 1000);
}

TEST_CASE("an epoch's turn lists who changed, bounded") {
  Turn turn{.time = kStart,
            .kind = TurnKind::kEpochBegun,
            .node = NodeId(1),
            .epoch = 3,
            .joint = true,
            .index = 9};
  for (std::uint32_t i = 1; i <= 100; ++i) turn.changes.push_back({NodeId(i), 1, i});
  const Json json = Json::parse(turn_message(turn));
  CHECK(json["kind"] == "epoch");
  CHECK(json["epoch"] == 3);
  CHECK(json["joint"] == true);
  CHECK(json["changes_of"] == 100);
  CHECK(json["changes"].size() == kShareChangesShownMax);
  CHECK(json["changes"][1] == Json{{"node", 2}, {"from", 1}, {"to", 2}});
}

TEST_CASE("reasons of a share say only what is known") {
  const auto name = [](NodeId node) { return fmt::format("SAT-{}", node.value()); };
  const AgreementStory equal({{NodeId(1), 2}, {NodeId(2), 2}, {NodeId(3), 0}});
  CHECK(share_reasons(equal, NodeId(1), name).at(0).en == "founded with equal shares");
  CHECK(share_reasons(equal, NodeId(3), name).at(0).en == "founded without a vote: it listens");
  CHECK(share_reasons(equal, NodeId(9), name).empty());
  AgreementStory story({{NodeId(1), 2}, {NodeId(2), 3}});
  CHECK(share_reasons(story, NodeId(1), name).at(0).en == "founded with this share");
  const consensus::Configuration next{consensus::Epoch(4), {{{NodeId(1), 2}, {NodeId(2), 9}}, {}}, {}, 0};
  story.follow({kStart, NodeId(1), TraceKind::kEpochRules, 4, 8, 0}, &next);
  story.follow({kStart, NodeId(1), TraceKind::kEpochCommitted, 4, 8, 0}, &next);
  CHECK(share_reasons(story, NodeId(2), name).at(0).en == "changed in epoch 4");
  CHECK(share_reasons(story, NodeId(2), name).at(0).zh == "在第 4 期配置中变更");
  CHECK(share_reasons(story, NodeId(1), name).at(0).en == "founded with this share");
}

TEST_CASE(
    "a measured share's reasons say why, what was measured and by whom, until shares change otherwise") {
  const auto name = [](NodeId node) { return fmt::format("SAT-{}", node.value()); };
  AgreementStory story({{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}});
  std::vector<consensus::ShareReason> reasons(3);
  reasons[0] = {NodeId(1), 1000, consensus::ShareWhy::kNearest, {}, 0};
  reasons[1] = {NodeId(2), 900, consensus::ShareWhy::kNearest, {}, consensus::kScoreMax * 8 / 10};
  reasons[1].standing.distance = std::chrono::microseconds(30'100);
  reasons[2] = {NodeId(3), 1, consensus::ShareWhy::kDomainFull, {}, 0};
  const auto agree = [&](std::uint64_t epoch, consensus::Shares shares) {
    const consensus::Configuration next{consensus::Epoch(epoch), {std::move(shares), {}}, {}, 0};
    story.follow({kStart, NodeId(1), TraceKind::kEpochRules, epoch, epoch, 0}, &next, reasons);
    CHECK_FALSE((epoch == 1 && story.measured(NodeId(2))));  // begun is not agreed
    story.follow({kStart, NodeId(1), TraceKind::kEpochCommitted, epoch, epoch, 0}, &next);
  };
  agree(1, {{NodeId(1), 1000}, {NodeId(2), 900}, {NodeId(3), 1}});
  CHECK(share_reasons(story, NodeId(1), name).at(1).en == "it led and measured the others");
  const auto second = share_reasons(story, NodeId(2), name);
  REQUIRE(second.size() == 3);
  CHECK(second[0].en == why_words(consensus::ShareWhy::kNearest).en);
  CHECK(
      second[1].en ==
      "measured by SAT-1: 30.1 ms there and back; bandwidth 0.50, trust 0.50, stability 0.50, together 0.80");
  CHECK(second[1].zh.starts_with("SAT-1 测得：往返 30.1 毫秒"));
  CHECK(second[2].en == "changed in epoch 1");
  CHECK(share_reasons(story, NodeId(3), name).size() == 2);  // its share is the founding one
  CHECK(share_reasons(story, NodeId(3), name)[0].en == "its failure domain holds as much as it may");
  agree(2, {{NodeId(1), 5}, {NodeId(2), 900}, {NodeId(3), 1}});  // not what the leader measured
  CHECK(share_reasons(story, NodeId(2), name).at(0).en == "changed in epoch 1");
  CHECK_FALSE(story.measured(NodeId(2)));
}

}  // namespace
}  // namespace skywarden::app
