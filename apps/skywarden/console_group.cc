#include "console_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "share_words.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json id_or_null(NodeId node) {
  return node == kNobody ? Json(nullptr) : Json(node.value());
}

// Whose word counts: the leader's; without one, of the nodes that run the one that has the latest epoch and
// the most commits.
const node::Node* witness(const sim::World& world) {
  if (const NodeId leader = world.leader(); leader != kNobody) return world.node(leader);
  const node::Node* best = nullptr;
  const auto rank = [](const node::Node& node) {
    return std::tuple(node.raft().configuration().epoch.value(), node.raft().commit_index().value());
  };
  for (const NodeId id : world.nodes()) {
    const node::Node* node = world.node(id);
    if (node != nullptr && (best == nullptr || rank(*node) > rank(*best))) best = node;
  }
  return best;
}

std::uint64_t shares_among(const consensus::Shares& shares, std::span<const NodeId> nodes) {
  std::uint64_t sum = 0;
  for (const NodeId node : nodes) sum += consensus::share_of(shares, node);
  return sum;
}

bool decides(const consensus::JointShares& shares, std::span<const NodeId> nodes) {
  const auto majority = [&](const consensus::Shares& half) {
    return shares_among(half, nodes) >= consensus::quorum(half);
  };
  return majority(shares.incoming) && (shares.outgoing.empty() || majority(shares.outgoing));
}

Json half_json(const char* word, const consensus::Shares& shares, std::span<const NodeId> around_leader) {
  return {{"half", word},
          {"total", consensus::total_shares(shares)},
          {"quorum", consensus::quorum(shares)},
          {"reachable", shares_among(shares, around_leader)}};
}

Json parts_json(const std::vector<std::vector<NodeId>>& parts, const consensus::JointShares& shares) {
  Json out = Json::array();
  for (std::size_t i = 0; i < std::min(parts.size(), kPartsShownMax); ++i) {
    Json nodes = Json::array();
    for (std::size_t k = 0; k < std::min(parts[i].size(), kMembersShownMax); ++k)
      nodes.push_back(parts[i][k].value());
    out.push_back({{"nodes", std::move(nodes)},
                   {"of", parts[i].size()},
                   {"shares", shares_among(shares.incoming, parts[i])},
                   {"decides", decides(shares, parts[i])}});
  }
  return out;
}

Json member_json(const Player& player, const consensus::Raft& seen_by, NodeId node,
                 std::span<const NodeId> around_leader) {
  const consensus::Configuration& configuration = seen_by.configuration();
  const NodeId leader = player.world().leader();
  const bool near = std::binary_search(around_leader.begin(), around_leader.end(), node);
  Json out{{"node", node.value()}, {"share", consensus::share_of(configuration.shares.incoming, node)}};
  if (configuration.joint()) out["share_before"] = consensus::share_of(configuration.shares.outgoing, node);
  if (const auto domain = configuration.domains.find(node); domain != configuration.domains.end())
    out["domain"] = domain->second.value();
  out["reach"] = !player.world().is_up(node) ? "down"
                 : node == leader            ? "leader"
                 : leader == kNobody         ? "unknown"
                 : near                      ? "reachable"
                                             : "apart";
  const auto lag = node == leader ? std::optional<std::uint64_t>(0) : seen_by.lag(node);
  out["lag"] = lag ? Json(*lag) : Json(nullptr);
  out["reasons"] = Json::array();
  const std::vector<Bilingual> reasons = share_reasons(
      player.agreement(), node, [&](NodeId who) { return player.nodes().at(who.value() - 1).name; });
  for (std::size_t i = 0; i < std::min(reasons.size(), kShareReasonsMax); ++i)
    out["reasons"].push_back({{"en", reasons[i].en}, {"zh", reasons[i].zh}});
  return out;
}

// Those with a vote first, each by node.
std::vector<NodeId> members_in_order(const consensus::JointShares& shares) {
  std::vector<NodeId> members = consensus::members(shares);
  std::stable_partition(members.begin(), members.end(),
                        [&](NodeId node) { return consensus::has_vote(shares, node); });
  return members;
}

bool equal_votes(const consensus::Shares& shares) {
  std::set<std::uint64_t> found;
  for (const auto& [node, share] : shares)
    if (share > 0) found.insert(share);
  return found.size() == 1;
}

}  // namespace

std::vector<std::vector<NodeId>> parts_by_links(std::span<const NodeId> live,
                                                std::span<const sim::Link> links) {
  std::map<NodeId, NodeId> above;  // towards the smallest node of the part
  for (const NodeId node : live) above.emplace(node, node);
  const auto root = [&](NodeId node) {
    while (above.at(node) != node) node = above[node] = above.at(above.at(node));
    return node;
  };
  for (const sim::Link& link : links) {
    if (!link.up || link.cut || !above.contains(link.a) || !above.contains(link.b)) continue;
    const auto [low, high] = std::minmax({root(link.a), root(link.b)});
    above[high] = low;
  }
  std::map<NodeId, std::vector<NodeId>> by_root;
  for (const auto& [node, ignored] : above) by_root[root(node)].push_back(node);
  std::vector<std::vector<NodeId>> parts;
  for (auto& [smallest, nodes] : by_root) parts.push_back(std::move(nodes));
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return parts;
}

