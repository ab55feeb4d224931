#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "games/logit_tracing.h"
#include "games/nfg.h"
#include "games/support_enumeration.h"
#include "games/two_player_equilibria.h"
#include "lab_json.h"

namespace skywarden::app {
namespace {

using games::MixedProfile;
using games::Rational;
using games::StrategicGame;
using nlohmann::json;

constexpr std::size_t kPaths = 16;
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kPathsInLargeGame = 16;

struct Found {
  std::vector<MixedProfile> profiles;  // all, or all that were found
  bool all = false;
  bool degenerate = false;
};

std::string strategies(const MixedProfile& profile) {
  std::string text;
  for (const auto& mixed : profile) text += (text.empty() ? "" : "; ") + words(mixed);
  return text;
}

// Of a profile that floating point found, twelve digits: its exact fractions would fill lines.
std::string brief(const MixedProfile& profile) {
  std::string text = strategies(profile);
  if (text.size() <= 300) return text;
  text.clear();
  for (const auto& mixed : profile) {
    if (!text.empty()) text += ";";
    for (const Rational& p : mixed) text += fmt::format(" {:.12g}", games::to_double(p));
  }
  return text;
}

LabCase verdict_on(const StrategicGame& game, const MixedProfile& profile) {
  LabCase verdict{1, "equilibrium", "", false, brief(profile)};
  const Rational left = games::regret(game, profile);
  Rational scale = 1;
  for (const Rational& payoff : game.payoffs) scale = std::max(scale, Rational(2 * abs(payoff)));
  if (!games::is_profile(game, profile) || left > scale * games::decimal_of(games::kRegretMax))
    verdict.difference = fmt::format("{} leaves a regret of {:.3g}", verdict.found, games::to_double(left));
  else if (!left.is_zero())
    verdict.found += fmt::format(", regret {:.1e}", games::to_double(left));
  else if (const auto payoffs = games::expected_payoffs(game, profile); words(payoffs).size() <= 200)
    verdict.found += " pays " + words(payoffs);
  return verdict;
}

bool holds(const std::vector<MixedProfile>& all, const MixedProfile& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Every path's end, and what support enumeration says, must be among all equilibria.
LabCase agreement(const StrategicGame& game, const games::ExtremeEquilibria& extreme) {
  LabCase verdict{1, "agreement", "", false, ""};
  std::size_t ends = 0;
  for (std::size_t label = 0; label < game.strategies[0] + game.strategies[1]; ++label) {
    const auto end = games::lemke_howson(game, label);
    if (end && !holds(extreme.profiles, *end))
      verdict.difference = fmt::format("the Lemke-Howson path of label {} ends elsewhere", label);
    if (end) ++ends;
  }
  verdict.found = fmt::format("{} Lemke-Howson paths", ends);
  if (const auto equal = games::equal_support_equilibria(game)) {
    for (const MixedProfile& profile : *equal)
      if (!holds(extreme.profiles, profile))
        verdict.difference = "support enumeration finds another: " + strategies(profile);
    if (!extreme.degenerate && equal->size() != extreme.profiles.size())
      verdict.difference = fmt::format("support enumeration finds {}, the polytopes have {}", equal->size(),
                                       extreme.profiles.size());
    verdict.found += fmt::format(" and {} equilibria of equal supports", equal->size());
  }
  return verdict;
}

Found find_two(const StrategicGame& game, std::vector<LabCase>& verdicts) {
  const auto extreme = games::extreme_equilibria(game);
  if (extreme) {
    verdicts.push_back(agreement(game, *extreme));
    return {extreme->profiles, true, extreme->degenerate};
  }
  Found found;  // too large for all of them
  const std::size_t labels = std::min(kPathsInLargeGame, game.strategies[0] + game.strategies[1]);
  for (std::size_t label = 0; label < labels; ++label)
    if (auto end = games::lemke_howson(game, label); end && !holds(found.profiles, *end))
      found.profiles.push_back(std::move(*end));
  return found;
}

Found find_more(const StrategicGame& game) {
  Found found;
  for (const auto& pure : games::pure_equilibria(game)) found.profiles.push_back(games::as_mixed(game, pure));
  if (auto traced = games::trace_equilibria(game, kPaths, kSeed))
    for (auto& [profile, left] : *traced)
      if (!holds(found.profiles, profile)) found.profiles.push_back(std::move(profile));
  return found;
}

std::string compare_pure(const StrategicGame& game, const json& expected) {
  if (!expected.is_array()) throw Malformed{"pure_equilibria: expected a list"};
  std::vector<games::PureProfile> listed;
  for (const json& one : expected) {
    if (!one.is_array()) throw Malformed{"pure_equilibria: expected lists"};
    games::PureProfile profile;
    for (const json& strategy : one) profile.push_back(whole(strategy, "pure_equilibria"));
    listed.push_back(std::move(profile));
  }
  auto found = games::pure_equilibria(game);
  std::sort(listed.begin(), listed.end());
  std::sort(found.begin(), found.end());
  return listed == found ? ""
                         : fmt::format("pure_equilibria: expected {}, found {}", listed.size(), found.size());
}

std::string compare_equal_supports(const StrategicGame& game, const json& entry, const Found& found) {
  const json& expected = field(entry, "equal_support_equilibria");
  if (!expected.is_array()) throw Malformed{"equal_support_equilibria: expected a list"};
  std::vector<MixedProfile> listed;
  for (const json& one : expected) {
    if (!one.is_object()) throw Malformed{"equal_support_equilibria: expected objects"};
    listed.push_back({fractions(field(one, "p1"), "p1"), fractions(field(one, "p2"), "p2")});
    if (!games::is_profile(game, listed.back())) return strategies(listed.back()) + " is no profile";
    if (!games::is_equilibrium(game, listed.back())) return strategies(listed.back()) + " is no equilibrium";
    // Between extreme ones a degenerate game has others.
    if (found.all && !found.degenerate && !holds(found.profiles, listed.back()))
      return strategies(listed.back()) + " was not found";
    if (one.contains("payoffs") &&
        fractions(one["payoffs"], "payoffs") != games::expected_payoffs(game, listed.back()))
      return strategies(listed.back()) + " pays otherwise";
  }
  if (entry.contains("n_equal_support") &&
      whole(entry["n_equal_support"], "n_equal_support") != listed.size())
    throw Malformed{"n_equal_support is not the length of the list"};
  const auto equal = games::equal_support_equilibria(game);
  if (!equal) return "";
  for (const MixedProfile& profile : *equal)
    if (!holds(listed, profile)) return strategies(profile) + " is not listed";
  return "";
}

std::string compare(const StrategicGame& game, const json& entry, const Found& found) {
  if (entry.contains("strategies")) {
    std::vector<std::size_t> expected;
    if (!entry["strategies"].is_array()) throw Malformed{"strategies: expected a list"};
    for (const json& count : entry["strategies"]) expected.push_back(whole(count, "strategies"));
    if (expected != game.strategies) return "strategies: not those of the game";
  }
  if (entry.contains("pure_equilibria"))
    if (std::string difference = compare_pure(game, entry["pure_equilibria"]); !difference.empty())
      return difference;
  if (game.players.size() != 2 || !entry.contains("equal_support_equilibria")) return "";
  // That none was detected does not say that there is none.
  if (found.all && entry.contains("degenerate_detected") && entry["degenerate_detected"] == true &&
      !found.degenerate)
    return "degenerate_detected: the game is not degenerate";
  return compare_equal_supports(game, entry, found);
}

void compare_with(std::string_view reference, std::string_view name, const StrategicGame& game,
                  const Found& found, std::vector<LabCase>& verdicts) {
  if (reference.empty()) return;
  const json list = json::parse(reference, nullptr, false);
  if (!list.is_array()) {
    verdicts.push_back({1, "reference", "nash_reference.json: expected a JSON list", true, ""});
    return;
  }
  for (const json& entry : list) {
    if (!entry.is_object() || text_or_empty(entry, "file") != name) continue;
    LabCase verdict{1, "reference", "", false, ""};
    try {
      verdict.difference = compare(game, entry, found);
    } catch (const Malformed& malformed) {
      verdict.difference = malformed.why;
      verdict.malformed = true;
    }
    verdicts.push_back(std::move(verdict));
  }
}

}  // namespace

std::vector<LabCase> check_game(std::string_view text, std::string_view name, std::string_view reference) {
  const auto game = games::parse_nfg(text);
  if (!game) return {{1, "", game.error().message, true, ""}};
  std::vector<LabCase> verdicts;
  const Found found = game->players.size() == 2 ? find_two(*game, verdicts) : find_more(*game);
  if (found.profiles.empty()) verdicts.push_back({1, "equilibrium", "none was found", false, ""});
  for (const MixedProfile& profile : found.profiles) verdicts.push_back(verdict_on(*game, profile));
  if (found.degenerate) verdicts.back().found += "; the game is degenerate";
  compare_with(reference, name, *game, found, verdicts);
  return verdicts;
}

}  // namespace skywarden::app
