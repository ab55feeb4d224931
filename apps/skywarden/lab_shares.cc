#include <fmt/format.h>

#include "base/text.h"
#include "consensus/quorum.h"
#include "lab_json.h"

namespace skywarden::app {
namespace {

using consensus::JointShares;
using consensus::Shares;
using consensus::VoteResult;
using nlohmann::json;

NodeId node_of(const std::string& name) {
  const auto id = parse_number(name);
  if (!id || *id < 1 || *id > UINT32_MAX || *id != static_cast<std::uint32_t>(*id))
    throw Malformed{fmt::format("expected a node, found '{}'", printable(name))};
  return NodeId(static_cast<std::uint32_t>(*id));
}

Shares numbers_by_node(const json& object, const char* name) {
  const json& items = field(object, name);
  if (!items.is_object()) throw Malformed{fmt::format("{}: expected an object", name)};
  Shares values;
  for (const auto& [node, value] : items.items()) {
    if (!value.is_number_unsigned())
      throw Malformed{fmt::format("{}: expected a whole number for node {}", name, printable(node))};
    values[node_of(node)] = value.get<std::uint64_t>();
  }
  return values;
}

Shares shares_in(const json& object, const char* name) {
  Shares shares = numbers_by_node(object, name);
  if (const auto sound = consensus::validate(shares); !sound)
    throw Malformed{name + (": " + sound.error().message)};
  return shares;
}

const char* word_for(VoteResult result) {
  switch (result) {
    case VoteResult::kWon:
      return "Won";
    case VoteResult::kLost:
      return "Lost";
    case VoteResult::kPending:
      break;
  }
  return "Pending";
}

consensus::Votes votes_in(const json& object) {
  const json& items = field(object, "votes");
  if (!items.is_object()) throw Malformed{"votes: expected an object"};
  consensus::Votes votes;
  for (const auto& [node, vote] : items.items()) {
    if (vote != "y" && vote != "n" && vote != "_")
      throw Malformed{fmt::format("votes: expected y, n or _ for node {}", printable(node))};
    if (vote != "_") votes[node_of(node)] = vote == "y";
  }
  return votes;
}

std::string difference(const json& line) {
  if (!line.is_object()) throw Malformed{"expected an object"};
  const Shares shares = shares_in(line, "weights");
  const bool changing = line.contains("weights_next") && !line["weights_next"].is_null();
  const JointShares joint =
      changing ? JointShares{shares_in(line, "weights_next"), shares} : JointShares{shares, {}};
  consensus::Acknowledged acknowledged;
  for (const auto& [node, index] : numbers_by_node(line, "acked")) acknowledged[node] = LogIndex(index);
  std::vector<std::pair<const char*, json>> found = {
      {"quorum", consensus::quorum(shares)},
      {"commit_index", committed_index(joint, acknowledged).value()},
      {"vote_result", word_for(vote_result(joint, votes_in(line)))}};
  if (changing) {
    found.emplace_back("quorum_next", consensus::quorum(joint.incoming));
    found.emplace_back("direct_switch_allowed", consensus::direct_switch_allowed(shares, joint.incoming));
  }
  for (const auto& [name, value] : found)
    if (field(line, name) != value)
      return fmt::format("{}: expected {}, found {}", name, printable(line[name].dump()), value.dump());
  return "";
}

LabCase check_line(std::size_t number, std::string_view text) {
  LabCase verdict{number, "", "", false, ""};
  try {
    verdict.difference = difference(json::parse(text));
  } catch (const json::exception&) {
    verdict.difference = "not JSON";
    verdict.malformed = true;
  } catch (const Malformed& malformed) {
    verdict.difference = malformed.why;
    verdict.malformed = true;
  }
  return verdict;
}

}  // namespace

std::vector<LabCase> check_shares(std::string_view text) {
  std::vector<LabCase> verdicts;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(take_line(text));
    if (!line.empty()) verdicts.push_back(check_line(number, line));
  }
  return verdicts;
}

}  // namespace skywarden::app