std::vector<Bilingual> share_reasons(const AgreementStory& story, NodeId node,
                                     const std::function<std::string(NodeId)>& name) {
  if (const auto known = story.measured(node)) {
    const Bilingual measured = measured_words(known->reason);
    std::vector<Bilingual> reasons{why_words(known->reason.why)};
    if (known->by == node)
      reasons.push_back({"it led and measured the others", "当时由它领导并测量其他成员"});
    else
      reasons.push_back({fmt::format("measured by {}: {}", name(known->by), measured.en),
                         fmt::format("{} 测得：{}", name(known->by), measured.zh)});
    if (const auto epoch = story.changed_in(node))
      reasons.push_back(
          {fmt::format("changed in epoch {}", *epoch), fmt::format("在第 {} 期配置中变更", *epoch)});
    return reasons;
  }
  if (const auto epoch = story.changed_in(node))
    return {{fmt::format("changed in epoch {}", *epoch), fmt::format("在第 {} 期配置中变更", *epoch)}};
  const auto founded = story.founding().find(node);
  if (founded == story.founding().end()) return {};
  if (founded->second == 0) return {{"founded without a vote: it listens", "建组时没有表决权：只旁听"}};
  if (equal_votes(story.founding())) return {{"founded with equal shares", "建组时表决权均等"}};
  return {{"founded with this share", "建组时即为此表决权"}};
}

std::string group_message(Player& player) {
  const sim::World& world = player.world();
  const NodeId leader = world.leader();
  Json json{{"type", "group"}, {"seen_by", nullptr}, {"leader", id_or_null(leader)}};
  const node::Node* seen_by = witness(world);
  if (seen_by == nullptr) return dump(json);  // everybody is down
  json["seen_by"] = seen_by->self().value();
  const bool since = leader != kNobody && player.agreement().leader() == leader;
  json["leader_since"] = since ? Json(format_utc(player.agreement().leader_since(), 3)) : Json(nullptr);
  const consensus::Raft& raft = seen_by->raft();
  const consensus::Configuration& configuration = raft.configuration();
  json["term"] = raft.term().value();
  json["epoch"] = configuration.epoch.value();
  json["joint"] = configuration.joint();
  json["agreed"] = raft.configuration_committed();
  json["failures_max"] = configuration.failures_max;
  json["share_rule"] = {{"en", player.share_rule().en}, {"zh", player.share_rule().zh}};

  std::vector<NodeId> live;
  for (const NodeId node : world.nodes())
    if (world.is_up(node)) live.push_back(node);
  const auto parts = parts_by_links(live, player.links());
  std::vector<NodeId> around_leader;
  for (const auto& part : parts)
    if (std::binary_search(part.begin(), part.end(), leader)) around_leader = part;
  json["halves"] = Json::array({half_json("incoming", configuration.shares.incoming, around_leader)});
  if (configuration.joint())
    json["halves"].push_back(half_json("outgoing", configuration.shares.outgoing, around_leader));

  const std::vector<NodeId> members = members_in_order(configuration.shares);
  json["members"] = Json::array();
  for (std::size_t i = 0; i < std::min(members.size(), kMembersShownMax); ++i)
    json["members"].push_back(member_json(player, raft, members[i], around_leader));
  json["members_of"] = members.size();
  json["parts"] = parts_json(parts, configuration.shares);
  json["parts_of"] = parts.size();
  return dump(json);
}

std::string turn_message(const Turn& turn) {
  Json json{{"type", "turn"},
            {"t", format_utc(turn.time, 3)},
            {"kind", to_string(turn.kind)},
            {"node", turn.node.value()}};
  switch (turn.kind) {
    case TurnKind::kElected:
      json["term"] = turn.term;
      json["cause"] = to_string(turn.cause);
      json["previous"] = id_or_null(turn.previous);
      break;
    case TurnKind::kEpochBegun:
      json["changes_of"] = turn.changes.size();
      json["changes"] = Json::array();
      for (std::size_t i = 0; i < std::min(turn.changes.size(), kShareChangesShownMax); ++i)
        json["changes"].push_back({{"node", turn.changes[i].node.value()},
                                   {"from", turn.changes[i].from},
                                   {"to", turn.changes[i].to}});
      [[fallthrough]];
    case TurnKind::kEpochAgreed:
      json["epoch"] = turn.epoch;
      json["joint"] = turn.joint;
      [[fallthrough]];
    case TurnKind::kRestored:
      json["index"] = turn.index;
      break;
  }
  return dump(json);
}

}  // namespace skywarden::app
