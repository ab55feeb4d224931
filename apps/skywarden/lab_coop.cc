#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "games/coalition_value.h"
#include "games/sampled_shapley.h"
#include "games/voting_power.h"
#include "lab_json.h"

namespace skywarden::app {
namespace {

using games::Rational;
using nlohmann::json;

constexpr double kTolerance = 1e-12;  // of what the reference states in floating point

// The first difference between what is expected under `name`, where it is stated, and what was found.
std::string differs(const json& entry, const char* name, const std::vector<Rational>& found) {
  if (!entry.contains(name)) return "";
  const auto expected = fractions(entry[name], name);
  return expected == found ? ""
                           : fmt::format("{}: expected {}, found {}", name, words(expected), words(found));
}

std::string differs_by(const json& entry, const char* name, const std::vector<double>& found,
                       const std::vector<double>& tolerances) {
  if (!entry.contains(name)) return "";
  const auto expected = numbers(entry[name], name);
  if (expected.size() != found.size())
    return fmt::format("{}: expected {} numbers, found {}", name, expected.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!(std::fabs(expected[i] - found[i]) <= tolerances[i]))
      return fmt::format("{}[{}]: expected {}, found {}", name, i, expected[i], found[i]);
  return "";
}

std::vector<double> as_doubles(const std::vector<Rational>& values) {
  std::vector<double> numbers;
  for (const Rational& value : values) numbers.push_back(games::to_double(value));
  return numbers;
}

std::string first_of(std::initializer_list<std::string> differences) {
  for (const std::string& difference : differences)
    if (!difference.empty()) return difference;
  return "";
}

// Where nothing is expected, at least that nothing is lost in the split.
std::string judge_coalitions(const json& entry, std::string& found) {
  const auto values = fractions(field(entry, "values_by_bitmask"), "values_by_bitmask");
  const auto sums = games::size_sums(values);
  if (!sums) throw Malformed{"values_by_bitmask: " + sums.error().message};
  if (entry.contains("n") && whole(entry["n"], "n") != sums->with.size())
    throw Malformed{fmt::format("n: expected {} for so many values", sums->with.size())};
  const auto shapley = games::shapley_values(*sums);
  const auto banzhaf = games::banzhaf_values(*sums);
  if (std::accumulate(shapley.begin(), shapley.end(), Rational(0)) !=
      Rational(values.back() - values.front()))
    return "the Shapley values do not sum to what everybody adds";
  found = "Shapley " + words(shapley) + ", Banzhaf " + words(banzhaf);
  return first_of({differs(entry, "shapley", shapley), differs(entry, "banzhaf_raw", banzhaf),
                   differs_by(entry, "shapley_float", as_doubles(shapley),
                              std::vector<double>(shapley.size(), kTolerance))});
}

games::WeightedVoting voting_in(const json& entry) {
  games::WeightedVoting voting;
  voting.quota = whole(field(entry, "quota"), "quota");
  const json& weights = field(entry, "weights");
  if (!weights.is_array()) throw Malformed{"weights: expected a list"};
  for (const json& weight : weights) voting.weights.push_back(whole(weight, "weights"));
  if (const auto sound = games::validate(voting); !sound) throw Malformed{sound.error().message};
  return voting;
}

// For quotas past what can be counted.
std::string judge_by_samples(const json& entry, const games::WeightedVoting& voting, std::string& found) {
  const games::CoalitionValue wins = [&](const std::vector<std::size_t>& members) {
    std::uint64_t weight = 0;
    for (const std::size_t i : members) weight += voting.weights[i];
    return weight >= voting.quota ? 1.0 : 0.0;
  };
  Random random(1);
  const std::size_t voters = voting.weights.size();
  games::SamplingOptions options;
  options.orders = std::max<std::size_t>(200, 20'000'000 / (voters * voters));
  options.miss = 1e-6;
  const auto sampled = games::sampled_shapley(voters, wins, options, random);
  found = "sampled";
  for (std::size_t i = 0; i < voters; ++i)
    found += fmt::format(" {:.4f}±{:.4f}", sampled.values[i], sampled.errors[i]);
  return differs_by(entry, "shapley_shubik_float", sampled.values, sampled.errors);
}

std::string judge_voting(const json& entry, std::string& found) {
  const games::WeightedVoting voting = voting_in(entry);
  const auto power = games::voting_power(voting);
  if (!power) return judge_by_samples(entry, voting, found);
  std::vector<Rational> swings;
  Rational all_swings = 0;
  for (const games::Integer& count : power->swings) {
    swings.emplace_back(count);
    all_swings += swings.back();
  }
  std::vector<Rational> normalised;  // a winning coalition exists, so some voter swings
  for (const Rational& count : swings) normalised.push_back(count / all_swings);
  if (std::accumulate(power->shapley_shubik.begin(), power->shapley_shubik.end(), Rational(0)) != Rational(1))
    return "the Shapley-Shubik indices do not sum to one";
  found = "Shapley-Shubik " + words(power->shapley_shubik) + ", swings " + words(swings);
  const std::vector<double> tolerances(swings.size(), kTolerance);
  return first_of({differs(entry, "shapley_shubik", power->shapley_shubik),
                   differs(entry, "banzhaf_swings", swings),
                   differs_by(entry, "shapley_shubik_float", as_doubles(power->shapley_shubik), tolerances),
                   differs_by(entry, "banzhaf_normalized_float", as_doubles(normalised), tolerances)});
}

}  // namespace

std::vector<LabCase> check_coop(std::string_view text) {
  return judge_entries(text, [](const json& entry, std::string& found) {
    return entry.contains("values_by_bitmask") ? judge_coalitions(entry, found) : judge_voting(entry, found);
  });
}

}  // namespace skywarden::app
